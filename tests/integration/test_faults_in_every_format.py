"""Whatever a provider does wrong, in whatever format it does it: every client is told in its own."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

import pytest
import pytest_asyncio

from antiphon.provider_settings import Dialect, ProviderSettings
from antiphon.settings import ResponsesSettings, RetrySettings, TimeoutSettings
from tests.integration.faulty import refuse
from tests.integration.formats import STATUSES, asked, broken, completed, refused, said_by, speeches
from tests.integration.harness import UPSTREAM_KEY, Answer, Gateway, ask, serving, settings_for
from tests.integration.provider import LAST, STREAMING, Hangup, Upstream, piece, providing, streamed, whole
from tests.integration.upstream.origin import Peer, Request
from tests.together import together

pytestmark = pytest.mark.asyncio(loop_scope="module")

DIALECTS: dict[str, Dialect] = {"native": "responses", "chat": "chat", "messages": "messages", "gemini": "gemini"}
SILENCE = 0.4
CLIENTS = ("responses", "chat", "messages", "gemini")
SPEECHES = speeches(f"Key {UPSTREAM_KEY} broke at http://localhost:80/v1.")
PAIRS = list(product(CLIENTS, SPEECHES))
SECRETS = json.dumps({"error": {"message": f"Bad key {UPSTREAM_KEY} at http://127.0.0.1:80", "code": 500}}).encode()
ATTEMPTS = 2

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BEFORE: dict[str, tuple[bytes, str, int]] = {
    "closes at once": (b"", "hangs up", 502),
    "resets at once": (b"", "resets", 502),
    "never answers": (b"", "falls silent", 504),
    "says garbage": (b"\x00\x01 not HTTP at all\r\n\r\n", "hangs up", 502),
    "has an endless head": (HEAD + b"X: y\r\n" * 20_000, "falls silent", 502),
    "has an endless name": (HEAD + b"X" * 100_000, "falls silent", 502),
    "says 100 without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "falls silent", 502),
    "says 100 and no more": (b"HTTP/1.1 100 Continue\r\n\r\n", "hangs up", 502),
    "overstates its length": (HEAD + b"Content-Length: 9999\r\n\r\n{}", "hangs up", 502),
    "has two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "hangs up", 502),
    "has an endless length": (HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}", "hangs up", 502),
    "has a negative length": (HEAD + b"Content-Length: -1\r\n\r\n{}", "hangs up", 502),
    "overflows a chunk's size": (STREAMING + b"f" * 17 + b"\r\nabc\r\n", "hangs up", 502),
    "has an endless chunk's size": (STREAMING + b"0" * 100_000, "falls silent", 502),
    "redirects": (whole(b"", status="307 Temporary Redirect", Location="http://127.0.0.1/"), "goes on", 502),
    "sends a page": (whole(b"<html>Welcome to 127.0.0.1</html>", kind="text/html"), "goes on", 502),
    "sends a page as JSON": (whole(b"<html>Welcome to 127.0.0.1</html>"), "goes on", 502),
    "answers a list": (whole(b"[1]"), "goes on", 502),
    "answers an empty object": (whole(b"{}"), "goes on", 502),
    "answers something else": (whole(b'{"detail":"Not Found"}'), "goes on", 502),
    "answers an error as if it were none": (whole(SECRETS), "goes on", 502),
    "has an empty body": (whole(b""), "goes on", 502),
    "compresses unasked": (whole(b"\x8b\x00", Content_Encoding="br"), "goes on", 502),
    "cuts its compression": (whole(b"\x1f\x8b\x08\x00", Content_Encoding="gzip"), "goes on", 502),
    "streams nothing": (streamed(), "goes on", 502),
    "refuses the key": (whole(SECRETS, status="401 Unauthorized"), "goes on", 502),
    "tells all": (whole(SECRETS, status="500 Broken"), "goes on", 502),
}  # fmt: skip
AFTER: dict[str, tuple[bytes | None, str]] = {
    "hangs up": (b"", "hangs up"),
    "resets": (b"", "resets"),
    "falls silent": (b"", "falls silent"),
    "ends the body": (LAST, "goes on"),
    "stops inside an event": (piece(b'data: {"type":"resp'), "hangs up"),
    "ends inside an event": (piece(b'data: {"type":"resp') + LAST, "goes on"),
    "lies about a chunk": (b"5\r\nabcdefgh\r\n", "hangs up"),
    "overflows a chunk's size": (b"f" * 17 + b"\r\nabc\r\n", "hangs up"),
    "tells of an error": (None, "goes on"),
    "trickles and never ends": (b"", "trickles"),
}


def spoken(request: Request) -> str:
    """The format that a provider is asked in; what it is called says only which one it is asked in by preference."""
    paths = {b"/responses": "native", b"/chat/completions": "chat", b"/messages": "messages"}
    return next((name for path, name in paths.items() if path in request.line), "gemini")


@dataclass(slots=True)
class Scene:
    gateway: Gateway
    upstream: Upstream

    def says(self, by_format: Mapping[str, Sequence[bytes]], then: str = "goes on") -> None:
        """What the provider does with every request, by the format that it was asked in."""

        async def script(request: Request, peer: Peer) -> None:
            for data in by_format[spoken(request)]:
                await peer.say(data)
            match then:
                case "goes on":
                    return
                case "falls silent":
                    await peer.gone()
                case "resets":
                    peer.reset()
                case "trickles":
                    with suppress(ConnectionError):
                        while await peer.stays(SILENCE / 4):
                            await peer.say(piece(b":"))
                case _:
                    pass
            raise Hangup

        self.upstream.script = script
        self.upstream.requests.clear()

    async def ask(self, client: str, kind: str, *, stream: bool) -> Answer:
        path, body = asked(client, f"{kind}/m", stream=stream)
        answer = await ask(self.gateway, "POST", path, body)
        text = answer.body.decode() + str(answer.headers)
        for secret in ("127.0.0.1", "localhost", f":{self.upstream.port}", UPSTREAM_KEY, "Traceback"):
            assert secret not in text, text
        return answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    folder = tmp_path_factory.mktemp("formats")
    async with providing(refuse) as upstream:
        settings = settings_for(
            upstream.port,
            f"sqlite:///{folder}/antiphon.db",
            responses=ResponsesSettings(hold_seconds=10),
            timeouts=TimeoutSettings(
                connect_seconds=1, first_byte_seconds=SILENCE, idle_seconds=SILENCE, whole_seconds=2 * SILENCE
            ),
            retries=RetrySettings(attempts_per_target=ATTEMPTS, base_seconds=0),
        )
        for kind, dialect in DIALECTS.items():
            settings.providers[kind] = ProviderSettings(
                type="openai-compatible",
                base_url=f"http://127.0.0.1:{upstream.port}/v1",
                api_key=UPSTREAM_KEY,
                dialect=dialect,
            )
        async with serving(settings, folder / "log") as gateway:
            made = Scene(gateway, upstream)
            yield made
            for stream in (False, True):
                made.says(
                    {kind: [streamed(*each.events) if stream else whole(each.whole)] for kind, each in SPEECHES.items()}
                )
                for client, kind in PAIRS:
                    completed(client, await made.ask(client, kind, stream=stream), stream=stream)
            assert not [line for line in gateway.lines() if "traceback" in line]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", BEFORE)
async def test_a_provider_that_brings_no_output_is_an_error_of_the_clients_own_kind(
    scene: Scene, fault: str, *, stream: bool
) -> None:
    said, then, status = BEFORE[fault]
    scene.says({name: [said] for name in SPEECHES}, then)
    answers = await together(*(scene.ask(*pair, stream=stream) for pair in PAIRS))
    for pair, answer in zip(PAIRS, answers, strict=True):
        assert answer.status == STATUSES[pair[0]].get(status, status), (pair, answer)
        assert refused(pair[0], answer)
    assert len(scene.upstream.requests) in (len(PAIRS), ATTEMPTS * len(PAIRS))


@pytest.mark.parametrize("fault", AFTER)
async def test_a_stream_that_breaks_ends_as_the_clients_format_has_it(scene: Scene, fault: str) -> None:
    breaks, then = AFTER[fault]
    errors = {kind: [piece(each.error), LAST] for kind, each in SPEECHES.items()}
    scene.says(
        {
            kind: [STREAMING, *map(piece, each.events[: each.begun]), *(errors[kind] if breaks is None else [breaks])]
            for kind, each in SPEECHES.items()
        },
        then,
    )
    answers = await together(*(scene.ask(*pair, stream=True) for pair in PAIRS))
    for pair, answer in zip(PAIRS, answers, strict=True):
        assert answer.status == 200, (pair, answer)
        assert broken(pair[0], answer.body), (pair, answer)
        assert said_by(pair[0], answer.body) == "One two ", (pair, answer)
    assert len(scene.upstream.requests) == len(PAIRS), "what has begun is not asked for again"


async def test_an_error_that_a_stream_begins_with_is_an_answer_of_its_own(scene: Scene) -> None:
    scene.says({kind: [streamed(each.error)] for kind, each in SPEECHES.items()})
    for pair, answer in zip(PAIRS, await together(*(scene.ask(*each, stream=True) for each in PAIRS)), strict=True):
        assert answer.status >= 500, (pair, answer)
        assert refused(pair[0], answer)
    assert len(scene.upstream.requests) == ATTEMPTS * len(PAIRS)


async def test_comments_alone_are_no_answer(scene: Scene) -> None:
    """They are passed on by who passes everything on, since they say that somebody works: then a stream has begun."""
    scene.says({name: [streamed(b": ping\n\n", b": ping\n\n")] for name in SPEECHES})
    for pair, answer in zip(PAIRS, await together(*(scene.ask(*each, stream=True) for each in PAIRS)), strict=True):
        assert broken(pair[0], answer.body) if answer.status == 200 else refused(pair[0], answer), pair


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_stream_for_a_whole_answer_and_the_reverse_are_never_passed_on(scene: Scene, *, stream: bool) -> None:
    scene.says({kind: [whole(each.whole) if stream else streamed(*each.events)] for kind, each in SPEECHES.items()})
    for client, kind in PAIRS:
        answer = await scene.ask(client, kind, stream=stream)
        if answer.status == 200:
            completed(client, answer, stream=stream)
        else:
            assert client != "responses", "what is translated can be told either way"
            assert answer.status == STATUSES[client].get(502, 502)
            assert refused(client, answer)
