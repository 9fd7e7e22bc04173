"""The lists of models that providers publish, page by page.

Shapes, read 2026-11: OpenAI's `data`; Anthropic's with `has_more`
(https://platform.claude.com/docs/en/api/models/list); a bare array (Together); `models` with `nextPageToken` (Gemini,
https://ai.google.dev/api/models, and Fireworks) or `next_page_token` (Cohere,
https://docs.cohere.com/reference/list-models), or alone (Ollama's /api/tags); Vertex's `publisherModels`; Amazon's
`modelSummaries` and `inferenceProfileSummaries` with `nextToken`
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html).

Law: a list that can be read at all gives an entry for each of its models; what has no name is passed over, and so
is one whose name would do something to the terminal or the log that it is shown in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Raw

from antiphon.errors import UpstreamBroke
from antiphon.wire.faults import UNDECODABLE

Entry = Mapping[str, object]
"""One model as its provider's list has it."""

_ARRAYS: Final = ("data", "models", "publisherModels", "modelSummaries", "inferenceProfileSummaries")
_NO_ARRAY: Final = Raw(b"null")
_NAMES: Final = ("id", "modelId", "inferenceProfileId", "model", "name")
_FOLDERS: Final = re.compile(r"^(?:models/|publishers/[^/]+/models/)")
_CURSORS: Final = (("nextPageToken", "pageToken"), ("next_page_token", "page_token"), ("nextToken", "nextToken"))


def entries(body: bytes) -> dict[str, Entry]:
    """The models of a page by the names that requests give them. Raises UpstreamBroke."""
    try:
        bare = body.lstrip().startswith(b"[")
        found = msgspec.json.decode(body if bare else _array(body), type=list[dict[str, object]])
    except UNDECODABLE:
        raise UpstreamBroke("The provider's list of models is not one.") from None
    by_name: dict[str, Entry] = {}
    for entry in found:
        name = next((name for key in _NAMES if isinstance(name := entry.get(key), str) and name), None)
        if name is not None and name.isprintable() and entry.get("active") is not False:
            by_name[_FOLDERS.sub("", name)] = entry
    return by_name


def next_page(body: bytes) -> str | None:
    """The query that asks for the page after this one; None after the last."""
    try:
        members = msgspec.json.decode(body, type=dict[str, Raw])
        if bytes(members.get("has_more", b"")) == b"true":
            return _query("after_id", members.get("last_id"))
        for told, asked in _CURSORS:
            if told in members:
                return _query(asked, members[told])
    except UNDECODABLE:
        return None
    return None


def _array(body: bytes) -> Raw:
    members = msgspec.json.decode(body, type=dict[str, Raw])
    return next((members[name] for name in _ARRAYS if name in members), _NO_ARRAY)


def _query(name: str, value: Raw | None) -> str | None:
    token = None if value is None else msgspec.json.decode(value, type=str | None)
    return urlencode({name: token}) if token else None
