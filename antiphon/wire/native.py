"""A native upstream's response object made the superset, its own members and their bytes kept.

Nearly every upstream sends every member in its right type: one typed look proves it, and then only what the gateway
alone knows is put in its place. Anything else takes the longer way, on which what is missing is filled in.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.wire.counts import Counts
from antiphon.wire.requests import Request
from antiphon.wire.responses import Transformation, encoded, opened
from antiphon.wire.usage import PlainUsage, completed_usage, plain_usage

NULL: Final = Raw(b"null")
_TRUE: Final = Raw(b"true")
_FALSE: Final = Raw(b"false")
_ZERO: Final = Raw(b"0.0")
_NO_TOOLS: Final = Raw(b"[]")
_NO_MEMBERS: Final = Raw(b"{}")

_NULLABLE: Final = frozenset(
    {"completed_at", "conversation", "error", "incomplete_details", "instructions", "max_output_tokens"}
    | {"max_tool_calls", "previous_response_id", "prompt_cache_key", "prompt_cache_retention", "safety_identifier"}
    | {"user", "usage"}
)
"""Members for which null is a value; null in any other member means its default."""

_LACKING: Final = {
    "completed_at": NULL,
    "presence_penalty": _ZERO,
    "frequency_penalty": _ZERO,
    "prompt_cache_retention": NULL,
}
"""Members that a well-formed response need not have."""

_NESTED: Final = ("reasoning", "text")
"""Members whose own keys must all be there, since clients read them without asking."""

_raw_members = msgspec.json.Decoder(dict[str, Raw])

_encode: Final = msgspec.json.Encoder().encode
_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode


class _Reasoning(Struct, frozen=True, gc=False):
    effort: str | None
    summary: str | None


class _Text(Struct, frozen=True, gc=False):
    format: Raw
    verbosity: str


_NO_LIST: Final = Raw(b"[]")
_PLAIN: Final = frozenset({"message", "function_call", "custom_tool_call"})
"""Items of which nothing is shown on demand alone, but for a message's log probabilities."""


class _Part(Struct, frozen=True, gc=False):
    logprobs: Raw = _NO_LIST


class _Typed(Struct, frozen=True, gc=False):
    """The least that an item is: clients and later turns tell items by their types."""

    type: str


