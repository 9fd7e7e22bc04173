"""Embeddings as Google's clients ask for them, and are told them.

`embedContent` and `batchEmbedContents` (https://ai.google.dev/api/embeddings, read 2026-11), and `predict`, by which
they ask Vertex AI for texts' vectors
(https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.client_gemini_media import standard
from antiphon.dialects.client_gemini_members import camel, integer, member, objects
from antiphon.errors import BadRequest, UpstreamBroke
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import Item, is_array, is_item

_members: Final = msgspec.json.Decoder(dict[str, Any]).decode
_encode: Final = msgspec.json.Encoder().encode

_CONFIG: Final = {
    "outputDimensionality": "dimensions",
    "taskType": "task_type",
    "title": "title",
    "autoTruncate": "truncate",
}
_THEIRS: Final = {ours: theirs for theirs, ours in _CONFIG.items()} | {"input": "content"}
_UNSPECIFIED: Final = "TASK_TYPE_UNSPECIFIED"
SINGLE: Final = "embedContent"
BATCH: Final = "batchEmbedContents"
PREDICT: Final = "predict"


class Portion(Struct, frozen=True):
    """Inputs that are asked for in the same way: a body for `/v1/embeddings`, and which inputs of all they are."""

    body: bytes
    places: tuple[int, ...]


class _Datum(Struct):
    embedding: Raw


class _List(Struct):
    data: list[_Datum]


_list: Final = msgspec.json.Decoder(_List).decode


def portions(method: str, body: bytes, model: str) -> list[Portion]:
    """What to ask for. Raises BadRequest, whose `param` is what the client called the member."""
    try:
        members = camel(_members(body))
    except UNDECODABLE as error:
        raise told(error) from None
    said = {name: members[name] for name in ("provider",) if members.get(name) is not None}
    wanted = [_wanted(*each) for each in _READERS[method](members)]
    groups: dict[bytes, list[int]] = {}
    for place, (_, config) in enumerate(wanted):
        groups.setdefault(_encode(config), []).append(place)
    return [
        Portion(
            _encode(
                {"model": model, "input": [wanted[place][0] for place in places], "encoding_format": "float"}
                | wanted[places[0]][1]
                | said
            ),
            tuple(places),
        )
        for places in groups.values()
    ]


def in_their_words(error: BadRequest) -> BadRequest:
    """The error by what the client called the member."""
    theirs = _THEIRS.get(error.param or "")
    if theirs is None:
        return error
    return BadRequest(error.message.replace(f"'{error.param}'", f"'{theirs}'"), param=theirs, code=error.code)


def answer(method: str, asked: Sequence[Portion], answers: Sequence[bytes], tokens: int | None) -> bytes:
    """The answer that the client of the method reads. Raises UpstreamBroke for an answer of the wrong length."""
    vectors: dict[int, Raw] = {}
    for portion, body in zip(asked, answers, strict=True):
        data = _list(body).data
        if len(data) != len(portion.places):
            message = "The provider answered with another number of vectors than it was asked for."
            raise UpstreamBroke(message)
        vectors |= {place: datum.embedding for place, datum in zip(portion.places, data, strict=True)}
    values = [{"values": vectors[place]} for place in sorted(vectors)]
    usage: Item = {} if tokens is None else {"usageMetadata": {"promptTokenCount": tokens}}
    if method == SINGLE:
        return _encode({"embedding": values[0]} | usage)
    if method == BATCH:
        return _encode({"embeddings": values} | usage)
    counted = {"token_count": tokens, "truncated": False} if tokens is not None and len(values) == 1 else None
    statistics = {} if counted is None else {"statistics": counted}
    return _encode({"predictions": [{"embeddings": value | statistics} for value in values]})


def _single(members: Item) -> list[tuple[Item, Item, str]]:
    config = member(members, "embedContentConfig")
    return [(member(members, "content"), members | config, "content")]


def _batch(members: Item) -> list[tuple[Item, Item, str]]:
    asked = objects(members.get("requests") or [], "requests")
    if not asked:
        raise BadRequest("requests is not specified.", param="requests", code="missing_required_parameter")
    return [
        (member(each, "content"), each | member(each, "embedContentConfig"), f"requests[{place}].content")
        for place, each in enumerate(asked)
    ]


def _predict(members: Item) -> list[tuple[Item, Item, str]]:
    shared = member(members, "parameters")
    instances = objects(members.get("instances") or [], "instances")
    if not instances:
        raise BadRequest("instances is not specified.", param="instances", code="missing_required_parameter")
    found: list[tuple[Item, Item, str]] = []
    for place, each in enumerate(instances):
        where = f"instances[{place}].content"
        if not isinstance(each.get("content"), str):
            message = "Only texts can be embedded by 'predict'; no other models are asked through it here."
            raise BadRequest(message, param=where, code="unsupported_value")
        found.append(({"parts": [{"text": each["content"]}]}, each | shared, where))
    return found


_READERS: Final = {SINGLE: _single, BATCH: _batch, PREDICT: _predict}
METHODS: Final = frozenset(_READERS)


def _wanted(content: Item, config: Mapping[str, Any], place: str) -> tuple[object, Item]:
    """One input, and what else is said of it."""
    ours = {name: integer(config[theirs]) for theirs, name in _CONFIG.items() if config.get(theirs) is not None}
    if ours.get("task_type") == _UNSPECIFIED:
        del ours["task_type"]
    return _input(content, place), ours


def _input(content: Item, place: str) -> object:
    """Texts of one content are one text; a picture stands alone."""
    parts: Any = content.get("parts")
    listed = objects(parts if is_array(parts) else parts or [], f"{place}.parts")
    texts = [part["text"] for part in listed if isinstance(part.get("text"), str)]
    if listed and len(texts) == len(listed):
        return "\n".join(texts)
    if len(listed) == 1:
        held, named = listed[0].get("inlineData"), listed[0].get("fileData")
        if is_item(held):
            blob = camel(held)
            return {"image": f"data:{blob.get('mimeType')};base64,{standard(str(blob.get('data')))}"}
        if is_item(named):
            return {"image": str(camel(named).get("fileUri"))}
    message = "A content to embed is one or more texts, or one picture."
    raise BadRequest(message, param=f"{place}.parts", code="invalid_value")
