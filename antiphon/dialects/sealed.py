"""Reasoning in the gateway's seal: put in for the client to carry, taken out for the provider whose own it is.

What has been taken out is only ever put into the body that this provider gets.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from antiphon.dialects.common_fates import COMMON
from antiphon.errors import BadRequest
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.envelope import Envelope, Kind, family, is_sealed, packed, unpacked
from antiphon.wire.requests import Item
from antiphon.wire.responses import TransformationReason

SIGNS: Final = frozenset(
    {"encrypted_content", "signature", "data", "extra_content", "thoughtSignature", "redactedContent"}
)
"""Members that only models of one family can read."""

STANDS_FOR: Final = "stands_for"
"""In a sealed item: the ids of items beside the reasoning that tell of the same work, and are not told again."""

AsItIs = Literal["as it is"]
AS_IT_IS: Final[AsItIs] = "as it is"


class Enclosing:
    """Seals what the provider of one answer shall get back."""

    __slots__ = ("_kind", "_sealer", "_target", "_turn")

    def __init__(self, turn: Turn, target: Target, sealer: Sealer, kind: Kind) -> None:
        """`kind` is the form that the items are in."""
        self._turn = turn
        self._target = target
        self._sealer = sealer
        self._kind: Kind = kind

    def __call__(self, items: list[Item]) -> str:
        """The blob."""
        turn, target = self._turn, self._target
        envelope = Envelope(
            p=target.provider,
            m=target.model,
            d=target.deployment,
            k=self._kind,
            items=items,
            t=int(turn.clock()),
        )
        return self._sealer.seal(turn.caller.tenant, packed(envelope))


class Unsealing:
    """Looks at the reasoning items of one turn on their way to one target."""

    __slots__ = ("_kind", "_sealer", "_target", "_turn")

    def __init__(self, turn: Turn, target: Target, sealer: Sealer, kind: Kind) -> None:
        """`kind` is the form that the target reads."""
        self._turn = turn
        self._target = target
        self._sealer = sealer
        self._kind: Kind = kind

    def __call__(self, item: Item, *, kept: bool) -> Envelope | AsItIs | TransformationReason:
        """What was sealed into the item, that it may go as it is, or why it may not go to the target.

        `kept` items come from our own store. Raises BadRequest when one from the client has been tampered with.
        """
        blob: Any = item.get("encrypted_content")
        if not blob:
            provider = self._target.provider
            return AS_IT_IS if self._turn.origins.get(str(item.get("id")), provider) == provider else "model_mismatch"
        if not is_sealed(blob):
            return self._foreign(item, str(blob))
        try:
            envelope = unpacked(self._sealer.open(self._turn.caller.tenant, blob))
        except BadRequest:
            if not kept:
                raise
            return "organization_mismatch"
        return "prefix_mismatch" if envelope is None else self._own(envelope)

    def _foreign(self, item: Item, blob: str) -> AsItIs | TransformationReason:
        """A blob that a client got from a provider itself, or that was stored before there were seals."""
        if self._kind != "openai":
            return "prefix_mismatch"
        origin = self._turn.origins.get(str(item.get("id")))
        if origin is not None:
            return AS_IT_IS if origin == self._target.provider else "model_mismatch"
        prefix = self._target.quirks.blob_prefix
        return AS_IT_IS if prefix and blob.startswith(prefix) else "prefix_mismatch"

    def _own(self, envelope: Envelope) -> Envelope | TransformationReason:
        target = self._target
        if (envelope.p, envelope.d) != (target.provider, target.deployment):
            return "organization_mismatch" if envelope.m == target.model else "model_mismatch"
        if envelope.k != self._kind:
            return "model_mismatch"
        if _is_signed(envelope.items) and family(envelope.m) != family(target.model):
            return "model_mismatch"
        return envelope


def removal(reason: TransformationReason, target: Target) -> str:
    """The sentence that tells of an item that was left out."""
    subject = "item.reasoning.foreign" if reason == "model_mismatch" else "item.reasoning.sealed"
    return COMMON[subject].sentence.format(provider=target.provider)


def _is_signed(items: list[Item]) -> bool:
    """Whether anything in the seal is more than words."""
    details: list[Item] = [detail for item in items for detail in item.get("reasoning_details", ())]
    return any(not SIGNS.isdisjoint(part) for part in (*items, *details))
