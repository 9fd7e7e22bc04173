"""What the threads do with the work they get.

Law: work is settled only after the commit that holds it, is done once whatever becomes of connections, and what fails
takes no neighbour with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from antiphon.store.failures import Caught, Refusal
from antiphon.store.postgres.clerks import Asked
from antiphon.store.postgres.link import Link
from antiphon.store.postgres.session import Session
from antiphon.store.rows import MOST_ROWS, Insertion
from antiphon.store.work import Job

MAX_ROWS: Final = 256
"""In one transaction, so that the first of many is not kept waiting for the last."""

_CONTRADICTION: Final = "23505"
_AGAIN: Final = frozenset({"40001", "40P01", _CONTRADICTION})
"""Somebody came first: done again, the work sees what that was."""

_MOST_TRIES: Final = 5


def read(link: Link, asked: Sequence[Asked]) -> Iterator[Sequence[Job[object]]]:
    """One after the other, each statement by itself."""
    for one in asked:
        with Caught() as caught:
            _insist(link, one.since, one.job.perform)
        if caught.error is not None:
            one.job.fail(caught.error)
        yield [one.job]


def write(link: Link, asked: Sequence[Asked]) -> Iterator[Sequence[Job[object]]]:
    """One after the other, each in a transaction of its own: nobody holds what another waits for."""
    for one in asked:
        if one.job.prepare():
            with Caught() as caught:
                _transact(link, one)
            if caught.error is not None:
                one.job.fail(caught.error)
        yield [one.job]


def add(link: Link, asked: Sequence[Asked]) -> Iterator[Sequence[Job[object]]]:
    """Together, by as few statements and commits as can be."""
    for start in range(0, len(asked), MAX_ROWS):
        some = asked[start : start + MAX_ROWS]
        jobs = [one.job for one in some if one.job.prepare()]
        if jobs:
            _add(link, jobs, some[0].since, may_be_there=False)
        yield [one.job for one in some]


def _insist(link: Link, since: float, act: Callable[[Session], None]) -> None:
    """Does it, once more where the connection was lost. Raises whatever that raises."""
    while True:
        try:
            act(link.session())
        except Refusal as refusal:
            if not (refusal.is_lost and link.may_go_on(refusal, since)):
                raise
        else:
            return


def _transact(link: Link, asked: Asked) -> None:
    """In a transaction, again where that was nobody's fault. Raises whatever the work raises."""
    for tries in range(1, _MOST_TRIES + 1):
        transaction = _Transaction(asked.job)
        try:
            _insist(link, asked.since, transaction)
        except Refusal as refusal:
            if refusal.state in _AGAIN and tries < _MOST_TRIES:
                continue
            raise
        return


class _Transaction:
    """One job's. Called again after the connection was lost, it first asks what became of the commit."""

    def __init__(self, job: Job[object]) -> None:
        self._job = job
        self._committing: str | None = None
        self._afterwards: list[Callable[[], None]] = []

    def __call__(self, session: Session) -> None:
        if self._committing is None or not session.has_committed(self._committing):
            self._perform(session)
        for act in self._afterwards:
            act()

    def _perform(self, session: Session) -> None:
        self._committing = None
        self._afterwards = session.afterwards = []
        number = session.begin()
        try:
            self._job.perform(session)
            self._committing = number
            session.commit()
        finally:
            session.rollback()


def _add(link: Link, jobs: Sequence[Job[object]], since: float, *, may_be_there: bool) -> None:
    """What fails together is added row by row. `may_be_there`: as `_Adding` says, of an earlier try."""
    adding = _Adding(jobs, may_be_there=may_be_there)
    with Caught() as caught:
        _insist(link, since, adding)
    error = caught.error
    if error is None:
        return
    if len(jobs) > 1:
        for job in jobs:
            _add(link, [job], since, may_be_there=adding.may_be_there)
        return
    contradicts = isinstance(error, Refusal) and error.state == _CONTRADICTION
    for job in jobs:
        if contradicts and adding.may_be_there:
            job.performed()
        else:
            job.fail(error)


class _Adding:
    """Adds the rows of jobs. `may_be_there`: the connection was lost before it was known what became of them."""

    def __init__(self, jobs: Sequence[Job[object]], *, may_be_there: bool) -> None:
        self.may_be_there = may_be_there
        self._jobs = jobs
        additions = [job.addition for job in jobs if job.addition is not None]
        self._parts: list[tuple[Insertion, list[Sequence[object]]]] = []
        for insertion, group in groupby(additions, lambda addition: addition.insertion):
            if insertion is not None:
                self._parts.append((insertion, [addition.row for addition in group]))

    def __call__(self, session: Session) -> None:
        is_one = len(self._parts) == 1 and len(self._parts[0][1]) <= MOST_ROWS
        try:
            if not is_one:
                session.say(b"BEGIN")
            for insertion, rows in self._parts:
                insertion.perform(session, rows)
            if not is_one:
                session.commit()
        except Refusal as refusal:
            self.may_be_there = self.may_be_there or refusal.is_lost
            raise
        finally:
            session.rollback()
        for job in self._jobs:
            job.performed()