class _Kind(_Typed, frozen=True, gc=False):
    """As much of an item as tells whether all of it is shown."""

    content: list[_Part] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing of it is shown on demand alone."""
        if self.type not in _PLAIN:
            return False
        return self.content is None or all(part.logprobs == _NO_LIST for part in self.content)


class _WellFormed(Struct, frozen=True, gc=False):
    """What every client may rely on, as types. Usage is well-formed only without members that are not known."""

    id: str
    status: str
    error: Raw
    incomplete_details: Raw
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    output: list[_Kind]
    parallel_tool_calls: bool
    reasoning: _Reasoning
    service_tier: str
    temperature: float
    text: _Text
    tool_choice: Raw
    tools: Raw
    top_logprobs: int
    top_p: float
    truncation: str
    usage: PlainUsage | None
    completed_at: int | None = None


_well_formed: Final = msgspec.json.Decoder(_WellFormed).decode
_output: Final = msgspec.json.Decoder(list[_Typed] | None).decode


class Merged(Struct, frozen=True, gc=False):
    """A response object as the client shall see it, what the upstream called it, and the tokens it counted.

    `plain` as in `events.Outcome`.
    """

    members: dict[str, Raw]
    upstream_id: str | None
    counts: Counts | None
    plain: bool = False


class _Named(Struct, frozen=True, gc=False):
    id: str | None = None


_named: Final = msgspec.json.Decoder(_Named).decode


class Opening:
    """What the gateway knows of a response before its provider has said anything."""

    __slots__ = (
        "_conversation",
        "_created_at",
        "_id",
        "_known",
        "_ours",
        "_provider",
        "_request",
        "_transformations",
    )

    def __init__(
        self,
        request: Request,
        *,
        id: str,
        created_at: int,
        provider: str,
        conversation: str | None,
        transformations: tuple[Transformation, ...] = (),
    ) -> None:
        """As `responses.opened`."""
        self._request = request
        self._id = id
        self._created_at = created_at
        self._provider = provider
        self._conversation = conversation
        self._transformations = transformations
        self._ours: dict[str, Raw] | None = None
        self._known: dict[str, Raw] | None = None

    @property
    def members(self) -> dict[str, Raw]:
        """Every member of the response at its birth."""
        if self._known is None:
            response = opened(
                self._request,
                id=self._id,
                created_at=self._created_at,
                provider=self._provider,
                conversation=self._conversation,
                transformations=self._transformations,
            )
            self._known = _members(encoded(response))
        return self._known

    def merged(self, upstream: bytes | Raw) -> Merged:
        """The upstream's response object as the client shall see it. Raises msgspec.DecodeError."""
        members = _members(upstream)
        try:
            known = _well_formed(upstream)
        except msgspec.ValidationError:
            _output(members.get("output", NULL))
            return Merged(self._filled(members), _named(upstream).id, None)
        members = _LACKING | members | self._overrides()
        reasoning = bytes(members["reasoning"])
        if b'"generate_summary"' not in reasoning:
            members["reasoning"] = Raw(reasoning.rstrip()[:-1] + b',"generate_summary":null}')
        counts = None
        if known.usage is not None:
            counts = known.usage.counts(known.service_tier)
            members["usage"] = plain_usage(known.usage, members["usage"])
        if known.tools != _NO_TOOLS:
            self._hide_secrets(members)
        return Merged(members, known.id, counts, all(item.is_plain for item in known.output))

    def _overrides(self) -> dict[str, Raw]:
        """What only the gateway knows the truth of."""
        if self._ours is None:
            request = self._request
            conversation = self._conversation
            self._ours = {
                "id": Raw(b'"%b"' % self._id.encode()),
                "created_at": Raw(b"%d" % self._created_at),
                "background": _TRUE if request.background else _FALSE,
                "conversation": NULL if conversation is None else Raw(b'{"id":"%b"}' % conversation.encode()),
                "metadata": Raw(_encode(request.metadata)) if request.metadata else _NO_MEMBERS,
                "model": _text(request.model or ""),
                "previous_response_id": _text(request.previous_response_id),
                "prompt_cache_key": _text(request.prompt_cache_key),
                "provider": _text(self._provider),
                "safety_identifier": _text(request.safety_identifier),
                "store": _TRUE if request.stored else _FALSE,
                "user": _text(request.user),
            }
            if self._transformations:
                self._ours["input_transformations"] = Raw(_encode(self._transformations))
            if request.parallel_tool_calls is False:
                self._ours["parallel_tool_calls"] = _FALSE
            if request.prompt is not None:
                self._ours["prompt"] = Raw(_encode(request.prompt))
        return self._ours

    def _filled(self, members: dict[str, Raw]) -> dict[str, Raw]:
        opening = self.members
        whole = opening | members | self._overrides()
        for name, value in members.items():
            if value == NULL and name not in _NULLABLE and name in opening:
                whole[name] = opening[name]
        for name in _NESTED:
            whole[name] = _with_keys(opening[name], bytes(whole[name]))
        self._hide_secrets(whole)
        if whole["usage"] != NULL:
            whole["usage"] = completed_usage(whole["usage"])
        return whole

    def _hide_secrets(self, members: dict[str, Raw]) -> None:
        if b'"mcp"' in bytes(members["tools"]):
            members["tools"] = self.members["tools"]


def _text(value: str | None) -> Raw:
    return NULL if value is None else Raw(_encode(value))


def _with_keys(default: Raw, value: bytes) -> Raw:
    """The object `value` with the keys it lacks, or holds null under, taken from `default`."""
    try:
        own = {name: part for name, part in _members(value).items() if part != NULL}
    except msgspec.DecodeError:
        return default
    return Raw(_encode(_members(default) | own))
