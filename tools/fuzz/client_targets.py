"""Decoders of what clients send: every format, read, and then built again for every dialect that a provider speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.dialects.client_chat_request import asked_by_chat
from antiphon.dialects.client_completions_request import asked_by_completion
from antiphon.dialects.client_gemini_embeddings import BATCH, PREDICT, SINGLE, portions
from antiphon.dialects.client_gemini_request import asked_by_gemini, to_count
from antiphon.dialects.client_messages_request import asked_by_messages
from antiphon.dialects.native_pairs import check_pairs
from antiphon.errors import BadRequest, CallerError
from antiphon.gateway.conformity import fault_of
from antiphon.gateway.history import new_items
from antiphon.protocols import Turn
from antiphon.providers.sample import sample
from antiphon.relays import Wrapping
from antiphon.wire.batch_input import InputReader, Limits, check_request
from antiphon.wire.batches import parse_new_batch
from antiphon.wire.client_frames import (
    creation_of,
    members_of,
    parent_of,
    steering_refused,
    stream_id_of,
    type_of,
    with_stream_id,
)
from antiphon.wire.conversations import ConversationUpdate, NewConversation, NewItems, parse
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.files import NewUpload, UploadEnd, names_own
from antiphon.wire.kept_items import check_items
from antiphon.wire.message_batches import parse_message_batch
from antiphon.wire.prompts import checked_template, rendered, variables_of
from antiphon.wire.requests import PromptRef, Request, is_item, parse_request
from antiphon.wire.schemas import violation
from antiphon.wire.tokens import prompt_of, prompt_tokens
from antiphon.wire.trimming import groups_of, newest_input, unanswered
from tools.fuzz.provider_targets import DIALECTS, model_of, turn_of
from tools.fuzz.recorded import requests_of
from tools.fuzz.target import LawError, Target, chosen, pieces, same, split
from tools.fuzz.wire_targets import SEALS, TENANT

_SIZES: Final = Limits(lines=100, bytes=1 << 20, line_bytes=1 << 18)
_NAMES: Final = tuple(DIALECTS)
_SAMPLE: Final = (
    b'{"model":"p/m","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}]}'
)
_COUNTED: Final = ("gpt-5", "claude-sonnet-4-5", "gemini-2.5-pro", "other")


def _asked(read: Callable[[bytes], Request], data: bytes) -> None:
    """One body, read; then the turn that comes of it, built for one dialect after another."""
    choice, data = split(data)
    request = read(data)
    turn = turn_of(_SAMPLE)
    turn.request = request
    turn.input = new_items(request, turn.new_id, [])
    names_own(data)
    groups = groups_of(turn.input)
    newest_input(turn.input, groups)
    unanswered(turn.input, groups)
    if prompt_tokens(prompt_of(request, turn.input), _COUNTED[choice % len(_COUNTED)]) < 1:
        raise LawError("a prompt of no tokens")
    _build(turn, choice)


def _build(turn: Turn, choice: int) -> None:
    """For two of the dialects. Each alone may refuse."""
    for place in (choice, choice + 1 + choice % 7):
        dialect = DIALECTS[_NAMES[place % len(_NAMES)]]
        turn.strict = bool(choice & 64)
        try:
            check_pairs(turn)
            built = dialect.build(turn, model_of(dialect))
        except BadRequest:
            continue
        msgspec.json.decode(built.body)
        for line in built.headers.splitlines():
            if not line.isascii():
                raise LawError("a header that is no header")


def _relayed(data: bytes) -> None:
    """A body that hosts are sent in its own format."""
    choice, data = split(data)
    members: dict[str, Raw] = split_object(data)
    dialect = DIALECTS[_NAMES[choice % len(_NAMES)]]
    if isinstance(dialect, Wrapping):
        dialect.wrapped(members, model_of(dialect), {b"anthropic-beta": b"a,b"})


def _frames(data: bytes) -> None:
    """A client's event on a WebSocket."""
    members = members_of(data)
    stream = stream_id_of(members)
    type_of(members)
    parent_of(members)
    steering_refused(members, stream)
    with_stream_id(b'{"type":"x"}', stream)
    _ = creation_of(members).request


