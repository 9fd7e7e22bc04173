"""What is asked of `batches` and `batch_lines`, as text: the same for SQLite and PostgreSQL, but for locks of rows.

`moment`, `until` and `due` are in milliseconds; `id` is a batch's; `under` is the attempt of a claim.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ClauseElement,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    Text,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    null,
    select,
    text,
    true,
    update,
)

from antiphon.store.batch_tables import HELD, RUNNING, UNENDED, batch_lines, batches
from antiphon.wire.batch_states import CANCELLABLE, DATED, ENDED

_ONE: Final = literal_column("1", Integer)
_NOTHING: Final = literal_column("0", Integer)
_lines: Final = batch_lines.c
_UNENDED: Final = text(UNENDED)

BATCH: Final = tuple(batches.c)
"""What a `Batch` is made from, in the order of the table."""


def words(statuses: frozenset[str]) -> list[ColumnElement[str]]:
    """Statuses as they stand in a statement's text."""
    return [literal_column(f"'{status}'", Text) for status in sorted(statuses)]


def find() -> ClauseElement:
    """`id`, `whose`."""
    return select(*BATCH).where(*_owned())


def newest(*, up: bool) -> ClauseElement:
    """`whose`, `kind`, `above`, `below`, `limit`; `up` is from the oldest on."""
    order = batches.c.id.asc() if up else batches.c.id.desc()
    return (
        select(*BATCH)
        .where(
            batches.c.tenant == bindparam("whose"),
            batches.c.kind == bindparam("kind"),
            batches.c.id > bindparam("above"),
            batches.c.id < bindparam("below"),
        )
        .order_by(order)
        .limit(bindparam("limit"))
        .offset(_NOTHING)
    )


def count_unended() -> ClauseElement:
    """`whose`."""
    unended = batches.c.status.not_in(words(ENDED))
    return select(func.count()).select_from(batches).where(batches.c.tenant == bindparam("whose"), unended)


def cancel() -> ClauseElement:
    """`id`, `whose`, `now`, `due`. Whoever has a claim loses it."""
    return (
        update(batches)
        .where(*_owned(), batches.c.status.in_(words(CANCELLABLE)))
        .values(
            status=literal_column("'cancelling'", Text),
            cancelling_at=bindparam("now", type_=BigInteger),
            due_at=bindparam("due", type_=BigInteger),
            attempt=batches.c.attempt + _ONE,
        )
    )


def delete_ended() -> ClauseElement:
    """`id`, `whose`."""
    return delete(batches).where(*_owned(), batches.c.status.in_(words(ENDED)))


def delete_batch() -> ClauseElement:
    """`id`, `under`."""
    return delete(batches).where(*_claimed())


def delete_lines() -> ClauseElement:
    """`id`, `limit`."""
    some = (
        select(_lines.number)
        .where(_lines.batch_id == bindparam("id"))
        .order_by(_lines.number)
        .limit(bindparam("limit"))
        .offset(_NOTHING)
    )
    return delete(batch_lines).where(_lines.batch_id == bindparam("id"), _lines.number.in_(some))


def due_at() -> ClauseElement:
    """When the first of them may be claimed."""
    return select(func.min(batches.c.due_at))


def claim() -> ClauseElement:
    """`moment`, `until`. At most one row."""
    first = _due().with_for_update(skip_locked=True).scalar_subquery()
    return (
        update(batches)
        .where(batches.c.id == first)
        .values(attempt=batches.c.attempt + _ONE, due_at=bindparam("until", type_=BigInteger))
        .returning(*BATCH)
    )


def renew() -> ClauseElement:
    """`id`, `under`, `until`."""
    return update(batches).where(*_claimed()).values(due_at=bindparam("until", type_=BigInteger))


def is_claimed() -> ClauseElement:
    """`id`, `under`: one row while the claim holds."""
    return select(batches.c.id).where(*_claimed()).with_for_update()


def change() -> ClauseElement:
    """`id`, `whose`, `under` and what changes; null leaves all but `due_at` as it is. A new status ends the claim."""
    kinds = {"total": BigInteger, "own": Boolean, "errors": LargeBinary, "usage": LargeBinary, "native": LargeBinary}
    kinds |= dict.fromkeys(("status", "model", "output_file_id", "error_file_id"), Text)
    kinds |= {f"{status}_at": BigInteger for status in DATED}
    columns = batches.c
    values = {name: func.coalesce(bindparam(f"new_{name}", type_=kind), columns[name]) for name, kind in kinds.items()}
    ends = case((bindparam("new_status", type_=Text).is_(None), _NOTHING), else_=_ONE)
    due_at = bindparam("new_due_at", type_=BigInteger)
    mine = (*_claimed(), columns.tenant == bindparam("whose"))
    return update(batches).where(*mine).values(due_at=due_at, attempt=columns.attempt + ends, **values)


def count_ended() -> ClauseElement:
    """`id`, `well`, `badly`, `given_up`, `too_late`: adds to the counts."""
    columns = batches.c
    return (
        update(batches)
        .where(columns.id == bindparam("id"))
        .values(
            completed=columns.completed + bindparam("well"),
            failed=columns.failed + bindparam("badly"),
            canceled=columns.canceled + bindparam("given_up"),
            expired=columns.expired + bindparam("too_late"),
        )
    )


