"""How a response stands in its table: the row of a turn, and what is read back of one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement

from antiphon.protocols import StoredResponse, StoredTurn
from antiphon.store.tables import responses

_FASTEST: Final = 1
_LITTLE_MEMORY: Final = 5
"""Most streams are shorter than the tables that zlib clears for its usual 8, which takes a third of the whole time."""

READ: Final[tuple[ColumnElement[Any], ...]] = (
    responses.c.id,
    responses.c.parent_id,
    responses.c.conversation_id,
    responses.c.status,
    responses.c.provider,
    responses.c.input,
    responses.c.body,
    responses.c.events.is_not(None),
)
"""What `response_of` reads, in its order."""


def response_of(row: Sequence[Any]) -> StoredResponse:
    """The response in a row of the columns `READ`."""
    id_, parent_id, conversation_id, status, provider, input_, body, streamed = row
    return StoredResponse(
        id=id_,
        parent_id=parent_id,
        conversation_id=conversation_id,
        status=status,
        provider=provider,
        input=input_,
        body=body,
        streamed=bool(streamed),
    )


def row_of(turn: StoredTurn, events: bytes | None) -> Sequence[object]:
    """The turn's values in the order of the table's columns; `events` is its stream, deflated."""
    return (
        turn.id,
        turn.tenant,
        turn.parent_id,
        turn.conversation_id,
        turn.created_at,
        turn.expires_at,
        turn.status,
        turn.model,
        turn.provider,
        turn.upstream_id,
        turn.input,
        turn.body,
        events,
    )


def deflated(frames: Sequence[bytes]) -> bytes:
    """A stream as it is kept."""
    compressor = zlib.compressobj(_FASTEST, memLevel=_LITTLE_MEMORY)
    return compressor.compress(b"".join(frames)) + compressor.flush()
