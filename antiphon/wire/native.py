"""A native upstream's response object made the superset, its own members and their bytes kept.

Nearly every upstream sends every member in its right type: one typed look proves it, and then only what the gateway
alone knows is put in its place. Anything else takes the longer way, on which what is missing is filled in.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.wire.counts import Counts
from antiphon.wire.native_items import WholeItem, mended_output
from antiphon.wire.requests import Request
from antiphon.wire.responses import Transformation, encoded, opened
from antiphon.wire.usage import PlainUsage, completed_usage, plain_usage

NULL: Final = Raw(b"null")
_TRUE: Final = Raw(b"true")
_FALSE: Final = Raw(b"false")
_ZERO: Final = Raw(b"0.0")
_NO_MEMBERS: Final = Raw(b"{}")
_OBJECT: Final = Raw(b'"response"')

_NULLABLE: Final = frozenset(
    {"completed_at", "conversation", "error", "incomplete_details", "instructions", "max_output_tokens"}
    | {"max_tool_calls", "previous_response_id", "prompt_cache_key", "prompt_cache_retention", "safety_identifier"}
    | {"user", "usage"}
)
"""Members for which null is a value; null in any other member means its default."""

_LACKING: Final = (
    ("completed_at", NULL),
    ("presence_penalty", _ZERO),
    ("frequency_penalty", _ZERO),
    ("prompt_cache_retention", NULL),
)
"""Members that a well-formed response need not have, and what stands there then."""

_NAMES: Final = ("previous_response_id", "prompt_cache_key", "safety_identifier", "user")
_UNNAMED: Final = (None,) * len(_NAMES)

_UNSAID: Final = {
    "object": _OBJECT,
    "conversation": NULL,
    "metadata": _NO_MEMBERS,
    **dict.fromkeys(_NAMES, NULL),
}
"""Members that the gateway alone knows the truth of, where the request says nothing of them."""

_NESTED: Final = ("reasoning", "text")
"""Members whose own keys must all be there, since clients read them without asking."""

_KINDS: Final = {
    name: msgspec.json.Decoder(kind).decode
    for kind, names in {
        int: ("completed_at", "max_output_tokens", "max_tool_calls", "top_logprobs"),
        float: ("frequency_penalty", "presence_penalty", "temperature", "top_p"),
        bool: ("parallel_tool_calls",),
        str: ("instructions", "service_tier", "truncation"),
        list[Raw]: ("tools",),
        str | dict[str, Raw]: ("tool_choice",),
        dict[str, Raw]: ("error", "incomplete_details"),
    }.items()
    for name in names
}
"""What the members are that clients read without asking, null apart."""

_raw_members = msgspec.json.Decoder(dict[str, Raw])

_encode: Final = msgspec.json.Encoder().encode
_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode


class _Reasoning(Struct, frozen=True, gc=False):
    effort: str | None
    summary: str | None


class _Text(Struct, frozen=True, gc=False):
    format: dict[str, Raw]
    verbosity: str


class _WellFormed(Struct, frozen=True, gc=False):
    """What every client may rely on, as types. Usage is well-formed only without members that are not known."""

    id: str
    status: str
    error: Raw
    incomplete_details: Raw
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    output: list[WholeItem]
    parallel_tool_calls: bool
    reasoning: _Reasoning
    service_tier: str
    temperature: float
    text: _Text
    tool_choice: str | dict[str, Raw]
    tools: list[Raw]
    top_logprobs: int
    top_p: float
    truncation: str
    usage: PlainUsage | None
    completed_at: int | None = None


_well_formed: Final = msgspec.json.Decoder(_WellFormed).decode


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
        "_known",
        "_ours",
        "_provider",
        "_request",
        "_transformations",
        "id",
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
        self.id = id
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
                id=self.id,
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
            return Merged(self._filled(members), _named(upstream).id, None)
        members |= self._overrides()
        for name, value in _LACKING:
            members.setdefault(name, value)
        reasoning = bytes(members["reasoning"])
        if reasoning.find(b'"generate_summary"') < 0:
            members["reasoning"] = Raw(reasoning.rstrip()[:-1] + b',"generate_summary":null}')
        counts = None
        if known.usage is not None:
            raw = members["usage"]
            usage = plain_usage(known.usage, raw)
            if usage is not None:
                counts = known.usage.counts(known.service_tier)
            members["usage"] = usage or completed_usage(raw)
        if known.tools:
            self._hide_secrets(members)
        return Merged(members, known.id, counts, all(item.is_plain for item in known.output))

    def _overrides(self) -> dict[str, Raw]:
        """What only the gateway knows the truth of."""
        if self._ours is None:
            request = self._request
            self._ours = ours = {
                **_UNSAID,
                "id": Raw(b'"%b"' % self.id.encode()),
                "created_at": Raw(b"%d" % self._created_at),
                "background": _TRUE if request.background else _FALSE,
                "model": Raw(_encode(request.model or "")),
                "provider": Raw(_encode(self._provider)),
                "store": _TRUE if request.stored else _FALSE,
            }
            names = (request.previous_response_id, request.prompt_cache_key, request.safety_identifier, request.user)
            if names != _UNNAMED:
                ours |= {key: Raw(_encode(name)) for key, name in zip(_NAMES, names, strict=True)}
            if self._conversation is not None:
                ours["conversation"] = Raw(b'{"id":"%b"}' % self._conversation.encode())
            if request.metadata:
                ours["metadata"] = Raw(_encode(request.metadata))
            if self._transformations:
                ours["input_transformations"] = Raw(_encode(self._transformations))
            if request.parallel_tool_calls is False:
                ours["parallel_tool_calls"] = _FALSE
            if request.prompt is not None:
                ours["prompt"] = Raw(_encode(request.prompt))
        return self._ours

    def _filled(self, members: dict[str, Raw]) -> dict[str, Raw]:
        opening = self.members
        whole = opening | members | self._overrides()
        for name, value in members.items():
            if name in opening and not _fits(name, value):
                whole[name] = opening[name]
        for name in _NESTED:
            whole[name] = _with_keys(opening[name], bytes(whole[name]))
        whole["output"] = mended_output(whole["output"], self.id)
        self._hide_secrets(whole)
        if whole["usage"] != NULL:
            whole["usage"] = completed_usage(whole["usage"])
        return whole

    def _hide_secrets(self, members: dict[str, Raw]) -> None:
        if b'"mcp"' in bytes(members["tools"]):
            members["tools"] = self.members["tools"]


def _fits(name: str, value: Raw) -> bool:
    """Whether clients find under the name what they expect there."""
    if value == NULL:
        return name in _NULLABLE
    try:
        return name not in _KINDS or _KINDS[name](value) is not None
    except msgspec.DecodeError:
        return False


def _with_keys(default: Raw, value: bytes) -> Raw:
    """The object `value` with the keys it lacks, or holds null under, taken from `default`."""
    try:
        own = {name: part for name, part in _members(value).items() if part != NULL}
    except msgspec.DecodeError:
        return default
    return Raw(_encode(_members(default) | own))
