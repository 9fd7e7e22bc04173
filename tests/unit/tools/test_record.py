from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args
from zlib import crc32

import pytest
from typing_extensions import override

from antiphon.config.environment import Environment
from antiphon.errors import ConfigError, UpstreamRefused
from antiphon.protocols import Built, Target, Turn
from antiphon.provider_settings import Dialect
from antiphon.sealing import Seals
from tests.listening import Asked, scripted
from tests.replayed import answers, declared, recorded, requests
from tests.unit.providers.fakes import NamedDialect
from tools import record as tool
from tools.record import APIS, FORMATS, configured, read, record, turn_of
from tools.recording_cases import CASES
from tools.scrubbing import scrubbed

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


def head_of(kind: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()


def environment(folder: Path, **variables: str) -> Environment:
    return Environment({"XDG_DATA_HOME": str(folder), **variables}, folder)


async def kept(folder: Path, provider: str, case: str, *pieces: bytes) -> tuple[list[dict[str, Any]], list[Asked]]:
    async with scripted(*pieces) as (origin, asked):
        variables = {"GROQ_API_KEY": KEY, "GROQ_BASE_URL": f"{origin}/openai/v1"}
        paths = await record(provider, case, environment(folder, **variables), folder)
    assert {path.parent for path in paths} == {folder / "groq.chat"}
    return [json.loads(path.read_text("utf-8")) for path in paths], asked


async def test_a_stream_is_recorded_with_the_boundaries_of_its_reads(tmp_path: Path) -> None:
    [told], [asked] = await kept(tmp_path, "groq/llama", "stream", STREAM_HEAD, *FRAMES)
    response = told["response"]
    assert response["sse"] == b"".join(FRAMES).decode().replace("org-A1b2C3d4E5f6", "REDACTEDREDACTED")
    assert sum(response["reads"]) == len(response["sse"].encode())
    assert response["headers"] == {"content-type": "text/event-stream", "date": "Sat, 21 Nov 2026 12:00:00 GMT"}
    assert (told["id"], told["dialect"], told["stream"]) == ("groq-chat.stream", "openai-chat", True)
    assert told["request"]["url_path"] == "/openai/v1/chat/completions"
    assert told["request"]["body"] == json.loads(asked.body)
    assert told["request"]["body"]["model"] == "llama"


async def test_nothing_that_names_an_account_is_recorded(tmp_path: Path) -> None:
    [told], [asked] = await kept(tmp_path, "groq/llama", "error", REFUSED_HEAD, REFUSED)
    assert KEY in asked.headers["authorization"]
    assert told["response"]["status"] == 401
    assert told["response"]["body"]["error"]["code"] == "invalid_api_key"
    text = json.dumps(told)
    for secret in (KEY, "acme-corporation", "127.0.0.1", "s3cret"):
        assert secret not in text


async def test_what_follows_says_what_was_answered_and_what_the_calls_came_to(tmp_path: Path) -> None:
    call = (
        b'data: {"id":"c","choices":[{"index":0,"delta":{"reasoning":"Hm.","tool_calls":[{"index":0,"id":"call_7",'
        b'"type":"function","function":{"name":"weather","arguments":"{\\"city\\":\\"Oslo\\"}"}}]},'
        b'"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'
    )
    told, asked = await kept(tmp_path, "groq/llama", "signatures", STREAM_HEAD, call)
    assert [(each["id"], each["flow"]) for each in told] == [
        ("groq-chat.signatures.0", {"step": 0, "of": 2}),
        ("groq-chat.signatures.1", {"step": 1, "of": 2}),
    ]
    user, assistant, result = json.loads(asked[1].body)["messages"]
    assert user == json.loads(asked[0].body)["messages"][0]
    assert assistant["reasoning"] == "Hm."
    assert [each["id"] for each in assistant["tool_calls"]] == ["call_7"]
    assert (result["role"], result["tool_call_id"], result["content"]) == ("tool", "call_7", "Rain, 7 degrees.")


async def test_nothing_follows_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(UpstreamRefused):
        await kept(tmp_path, "groq/llama", "signatures", REFUSED_HEAD, REFUSED)
    assert [each["id"] for each in recorded(tmp_path)] == ["groq-chat.signatures.0"]


class Literal(NamedDialect):
    """A dialect that asks the same for everything, with a header of its own."""

    @override
    def build(self, turn: Turn, target: Target) -> Built:
        return Built(b'{"asked":"in %b"}' % self.name.encode(), headers=b"X-Beta: one\r\nX-Account: acme-7777\r\n")


def frame(payload: dict[str, Any], **headers: str) -> bytes:
    """One frame of an AWS event stream."""
    said = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + len(value).to_bytes(2, "big") + value.encode()
        for name, value in headers.items()
    )
    body = json.dumps(payload).encode()
    prelude = (16 + len(said) + len(body)).to_bytes(4, "big") + len(said).to_bytes(4, "big")
    whole = prelude + crc32(prelude).to_bytes(4, "big") + said + body
    return whole + crc32(whole).to_bytes(4, "big")


