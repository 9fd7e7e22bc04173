"""The values that settings are made of: texts of one form each, and what must never be shown of them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

_SECRET: Final = {"secret": True}
"""Marks what no output may ever show."""

_URL: Final = {"address": True, "expected": "an http:// or https:// address without query"}
"""Marks an address, whose user and password no output may ever show."""

WebhookEvent = Literal[
    "response.completed",
    "response.cancelled",
    "response.failed",
    "response.incomplete",
    "batch.completed",
    "batch.cancelled",
    "batch.failed",
    "batch.expired",
]

Key = Annotated[
    str,
    Meta(
        pattern=r"^[!-~]+$",
        max_length=4096,
        extra=_SECRET | {"expected": "a key: visible ASCII characters, no blanks"},
    ),
]
KeyId = Annotated[
    str,
    Meta(pattern=r"^[0-9a-f]{8}$", extra={"expected": "the id of an encryption key: 8 hexadecimal digits"}),
]
Identifier = Annotated[
    str,
    Meta(
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        max_length=2048,
        extra={"expected": "a name or an id: ASCII, no blanks around it"},
    ),
]
Part = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.:_-]*$",
        max_length=128,
        extra={"expected": "a part of an address: letters, digits, '.', ':', '_' and '-'"},
    ),
]
FilePath = Annotated[
    str, Meta(pattern=r"^[^\x00-\x1f]+$", max_length=4096, extra={"expected": "the path of a file or a folder"})
]
JsonText = Annotated[
    str, Meta(pattern=r"^\s*\{(?s:.)*\}\s*$", max_length=65_536, extra=_SECRET | {"expected": "a JSON object"})
]
Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        max_length=64,
        extra={"expected": "a name of small letters, digits, '.', '_' and '-'"},
    ),
]
Address = Annotated[str, Meta(pattern=r"^https?://[^\s/?#]+[^\s?#]*$", max_length=2048, extra=_URL)]
ModelName = Annotated[
    str, Meta(pattern=r"^\S+$", max_length=256, extra={"expected": "the name of a model, without blanks"})
]
TargetName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]*/\S+$",
        max_length=320,
        extra={"expected": "a target, written provider/model"},
    ),
]
PromptId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]+$",
        max_length=256,
        extra={"expected": "the id of a prompt: letters, digits, '_' and '-'"},
    ),
]
SigningSecret = Annotated[
    str,
    Meta(
        pattern=r"^whsec_[A-Za-z0-9+/]+={0,2}$",
        max_length=128,
        extra=_SECRET | {"expected": "a signing secret: `whsec_`, then 24 to 64 bytes in base64"},
    ),
]
HeaderName = Annotated[
    str,
    Meta(
        pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        max_length=128,
        extra={"expected": "the name of an HTTP header"},
    ),
]
HeaderValue = Annotated[
    str,
    Meta(
        pattern=r"^[ -~\t]*$",
        max_length=8192,
        extra=_SECRET | {"expected": "the value of an HTTP header: one line of ASCII text"},
    ),
]
