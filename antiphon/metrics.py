"""Every number that `/metrics` tells, and the sentence about it that docs/reference/metrics.md is made of.

No label is what a client chose, but for models, and those only by names that the owner or a provider has said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from antiphon.tally import SECONDS, Counter, Family, Gauge, Histogram
from antiphon.wire.counts import Counts

_GROUPS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
_COMMITS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_LAGS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

REQUESTS: Final = Counter(
    "antiphon_requests_total",
    "Requests that are over, by route (`unknown` for paths that nothing serves; `batch /v1/responses` and the like for"
    " those of batches), method (`response.create` over a WebSocket), status as in the log, and whose client's format"
    " was spoken (openai, anthropic, google).",
    ("route", "method", "status", "client"),
)
FAILED: Final = Counter(
    "antiphon_answers_failed_total",
    "Answers that failed after their clients had been told of success, as streams do once they have begun: by route,"
    " the status that the failure would have had (`error_status` in the log), and whose client's format was spoken.",
    ("route", "status", "client"),
)
REQUEST_SECONDS: Final = Histogram(
    "antiphon_request_duration_seconds",
    "From a request's head to the end of its answer, by route and whether it was streamed.",
    ("route", "stream"),
    SECONDS,
)
FIRST_OUTPUT_SECONDS: Final = Histogram(
    "antiphon_first_output_seconds",
    "From a request's head to the first output of a streamed answer, by provider.",
    ("provider",),
    SECONDS,
)
REQUESTS_RUNNING: Final = Gauge("antiphon_requests_running", "Requests that are being answered.")
ANSWERS_RUNNING: Final = Gauge("antiphon_answers_running", "Answers that models are giving, background ones too.")
STREAMS_OPEN: Final = Gauge("antiphon_streams_open", "Streams of events to clients over HTTP.")
WEBSOCKETS_OPEN: Final = Gauge("antiphon_websockets_open", "WebSocket connections.")
ATTEMPTS: Final = Counter(
    "antiphon_upstream_attempts_total",
    "Requests to providers that are over, by provider and outcome: `ok`, `connect_failed`, `timeout`, `broke`,"
    " `credentials_failed`, `address_refused`, or `status_429` and the like.",
    ("provider", "outcome"),
)
RETRIES: Final = Counter(
    "antiphon_upstream_retries_total", "Times that a target was asked once more after it failed.", ("provider",)
)
FALLBACKS: Final = Counter(
    "antiphon_upstream_fallbacks_total",
    "Times that another target was asked after all attempts at one had failed, by the providers of both.",
    ("provider", "next_provider"),
)
CHUNKS: Final = Counter(
    "antiphon_chunks_total",
    "Pieces of streamed answers, by kind: `verbatim` left as the provider sent them, `rendered` were written anew.",
    ("kind",),
)
TOKENS: Final = Counter(
    "antiphon_tokens_total",
    "Tokens as providers count them, by target and kind: input, cached (a part of input), output, reasoning (a part"
    " of output). Targets that neither the owner nor a provider's list names are told as `other`.",
    ("model", "kind"),
)
COST: Final = Counter(
    "antiphon_cost_dollars_total", "What tokens cost at known list prices, by target.", ("model",), scale=1e-9
)
STORED: Final = Counter("antiphon_responses_stored_total", "Responses that were stored, by status.", ("status",))
GROUP_SIZE: Final = Histogram(
    "antiphon_store_group_size", "Pieces of work that shared one trip to the database and its commit.", (), _GROUPS
)
GROUP_SECONDS: Final = Histogram(
    "antiphon_store_group_seconds", "How long such a trip took, the commit's fsync in it.", (), _COMMITS
)
JOBS: Final = Gauge(
    "antiphon_jobs",
    "Background answers in the whole database, by state: waiting, running. Every replica tells the same.",
    ("state",),
)
CLAIMS: Final = Counter(
    "antiphon_jobs_claimed_total",
    "Background answers that were taken up here, by claim: `first`, or `again` after another worker was lost or gave"
    " them back.",
    ("claim",),
)
JOBS_LOST: Final = Counter(
    "antiphon_jobs_lost_total", "Background answers that were taken from a worker here: cancelled, or a lost lease."
)
BACKGROUND: Final = Counter(
    "antiphon_background_answers_total", "Background answers that ended here, by status.", ("status",)
)
BATCHES: Final = Gauge(
    "antiphon_batches",
    "Batches in the whole database that have not ended, by status. Every replica tells the same.",
    ("status",),
)
NOTICES_WAITING: Final = Gauge(
    "antiphon_webhooks_waiting", "Webhook events in the whole database that wait. Every replica tells the same."
)
NOTICES: Final = Counter(
    "antiphon_webhook_tries_total",
    "Tries to send a webhook event, by outcome: delivered, postponed, given_up, gone.",
    ("outcome",),
)
WORDS: Final = Counter(
    "antiphon_bus_words_total",
    "Words between processes, by direction (said, heard) and kind.",
    ("direction", "kind"),
)
LAG: Final = Histogram(
    "antiphon_event_loop_lag_seconds", "How much later than asked for the event loop woke, twice a second.", (), _LAGS
)
PROCESSES: Final = Gauge("antiphon_processes", "Processes that these numbers are of.")
BUILD: Final = Gauge("antiphon_build_info", "1, and what runs here.", ("version", "python"))
CPU: Final = Gauge("process_cpu_seconds_total", "Processor time, of the user and of the system.", grows=True)
RESIDENT: Final = Gauge("process_resident_memory_bytes", "Memory in use.")
DESCRIPTORS: Final = Gauge("process_open_fds", "File descriptors in use, sockets among them.")
MOST_DESCRIPTORS: Final = Gauge("process_max_fds", "How many there may be.")
STARTED: Final = Gauge("process_start_time_seconds", "Unix time at which the process that answered was started.")


class Cells(Struct, frozen=True, gc=False):
    """The numbers of one model."""

    input: list[float]
    output: list[float]
    cached: list[float]
    reasoning: list[float]
    nanos: list[float]


class Spending:
    """What models take, counted under names that are known: others could be whatever a client wrote."""

    def __init__(self) -> None:
        """Nothing has been spent. Each of `knows` tells whether the name of a target is known."""
        self.knows: list[Callable[[str], bool]] = []

    def is_known(self, target: str) -> bool:
        """Whether the target's own name may be told."""
        return any(knows(target) for knows in self.knows)

    def cells(self, target: str) -> Cells:
        """Where what this target takes is added; the name may be known one day, if it is not yet."""
        name = target if self.is_known(target) else "other"
        return Cells(
            input=TOKENS.cell((name, "input")),
            output=TOKENS.cell((name, "output")),
            cached=TOKENS.cell((name, "cached")),
            reasoning=TOKENS.cell((name, "reasoning")),
            nanos=COST.cell((name,)),
        )

    def add(self, target: str, counts: Counts, nanos: int | None) -> None:
        """An answer by the target took so many tokens, and so many nano-dollars where that is known."""
        cells = self.cells(target)
        cells.input[0] += counts.input
        cells.output[0] += counts.output
        cells.cached[0] += counts.cached
        cells.reasoning[0] += counts.reasoning
        cells.nanos[0] += nanos or 0


SPENT: Final = Spending()

EVERY: Final[tuple[Family, ...]] = tuple(each for each in dict(vars()).values() if isinstance(each, Family))
"""In the order in which they are told."""

OWN: Final = frozenset({BUILD.name, STARTED.name})
"""Of the process that answers, never summed over several."""
