"""`/v1/files` and `/v1/uploads` in OpenAI's words, and `/v1/files` in Anthropic's.

https://platform.openai.com/docs/api-reference/files and …/uploads, https://platform.claude.com/docs/en/api/files (read
2026-11).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

Json = dict[str, Any]

PREFIX: Final = "file"
UPLOAD_PREFIX: Final = "upload"
PART_PREFIX: Final = "part"

PURPOSES: Final = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
"""What clients may say a file is for."""

ANY_PURPOSE: Final = "user_data"
"""What a file is for that came from a client of Anthropic's, which says nothing of it."""

BATCH_SECONDS: Final = 30 * 86_400
"""How long a batch's input lasts where its owner names no end, as OpenAI has it."""

SHORTEST_SECONDS: Final = 3600
LONGEST_SECONDS: Final = 2_592_000
LONGEST_ANTHROPIC_SECONDS: Final = 7_776_000
MAX_PART_BYTES: Final = 67_108_864
MAX_PARTS: Final = 10_000
_MAX_NAME: Final = 512

_OWN: Final = re.compile(r"file_0[0-9a-f]{47}")
_OWN_BYTES: Final = re.compile(rb'"file_0[0-9a-f]{47}"')
_MARK: Final = b'"file_0'


def is_own(file_id: str) -> bool:
    """Whether an id is one of the gateway's making, whoever's it is: others are those of vendors."""
    return _OWN.fullmatch(file_id) is not None


def names_own(body: bytes) -> bool:
    """Whether a request may name a file of the gateway's; costs next to nothing for most that do not."""
    return body.find(_MARK) >= 0 and _OWN_BYTES.search(body) is not None


class ExpiresAfter(Struct, frozen=True):
    """When a file ends, in seconds after the anchor."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Meta(ge=SHORTEST_SECONDS, le=LONGEST_SECONDS)]


class NewUpload(Struct, frozen=True):
    """The body of `POST /v1/uploads`: a file that is to come in parts. `bytes` is how long it will be."""

    filename: Annotated[str, Meta(min_length=1, max_length=_MAX_NAME)]
    purpose: Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
    bytes: Annotated[int, Meta(ge=0)]
    mime_type: Annotated[str, Meta(min_length=1, max_length=255)]
    expires_after: ExpiresAfter | None = None


class UploadEnd(Struct, frozen=True):
    """The body of `POST /v1/uploads/{id}/complete`: the parts in their order, and the MD5 of the whole, in hex."""

    part_ids: Annotated[list[str], Meta(min_length=1, max_length=MAX_PARTS)]
    md5: str | None = None


def plain_name(filename: str, otherwise: str) -> str:
    """A file's name without its folders and without what no header or line of a log can hold."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(each for each in name if each.isprintable()).strip()[:_MAX_NAME]
    return name or otherwise


def type_of(media_type: str) -> str:
    """A media type as it is kept: in lower case, without parameters; what is none is bytes of any kind."""
    essence = media_type.partition(";")[0].strip().lower()
    return essence if _TYPE.fullmatch(essence) else "application/octet-stream"


_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,126}/[a-z0-9][a-z0-9.+_-]{0,126}")
