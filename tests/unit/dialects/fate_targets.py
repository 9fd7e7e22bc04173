"""Whom the tables of fates are held against: every provider in every format of its own, with models that differ."""

import json
from collections.abc import Iterator
from functools import cache

import pytest

from antiphon.app.upstreams import dialects_of
from antiphon.protocols import Built, Target, Turn
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import TABLE
from antiphon.sealing import Seals
from antiphon.wire.envelope import Envelope, Kind, packed
from tests.fakes import ScriptedProvider
from tests.unit.dialects.chat_turns import turn_of
from tests.unit.dialects.sampling import MARK, SEALED, Body

SEALS = Seals(["k" * 64], bytes)
DIALECTS = dialects_of(SEALS)

CLAUDES = ("claude-sonnet-4-5", "claude-3-5-haiku", "claude-opus-4-6", "claude-opus-5-5", "acme-1")

MODELS: dict[str, tuple[str, ...]] = {
    "messages": CLAUDES,
    "vertex-messages": CLAUDES,
    "bedrock-messages": tuple(f"anthropic.{model}" for model in CLAUDES),
    "gemini": ("gemini-3.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-image", "gemma-3-27b-it"),
    "converse": (
        "amazon.nova-2-lite-v1:0",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "anthropic.claude-opus-4-7",
        "meta.llama3-3-70b-instruct-v1:0",
    ),
    "cohere": ("command-a-03-2025", "command-a-reasoning-08-2025"),
}
"""Models for each dialect in whose formats models differ; `acme-1` elsewhere."""

_THINKING: Body = {"type": "thinking", "thinking": MARK, "signature": "c2lnbmVk"}
_SEALED: dict[str, tuple[Kind, Body]] = {
    "messages": ("anthropic", _THINKING),
    "vertex-messages": ("anthropic", _THINKING),
    "bedrock-messages": ("anthropic", _THINKING),
    "gemini": ("gemini", {"text": MARK, "thought": True, "thoughtSignature": "c2lnbmVk"}),
    "converse": ("converse", {"text": MARK, "signature": "c2lnbmVk"}),
    "cohere": ("cohere", {"thinking": MARK}),
    "ollama": ("ollama", {"thinking": MARK}),
}
"""What each format seals: the kind of the seal, and what is in it."""


IN_RESPONSES = (
    *("effortless_models", "encrypted_reasoning_models", "image_urls", "refused_fields", "responses_extensions"),
    *("restless_models", "stores"),
)
"""All that a provider of OpenAI's own format can differ in: the rest is about formats that it is not asked in."""


def rows() -> Iterator[object]:
    """Each provider in each format that it speaks; those of which nothing differs are one."""
    seen: set[tuple[str, object]] = set()
    for row in TABLE.values():
        for dialect in row.dialects:
            ways = tuple(getattr(row.quirks, name) for name in IN_RESPONSES) if dialect == "responses" else row.quirks
            if (dialect, ways) not in seen:
                seen.add((dialect, ways))
                yield pytest.param(row, dialect, id=f"{row.name}-{dialect}")


def targets_at(row: ProviderRow, dialect: str) -> list[Target]:
    return [target_at(row, dialect, model) for model in MODELS.get(dialect, ("acme-1",))]


def target_at(row: ProviderRow, dialect: str, model: str = "") -> Target:
    return Target(
        name=f"{row.name}/m",
        provider=row.name,
        model=model or MODELS.get(dialect, ("acme-1",))[0],
        dialect=DIALECTS[dialect],
        post=ScriptedProvider().post,
        quirks=row.quirks,
    )


def ask(target: Target, body: Body, *, strict: bool = False) -> Built:
    turn = _turn_of(_sealed(json.dumps(body), target))
    turn.strict = strict
    return target.dialect.build(turn, target)


@cache
def _turn_of(body: str) -> Turn:
    return turn_of(json.loads(body))


def _sealed(text: str, target: Target) -> str:
    """The body with a seal of this target's in the place of each that is wanted, if it seals anything."""
    if SEALED not in text or target.dialect.name not in _SEALED:
        return text.replace(f', "encrypted_content": "{SEALED}"', "")
    kind, block = _SEALED[target.dialect.name]
    envelope = Envelope(p=target.provider, m=target.model, d=target.deployment, k=kind, items=[block], t=0)
    return text.replace(SEALED, SEALS.seal("tenant-a", packed(envelope)))
