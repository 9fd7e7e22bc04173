"""Embeddings at OpenAI, and at those who took over its format: relayed, and mended where a vendor's words differ.

An answer that is as it was asked for goes to the client byte for byte. What recordings do not show is to be checked
against these pages, which were not read for it: https://platform.openai.com/docs/api-reference/embeddings,
https://docs.mistral.ai/api/endpoint/embeddings, https://docs.voyageai.com/reference/embeddings-api,
https://api.jina.ai/redoc, https://docs.ollama.com/api/openai-compatibility.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.embeddings_answer import formed
from antiphon.dialects.embeddings_request import CUTS, PURPOSES, Cut, Embedding, asked_embedding
from antiphon.dialects.refusals import refusal
from antiphon.dialects.service_members import broken, encode, given, portions, total, understood, unsaid
from antiphon.errors import UpstreamError
from antiphon.service_protocols import Answer, Asked, At, Plan, Told
from antiphon.wire.events import split_object


class Manner(Struct, frozen=True, kw_only=True):
    """How a vendor's words differ from OpenAI's.

    `renamed` are members by another name; `omitted` those it does not take. `purpose` is the member that says what the
    vectors are for, with the vendor's words for it; `cut` the one that says what becomes of long inputs, with those.
    `packs` tells whether it makes base64 itself.
    """

    renamed: Mapping[str, str] = {}
    omitted: frozenset[str] = frozenset()
    purpose: str | None = None
    purposes: Mapping[str, str] = {}
    cut: str | None = None
    cuts: Mapping[Cut, object] = {}
    packs: bool = True


_VENDORS_ALONE: Final = frozenset({*PURPOSES, *CUTS})
_UNKNOWN: Final = _VENDORS_ALONE | {"title"}
"""What OpenAI has no word for; a client who says it in OpenAI's own format is left to find out."""

MANNERS: Final[Mapping[str, Manner]] = {
    "openai": Manner(),
    "plain": Manner(omitted=frozenset({"encoding_format", "user"}), packs=False),
    "mistral": Manner(
        renamed={"dimensions": "output_dimension"},
        omitted=frozenset({"encoding_format", "user"}) | _VENDORS_ALONE,
        packs=False,
    ),
    "voyage": Manner(
        renamed={"dimensions": "output_dimension"},
        omitted=frozenset({"user"}),
        purpose="input_type",
        purposes={"query": "query", "document": "document"},
        cut="truncation",
        cuts={"none": False, "end": True},
    ),
    "jina": Manner(
        renamed={"normalize": "normalized"},
        omitted=frozenset({"encoding_format", "user"}),
        purpose="task",
        purposes={
            "query": "retrieval.query",
            "document": "retrieval.passage",
            "similarity": "text-matching",
            "clustering": "separation",
        },
        cut="truncate",
        cuts={"none": False, "end": True},
        packs=False,
    ),
}


class _Datum(Struct):
    embedding: Raw


