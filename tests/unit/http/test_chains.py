"""What a connection remembers gives the very chain that a store which has everything would give."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.gateway.history import lineage_of
from antiphon.http.chains import Ancestry, Chain, ChainMemory, Chains
from antiphon.protocols import StoredTurn, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.requests import parse_request
from tests.fakes import CALLER, MemoryResponses

MEGABYTE = 1024 * 1024


def turn(number: int, *, stored: bool, size: int = 0) -> tuple[Turn, Outcome]:
    request = parse_request(json.dumps({"input": "x", "store": stored}).encode())
    item = {"id": f"msg_{number}", "type": "message", "role": "user", "content": f"{number}" + "x" * size}
    output: list[Any] = [
        {"id": f"rs_{number}", "type": "reasoning", "summary": []},
        {"id": f"out_{number}", "type": "message", "role": "assistant", "content": []},
    ]
    body: Any = {"id": f"resp_{number}", "tools": ["not", "kept"], "provider": f"p{number % 2}", "output": output}
    made = Turn(
        id=f"resp_{number}",
        created_at=1,
        caller=CALLER,
        request=request,
        input=[item],
        new_id=lambda prefix: prefix,
        clock=lambda: 1.0,
        conversation="conv_1",
    )
    return made, Outcome("completed", json.dumps(body).encode())


async def keep(store: MemoryResponses, made: Turn, outcome: Outcome, parent: str | None) -> None:
    await store.save(
        StoredTurn(
            id=made.id,
            tenant=CALLER.tenant,
            parent_id=parent,
            conversation_id=made.conversation,
            created_at=1,
            expires_at=None,
            status=outcome.status,
            model="m",
            provider="p",
            upstream_id=None,
            input=json.dumps(made.input).encode(),
            body=outcome.body,
        )
    )


async def go_on(
    chains: Chains, store: MemoryResponses, number: int, parent: str | None, *, stored: bool, lane: str | None = None
) -> Any:
    """One more turn; its parent's lineage."""
    ancestry = Ancestry(chains, store)
    found = None if parent is None else await ancestry(CALLER.tenant, parent)
    made, outcome = turn(number, stored=stored)
    if stored:
        await keep(store, made, outcome, parent)
    ancestry.lead(lane, made, outcome)
    return None if found is None else lineage_of(found)


@given(st.lists(st.booleans(), min_size=1, max_size=8))
async def test_a_chain_of_stored_and_unstored_turns_is_what_a_store_of_all_of_them_gives(kept: list[bool]) -> None:
    chains, store, everything = ChainMemory(MEGABYTE).connected(), MemoryResponses(), MemoryResponses()
    parent = None
    for number, stored in enumerate([*kept, True]):
        found = await go_on(chains, store, number, parent, stored=stored)
        if parent is not None:
            whole = await everything.lineage(CALLER.tenant, parent)
            assert whole is not None
            assert found == lineage_of(whole)
        await keep(everything, *turn(number, stored=True), parent)
        parent = f"resp_{number}"
    assert set(store.turns) == {f"resp_{number}" for number, stored in enumerate([*kept, True]) if stored}


async def test_deleting_what_is_stored_breaks_the_chain_here_too() -> None:
    chains, store = ChainMemory(MEGABYTE).connected(), MemoryResponses()
    parent = None
    for number, stored in enumerate([True, False, True, False]):
        await go_on(chains, store, number, parent, stored=stored)
        parent = f"resp_{number}"
    assert await Ancestry(chains, store)(CALLER.tenant, "resp_3") is not None
    orphan = store.turns["resp_2"]
    await store.delete(CALLER.tenant, "resp_2")
    assert await Ancestry(chains, store)(CALLER.tenant, "resp_3") is None
    await store.save(orphan)
    await store.delete(CALLER.tenant, "resp_0")
    assert await Ancestry(chains, store)(CALLER.tenant, "resp_3") is None


async def test_what_the_model_was_not_given_is_remembered_all_the_same() -> None:
    chains, store = ChainMemory(MEGABYTE).connected(), MemoryResponses()
    made, outcome = turn(1, stored=False)
    made.kept, made.input = made.input, []
    Ancestry(chains, store).lead(None, made, outcome)
    found = await Ancestry(chains, store)(CALLER.tenant, "resp_1")
    assert found is not None
    assert lineage_of(found).items[0] == made.kept[0]


async def test_only_the_newest_of_each_lane_is_held_and_only_by_its_own_connection_and_tenant() -> None:
    memory, store = ChainMemory(MEGABYTE), MemoryResponses()
    chains, other = memory.connected(), memory.connected()
    await go_on(chains, store, 1, None, stored=False)
    await go_on(chains, store, 2, None, stored=False, lane="a")
    await go_on(chains, store, 3, "resp_1", stored=False)
    for gone in ("resp_1", "resp_9"):
        assert await Ancestry(chains, store)(CALLER.tenant, gone) is None
    for held in ("resp_2", "resp_3"):
        assert await Ancestry(chains, store)(CALLER.tenant, held) is not None
        assert await Ancestry(chains, store)("somebody else", held) is None
        assert await Ancestry(other, store)(CALLER.tenant, held) is None
    chains.evict("a", "resp_3")
    assert await Ancestry(chains, store)(CALLER.tenant, "resp_3") is not None
    chains.evict(None, "resp_3")
    assert await Ancestry(chains, store)(CALLER.tenant, "resp_3") is None
    chains.close()
    assert memory.size == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 30_000)), max_size=40))
def test_memory_is_bounded_for_all_and_for_each(steps: list[tuple[int, str, int]]) -> None:
    memory = ChainMemory(60_000)
    connections = [memory.connected() for _ in range(3)]
    for number, (which, lane, size) in enumerate(steps):
        made, outcome = turn(number, stored=False, size=size)
        chain = Chain("", CALLER.tenant, None, ()).followed_by(made, outcome)
        connections[which].keep(lane, chain)
        held = connections[which].find(CALLER.tenant, made.id)
        assert (held is not None) == (chain.size <= 15_000)
        assert memory.size <= 60_000
    for connection in connections:
        connection.close()
    assert memory.size == 0


def test_a_stored_chain_costs_an_id() -> None:
    made, outcome = turn(1, stored=True, size=10_000)
    chain = Chain("", CALLER.tenant, None, ()).followed_by(made, outcome)
    assert chain.root == made.id
    assert chain.size < 1000


@pytest.mark.parametrize("stored", [True, False])
def test_a_forgotten_newest_makes_room_for_the_next(*, stored: bool) -> None:
    memory = ChainMemory(60_000)
    chains = memory.connected()
    for number in range(100):
        made, outcome = turn(number, stored=stored, size=5_000)
        chains.keep(None, Chain("", CALLER.tenant, None, ()).followed_by(made, outcome))
        assert chains.find(CALLER.tenant, made.id) is not None
    assert memory.size < 10_000
