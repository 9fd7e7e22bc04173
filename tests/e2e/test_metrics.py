"""`/metrics` of a gateway that has served: what the numbers say, and to whom."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from importlib import import_module

import httpx
import openai
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families as read_text

from antiphon.app import working
from antiphon.errors import AntiphonError
from antiphon.http.auth import Keyring
from antiphon.http.call import Call, Message
from antiphon.http.metrics import Access, MetricsEndpoint
from antiphon.metrics import EVERY
from antiphon.metrics_settings import MetricsSettings
from antiphon.observe.exposition import TEXT
from antiphon.protocols import Caller
from antiphon.settings import DatabaseSettings, LoggingSettings, Settings
from tests.e2e.exchanges import NATIVE_USAGE, message, native_frames, said
from tests.e2e.gateway import BOTH, CHAT_MODEL, KEY_A, MASTER_KEY, NATIVE_MODEL, Gateway
from tests.e2e.upstream import Gate, Piece, Provider, refusing, stream

READER_KEY = "sk-antiphon-prometheus"
Reader = Callable[[str], Iterable[Metric]]
Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def numbers(root: str) -> Numbers:
    text = httpx.get(f"{root}/metrics", trust_env=False).raise_for_status().text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in read_text(text)
        for sample in family.samples
    }


def growth(before: Numbers, after: Numbers, name: str, **labels: str) -> float:
    key = (name, tuple(sorted(labels.items())))
    return after.get(key, 0) - before.get(key, 0)


def test_requests_answers_and_what_they_took_are_counted(
    gateway: Gateway, client: openai.OpenAI, native: Provider, chat: Provider
) -> None:
    before = numbers(gateway.root)
    native.answer(said("native", "Hello there", streamed=True), said("native", "Hello", streamed=False))
    chat.answer(said("chat", "Hello over there", streamed=True))
    for model in (NATIVE_MODEL, CHAT_MODEL):
        list(client.responses.create(model=model, input="Hi", stream=True))
    stored = client.responses.create(model=NATIVE_MODEL, input="Hi")
    client.responses.retrieve(stored.id)
    after = numbers(gateway.root)

    def grown(name: str, **labels: str) -> float:
        return growth(before, after, f"antiphon_{name}", **labels)

    created = {"route": "/v1/responses", "method": "POST", "status": "200", "client": "openai"}
    assert grown("requests_total", **created) == 3
    assert grown("requests_total", **created | {"route": "/v1/responses/{id}", "method": "GET"}) == 1
    assert grown("request_duration_seconds_count", route="/v1/responses", stream="true") == 2
    assert grown("first_output_seconds_count", provider="native") == 1
    assert grown("first_output_seconds_count", provider="chat") == 1
    assert grown("upstream_attempts_total", provider="native", outcome="ok") == 2
    assert grown("responses_stored_total", status="completed") == 3
    assert grown("store_group_size_sum") >= 3
    assert grown("chunks_total", kind="rendered") > 0
    for kind, tokens in (("input", NATIVE_USAGE["input_tokens"]), ("output", NATIVE_USAGE["output_tokens"])):
        assert grown("tokens_total", model=NATIVE_MODEL, kind=kind) == 2 * tokens
    assert after["antiphon_requests_running", ()] == 1  # the one that asks


def test_what_leaves_as_it_came_is_told_apart(gateway: Gateway, client: openai.OpenAI, native: Provider) -> None:
    frames = native_frames(message("One two three"))
    deltas = [place for place, frame in enumerate(frames) if b"output_text.delta" in frame]
    gates = [Gate() for _ in deltas]
    pieces: list[Piece] = [*frames]
    for place, gate in reversed([*zip(deltas, gates, strict=True)]):
        pieces.insert(place + 1, gate)
    before = numbers(gateway.root)
    native.answer(stream(*pieces))
    for event in client.responses.create(model=NATIVE_MODEL, input="Hi", stream=True):
        if event.type == "response.output_text.delta":
            gates.pop(0).open()
    after = numbers(gateway.root)
    assert growth(before, after, "antiphon_chunks_total", kind="verbatim") >= len(deltas) - 1 > 0


def test_retries_and_fallbacks_are_counted_by_provider(
    gateway: Gateway, client: openai.OpenAI, native: Provider, chat: Provider
) -> None:
    before = numbers(gateway.root)
    native.answer(*[refusing("busy", 503)] * 3)
    chat.answer(said("chat", "Hello", streamed=False))
    client.responses.create(model=BOTH, input="Hi")
    after = numbers(gateway.root)
    busy = {"provider": "native", "outcome": "status_503"}
    assert growth(before, after, "antiphon_upstream_attempts_total", **busy) == 3
    assert growth(before, after, "antiphon_upstream_retries_total", provider="native") == 2
    between = {"provider": "native", "next_provider": "chat"}
    assert growth(before, after, "antiphon_upstream_fallbacks_total", **between) == 1


def test_background_answers_are_counted(gateway: Gateway, client: openai.OpenAI, native: Provider) -> None:
    before = numbers(gateway.root)
    native.answer(said("native", "Later", streamed=True))
    made = client.responses.create(model=NATIVE_MODEL, input="Hi", background=True)
    list(client.responses.retrieve(made.id, stream=True))
    after = numbers(gateway.root)
    assert growth(before, after, "antiphon_jobs_claimed_total", claim="first") == 1
    assert growth(before, after, "antiphon_background_answers_total", status="completed") == 1
    spent = {"model": NATIVE_MODEL, "kind": "input"}
    assert growth(before, after, "antiphon_tokens_total", **spent) == NATIVE_USAGE["input_tokens"]


def test_every_number_is_described_and_none_tells_of_a_tenant(gateway: Gateway) -> None:
    asked = httpx.get(
        f"{gateway.root}/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0"}, trust_env=False
    )
    assert asked.headers["content-type"].startswith("application/openmetrics-text")
    read_open_metrics: Reader = import_module("prometheus_client.openmetrics.parser").text_string_to_metric_families
    families = {family.name for family in read_open_metrics(asked.text)}
    assert families <= {family.name.removesuffix("_total") for family in EVERY}
    assert {"antiphon_build_info", "process_resident_memory_bytes", "antiphon_processes"} <= families
    assert KEY_A not in asked.text
    assert "resp_" not in asked.text


@pytest.mark.parametrize(
    ("access", "headers", "status"),
    [
        ("machine", {}, 200),
        ("machine", {"x-forwarded-for": "203.0.113.9"}, 401),
        ("machine", {"x-forwarded-for": "203.0.113.9", "authorization": f"Bearer {READER_KEY}"}, 200),
        ("key", {}, 401),
        ("key", {"authorization": f"Bearer {KEY_A}"}, 401),
        ("key", {"authorization": f"Bearer {READER_KEY}"}, 200),
        ("key", {"authorization": f"Bearer {MASTER_KEY}"}, 200),
        ("open", {"x-forwarded-for": "203.0.113.9"}, 200),
    ],
)
async def test_who_may_read(access: Access, headers: dict[str, str], status: int) -> None:
    async def tell(_open_metrics: object) -> tuple[bytes, bytes]:
        return b"told 1\n", TEXT

    readers = Keyring([(READER_KEY, Caller("metrics", "metrics")), (MASTER_KEY, Caller("master", "master"))])
    assert await answered(MetricsEndpoint(tell, readers, access), headers) == status


async def answered(endpoint: MetricsEndpoint, headers: dict[str, str]) -> int:
    """The status of the handler's answer to a client on this machine."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        """Nobody reads it."""

    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    call = Call({"type": "http", "path": "/metrics", "client": ("127.0.0.1", 5), "headers": lines}, receive, send, "r")
    try:
        await endpoint(call)
    except AntiphonError as error:
        return error.status
    return call.status


def test_where_they_are_switched_off_there_is_nothing(other_gateway: Callable[..., Gateway]) -> None:
    gateway = other_gateway(metrics=MetricsSettings(enabled=False))
    assert httpx.get(f"{gateway.root}/metrics", trust_env=False).status_code == 404


async def test_a_worker_tells_its_numbers_at_a_port_of_its_own(gateway: Gateway) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings(
        database=DatabaseSettings(url=f"sqlite:///{gateway.database}", synchronous="normal"),
        logging=LoggingSettings(level="warning"),
        metrics=MetricsSettings(worker_port=port),
    )
    async with working(settings, 1), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert "antiphon_jobs_claimed_total" in (await client.get("/metrics")).text
        assert (await client.get("/health/ready")).json()["status"] == "ready"
        assert (await client.get("/v1/models")).status_code == 404
