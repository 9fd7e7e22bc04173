"""What is said of a PostgreSQL that cannot be reached: once, however many connections notice, and whenever they do."""

import pytest

from antiphon.store.failures import Refusal
from antiphon.store.postgres.link import Trouble

LOST = Refusal("terminating connection due to administrator command")
AWAY = Refusal("the database system is shutting down")


def test_a_connection_that_is_found_lost_later_is_no_new_trouble(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble()
    trouble.begins(LOST, 1.0)
    trouble.begins(AWAY, None)
    trouble.is_over()
    trouble.begins(LOST, 2.0)
    assert trouble.since is None
    assert [record.message.partition(",")[0].partition(":")[0] for record in caplog.records] == [
        "PostgreSQL cannot be used",
        "PostgreSQL can be used again",
    ]


def test_one_that_was_made_since_and_one_that_cannot_be_made_are(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble()
    trouble.begins(LOST, 1.0)
    trouble.is_over()
    trouble.begins(LOST, float("inf"))
    assert trouble.since is not None
    trouble.is_over()
    trouble.begins(AWAY, None)
    assert trouble.since is not None
    assert len(caplog.records) == 5
