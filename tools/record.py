"""Records exchanges with a real provider, as the tests of the dialects read them.

    make record PROVIDER=groq/llama-3.3-70b-versatile CASE=stream

The key is found as the gateway finds it, in the environment, in `.env` or in antiphon.yaml. The request is built by the
provider's dialect from a case in the words of the Responses API, so what is recorded is what the gateway would send.
The file goes to tests/recordings/<provider>.<api>/<case>.json, whose README tells what is in it; a case of several
requests makes as many files. Of the headers only a few are kept, and whatever may name an account, a machine or a
person is blanked out, length by length, so that the boundaries of the reads stay true.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import sys
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec.inspect import CollectionType, DictType, StructType, Type, type_info

from antiphon.app.upstreams import dialects_of
from antiphon.config.environment import Environment, this_environment
from antiphon.config.loading import load
from antiphon.config.shape import mark, members, plain
from antiphon.errors import AntiphonError, ConfigError
from antiphon.gateway.history import new_items
from antiphon.protocols import Built, Caller, Target, Turn, UpstreamReply
from antiphon.provider_settings import Dialect, ProviderSettings
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.errands import Errands
from antiphon.providers.http import HttpUpstream
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.proxy import Proxies
from antiphon.providers.signers import Signers
from antiphon.providers.trust import default_trust
from antiphon.sealing import Seals
from antiphon.wire.ids import RANDOM_BYTES, identifier
from antiphon.wire.requests import Item, parse_request
from tools.recording_cases import CASES, Body, Step
from tools.scrubbing import events, scrubbed, scrubbed_frames

RECORDINGS: Final = Path(__file__).resolve().parents[1] / "tests" / "recordings"
SHORTEST_SECRET: Final = 6
"""In characters: a local server's key may be "none", which answers may well say."""

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
KEPT_HEADERS: Final = ("content-type", "date", "retry-after")
ACCOUNT_HEADERS: Final = (b"openai-organization", b"openai-project", b"anthropic-organization-id", b"x-request-id")
SECRET_NAMES: Final = re.compile(r"(?:KEY|KEY_ID|TOKEN|SECRET|PASSWORD|PAT|ACCOUNT|ACCOUNT_ID|PROJECT|PROJECT_ID)$")
"""What the names of variables end in whose values must be in no recording, whether the provider uses them or not."""

FORMATS: Final[Mapping[Dialect, str]] = {
    "responses": "openai-responses",
    "chat": "openai-chat",
    "messages": "anthropic-messages",
    "vertex-messages": "anthropic-messages",
    "bedrock-messages": "bedrock-invoke-anthropic",
    "gemini": "gemini",
    "converse": "bedrock-converse",
    "cohere": "cohere-v2",
    "ollama": "ollama",
}
"""What recordings call the format of each dialect."""

APIS: Final[Mapping[Dialect, tuple[str, str]]] = {
    "responses": ("responses", "responses"),
    "chat": ("chat", "chat"),
    "messages": ("messages", "messages"),
    "vertex-messages": ("messages", "messages"),
    "bedrock-messages": ("invoke", "invoke_stream"),
    "gemini": ("generate", "stream"),
    "converse": ("converse", "converse_stream"),
    "cohere": ("chat", "chat"),
    "ollama": ("chat", "chat"),
}
"""What recordings call the API of each dialect, for whole answers and for streams."""

EVENT_STREAM, FRAMES, LINES = "text/event-stream", "application/vnd.amazon.eventstream", "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was sent, and what came back: `pieces` are the reads, as they arrived."""

    sent: bytes
    sent_headers: Mapping[str, str]
    streamed: bool
    status: int
    headers: Mapping[str, str]
    pieces: Sequence[bytes]
    secrets: Sequence[bytes] = ()

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def came_as(self, kind: str) -> bool:
        return self.headers.get("content-type", "").startswith(kind)

    @property
    def came_in_pieces(self) -> bool:
        return any(map(self.came_as, (EVENT_STREAM, FRAMES, LINES)))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line. Exits with a sentence when nothing can be recorded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("provider", help="a provider that is configured, or provider/model")
    parser.add_argument("case", help=", ".join(CASES))
    parser.add_argument("--folder", type=Path, default=RECORDINGS)
    options = parser.parse_args(arguments)
    try:
        for path in asyncio.run(record(options.provider, options.case, this_environment(), options.folder)):
            print(path)
    except AntiphonError as error:
        sys.exit(error.message)