def _conversation(data: bytes) -> None:
    choice, data = split(data)
    kinds: tuple[type[Any], ...] = (NewConversation, ConversationUpdate, NewItems, NewUpload, UploadEnd)
    found: Any = parse(kinds[choice % len(kinds)], data)
    items: Any = getattr(found, "items", None)
    if isinstance(items, list):
        check_items(items)  # pyright: ignore[reportUnknownArgumentType] - of three kinds, two have items


def _batch(data: bytes) -> None:
    """What creates batches, and what is in them."""
    choice, data = split(data)
    match choice % 3:
        case 0:
            parse_new_batch(data)
        case 1:
            parse_message_batch(data, 100)
        case _:
            check_request(data)


def _batch_file(data: bytes) -> None:
    """The input file of a batch, however it arrives."""
    choice, data = split(data)
    readings: list[Any] = []
    for cut in ([data], pieces(data, choice)):
        reader = InputReader("/v1/responses", _SIZES)
        lines = [line for piece in cut for line in reader.feed(piece)]
        lines += reader.finish()
        readings.append((lines, reader.faults, reader.count))
    same(readings, "batches")


def _template(data: bytes) -> None:
    """A prompt template and the variables that are put into it."""
    template, _, said = data.partition(b"\0")
    checked = checked_template(template)
    variables_of(checked)
    try:
        values = msgspec.json.decode(said, type=dict[str, Any])
    except UNDECODABLE:
        values = dict.fromkeys(variables_of(checked), "x")
    request = parse_request(b'{"model":"p/m","input":"Hi"}')
    try:
        rendered(request, PromptRef("pmpt_1", None, msgspec.convert(values, Any)), checked, 1)
    except BadRequest:
        return


def _schema(data: bytes) -> None:
    """A schema that somebody gave a tool or an answer, and a value that it is held against."""
    schema, _, said = data.partition(b"\0")
    wanted: Any = msgspec.json.decode(schema)
    sample(wanted)
    if not is_item(wanted):
        return
    value: Any = None
    if said:
        value = msgspec.json.decode(said)
    violation(wanted, value)
    text = msgspec.json.encode(
        {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "{}"}]}]}
    )
    fault_of(text, wanted)
    body = {"model": "p/m", "input": "Hi", "text": {"format": {"type": "json_schema", "name": "a", "schema": wanted}}}
    tool = {"type": "function", "name": "f", "parameters": wanted, "strict": True}
    turn = turn_of(msgspec.json.encode(body | {"tools": [tool]}))
    turn.input = new_items(turn.request, turn.new_id, [])
    for place in range(len(_NAMES)):
        _build(turn, place)


