"""What is asked of `jobs`, `response_events` and the responses they belong to, as text.

The same for SQLite and PostgreSQL, but for FOR UPDATE SKIP LOCKED, which SQLite has no need of: it has one writer.
`moment` and `until` are in milliseconds, `now` is in seconds; `under` is the attempt.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from antiphon.store.response_rows import READ
from antiphon.store.tables import jobs, response_events, responses

BATCHES: Final = 64
"""Of a journal in one page."""

_ONE: Final = literal_column("1", Integer)
_NOTHING: Final = literal_column("0", Integer)
IN_FLIGHT: Final = (literal_column("'queued'", Text), literal_column("'in_progress'", Text))
"""The statuses of responses that a job belongs to."""


def count_waiting() -> ClauseElement:
    """`whose`, `moment`."""
    mine = (jobs.c.tenant == bindparam("whose"), jobs.c.leased_until <= bindparam("moment"))
    return select(func.count()).select_from(jobs).where(*mine)


def find_job() -> ClauseElement:
    """`moment`, `most`."""
    return _candidate()


def claim_job(*, skip_locked: bool = True) -> ClauseElement:
    """`moment`, `most`, `until`. At most one row; of those that nobody else is at, or else after waiting for them."""
    oldest = _candidate().with_for_update(skip_locked=skip_locked).scalar_subquery()
    return (
        update(jobs)
        .where(jobs.c.response_id == oldest)
        .values(attempt=jobs.c.attempt + _ONE, leased_until=bindparam("until"))
        .returning(jobs.c.response_id, jobs.c.tenant, jobs.c.key_name, jobs.c.attempt, jobs.c.request)
    )


def read_claimed() -> ClauseElement:
    """`id`."""
    table = responses.c
    return select(table.created_at, table.conversation_id, table.provider, table.input).where(_is(table.id))


def begin_response() -> ClauseElement:
    """`id`."""
    return update(responses).where(_is(responses.c.id), responses.c.status.in_(IN_FLIGHT)).values(status=IN_FLIGHT[1])


def lease_job() -> ClauseElement:
    """`id`, `under`, `until`."""
    return update(jobs).where(*_held()).values(leased_until=bindparam("until"))


def drop_job() -> ClauseElement:
    """`id`, `under`."""
    return delete(jobs).where(*_held())


def drop_any_job() -> ClauseElement:
    """`id`."""
    return delete(jobs).where(_is(jobs.c.response_id))


def drop_journal() -> ClauseElement:
    """`id`."""
    return delete(response_events).where(_is(response_events.c.response_id))


def end_response() -> ClauseElement:
    """`id`, `whose` and what the end says. Changes nothing once it has ended."""
    told = ("status", "model", "provider", "upstream_id", "body", "events")
    return (
        update(responses)
        .where(_is(responses.c.id), responses.c.tenant == bindparam("whose"), responses.c.status.in_(IN_FLIGHT))
        .values({name: bindparam(f"new_{name}") for name in told})
    )


def append_events() -> ClauseElement:
    """`id`, `under`, `begin`, `end`, `bytes`. Whoever claims or ends the job meanwhile waits, or is waited for."""
    table = response_events.c
    row = select(
        bindparam("id", type_=table.response_id.type).label("response_id"),
        bindparam("begin", type_=table.first.type).label("first"),
        bindparam("end", type_=table.last.type).label("last"),
        bindparam("bytes", type_=table.frames.type).label("frames"),
    )
    mine = row.select_from(jobs).where(*_held()).with_for_update(read=True)
    return insert(response_events).from_select(["response_id", "first", "last", "frames"], mine)


def lock_job() -> ClauseElement:
    """`id`, `whose`. Everybody takes the job before its response, so that no two wait for each other."""
    mine = (_is(jobs.c.response_id), jobs.c.tenant == bindparam("whose"))
    return select(jobs.c.attempt).where(*mine).with_for_update()


def read_journal() -> ClauseElement:
    """`id`."""
    table = response_events.c
    return select(table.frames).where(_is(table.response_id)).order_by(table.first)


def read_page() -> ClauseElement:
    """`id`, `whose`, `now`, `after`. One row without frames where there is nothing more; no row, no response."""
    table = responses.c
    earlier = response_events.alias("earlier").c
    # Where the event is, found by the index: whoever follows a long answer does not walk through it again and again.
    holding = select(func.max(earlier.first)).where(_is(earlier.response_id), earlier.first <= bindparam("after"))
    later = and_(
        response_events.c.response_id == table.id,
        response_events.c.first >= func.coalesce(holding.scalar_subquery(), _NOTHING),
        response_events.c.last > bindparam("after"),
    )
    return (
        select(table.status, response_events.c.frames)
        .select_from(responses.outerjoin(response_events, later))
        .where(*_visible())
        .order_by(response_events.c.first)
        .limit(literal_column(str(BATCHES), Integer))
        .offset(_NOTHING)
    )


def read_cancelled() -> ClauseElement:
    """`id`, `whose`, `now`: everything that a cancel has to know of the response."""
    table = responses.c
    return select(*READ, table.model, table.created_at).where(*_visible()).with_for_update()


def _candidate() -> Select[tuple[str]]:
    """The oldest job that nobody has and whose tenant may have one more running."""
    other = jobs.alias("other")
    running = (
        select(func.count())
        .select_from(other)
        .where(other.c.tenant == jobs.c.tenant, other.c.leased_until > bindparam("moment"))
        .correlate(jobs)
        .scalar_subquery()
    )
    return (
        select(jobs.c.response_id)
        .where(jobs.c.leased_until <= bindparam("moment"), running < bindparam("most"))
        .order_by(jobs.c.response_id)
        .limit(_ONE)
        .offset(_NOTHING)
    )


def _is(column: ColumnElement[str]) -> ColumnElement[bool]:
    return column == bindparam("id")


def _held() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _is(jobs.c.response_id), jobs.c.attempt == bindparam("under")


def _visible() -> tuple[ColumnElement[bool], ...]:
    expires_at = responses.c.expires_at
    return (
        _is(responses.c.id),
        responses.c.tenant == bindparam("whose"),
        or_(expires_at.is_(None), expires_at > bindparam("now")),
    )