async def record(provider: str, case: str, environment: Environment, folder: Path) -> list[Path]:
    """Asks, and writes a file for each request of the case, in their order.

    Raises ConfigError for what cannot be asked or kept, UpstreamError for what did not answer.
    """
    if case not in CASES:
        raise ConfigError(f"There is no case '{case}'. There are: {', '.join(CASES)}.")
    name, _, model = provider.partition("/")
    settings = configured(name, environment)
    asked = chosen_model(name, model, case, settings)
    written: list[Path] = []
    async with instance_of(name, settings) as (instance, noting):
        target = instance.target(asked)
        secrets = [*secrets_of(instance.base_url, settings), *secrets_in(environment)]
        said: list[Item] = []
        for number, step in enumerate(CASES[case]):
            turn = turn_of(step, target.model, said)
            built = target.dialect.build(turn, target)
            exchange = await exchanged(target, turn, built, secrets)
            place = (number, len(CASES[case]))
            written.append(keep(folder, case, place, recording(instance, target, noting.url_path, exchange)))
            if number + 1 < len(CASES[case]):
                said = [*turn.input, *answered(target, turn, exchange)]
    return written


class Noting:
    """An HTTP client that notes where it was last told to post to."""

    def __init__(self, upstream: HttpUpstream) -> None:
        self.lasting, self.get, self.delete = upstream.lasting, upstream.get, upstream.delete
        self.url_path = ""
        self._post = upstream.post

    async def post(
        self,
        endpoint: Endpoint,
        headers: bytes,
        body: bytes,
        timeouts: Timeouts | None = None,
        *,
        patient: bool = False,
    ) -> UpstreamReply:
        """As that of `HttpUpstream`."""
        self.url_path = endpoint.target.decode()
        return await self._post(endpoint, headers, body, timeouts, patient=patient)


@asynccontextmanager
async def instance_of(name: str, settings: ProviderSettings) -> AsyncGenerator[tuple[ProviderInstance, Noting]]:
    """The provider as the gateway would make it, and what it posts through."""
    trust = default_trust()
    async with AsyncExitStack() as stack:
        far = HttpUpstream(Timeouts(), proxies=Proxies.parse(settings.proxy, settings.proxy), trust=trust)
        stack.push_async_callback(far.close)
        near = HttpUpstream(Timeouts(), trust=trust)
        stack.push_async_callback(near.close)
        noting = Noting(far)
        dialects = dialects_of(Seals([os.urandom(32).hex()], os.urandom))
        signers = Signers(Errands(far, near), time.time)
        yield ProviderInstance(name, settings, noting, dialects, signers=signers), noting


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
    asked = CASES[case][0].request.get("model") or model or next(iter(settings.models or ()), "")
    if not asked:
        raise ConfigError(f"Which model? Write PROVIDER={name}/MODEL, or set {name.upper().replace('-', '_')}_MODELS.")
    return asked


def turn_of(step: Step, model: str, said: Sequence[Item]) -> Turn:
    """The step as a turn that nobody keeps; where it follows, with all that was `said` before it."""
    before: Body = {"input": [*said, *results_of(said)]} if step.follows else {}
    request = parse_request(msgspec.json.encode({"store": False, **step.request, **before, "model": model}))
    return Turn(
        id=new_id("resp"),
        created_at=int(time.time()),
        caller=Caller("recorder", "recorder"),
        request=request,
        input=new_items(request, new_id, []),
        new_id=new_id,
        clock=time.time,
    )


def results_of(said: Iterable[Item]) -> Iterator[Item]:
    """A result for each call that has none."""
    for item in said:
        if item["type"] == "function_call":
            yield {"type": "function_call_output", "call_id": item["call_id"], "output": "Rain, 7 degrees."}


def answered(target: Target, turn: Turn, exchange: Exchange) -> list[Item]:
    """What the model said, as a client would send it back. Raises UpstreamError for a refusal or a broken answer."""
    if not 200 <= exchange.status < 300:  # noqa: PLR2004 - the range of HTTP's success
        raise target.dialect.refusal(exchange.status, exchange.body, None)
    if not exchange.came_in_pieces:
        outcome = target.dialect.whole(turn, target, exchange.body)
    else:
        reader = target.dialect.reader(turn, target)
        reader.feed(exchange.body)
        if reader.outcome is None:
            reader.close()
        if reader.outcome is None:
            raise reader.failure or ConfigError("The provider's answer has no end, so nothing can follow it.")
        outcome = reader.outcome
    return msgspec.json.decode(outcome.body)["output"]


