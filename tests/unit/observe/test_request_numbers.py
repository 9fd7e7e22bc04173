"""What a request's record adds to the numbers."""

from typing import Any

import pytest

from antiphon.metrics import COST, FIRST_OUTPUT_SECONDS, REQUEST_SECONDS, REQUESTS, SPENT, TOKENS
from antiphon.observe.requests import STRANGERS_AT_ONCE, RequestNumbers
from antiphon.records import RequestRecord
from antiphon.tally import Labels

TARGET = "numbers/known"


def record(**members: Any) -> RequestRecord:
    facts: dict[str, Any] = {"request_id": "req_1", "method": "POST", "path": "/x", "status": 200, "seconds": 0.3}
    facts |= {"route": "/numbers"} | members
    return RequestRecord(**facts)


def cell(cells: dict[Labels, list[float]], *labels: str | int) -> list[float]:
    return [*cells.get(labels, [0])]


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> RequestNumbers:
    monkeypatch.setattr(SPENT, "knows", [TARGET.__eq__])
    return RequestNumbers(lambda _: None)


def test_a_request_is_counted_and_passed_on() -> None:
    passed: list[RequestRecord] = []
    count = RequestNumbers(passed.append)
    before = cell(REQUESTS.cells, "/numbers", "POST", 200, "anthropic")[0]
    for _ in range(2):
        count(record(client="anthropic", stream=True))
    assert cell(REQUESTS.cells, "/numbers", "POST", 200, "anthropic") == [before + 2]
    buckets = cell(REQUEST_SECONDS.cells, "/numbers", "true")
    assert buckets[REQUEST_SECONDS.bounds.index(0.5)] == 2
    assert len(passed) == 2


def test_tokens_count_under_names_that_are_known(count: RequestNumbers) -> None:
    facts = {"input_tokens": 10, "cached_tokens": 4, "output_tokens": 7, "reasoning_tokens": 5, "cost_nanos": 1_500}
    kinds = ("input", "cached", "output", "reasoning")
    before = [cell(TOKENS.cells, "other", kind)[0] for kind in kinds]
    count(record(target=TARGET, **facts))
    count(record(target="numbers/SECRET of a tenant", **facts))
    assert [cell(TOKENS.cells, TARGET, kind)[0] for kind in kinds] == [10, 4, 7, 5]
    assert [cell(TOKENS.cells, "other", kind)[0] for kind in kinds] == [
        a + b for a, b in zip(before, (10, 4, 7, 5), strict=True)
    ]
    assert cell(COST.cells, TARGET) == [1_500]
    assert not any("SECRET" in str(labels) for labels in (*TOKENS.cells, *COST.cells))


def test_a_name_counts_soon_after_it_is_known(count: RequestNumbers) -> None:
    count(record(target="numbers/new", input_tokens=1))
    SPENT.knows.append("numbers/new".__eq__)
    for _ in range(STRANGERS_AT_ONCE + 1):
        count(record(target="numbers/new", input_tokens=1))
    assert cell(TOKENS.cells, "numbers/new", "input")[0] > 0


def test_the_first_output_counts_by_provider(count: RequestNumbers) -> None:
    count(record(target="slow/model", first_seconds=2.0, stream=True))
    assert cell(FIRST_OUTPUT_SECONDS.cells, "slow")[FIRST_OUTPUT_SECONDS.bounds.index(2.5)] == 1


def test_methods_and_paths_that_clients_make_up_leave_no_trace(count: RequestNumbers) -> None:
    before = cell(REQUESTS.cells, "unknown", "other", 404, "openai")[0]
    for number in range(3):
        count(record(route="unknown", method=f"M{number}", path=f"/{number}", status=404))
    assert cell(REQUESTS.cells, "unknown", "other", 404, "openai") == [before + 3]
    assert not any("M1" in labels for labels in REQUESTS.cells)
