"""Every format of clients on every kind of upstream: what of it works, found out by asking."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from typing_extensions import override

from tests.e2e.gateway import Gateway, running, settings_for
from tests.e2e.pairs.clients import CLIENTS, PDF, PNG, WAV, Client, Heard, Wish
from tests.e2e.upstream import Piece, Provider, Reply, Seen, serving, stream
from tests.e2e.vendors.bridge import Upstream
from tests.e2e.vendors.doors import DOORS, KEY, Door
from tests.vendors.openai import Chat, OpenAI, completed
from tests.vendors.vendor import Plan

VERBATIM: Final = "="
YES: Final = "✓"
WARNED: Final = "(✓)"
TOLD: Final = "–"
SILENT: Final = "✗"
NO_WORDS: Final = ""

_TEXT: Final = "It rains."
_CALL: Final = ("get_weather", {"city": "Oslo"})
_ARGUMENTS: Final = json.dumps(_CALL[1])
_THOUGHT: Final = "I must ask."
_USED: Final = (11, 7)
"""What every fake counts."""

_REFUSED: Final = 400
_NOWHERE: Final = "http://127.0.0.1:9/v1"


def _refusal(code: str, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


_OPENAI: Final = Door(
    kind="openai",
    make=OpenAI,
    path="/v1/responses",
    headers={"authorization": f"Bearer {KEY}"},
    troubles={
        "limit": (429, _refusal("rate_limit_exceeded", "Rate limit reached.")),
        "context": (400, _refusal("context_length_exceeded", "Your input exceeds the context window.")),
    },
    inside=b'event: error\ndata: {"type":"error","code":"server_error","message":"x","param":null,'
    b'"sequence_number":5}\n\n',
    length="max_output_tokens",
    more={"relays_chat": False},
)
_CHAT: Final = Door(
    kind="chat",
    type="openai-compatible",
    dialect="chat",
    make=Chat,
    path="/v1/chat/completions",
    headers={"authorization": f"Bearer {KEY}"},
    troubles=_OPENAI.troubles,
    inside=b'data: {"error":{"message":"x","type":"server_error","code":"server_error"}}\n\n',
    length="length",
)
UPSTREAMS: Final[Mapping[str, Door]] = {
    "Responses": _OPENAI,
    "Chat completions": _CHAT,
    "Messages": DOORS["anthropic"],
    "Gemini": DOORS["gemini"],
    "Converse": DOORS["converse"],
    "Cohere": DOORS["cohere"],
    "Ollama": DOORS["ollama"],
}
"""By the title of what is spoken there."""

_COMPLETING: Final = {"ollama"}
"""Who has legacy completions, too."""


class Pair(Upstream):
    """A client's format before a vendor. `warned` tells that the gateway has reported a loss, or refused."""

    def __init__(self, http: httpx.Client, client: Client, door: Door, provider: Provider) -> None:
        super().__init__(door, provider)
        self.client = client
        self.status = 200
        self.warned = False
        self.verbatim = True
        self.strict = False
        self._http = http
        self._said = b""

    def ask(self, wish: Wish, *plans: Plan) -> Heard:
        """What is heard when the vendor does as planned."""
        self.does(*plans)
        return self.hear(wish)

    def hear(self, wish: Wish) -> Heard:
        body = self.client.body(self.model, wish) | ({"strict": True} if self.strict else {})
        answer = self._http.post(self.client.path, json=body, headers={"anthropic-version": "2023-06-01"})
        self.status = answer.status_code
        self.warned = self.warned or "antiphon-warnings" in answer.headers or self.status == _REFUSED
        if self.status != 200:
            return Heard(error=self.client.error(answer.json()))
        self.verbatim = self.verbatim and answer.content == self._said
        return self.client.streamed(answer.content) if wish.streamed else self.client.whole(answer.json())

    def sent(self, text: str) -> bool:
        """Whether what the vendor got last says this."""
        return bool(self.provider.seen) and text in self.provider.seen[-1].body.decode()

    @override
    def _answer(self, plan: Plan, middle: Piece | None, seen: Seen) -> Reply:
        if seen.path.endswith("/v1/completions"):
            reply = self._complete(plan, middle, streamed="stream" in seen.json)
        else:
            reply = super()._answer(plan, middle, seen)
        pieces = (piece for piece in reply.pieces or () if isinstance(piece, bytes))
        self._said = reply.body or b"".join(pieces)
        return reply

    def _complete(self, plan: Plan, middle: Piece | None, *, streamed: bool) -> Reply:
        """Servers of open models have the API before chat, too."""
        data = completed(plan.text, plan.ending, streamed=streamed)
        if not streamed:
            return Reply(data)
        pieces: list[Piece] = [frame + b"\n\n" for frame in data.split(b"\n\n") if frame]
        return stream(*pieces[:1], *(() if middle is None else (middle,)), *pieces[1:])


