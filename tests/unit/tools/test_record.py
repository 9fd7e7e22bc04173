from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antiphon.config.environment import Environment
from antiphon.errors import ConfigError
from tests.listening import Asked, scripted
from tools.record import CASES, configured, read, record, scrubbed, turn_of

KEY = "gsk_abcdefghijklmnopqrstuvwxyz"
FRAMES = [
    b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"role":"assistant","content":"One"}}]}\n\n',
    b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":" for org-A1b2C3d4E5f6"}}]}\n\n',
    b'data: {"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
]
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
    b"Set-Cookie: session=s3cret\r\nOpenAI-Organization: acme-corporation\r\nConnection: close\r\n\r\n"
)
REFUSED = json.dumps(
    {"error": {"message": f"Incorrect API key {KEY} of acme-corporation at 127.0.0.1", "code": "invalid_api_key"}}
).encode()
REFUSED_HEAD = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nOpenAI-Organization: acme-corporation\r\n"
    b"Content-Length: %d\r\n\r\n" % len(REFUSED)
)


def environment(folder: Path, **variables: str) -> Environment:
    return Environment({"XDG_DATA_HOME": str(folder), **variables}, folder)


async def recorded(folder: Path, provider: str, case: str, *pieces: bytes) -> tuple[dict[str, Any], Asked]:
    async with scripted(*pieces) as (origin, requests):
        variables = {"GROQ_API_KEY": KEY, "GROQ_BASE_URL": f"{origin}/openai/v1"}
        path = await record(provider, case, environment(folder, **variables), folder)
    assert path == folder / "groq.chat" / f"{case}.json"
    return json.loads(path.read_text("utf-8")), requests[0]


async def test_a_stream_is_recorded_with_the_boundaries_of_its_reads(tmp_path: Path) -> None:
    kept, asked = await recorded(tmp_path, "groq/llama", "stream", STREAM_HEAD, *FRAMES)
    response = kept["response"]
    assert response["sse"] == b"".join(FRAMES).decode().replace("org-A1b2C3d4E5f6", "REDACTEDREDACTED")
    assert sum(response["reads"]) == len(response["sse"].encode())
    assert response["headers"] == {"content-type": "text/event-stream", "date": "Sat, 21 Nov 2026 12:00:00 GMT"}
    assert (kept["id"], kept["dialect"], kept["stream"]) == ("groq-chat.stream", "openai-chat", True)
    assert kept["request"]["url_path"] == "/openai/v1/chat/completions"
    assert kept["request"]["body"] == json.loads(asked.body)
    assert kept["request"]["body"]["model"] == "llama"


async def test_nothing_that_names_an_account_is_recorded(tmp_path: Path) -> None:
    kept, asked = await recorded(tmp_path, "groq/llama", "error", REFUSED_HEAD, REFUSED)
    assert KEY in asked.headers["authorization"]
    assert kept["response"]["status"] == 401
    assert kept["response"]["body"]["error"]["code"] == "invalid_api_key"
    text = json.dumps(kept)
    for secret in (KEY, "acme-corporation", "127.0.0.1", "s3cret"):
        assert secret not in text


async def test_a_read_is_kept_apart_from_the_next(tmp_path: Path) -> None:
    class Reply:
        status = 200

        def __init__(self) -> None:
            self._pieces = iter([b"a", b"bc", b""])

        def header(self, name: bytes) -> bytes | None:
            return None

        async def read(self, limit: int) -> bytes:
            raise AssertionError

        async def chunk(self, wait: float | None = None) -> bytes | None:
            return next(self._pieces)

        async def pump(self, consume: Callable[[bytes], bool]) -> None:
            raise AssertionError

        def release(self, *, linger: bool = False) -> None:
            raise AssertionError

    assert await read(Reply()) == [b"a", b"bc"]


async def test_without_a_key_it_says_which_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="GROQ_API_KEY is not set"):
        await record("groq/llama", "text", environment(tmp_path), tmp_path)
    with pytest.raises(ConfigError, match="no provider 'grok9'"):
        configured("grok9", environment(tmp_path))
    with pytest.raises(ConfigError, match="no provider 'demo'"):
        configured("demo", environment(tmp_path))


async def test_without_a_model_or_a_case_it_says_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PROVIDER=groq/MODEL, or set GROQ_MODELS"):
        await record("groq", "text", environment(tmp_path, GROQ_API_KEY=KEY), tmp_path)
    with pytest.raises(ConfigError, match="no case 'poem'"):
        await record("groq/llama", "poem", environment(tmp_path, GROQ_API_KEY=KEY), tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_a_legal_request_that_nobody_keeps(case: str) -> None:
    request = turn_of(case, "llama").request
    assert not request.stored
    assert request.model == "llama"


def test_what_is_blanked_out_keeps_its_length() -> None:
    text = b"from ann@example.com, user-1a2b3c4d5e at 10.1.2.3:8080 with hunter2hunter2"
    told = scrubbed(text, [b"hunter2hunter2"])
    assert len(told) == len(text)
    assert told == b"from REDACTEDREDACTE, REDACTEDREDACTE at REDACTEDREDAC with REDACTEDREDACT"


def test_ordinary_words_stay() -> None:
    text = b"an org-chart for user-friendly teams, version 1.2.3, msg_0123456789abcdef, call_abc123456789"
    assert scrubbed(text, []) == text
