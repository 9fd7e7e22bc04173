"""What the stores of files, batches and kept chat completions must do, in PostgreSQL."""

from __future__ import annotations

import pytest

from tests.contracts import batch_store, chats_store, file_store
from tests.integration import test_sqlite_batches, test_sqlite_files
from tests.integration.test_sqlite_chats import chats_of


class TestFiles(file_store.FileStoreContract, file_store.FileEndingContract, file_store.FileCopiesContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> file_store.Make:
        return lambda clock: test_sqlite_files.opened(postgres_url, clock)


class _Batches:
    @pytest.fixture
    def make(self, postgres_url: str) -> batch_store.Make:
        return lambda clock: test_sqlite_batches.opened(postgres_url, clock)


class TestBatches(_Batches, batch_store.BatchesContract):
    pass


class TestBatchWork(_Batches, batch_store.BatchWorkContract):
    pass


class TestBatchLines(_Batches, batch_store.BatchLinesContract):
    pass


class TestChats(chats_store.ChatsContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> chats_store.MakeChats:
        return lambda clock: chats_of(postgres_url, clock)
