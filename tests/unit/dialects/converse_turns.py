"""Turns and targets for tests of what Converse is sent."""

import json
from typing import Any

from antiphon.dialects.converse_request import build_converse
from antiphon.protocols import Built
from antiphon.wire.envelope import Envelope, packed
from antiphon.wire.requests import Item
from tests.converse_streams import CLAUDE, a_target
from tests.fakes import SEALER
from tests.unit.dialects.chat_turns import turn_of

Body = dict[str, Any]

NOVA = "us.amazon.nova-pro-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
UNCACHED: Body = {"prompt_cache_options": {"mode": "explicit"}}


def built(body: Body, model: str = CLAUDE, **more: Any) -> Built:
    return build_converse(turn_of(body, **more), a_target(model), SEALER)


def said(body: Body, model: str = CLAUDE, *, cached: bool = False, **more: Any) -> Body:
    """The body that Bedrock gets for a request that a model can be asked without loss."""
    result = built(body if cached else body | UNCACHED, model, **more)
    assert result.warnings == ()
    return json.loads(result.body)


def lossy(body: Body, model: str = CLAUDE, **more: Any) -> tuple[Body, tuple[str, ...]]:
    """The body, and what was lost on the way to it."""
    result = built(body | UNCACHED, model, **more)
    assert result.warnings
    return json.loads(result.body), result.warnings


def messages(*items: Item, model: str = CLAUDE, **more: Any) -> list[Body]:
    return said({"input": list(items)}, model, **more)["messages"]


def sealed_converse(*items: Item, model: str, provider: str = "provider", tenant: str = "tenant-a") -> str:
    """A blob such as an answer of this model comes with; `model` is its bare name."""
    envelope = Envelope(p=provider, m=model, d="", k="converse", items=list(items), t=1_700_000_000)
    return SEALER.seal(tenant, packed(envelope))