def _text(pair: Pair, *, streamed: bool) -> bool:
    heard = pair.ask(Wish(streamed=streamed), Plan(text=_TEXT))
    return heard.text == _TEXT and (not streamed or heard.pieces > 1) and pair.sent("What is the weather?")


def _usage(pair: Pair) -> bool:
    return all(pair.ask(Wish(streamed=streamed), Plan(text=_TEXT)).usage == _USED for streamed in (False, True))


def _system(pair: Pair) -> bool:
    return pair.ask(Wish(system="Speak Norse."), Plan(text=_TEXT)).text == _TEXT and pair.sent("Speak Norse.")


def _tools(pair: Pair, *, count: int, forced: str = "") -> bool:
    plan = Plan(calls=(0,) * count, arguments=_ARGUMENTS)
    first = pair.ask(Wish(tools=("get_weather", "get_time"), forced=forced), plan)
    if [call[1:] for call in first.calls] != [_CALL] * count:
        return False
    results = tuple(f"Rain, {place}." for place in range(count))
    second = pair.ask(Wish(tools=("get_weather",), before=first, results=results), Plan(text=_TEXT))
    return second.text == _TEXT and all(map(pair.sent, results))


def _streamed_call(pair: Pair) -> bool:
    heard = pair.ask(Wish(tools=("get_weather",), streamed=True), Plan(text="Wait.", calls=(0,), arguments=_ARGUMENTS))
    return heard.text == "Wait." and [call[1:] for call in heard.calls] == [_CALL]


def _media(pair: Pair, *, kind: str, data: str) -> bool:
    return pair.ask(Wish(media=kind), Plan(text=_TEXT)).text == _TEXT and pair.sent(data)


def _form(pair: Pair) -> bool:
    said = '{"the_town": "Oslo"}'
    return pair.ask(Wish(form=True), Plan(text=said)).text == said and pair.sent("the_town")


def _thoughts(pair: Pair) -> bool:
    plans = (Plan(_THOUGHT, _TEXT), Plan(_THOUGHT, _TEXT))
    return all(
        pair.ask(Wish(thinks=True, streamed=streamed), plan).thoughts == _THOUGHT
        for streamed, plan in zip((False, True), plans, strict=True)
    )


def _thinking_loop(pair: Pair) -> bool:
    """A vendor that signs refuses a loop whose thoughts are lost."""
    asked = Wish(thinks=True, tools=("get_weather",))
    first = pair.ask(asked, Plan(_THOUGHT, "", (0,), _ARGUMENTS))
    if [call[1:] for call in first.calls] != [_CALL]:
        return False
    wish = Wish(thinks=True, tools=("get_weather",), before=first, results=("Rain.",))
    return pair.ask(wish, Plan(text=_TEXT)).text == _TEXT


def _stop(pair: Pair) -> bool:
    return pair.ask(Wish(stop="NEVERMORE"), Plan(text=_TEXT)).text == _TEXT and pair.sent("NEVERMORE")


def _length(pair: Pair) -> bool:
    heard = pair.ask(Wish(), Plan(text=_TEXT, ending=pair.door.length))
    return heard.ending == pair.client.length


def _several(pair: Pair) -> bool:
    pair.does(*[Plan(text=_TEXT)] * 2)
    heard = pair.hear(Wish(several=2))
    if pair.verbatim:
        return pair.sent('"n":2')
    return heard.choices == 2


