"""Records one exchange with a real provider, as the tests of the dialects read it.

    make record PROVIDER=groq/llama-3.3-70b-versatile CASE=stream

The key is found as the gateway finds it, in the environment, in `.env` or in antiphon.yaml. The request is built by the
provider's dialect from a case in the words of the Responses API, so what is recorded is what the gateway would send.
The file goes to tests/recordings/<provider>.<api>/<case>.json, whose README tells what is in it. Of the headers only
two are kept, and whatever may name an account, a machine or a person is blanked out, length by length, so that the
boundaries of the reads stay true.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from antiphon.app.upstreams import dialects_of
from antiphon.config.environment import Environment, this_environment
from antiphon.config.loading import load
from antiphon.errors import AntiphonError, ConfigError
from antiphon.gateway.history import new_items
from antiphon.protocols import Caller, Target, Turn, UpstreamReply
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.http import HttpUpstream
from antiphon.providers.instance import ProviderInstance
from antiphon.sealing import Seals
from antiphon.settings import ProviderSettings
from antiphon.wire.ids import RANDOM_BYTES, identifier
from antiphon.wire.requests import parse_request

RECORDINGS: Final = Path(__file__).resolve().parents[1] / "tests" / "recordings"
SHORTEST_SECRET: Final = 6
"""In characters: a local server's key may be "none", which answers may well say."""

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
KEPT_HEADERS: Final = ("content-type", "date")
ACCOUNT_HEADERS: Final = (b"openai-organization", b"openai-project", b"x-request-id")

RED_SQUARE: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAA"
    "SUVORK5CYII="
)
WEATHER: Final[dict[str, Any]] = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
ASKED: Final = {"role": "user", "content": "What is the weather in Oslo? Use the tool."}
CALLED: Final = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Oslo"}'}
TOLD: Final = {"type": "function_call_output", "call_id": "call_1", "output": "Rain, 7 degrees."}
RIVERS: Final[dict[str, Any]] = {
    "type": "json_schema",
    "name": "rivers",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"rivers": {"type": "array", "items": {"type": "string"}}},
        "required": ["rivers"],
        "additionalProperties": False,
    },
}
SEEN: Final[list[dict[str, Any]]] = [
    {"type": "input_text", "text": "Which colour is this? One word."},
    {"type": "input_image", "image_url": RED_SQUARE, "detail": "low"},
]

CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"input": "Say hello in five words."},
    "stream": {"input": "Count from one to ten, in words.", "stream": True},
    "tool-call": {"input": [ASKED], "tools": [WEATHER], "stream": True},
    "two-tools": {
        "input": "What is the weather in Oslo, and in Rome? Use the tool for both at once.",
        "tools": [WEATHER],
        "stream": True,
    },
    "tool-result": {"input": [ASKED, CALLED, TOLD], "tools": [WEATHER]},
    "structured": {"input": "Name three rivers.", "text": {"format": RIVERS}},
    "image": {"input": [{"role": "user", "content": SEEN}]},
    "reasoning": {"input": "How much is 17 times 23?", "reasoning": {"effort": "low"}, "stream": True},
    "error": {"input": "Say hello.", "model": "no-such-model"},
}