class _Usage(Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None

    @property
    def tokens(self) -> int | None:
        return self.prompt_tokens if self.prompt_tokens is not None else self.total_tokens


class _List(Struct):
    data: list[_Datum]
    usage: _Usage | None = None

    @property
    def tokens(self) -> int | None:
        return None if self.usage is None else self.usage.tokens

    def is_told_as(self, wanted: Embedding) -> bool:
        """Whether clients can read the answer as it is."""
        if any(bytes(datum.embedding) == b"null" for datum in self.data):
            return False
        if self.usage is None or None in (self.usage.prompt_tokens, self.usage.total_tokens):
            return False
        return wanted.encoding_format != "base64" or all(bytes(datum.embedding).startswith(b'"') for datum in self.data)


class OpenAIEmbeddings:
    """Implements `ServiceDialect`."""

    def __init__(self, manner: Manner) -> None:
        """Of one vendor, or of everybody else."""
        self._manner = manner

    def plan(self, asked: Asked, at: At) -> Plan:
        """One body, or several where the vendor takes fewer inputs at once than there are."""
        wanted = asked_embedding(asked)
        members, lost = self._members(asked, wanted)
        members["model"] = Raw(encode(at.model))
        inputs = _list(wanted, asked)
        if at.batch is None or len(inputs) <= at.batch:
            bodies = [encode(members)]
        else:
            bodies = [encode(members | {"input": portion}) for portion in portions(inputs, at.batch)]
        sure = len(bodies) > 1 or (bool(wanted.input) and all(_is_plain(each) for each in inputs))
        count = len(inputs) if sure else None
        return Plan(
            bodies, lambda answers: _told(answers, wanted, at, count), unsaid(asked, at, asked.members.keys() - lost)
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `refusals.refusal`."""
        return refusal(status, body, retry_after)

    def _members(self, asked: Asked, wanted: Embedding) -> tuple[dict[str, Raw], set[str]]:
        """What to send, in the vendor's words, and the names of those that have none."""
        manner = self._manner
        if manner is MANNERS["openai"]:
            lost = set(_UNKNOWN & asked.members.keys()) if asked.translated else set[str]()
            return {name: value for name, value in asked.members.items() if name not in lost}, lost
        members = given(asked)
        lost = {name for name in members if name in manner.omitted and name != "encoding_format"}
        if manner.purpose is not None:
            _put(members, PURPOSES, manner.purpose, manner.purposes.get(wanted.purpose or "", wanted.purpose))
        if manner.cut is not None:
            _put(members, CUTS, manner.cut, None if wanted.cut is None else manner.cuts.get(wanted.cut, True))
        if wanted.encoding_format != "base64" or not manner.packs:
            members.pop("encoding_format", None)  # a list is what they answer unasked, and Voyage has no word for it
        for name in manner.omitted:
            members.pop(name, None)
        return {manner.renamed.get(name, name): value for name, value in members.items()}, lost


def _put(members: dict[str, Raw], names: Sequence[str], name: str, value: object) -> None:
    """One member in place of all that say the same elsewhere."""
    for other in names:
        members.pop(other, None)
    if value is not None:
        members[name] = Raw(encode(value))


def _list(wanted: Embedding, asked: Asked) -> list[Raw]:
    """The inputs, untouched; one where there is no list of them."""
    if isinstance(wanted.input, str) or not wanted.input or type(wanted.input[0]) is int:
        return [asked.members["input"]]
    return msgspec.json.decode(asked.members["input"], type=list[Raw])


def _is_plain(said: Raw) -> bool:
    """Whether an input is a text, or numbers of tokens: what vectors a vendor gives for others is for it to say."""
    return bytes(said).startswith((b'"', b"["))


def _told(answers: Sequence[Answer], wanted: Embedding, at: At, count: int | None) -> Told:
    """One answer's own words are not doubted; several are numbered anew. Raises UpstreamBroke."""
    lists = [understood(answer, at, _List) for answer in answers]
    if count is not None and sum(len(each.data) for each in lists) != count:
        raise broken(at)
    tokens = total([each.tokens for each in lists])
    if len(lists) == 1 and lists[0].is_told_as(wanted):
        return Told(answers[0].body, tokens)
    data = [datum for each in answers for datum in _entries(each, at)]
    for index, datum in enumerate(data):
        datum["index"] = Raw(b"%d" % index)
        datum["embedding"] = formed(datum["embedding"], wanted, at)
    members = split_object(answers[0].body)
    usage = {"prompt_tokens": tokens or 0, "total_tokens": tokens or 0}
    others = _counts(members.get("usage")) if len(lists) == 1 else {}
    return Told(encode(members | {"object": "list", "data": data, "usage": usage | others}), tokens)


def _entries(answer: Answer, at: At) -> list[dict[str, Raw]]:
    """The vectors of one answer with all that stands beside them, in the order of the inputs."""
    try:
        entries = msgspec.json.decode(split_object(answer.body)["data"], type=list[dict[str, Raw]])
        return sorted(entries, key=lambda each: int(bytes(each["index"])) if "index" in each else 0)
    except (msgspec.DecodeError, ValueError):
        raise broken(at) from None


def _counts(usage: Raw | None) -> dict[str, Raw]:
    if usage is None or not bytes(usage).startswith(b"{"):
        return {}
    return {name: value for name, value in split_object(usage).items() if bytes(value) != b"null"}
