"""The shapes of a Converse answer, whole and streamed, as far as a response tells of them.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and API_runtime_ConverseStream.html
(read 2026-11). Members that are not named here are passed over; one of another type makes the answer unreadable.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from antiphon.errors import UpstreamBroke
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.texts import mended

NULL: Final = Raw(b"null")

_Shape = TypeVar("_Shape", bound=Struct)


class Bytes(Struct, frozen=True, gc=False):
    """Where bytes are: here, as base64, or elsewhere."""

    bytes: str | None = None


class Text(Struct, frozen=True, gc=False):
    """Text with what supports it."""

    text: str | None = None


class Image(Struct, frozen=True, gc=False):
    """A picture, or a piece of one."""

    format: str | None = None
    source: Bytes | None = None


class ToolUse(Struct, frozen=True, gc=False, rename="camel"):
    """A call, or the beginning of one. Those of the type ``server_tool_use`` are run by Bedrock itself."""

    tool_use_id: str = ""
    name: str = ""
    input: Raw = NULL
    type: str | None = None


class ReasoningText(Struct, frozen=True, gc=False):
    """Thoughts, and what proves to their author that they are its own."""

    text: str = ""
    signature: str | None = None


class Reasoning(Struct, frozen=True, gc=False, rename="camel"):
    """Thoughts in clear, or sealed by their author (base64)."""

    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class Citations(Struct, frozen=True, gc=False):
    """Text, and where it comes from."""

    content: list[Text] | None = None
    citations: list[dict[str, Any]] | None = None


class Block(Struct, frozen=True, gc=False, rename="camel"):
    """A content block: one of these members is set."""

    text: str | None = None
    tool_use: ToolUse | None = None
    reasoning_content: Reasoning | None = None
    citations_content: Citations | None = None
    image: Image | None = None


class Start(Struct, frozen=True, gc=False, rename="camel"):
    """How a streamed block begins, where there is something to say of it."""

    tool_use: ToolUse | None = None
    image: Image | None = None


class ReasoningDelta(Struct, frozen=True, gc=False, rename="camel"):
    """A piece of a reasoning block."""

    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class ToolUseDelta(Struct, frozen=True, gc=False):
    """A piece of a call's input, which is JSON text."""

    input: str = ""


class Delta(Struct, frozen=True, gc=False, rename="camel"):
    """A piece of a block."""

    text: str | None = None
    tool_use: ToolUseDelta | None = None
    reasoning_content: ReasoningDelta | None = None
    citation: dict[str, Any] | None = None
    image: Image | None = None


class BlockStart(Struct, frozen=True, gc=False, rename="camel"):
    """`contentBlockStart`."""

    content_block_index: int = 0
    start: Start = Start()


class BlockDelta(Struct, frozen=True, gc=False, rename="camel"):
    """`contentBlockDelta`."""

    content_block_index: int = 0
    delta: Delta = Delta()


class BlockStop(Struct, frozen=True, gc=False, rename="camel"):
    """`contentBlockStop`."""

    content_block_index: int = 0


class Stop(Struct, frozen=True, gc=False, rename="camel"):
    """`messageStop`."""

    stop_reason: str = ""
    additional_model_response_fields: Any = None


class Tier(Struct, frozen=True, gc=False):
    """How the request was served."""

    type: str | None = None


class Metadata(Struct, frozen=True, gc=False, rename="camel"):
    """`metadata`, the last event of a stream."""

    usage: Raw = NULL
    service_tier: Tier | None = None


class Counts(Struct, frozen=True, gc=False, rename="camel"):
    """`usage`. Tokens that the cache gave or took are counted beside `inputTokens`, not in it."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0


class Spoken(Struct, frozen=True, gc=False):
    """The model's message."""

    content: list[Block] = []


class Output(Struct, frozen=True, gc=False):
    """What a whole answer holds."""

    message: Spoken


class Answer(Struct, frozen=True, gc=False, rename="camel"):
    """A whole answer."""

    output: Output
    stop_reason: str = ""
    additional_model_response_fields: Any = None
    usage: Raw = NULL
    service_tier: Tier | None = None


def decoder(shape: type[_Shape]) -> msgspec.json.Decoder[_Shape]:
    """What reads a shape."""
    return msgspec.json.Decoder(shape)


def read(decode: msgspec.json.Decoder[_Shape], data: bytes) -> _Shape:
    """`data` in its shape, what is no text in it replaced. Raises UpstreamBroke."""
    try:
        return decode.decode(mended(data))
    except UNDECODABLE:
        raise UpstreamBroke("The provider sent something that is not an answer of the Converse API.") from None