def finalize() -> ClauseElement:
    """`id`, `now`, `due`: where the last line has ended."""
    columns = batches.c
    ended = columns.completed + columns.failed + columns.canceled + columns.expired
    return (
        update(batches)
        .where(columns.id == bindparam("id"), text(RUNNING), columns.own == true(), ended >= columns.total)
        .values(
            status=literal_column("'finalizing'", Text),
            finalizing_at=bindparam("now", type_=BigInteger),
            due_at=bindparam("due", type_=BigInteger),
            attempt=columns.attempt + _ONE,
        )
    )


def results() -> ClauseElement:
    """`id`, `after`, `limit`."""
    return (
        select(_lines.number, _lines.custom_id, _lines.outcome, _lines.status, _lines.request_id, _lines.answer)
        .where(_lines.batch_id == bindparam("id"), _lines.number > bindparam("after"), _lines.outcome.is_not(None))
        .order_by(_lines.number)
        .limit(bindparam("limit"))
        .offset(_NOTHING)
    )


def waiting() -> ClauseElement:
    """`id`, `after`, `limit`."""
    return (
        select(_lines.number, _lines.custom_id, _lines.request)
        .where(_lines.batch_id == bindparam("id"), _lines.number > bindparam("after"), _UNENDED)
        .order_by(_lines.number)
        .limit(bindparam("limit"))
        .offset(_NOTHING)
    )


def drop_lines() -> ClauseElement:
    """`id`, `how`, and `new_request`, which is nothing."""
    return (
        update(batch_lines)
        .where(_lines.batch_id == bindparam("id"), _UNENDED)
        .values(
            outcome=bindparam("how", type_=Text), holder=null(), request=bindparam("new_request", type_=LargeBinary)
        )
    )


def end_line() -> ClauseElement:
    """`id`, `whose`, `place` and the answer. Changes nothing once it has ended."""
    place = (_lines.batch_id == bindparam("id"), _lines.number == bindparam("place"))
    return _end().where(*place, _lines.tenant == bindparam("whose"), _UNENDED)


def settle_line() -> ClauseElement:
    """As `end_line`, under `under`."""
    return _end().where(*_held(), _lines.tenant == bindparam("whose"))


def running_batches() -> ClauseElement:
    """Those that our workers have lines to answer of, the oldest first."""
    columns = batches.c
    return (
        select(columns.id, columns.tenant, columns.key_name, columns.endpoint, columns.betas)
        .where(text(RUNNING), columns.own == true())
        .order_by(columns.id)
    )


def running_lines() -> ClauseElement:
    """`moment`: how many are in work, by batch and tenant."""
    return (
        select(_lines.batch_id, _lines.tenant, func.count())
        .where(text(HELD), _lines.leased_until > bindparam("moment"))
        .group_by(_lines.batch_id, _lines.tenant)
    )


def free_line() -> ClauseElement:
    """`id`, `moment`: whether there is one."""
    return _free().limit(_ONE).offset(_NOTHING)


def claim_lines() -> ClauseElement:
    """`id`, `moment`, `until`, `by`, `limit`."""
    free = _free().order_by(_lines.number).limit(bindparam("limit")).offset(_NOTHING).with_for_update(skip_locked=True)
    # By name, so that it is looked for once, however PostgreSQL goes about it.
    some = select(free.cte("free").c.number)
    return (
        update(batch_lines)
        .where(_lines.batch_id == bindparam("id"), _lines.number.in_(some))
        .values(attempt=_lines.attempt + _ONE, leased_until=bindparam("until"), holder=bindparam("by", type_=Text))
        .returning(_lines.number, _lines.attempt, _lines.tries, _lines.request)
    )


def held_lines() -> ClauseElement:
    """`by`."""
    return select(_lines.batch_id, _lines.number, _lines.attempt).where(_lines.holder == bindparam("by"))


def renew_lines() -> ClauseElement:
    """`by`, `until`."""
    return update(batch_lines).where(_lines.holder == bindparam("by")).values(leased_until=bindparam("until"))


def postpone_line() -> ClauseElement:
    """`id`, `place`, `under`, `until`, `more`."""
    return (
        update(batch_lines)
        .where(*_held())
        .values(leased_until=bindparam("until"), holder=null(), tries=_lines.tries + bindparam("more"))
    )


def _end():  # noqa: ANN202 - an update, whose type is longer than the function
    return update(batch_lines).values(
        outcome=bindparam("how", type_=Text),
        holder=null(),
        status=bindparam("said", type_=BigInteger),
        request_id=bindparam("called", type_=Text),
        request=bindparam("new_request", type_=LargeBinary),
        answer=bindparam("new_answer", type_=LargeBinary),
    )


def _free() -> Select[tuple[int]]:
    return select(_lines.number).where(
        _lines.batch_id == bindparam("id"), _UNENDED, _lines.leased_until <= bindparam("moment")
    )


def _due() -> Select[tuple[str]]:
    return (
        select(batches.c.id)
        .where(batches.c.due_at <= bindparam("moment"))
        .order_by(batches.c.due_at)
        .limit(_ONE)
        .offset(_NOTHING)
    )


def _owned() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return batches.c.id == bindparam("id"), batches.c.tenant == bindparam("whose")


def _claimed() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return batches.c.id == bindparam("id"), batches.c.attempt == bindparam("under")


def _held() -> tuple[ColumnElement[bool], ...]:
    return (
        _lines.batch_id == bindparam("id"),
        _lines.number == bindparam("place"),
        _lines.attempt == bindparam("under"),
        _lines.outcome.is_(None),
    )
