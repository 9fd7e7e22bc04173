"""The page of scaling shows what the model says, and the model of commits obeys what is known of queues."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from benchmarks.scaling.capacity import Model, cost_table, fleet_table
from benchmarks.scaling.group_commit import Fleet, simulated
from benchmarks.scaling.page import PAGE

TURNS: Final = 4_000
FLEET: Final = Fleet(replicas=50, turns_a_second=10.0, flush=2e-3, a_transaction=2e-4, a_turn=1e-4, cores=4)
ALONE: Final = FLEET.a_transaction + FLEET.a_turn + FLEET.flush


def test_the_page_shows_what_the_model_says() -> None:
    page = PAGE.read_text("utf-8")
    assert fleet_table(Model()) in page
    assert cost_table(Model()) in page


def test_a_turn_that_meets_nobody_waits_for_itself_alone() -> None:
    said = simulated(FLEET, TURNS)
    assert said.median == pytest.approx(ALONE)
    assert said.turns_a_second == pytest.approx(10.0, rel=0.1)
    assert said.turns_a_transaction == 1


def test_no_turn_is_quicker_than_alone_and_more_load_is_slower() -> None:
    slow = [simulated(replace(FLEET, turns_a_second=rate), TURNS).mean for rate in (10.0, 1_000.0, 8_000.0)]
    assert [ALONE, *slow] == sorted([ALONE, *slow])


def test_cores_bound_what_is_stored_and_sharing_a_transaction_lifts_the_bound() -> None:
    full = simulated(replace(FLEET, turns_a_second=40_000.0, replicas=2_000), TURNS)
    assert full.cores_busy == pytest.approx(4, rel=0.05)
    assert full.turns_a_second < 4 / FLEET.a_turn
    shared = simulated(replace(FLEET, turns_a_second=40_000.0, replicas=10), TURNS)
    assert shared.turns_a_transaction > full.turns_a_transaction
    assert shared.turns_a_second > full.turns_a_second


def test_replicas_that_always_have_a_turn_are_bound_by_the_disk() -> None:
    said = simulated(replace(FLEET, turns_a_second=None, replicas=8, cores=8), TURNS)
    assert said.turns_a_second == pytest.approx(8 / (2 * FLEET.flush), rel=0.3)