IDENTIFIERS: Final = re.compile(
    rb"\b(?:org|proj|user|acct|team|account|workspace)[-_](?=[A-Za-z0-9]*\d)[A-Za-z0-9]{6,}"
    rb"|\b(?:org|proj)[-_][A-Za-z0-9]{12,}"
    rb"|\b(?:sk|rk|pk|gsk|csk|xai|nvapi|pplx|tgp_v1|hf|fw)[-_][A-Za-z0-9_-]{12,}"
    rb"|\bAIza[\w-]{20,}|\beyJ[\w-]{16,}\.[\w-]+\.[\w-]+"
    rb"|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    rb"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was sent, and what came back: `pieces` are the reads, as they arrived."""

    sent: bytes
    status: int
    headers: Mapping[str, str]
    pieces: Sequence[bytes]
    secrets: Sequence[bytes] = ()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line. Exits with a sentence when nothing can be recorded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("provider", help="a provider that is configured, or provider/model")
    parser.add_argument("case", help=", ".join(CASES))
    parser.add_argument("--folder", type=Path, default=RECORDINGS)
    options = parser.parse_args(arguments)
    try:
        print(asyncio.run(record(options.provider, options.case, this_environment(), options.folder)))
    except AntiphonError as error:
        sys.exit(error.message)


async def record(provider: str, case: str, environment: Environment, folder: Path) -> Path:
    """Asks, and writes the file. Raises ConfigError for what cannot be asked, UpstreamError for what did not answer."""
    if case not in CASES:
        raise ConfigError(f"There is no case '{case}'. There are: {', '.join(CASES)}.")
    name, _, model = provider.partition("/")
    settings = configured(name, environment)
    upstream = HttpUpstream(Timeouts())
    seals = Seals([os.urandom(32).hex()], os.urandom)
    try:
        dialects = dialects_of(seals)
        instance = ProviderInstance(name, settings, upstream, dialects)
        target = instance.target(chosen_model(name, model, case, settings))
        exchange = await exchanged(target, turn_of(case, target.model), secrets_of(instance.base_url, settings))
    finally:
        await upstream.close()
    path = folder / f"{name}.{target.dialect.name}" / f"{case}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    route = instance.row.route(instance.dialect_of(target.model))
    url_path = urlsplit(instance.base_url).path + route.path
    path.write_text(json.dumps(recording(name, case, target, url_path, exchange), indent=1, ensure_ascii=False) + "\n")
    return path


def configured(name: str, environment: Environment) -> ProviderSettings:
    """The provider's settings. Raises ConfigError: it is not known, or has no key."""
    loaded = load(environment)
    settings = loaded.settings.providers.get(name)
    if settings is not None and settings.enabled and name != "demo":
        return settings
    reasons = [finding.origin for finding in loaded.findings if finding.name == name and not finding.is_found]
    known = ", ".join(finding.name for finding in loaded.findings if finding.name != "demo")
    raise ConfigError(
        f"{name} cannot be asked: {reasons[0]}."
        if reasons
        else f"There is no provider '{name}' to record. There are: {known}."
    )


def chosen_model(name: str, model: str, case: str, settings: ProviderSettings) -> str:
    """The model to ask. Raises ConfigError when nobody has named one."""
    asked = CASES[case].get("model") or model or next(iter(settings.models or ()), "")
    if not asked:
        raise ConfigError(f"Which model? Write PROVIDER={name}/MODEL, or set {name.upper().replace('-', '_')}_MODELS.")
    return asked


def turn_of(case: str, model: str) -> Turn:
    """The case as a turn that nobody keeps."""
    request = parse_request(msgspec.json.encode({"store": False, **CASES[case], "model": model}))
    return Turn(
        id=new_id("resp"),
        created_at=int(time.time()),
        caller=Caller("recorder", "recorder"),
        request=request,
        input=new_items(request, new_id, []),
        new_id=new_id,
        clock=time.time,
    )


def new_id(prefix: str) -> str:
    return identifier(prefix, time.time_ns() // 1_000_000, os.urandom(RANDOM_BYTES))


async def exchanged(target: Target, turn: Turn, secrets: Sequence[bytes]) -> Exchange:
    """Asks the target and reads its answer to the end, whatever it is."""
    sent = target.dialect.build(turn, target).body
    reply = await target.post(sent, streamed=turn.request.streamed)
    try:
        pieces = await read(reply)
    finally:
        reply.release()
    named = {name: value.decode("ascii", "replace") for name in KEPT_HEADERS if (value := reply.header(name.encode()))}
    told = [value for name in ACCOUNT_HEADERS if (value := reply.header(name))]
    return Exchange(sent, reply.status, named, pieces, (*secrets, *told))


async def read(reply: UpstreamReply) -> list[bytes]:
    """Every read of the body. Raises ConfigError for one that is too large to keep."""
    pieces: list[bytes] = []
    while piece := await reply.chunk():
        pieces.append(piece)
        if sum(map(len, pieces)) > MAX_ANSWER_BYTES:
            raise ConfigError(f"The answer is larger than {MAX_ANSWER_BYTES} bytes.")
    return pieces


def secrets_of(base_url: str, settings: ProviderSettings) -> list[bytes]:
    """What must not be in a recording although no pattern knows it: the key, the owner's headers, the hosts."""
    host = urlsplit(base_url).hostname or ""
    proxy = urlsplit(settings.proxy).hostname if settings.proxy else None
    texts = (settings.api_key, *settings.headers.values(), host, proxy)
    return [text.encode() for text in texts if text and len(text) >= SHORTEST_SECRET]


def recording(provider: str, case: str, target: Target, url_path: str, exchange: Exchange) -> dict[str, Any]:
    """The file's contents."""
    body = scrubbed(b"".join(exchange.pieces), exchange.secrets)
    api = f"{provider}.{target.dialect.name}"
    is_stream = exchange.headers.get("content-type", "").startswith("text/event-stream")
    return {
        "id": f"{api.replace('.', '-')}.{case}",
        "provider": provider,
        "api": api,
        "dialect": f"openai-{target.dialect.name}",
        "stream": is_stream,
        "tags": [case],
        "request": {
            "method": "POST",
            "url_path": url_path,
            "headers": {},
            "body": json.loads(scrubbed(exchange.sent, exchange.secrets)),
        },
        "response": {
            "status": exchange.status,
            "headers": dict(exchange.headers),
            **_told(body, is_stream=is_stream),
            "reads": [len(piece) for piece in exchange.pieces],
        },
        "source": {
            "repo": "antiphon",
            "path": "tools/record.py",
            "license": "Apache-2.0",
            "index": 0,
            "fidelity": "recorded" if is_stream else "recorded-normalised",
        },
    }


def _told(body: bytes, *, is_stream: bool) -> dict[str, Any]:
    """The body as `sse`, as JSON, or as plain text."""
    text = body.decode("utf-8", "replace")
    if is_stream:
        return {"sse": text}
    try:
        return {"body": json.loads(text)}
    except ValueError:
        return {"text": text}


def scrubbed(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """`data` in its own length, with the secrets and whatever looks like an identifier of somebody blanked out."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        data = data.replace(secret, _blank(len(secret)))
    return IDENTIFIERS.sub(lambda found: _blank(len(found[0])), data)


def _blank(length: int) -> bytes:
    return (b"REDACTED" * (length // 8 + 1))[:length]


if __name__ == "__main__":
    main()