def new_id(prefix: str) -> str:
    return identifier(prefix, time.time_ns() // 1_000_000, os.urandom(RANDOM_BYTES))


async def exchanged(target: Target, turn: Turn, built: Built, secrets: Sequence[bytes]) -> Exchange:
    """Asks the target and reads its answer to the end, whatever it is."""
    streamed = bool(turn.request.stream) if built.streamed is None else built.streamed
    reply = await target.post(built.body, streamed=streamed, headers=built.headers)
    try:
        pieces = await read(reply)
    finally:
        reply.release()
    named = {name: value.decode("ascii", "replace") for name in KEPT_HEADERS if (value := reply.header(name.encode()))}
    told = [value for name in ACCOUNT_HEADERS if (value := reply.header(name))]
    lines = (line.partition(": ") for line in built.headers.decode().splitlines())
    sent_headers = {name.lower(): value for name, _, value in lines}
    return Exchange(built.body, sent_headers, streamed, reply.status, named, pieces, (*secrets, *told))


async def read(reply: UpstreamReply) -> list[bytes]:
    """Every read of the body. Raises ConfigError for one that is too large to keep."""
    pieces: list[bytes] = []
    while piece := await reply.chunk():
        pieces.append(piece)
        if sum(map(len, pieces)) > MAX_ANSWER_BYTES:
            raise ConfigError(f"The answer is larger than {MAX_ANSWER_BYTES} bytes.")
    return pieces


def secrets_of(base_url: str, settings: ProviderSettings) -> list[bytes]:
    """What must not be in a recording although no pattern knows it: what settings call secret, and the hosts."""
    marked = _marked(msgspec.to_builtins(settings), type_info(ProviderSettings))
    proxy = urlsplit(settings.proxy).hostname if settings.proxy else None
    return _long([*marked, urlsplit(base_url).hostname, proxy])


def secrets_in(environment: Environment) -> list[bytes]:
    """Every key, token and account among the variables."""
    return _long(value for name, value in environment.variables.items() if SECRET_NAMES.search(name))


def _marked(value: Any, kind: Type) -> Iterator[object]:  # noqa: ANN401 - what to_builtins makes of a Struct
    """Every value at or below this one that the settings call secret."""
    match plain(kind):
        case StructType() as struct if value is not None:
            for name, each in members(struct).items():
                yield from _marked(value.get(name), each.type)
        case DictType() as mapping if value is not None:
            for inner in value.values():
                yield from _marked(inner, mapping.value_type)
        case CollectionType() as many if value is not None:
            for inner in value:
                yield from _marked(inner, many.item_type)
        case _ if mark(kind, "secret"):
            yield value
        case _:
            pass


def _long(texts: Iterable[object]) -> list[bytes]:
    return [text.encode() for text in texts if isinstance(text, str) and len(text) >= SHORTEST_SECRET]


def recording(instance: ProviderInstance, target: Target, url_path: str, exchange: Exchange) -> dict[str, Any]:
    """The file's contents, but for what the case has to say."""
    dialect = instance.dialect_of(target.model)
    is_stream = exchange.came_in_pieces
    return {
        "provider": instance.name,
        "api": f"{instance.name}.{api_of(instance, dialect, streamed=exchange.streamed)}",
        "dialect": FORMATS[dialect],
        "stream": is_stream or exchange.streamed,
        "request": {
            "method": "POST",
            "url_path": scrubbed(url_path.encode(), exchange.secrets).decode(),
            "headers": {
                name: scrubbed(value.encode(), exchange.secrets).decode()
                for name, value in exchange.sent_headers.items()
            },
            "body": json.loads(scrubbed(exchange.sent, exchange.secrets)),
        },
        "response": {
            "status": exchange.status,
            "headers": dict(exchange.headers),
            **_told(exchange),
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


def api_of(instance: ProviderInstance, dialect: Dialect, *, streamed: bool) -> str:
    """What the folder is called; chat completions of a provider that has a chat of its own are `openai_chat`."""
    if dialect == "chat" and set(instance.row.dialects) - {"chat", "responses"}:
        return "openai_chat"
    return APIS[dialect][streamed]


def keep(folder: Path, case: str, place: tuple[int, int], contents: dict[str, Any]) -> Path:
    """Writes the file of the step at this place of so many."""
    step, of = place
    name = case if of == 1 else f"{case}.{step}"
    flow = {} if of == 1 else {"flow": {"step": step, "of": of}}
    path = folder / contents["api"] / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"id": f"{contents['api'].replace('.', '-')}.{name}", **contents, "tags": [case], **flow}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def _told(exchange: Exchange) -> dict[str, Any]:
    """The body in the form that recordings have for its kind: see tests/recordings/README.md."""
    if exchange.came_as(FRAMES):
        data = scrubbed_frames(exchange.body, exchange.secrets)
        return {"eventstream_b64": base64.b64encode(data).decode(), "events": list(events(data))}
    text = scrubbed(exchange.body, exchange.secrets).decode("utf-8", "replace")
    if exchange.came_as(EVENT_STREAM):
        return {"sse": text}
    if exchange.came_as(LINES):
        return {"ndjson": text}
    try:
        return {"body": json.loads(text)}
    except ValueError:
        return {"text": text}


if __name__ == "__main__":
    main()
