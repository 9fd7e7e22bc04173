"""What a client of Google's says, passed on to Google: untouched, but for what its two places differ in.

https://ai.google.dev/api/generate-content and
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference (read 2026-11): the model stands in the
address alone, and only Vertex AI wants to be told whose each content is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

from antiphon.dialects.gemini_models import place_of
from antiphon.protocols import Built, Target
from antiphon.wire.faults import UNDECODABLE

_encode: Final = msgspec.json.Encoder().encode
_contents: Final = msgspec.json.Decoder(list[dict[str, Raw]]).decode
_USER: Final = Raw(b'"user"')


def relayed(members: Mapping[str, Raw], target: Target, headers: Mapping[bytes, bytes]) -> Built:
    """The request to send."""
    said = {name: value for name, value in members.items() if name != "model"}
    if place_of(target).needs_roles and "contents" in said:
        said["contents"] = _with_roles(said["contents"])
    return Built(_encode(said), headers=b"".join([b"%b: %b\r\n" % header for header in headers.items()]))


def _with_roles(contents: Raw) -> Raw:
    """What is no list of contents is Google's to refuse."""
    try:
        read = _contents(contents)
    except UNDECODABLE:
        return contents
    if all("role" in content for content in read):
        return contents
    return Raw(_encode([{"role": _USER} | content for content in read]))