def _sealed_items(data: bytes) -> None:
    """Reasoning whose blob is ours and whose inside is anything: what older and newer versions may have sealed."""
    choice, data = split(data)
    blob = SEALS.seal(TENANT, data)
    items: list[dict[str, Any]] = [
        {"type": "message", "role": "user", "content": "Hi"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": blob},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "x"},
    ]
    turn = turn_of(msgspec.json.encode({"model": "p/m", "input": items}))
    turn.input = new_items(turn.request, turn.new_id, [])
    _build(turn, choice)


def _embedded(data: bytes) -> None:
    """Google's three ways to ask for embeddings."""
    choice, data = split(data)
    for each in portions((SINGLE, BATCH, PREDICT)[choice % 3], data, "p/m"):
        msgspec.json.encode(each)


def _seeds(*dialects: str, also: Sequence[bytes] = ()) -> Callable[[], Iterable[bytes]]:
    return lambda: chosen(0, [*also, *requests_of(*dialects)])


def _sealing_seeds() -> list[bytes]:
    made: list[bytes] = []
    models = {"anthropic": "claude-sonnet-4-5", "gemini": "gemini-2.5-flash", "openai": "gpt-5-mini"}
    items: Sequence[Any] = (
        [{"type": "thinking", "thinking": "x", "signature": "s"}],
        [{"thoughtSignature": "a"}],
        [{}],
    )
    for kind in ("openai", "chat", "anthropic", "gemini", "converse", "cohere", "ollama"):
        for each in items:
            seal = {"p": "p", "m": models.get(kind, "llama3"), "d": "", "k": kind, "items": each, "t": 1, "v": 1}
            made.append(msgspec.json.encode(seal))
    return made


_CHAT: Final = _seeds("openai-chat", also=[b'{"model":"p/m","messages":[{"role":"user","content":"Hi"}]}'])
_MESSAGES: Final = _seeds("anthropic-messages")
_GEMINI: Final = _seeds("gemini")
_FRAME: Final = b'{"type":"response.create","stream_id":"a","response":{"model":"p/m","input":"Hi"}}'
_LINE: Final = b'{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"p/m","input":"Hi"}}\n'
_BATCHES: Final = (
    b'{"input_file_id":"file_1","endpoint":"/v1/responses","completion_window":"24h","metadata":{"a":"b"}}',
    b'{"requests":[{"custom_id":"a","params":{"model":"m","max_tokens":1,"messages":[]}}]}',
    b'{"model":"p/m","stream":false}',
)
_CONVERSATIONS: Final = (
    b'{"items":[{"type":"message","role":"user","content":"Hi"}],"metadata":{"a":"b"}}',
    b'{"metadata":{}}',
    b'{"items":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}',
    b'{"filename":"a.txt","purpose":"user_data","bytes":5,"mime_type":"text/plain"}',
    b'{"part_ids":["part_1"],"md5":"x"}',
)
_SCHEMAS: Final = (
    (
        b'{"type":"object","properties":{"a":{"type":["string","null"],"enum":["x"]}},"required":["a"],'
        b'"additionalProperties":false,"$defs":{"b":{"$ref":"#"}}}\0{"a":1}'
    ),
    b'{"anyOf":[{"$ref":"#/$defs/a"},{"type":"array","items":{"const":1},"minItems":1}],"$defs":{"a":{"$ref":"#/$defs/a"}}}',
    b'{"allOf":[{"$ref":"#"},{"not":{"oneOf":[true,false]}}],"pattern":"^(a+)+$","format":"date"}\0"aaaaaaaaaaaaaaaaaaaa!"',
)
_TEMPLATES: Final = (
    (
        b'{"instructions":"Say {{ a }}","input":[{"role":"user","content":[{"type":"input_text","text":"{{b}}"}]}]}\0'
        b'{"a":"x","b":{"type":"input_image","image_url":"data:"}}'
    ),
    b'{"input":"{{a}}{{a}}","tools":[]}\0{"a":"{{a}}"}',
)
_READERS: Final[Mapping[str, tuple[Callable[[bytes], Request], Callable[[], Iterable[bytes]]]]] = {
    "responses": (parse_request, _seeds("openai-responses", also=[_SAMPLE])),
    "chat": (lambda body: asked_by_chat(body).request, _CHAT),
    "messages": (lambda body: asked_by_messages(body).request, _MESSAGES),
    "gemini": (lambda body: asked_by_gemini(body, "p/m", streamed=False).request, _GEMINI),
    "gemini-count": (lambda body: asked_by_gemini(to_count(body), "p/m", streamed=False).request, _GEMINI),
    "completions": (
        lambda body: asked_by_completion(body).requests[0],
        _seeds(also=[b'{"model":"p/m","prompt":["a","b"],"suffix":"x","n":2,"echo":true,"logprobs":1}']),
    ),
}

TARGETS: Final = (
    *(
        Target(f"asked-{name}", partial(_asked, read), (CallerError,), seeds)
        for name, (read, seeds) in _READERS.items()
    ),
    Target("asked-relayed", _relayed, (CallerError, *UNDECODABLE), _MESSAGES),
    Target("asked-frame", _frames, (CallerError,), lambda: [_FRAME, _FRAME.replace(b"response.create", b"ping")]),
    Target("asked-conversation", _conversation, (CallerError,), lambda: chosen(0, _CONVERSATIONS)),
    Target("asked-batch", _batch, (CallerError,), lambda: chosen(0, _BATCHES)),
    Target("batch-file", _batch_file, (), lambda: chosen(0, [_LINE * 3, _LINE + b"x\n" + _LINE])),
    Target("prompt-template", _template, (CallerError,), lambda: _TEMPLATES),
    Target(
        "schema", _schema, (CallerError, *UNDECODABLE), lambda: _SCHEMAS, ("$ref", "#/$defs/a", "additionalProperties")
    ),
    Target("sealed-items", _sealed_items, (CallerError,), lambda: chosen(0, _sealing_seeds())),
    Target("gemini-embeddings", _embedded, (CallerError,), lambda: chosen(0, requests_of("gemini"))),
)
