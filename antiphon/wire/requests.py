"""The body of `POST /v1/responses`: what the gateway acts on, checked; the rest kept as the client sent it.

The fields and their limits are those of section 1.2 of the specification; `null` means the default everywhere.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeGuard

import msgspec
from msgspec import Meta, Raw, Struct

from antiphon.errors import BadRequest
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE, told

Item = dict[str, Any]
"""One input or output item, decoded."""


def is_item(value: object) -> TypeGuard[Item]:
    """Whether a decoded JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Whether a decoded JSON value is an array."""
    return isinstance(value, list)


MAX_TEXT_CHARACTERS: Final = 10_485_760

MAX_INPUT_ITEMS: Final = 65_536
"""Of one request; what it goes on from is not counted."""

MAX_TOOLS: Final = 4096

MAX_MEMBERS: Final = 1024
"""Of the body itself. What nobody knows travels on, but each one costs time."""

MAX_INTEGER: Final = 2**53 - 1
"""The last one that clients read exactly whose numbers are doubles."""

_Text = Annotated[str, Meta(max_length=MAX_TEXT_CHARACTERS)]
_Short = Annotated[str, Meta(max_length=128)]
_Penalty = Annotated[float, Meta(ge=-2, le=2)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]
Include = Literal[
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "code_interpreter_call.outputs",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
]
SEALED: Final = "reasoning.encrypted_content"
"""What a client includes to be given seals."""

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class StreamOptions(Struct, frozen=True):
    """`include_obfuscation` pads deltas so that their sizes tell an eavesdropper nothing."""

    include_obfuscation: bool | None = None


class ConversationRef(Struct, frozen=True):
    """The long form of `conversation`."""

    id: str


class PromptRef(Struct, frozen=True, omit_defaults=True):
    """`prompt`: a template that is kept at the gateway, and what to put into it. No version is the newest."""

    id: str
    version: str | int | None = None
    variables: dict[str, str | Item] | None = None


class Reasoning(Struct, frozen=True):
    """How much, and how visibly, the model shall think."""

    effort: Effort | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None


class TextFormat(Struct, frozen=True):
    """`text.format`; `schema` and `name` are there when `type` is ``json_schema``."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: Annotated[str, Meta(max_length=64)] | None = None
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class TextOptions(Struct, frozen=True):
    """The form that the answer's text shall have."""

    format: TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ContextManagement(Struct, frozen=True):
    """One entry of `context_management`: what is to happen when the prompt has grown past so many tokens."""

    type: Literal["compaction"]
    compact_threshold: Annotated[int, Meta(ge=1000, le=MAX_INTEGER)] | None = None


class Request(Struct, frozen=True, kw_only=True):
    """A create request. `body` holds the client's own bytes, with every field that is not named here.

    `stop` (texts that end the answer), `top_k` and `seed` are not in the Responses API, but in most others.
    """

    model: str | None = None
    input: _Text | Annotated[list[Item], Meta(max_length=MAX_INPUT_ITEMS)] | None = None
    instructions: _Text | None = None
    previous_response_id: str | None = None
    conversation: str | ConversationRef | None = None
    store: bool | None = None
    background: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    include: Annotated[list[Include], Meta(max_length=64)] | None = None
    max_output_tokens: Annotated[int, Meta(ge=16, le=MAX_INTEGER)] | None = None
    max_tool_calls: Annotated[int, Meta(ge=1, le=MAX_INTEGER)] | None = None
    parallel_tool_calls: bool | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    presence_penalty: _Penalty | None = None
    frequency_penalty: _Penalty | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    tools: Annotated[list[Item], Meta(max_length=MAX_TOOLS)] | None = None
    tool_choice: str | Item | None = None
    truncation: Literal["auto", "disabled"] | None = None
    context_management: Annotated[list[ContextManagement], Meta(max_length=16)] | None = None
    service_tier: str | None = None
    metadata: Metadata | None = None
    prompt_cache_key: _Short | None = None
    prompt_cache_retention: str | None = None
    safety_identifier: _Short | None = None
    user: str | None = None
    prompt: PromptRef | None = None
    stop: Annotated[list[str], Meta(max_length=64)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=MAX_INTEGER)] | None = None
    seed: Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)] | None = None
    provider: str | Item | None = None
    strict: bool | None = None
    body: bytes = msgspec.field(default=b"", name="antiphon.body")

    @property
    def stored(self) -> bool:
        """Whether the answer is to be kept: the default is yes."""
        return self.store is not False

    @property
    def obfuscated(self) -> bool:
        """Whether deltas are padded: the default is yes."""
        return self.stream_options is None or self.stream_options.include_obfuscation is not False

    @property
    def wanted_provider(self) -> str | None:
        """The provider that the client names; an object under this name is a provider's own field, and travels on."""
        return self.provider if isinstance(self.provider, str) else None

    @property
    def hides_seals(self) -> bool:
        """Whether sealed reasoning is kept for the chain and not shown: not asked for, by who can come back."""
        return self.stored and not self.includes(SEALED)

    def members(self) -> dict[str, Raw]:
        """Every member of the client's body, values untouched: what a native upstream's body is patched from.

        Raises BadRequest where there are too many.
        """
        members = split_object(self.body)
        if len(members) > MAX_MEMBERS:
            raise BadRequest(f"The body has {len(members)} members; at most {MAX_MEMBERS} are read.")
        return members

    def includes(self, what: Include) -> bool:
        """Whether the client asked for this part of an answer that is left out by default."""
        return self.include is not None and what in self.include


KNOWN_FIELDS: Final = frozenset(Request.__struct_fields__) - {"body"}

_request = msgspec.json.Decoder(Request)


def parse_request(body: bytes) -> Request:
    """The request in `body`. Raises BadRequest in the words of the OpenAI API: message, `param`, `code`."""
    try:
        if not body.isascii():
            body.decode()
        request = _request.decode(body)
    except UNDECODABLE as error:
        raise told(error, Request) from None
    msgspec.structs.force_setattr(request, "body", body)
    return request