def _wrong(pair: Pair) -> bool:
    pair.provider.answer(pair.door.trouble("context"))
    return pair.hear(Wish()).error == pair.client.refused and pair.status == _REFUSED


def _busy(pair: Pair) -> bool:
    pair.provider.answer(*[pair.door.trouble("limit")] * 3)
    return bool(pair.hear(Wish()).error) and pair.status == 429


def _broken(pair: Pair) -> bool:
    older = pair.client.path == "/v1/completions" and pair.door.kind in _COMPLETING
    pair.breaks(Plan(text=_TEXT), _CHAT.inside if older else pair.door.inside)
    return bool(pair.hear(Wish(streamed=True)).error) and pair.status == 200


FEATURES: Final[Mapping[str, tuple[str, Callable[[Pair], bool]]]] = {
    "text, whole": ("", partial(_text, streamed=False)),
    "text, streamed": ("", partial(_text, streamed=True)),
    "system text": ("system", _system),
    "tokens used, whole and streamed": ("", _usage),
    "a tool called, its result taken": ("tools", partial(_tools, count=1)),
    "a call streamed after text": ("tools", _streamed_call),
    "parallel calls": ("tools", partial(_tools, count=3)),
    "one tool forced": ("tools", partial(_tools, count=1, forced="get_weather")),
    "images": ("media", partial(_media, kind="image", data=PNG)),
    "documents": ("media", partial(_media, kind="file", data=PDF)),
    "sound": ("audio", partial(_media, kind="audio", data=WAV)),
    "structured output": ("form", _form),
    "thoughts told": ("thinks", _thoughts),
    "thoughts brought back in a tool loop": ("thinks", _thinking_loop),
    "stop sequences": ("", _stop),
    "why it ended: no more room": ("", _length),
    "several answers (`n`)": ("several", _several),
    "a wrong request is the client's error": ("", _wrong),
    "a limit is the client's error": ("", _busy),
    "an error in the middle of a stream": ("", _broken),
}
"""What is asked for, with the client's wish that it takes."""

Marks = dict[str, dict[str, str]]
"""By feature and upstream."""


def marks_of(http: httpx.Client, client: Client, servers: Mapping[str, Provider]) -> Marks:
    """What of the client's format works where."""
    return {
        feature: {
            title: NO_WORDS if wish in client.misses else _mark(Pair(http, client, UPSTREAMS[title], server), check)
            for title, server in servers.items()
        }
        for feature, (wish, check) in FEATURES.items()
    }


def _mark(pair: Pair, check: Callable[[Pair], bool]) -> str:
    worked = check(pair)
    pair.provider.forget()
    if pair.faults:
        return f"{SILENT} {pair.faults[0]}"
    if not worked:
        return _untold(pair, check)
    if pair.warned and pair.status == 200:
        return WARNED
    return VERBATIM if pair.verbatim and pair.status == 200 else YES


def _untold(pair: Pair, check: Callable[[Pair], bool]) -> str:
    """What was lost must have been reported, and be an error to who is strict."""
    if not pair.warned:
        return f"{SILENT} nobody was told"
    pair.strict = True
    check(pair)
    pair.provider.forget()
    return TOLD if pair.status == _REFUSED else f"{SILENT} no error when strict"


@contextmanager
def before(folder: Path, titles: Iterable[str]) -> Generator[tuple[Gateway, dict[str, Provider]]]:
    """One gateway before these kinds of upstream, by their titles."""
    with ExitStack() as stack:
        servers = {title: stack.enter_context(serving()) for title in titles}
        doors = {title: UPSTREAMS[title] for title in titles}
        base = settings_for(folder, _NOWHERE, _NOWHERE)
        providers = {door.kind: door.settings(servers[title].url) for title, door in doors.items()}
        providers["demo"] = base.providers["demo"]
        settings = msgspec.structs.replace(base, providers=providers, models={})
        yield stack.enter_context(running(settings)), servers


@contextmanager
def matrix(folder: Path) -> Generator[Iterator[tuple[Client, Marks]]]:
    """One gateway before every kind of upstream, and what it does for one format after the other."""
    with before(folder, UPSTREAMS) as (gateway, servers), gateway.wire() as http:
        yield ((client, marks_of(http, client, servers)) for client in CLIENTS)