LINES = [b'{"message":{"content":"Hi"},"done":false}\n', b'{"done":true,"done_reason":"stop"}\n']
BINARY = [
    frame({"role": "assistant"}, **{":event-type": "messageStart"}),
    frame({"delta": {"text": "for arn:aws:bedrock:us-east-1:123456789012:x, acme-7777"}}, **{":event-type": "delta"}),
    frame({"bytes": base64.b64encode(b"inside acme-7777").decode()}, **{":event-type": "chunk"}),
]
SAID: dict[str, tuple[str, list[bytes]]] = {
    "responses": ("text/event-stream", [b'event: response.created\ndata: {"type":"response.created"}\n\n']),
    "chat": ("text/event-stream; charset=utf-8", FRAMES),
    "messages": ("text/event-stream", [b'event: ping\ndata: {"type":"ping"}\n\n']),
    "vertex-messages": ("text/event-stream", [b'event: ping\ndata: {"type":"ping"}\n\n']),
    "bedrock-messages": ("application/vnd.amazon.eventstream", BINARY),
    "gemini": ("text/event-stream", [b'data: {"candidates":[]}\n\n']),
    "converse": ("application/vnd.amazon.eventstream", BINARY),
    "cohere": ("text/event-stream", [b'event: message-start\ndata: {"type":"message-start"}\n\n']),
    "ollama": ("application/x-ndjson", LINES),
}


async def recorded_in(
    dialect: str, case: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *pieces: bytes
) -> dict[str, Any]:
    """The file that comes of asking a provider of one's own in a dialect that always asks the same."""

    def literally(_: Seals) -> dict[str, Literal]:
        return {dialect: Literal(dialect)}

    monkeypatch.setattr(tool, "dialects_of", literally)
    async with scripted(*pieces) as (origin, asked):
        settings = f"{{base_url: '{origin}/v1', api_key: {KEY}, dialect: {dialect}, project: p1, location: eu}}"
        (folder / "antiphon.yaml").write_text(f"providers: {{box: {settings}}}\n")
        [path] = await record("box/m/1", case, environment(folder, AWS_ACCOUNT="acme-7777"), folder)
    told = json.loads(path.read_text("utf-8"))
    assert told["request"]["body"] == json.loads(asked[0].body)
    assert asked[0].target == told["request"]["url_path"]
    assert path.parent.name == told["api"]
    return told


def test_every_dialect_can_be_recorded() -> None:
    assert FORMATS.keys() == APIS.keys() == {*get_args(Dialect)}


@pytest.mark.parametrize("dialect", FORMATS)
async def test_what_is_recorded_in_any_dialect_is_read_with_the_other_recordings(
    dialect: Dialect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, pieces = SAID[dialect]
    told = await recorded_in(dialect, "stream", tmp_path, monkeypatch, head_of(kind), *pieces)
    assert recorded(tmp_path) == [told]
    assert told["response"]["status"] == 200
    assert sum(told["response"]["reads"]) == sum(map(len, pieces))
    form = told["dialect"]
    assert (form, told["stream"]) == (FORMATS[dialect], True)
    if form in declared():
        assert requests(form, tmp_path) == answers(form, tmp_path) == [told]


async def test_a_binary_stream_is_kept_byte_for_byte_but_for_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, pieces = SAID["converse"]
    response = (await recorded_in("converse", "stream", tmp_path, monkeypatch, head_of(kind), *pieces))["response"]
    data, sent = base64.b64decode(response["eventstream_b64"]), b"".join(BINARY)
    assert len(data) == len(sent) == sum(response["reads"])
    assert data.startswith(BINARY[0])
    assert b"acme-7777" not in data
    events = response["events"]
    assert [each["headers"][":event-type"] for each in events] == ["messageStart", "delta", "chunk"]
    assert events[1]["payload"] == {"delta": {"text": "for arn:aws:bedrock:us-east-1:000000000000:x, REDACTEDR"}}
    assert base64.b64decode(events[2]["payload"]["bytes"]) == b"inside REDACTEDR"
    assert frame(events[1]["payload"], **events[1]["headers"]) in data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (frame({}, **{":event-type": "acme-7777"}), "outside of their payloads"),
        (BINARY[0][:-1] + b"\x00", "damaged"),
        (BINARY[0][:-1], "damaged"),
        (b"\x00\x00\x00\x02", "damaged"),
        (b"\x00\x00", "damaged"),
    ],
)
async def test_a_binary_stream_that_cannot_be_scrubbed_is_not_kept(
    data: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=words):
        await recorded_in("converse", "stream", tmp_path, monkeypatch, head_of(SAID["converse"][0]), data)
    assert recorded(tmp_path) == []


