"""What every store must do, in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from typing_extensions import override

from antiphon.notices import Subscription
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.outbox import SqlOutbox
from tests.contracts import conversations_store, jobs_store, outbox, responses_store
from tests.contracts.jobs_races import JobsRaces
from tests.integration.test_idempotency_keys import Keys
from tests.integration.test_outbox import SqlOffice, deaf
from tests.integration.test_sqlite_conversations import stores_of
from tests.integration.test_sqlite_jobs import store_of
from tests.integration.test_sqlite_store import responses_of
from tests.postgres import empty


class TestResponses(responses_store.ResponsesContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> responses_store.Make:
        return lambda clock: responses_of(postgres_url, clock)


class TestConversations(conversations_store.ConversationsContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> conversations_store.Make:
        return lambda clock: stores_of(postgres_url, clock)


class TestJobs(jobs_store.JobsContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> jobs_store.Make:
        return lambda clock: store_of(postgres_url, clock)


class TestOutbox(outbox.OutboxContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> outbox.Make:
        @asynccontextmanager
        async def made(clock: Clock, subscriptions: Sequence[Subscription]) -> AsyncGenerator[Sequence[outbox.Office]]:
            async with SqlDatabase.open(postgres_url) as one, SqlDatabase.open(postgres_url) as other:
                yield [SqlOffice(each, SqlOutbox(each, clock, subscriptions, deaf)) for each in (one, other)]

        return made


class Races(JobsRaces):
    """Here they are ones: two stores with connections of their own."""

    url: ClassVar[str] = ""

    @override
    def __init__(self) -> None:
        empty(self.url)
        super().__init__()

    @override
    def make(self, clock: Clock) -> AbstractAsyncContextManager[jobs_store.Store]:
        return store_of(self.url, clock)


class KeysHere(Keys):
    @override
    def __init__(self) -> None:
        empty(self.url)
        super().__init__()


def test_whatever_the_order_of_jobs_acts_some_order_explains_it(postgres_url: str) -> None:
    Races.url = postgres_url
    few = settings(max_examples=10, stateful_step_count=12, deadline=None)
    run_state_machine_as_test(Races, settings=few)


def test_keys_are_held_as_their_model_says(postgres_url: str) -> None:
    KeysHere.url = postgres_url
    few = settings(max_examples=8, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(KeysHere, settings=few)
