"""What every store must do, in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from antiphon.notices import Subscription
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.outbox import SqlOutbox
from tests.contracts import conversations_store, jobs_store, outbox, responses_store
from tests.integration.test_outbox import SqlOffice, deaf
from tests.integration.test_sqlite_conversations import stores_of
from tests.integration.test_sqlite_jobs import store_of
from tests.integration.test_sqlite_store import responses_of


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