async def test_lines_of_json_are_kept_as_they_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, pieces = SAID["ollama"]
    told = await recorded_in("ollama", "stream", tmp_path, monkeypatch, head_of(kind), *pieces)
    assert told["response"]["ndjson"] == b"".join(LINES).decode()
    assert told["request"]["url_path"] == "/api/chat"


@pytest.mark.parametrize(
    ("case", "api", "path"),
    [
        ("text", "box.generate", "/v1/models/m%2F1:generateContent"),
        ("stream", "box.stream", "/v1/models/m%2F1:streamGenerateContent?alt=sse"),
    ],
)
async def test_a_stream_that_has_a_place_of_its_own_is_recorded_there(
    case: str, api: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await recorded_in("gemini", case, tmp_path, monkeypatch, head_of("application/json"), b'{"candidates":[]}')
    assert (told["api"], told["request"]["url_path"]) == (api, path)
    assert told["stream"] is (case == "stream")
    assert told["response"]["body"] == {"candidates": []}


async def test_the_headers_of_one_request_are_recorded_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await recorded_in("messages", "text", tmp_path, monkeypatch, head_of("application/json"), b"{}")
    assert told["request"]["headers"] == {"x-beta": "one", "x-account": "REDACTEDR"}


async def test_who_has_no_key_signs_as_the_gateway_would(tmp_path: Path) -> None:
    said = json.dumps({"output": {"message": {"content": [{"text": "Hi"}]}}, "stopReason": "end_turn", "usage": {}})
    async with scripted(head_of("application/json"), said.encode()) as (origin, asked):
        keys = "{access_key_id: AKIDEXAMPLE, secret_access_key: wJalrXUtnFEMI}"
        settings = f"{{type: bedrock, base_url: '{origin}', region: eu-west-1, aws: {keys}}}"
        (tmp_path / "antiphon.yaml").write_text(f"providers: {{box: {settings}}}\n")
        [path] = await record("box/amazon.nova-lite-v1:0", "text", environment(tmp_path), tmp_path)
    assert asked[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    text = path.read_text("utf-8")
    assert json.loads(text)["api"] == "box.converse"
    assert "AKIDEXAMPLE" not in text


async def test_a_read_is_kept_apart_from_the_next() -> None:
    class Reply:
        status = 200

        def __init__(self) -> None:
            self._pieces = iter([b"a", b"bc", b""])

        def header(self, *names: bytes) -> bytes | None:
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
def test_a_case_is_legal_and_nobody_keeps_it(case: str) -> None:
    for step in CASES[case]:
        request = turn_of(step, "llama", [{"type": "message", "role": "user", "content": "Hello!"}]).request
        assert not request.stored
        assert request.model == "llama"
        assert request.input


def test_what_is_blanked_out_keeps_its_length() -> None:
    text = b"from ann@example.com, user-1a2b3c4d5e at 10.1.2.3:8080 with hunter2hunter2"
    told = scrubbed(text, [b"hunter2hunter2"])
    assert len(told) == len(text)
    assert told == b"from REDACTEDREDACTE, REDACTEDREDACTE at REDACTEDREDAC with REDACTEDREDACT"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arn:aws:bedrock:eu-west-1:123456789012:profile", "arn:aws:bedrock:eu-west-1:000000000000:profile"),
        ("/v1/projects/my-project/locations/x", "/v1/projects/REDACTEDRE/locations/x"),
        ("/accounts/0123456789abcdef0123456789abcdef/ai", "/accounts/REDACTEDREDACTEDREDACTEDREDACTED/ai"),
        ("AKIAIOSFODNN7EXAMPLE", "REDACTEDREDACTEDREDA"),
        ("ya29.a0AfH6SMBx1234567890abc", "REDACTEDREDACTEDREDACTEDREDA"),
        ("ghp_0123456789abcdefghij", "REDACTEDREDACTEDREDACTED"),
    ],
)
def test_what_names_an_account_of_a_cloud_is_blanked_out(text: str, told: str) -> None:
    assert scrubbed(text.encode(), []).decode() == told


def test_ordinary_words_stay() -> None:
    text = b"an org-chart for user-friendly teams, version 1.2.3, msg_0123456789abcdef, call_abc123456789"
    assert scrubbed(text, []) == text
