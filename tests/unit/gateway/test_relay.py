"""Streams that are relayed: the same bytes whether their client takes them at once or has to be waited for."""

from __future__ import annotations

import dataclasses
from itertools import cycle, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from antiphon.errors import AntiphonError, UpstreamBroke, UpstreamError
from antiphon.gateway.errands import Errand
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.relay import Client, Relay
from antiphon.gateway.retries import RetryPolicy
from antiphon.protocols import Target
from tests.fakes import FixedRouter, ScriptedProvider, Step, stream_reply, target
from tests.gemini_streams import GEMINI

EVENTS = [b'data: {"choices":[{"delta":{"content":"%d"}}]}\n\n' % number for number in range(9)]
END = b'data: {"choices":[{"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
FAILS = b'data: {"error":{"message":"It broke.","code":503}}\n\n'
ASKED = b'{"model":"model","stream":true,"messages":[]}'


class Hearer(Client):
    """Keeps what it is told, and takes by turns what it does not have to be awaited for."""

    def __init__(self, takes: list[bool]) -> None:
        self.heard = b""
        self.at_once = 0
        self.opened = 0
        self._takes = cycle(takes)

    @override
    async def answer(self, target: Target, body: bytes) -> None:
        raise AssertionError(body)

    @override
    async def open(self, target: Target) -> None:
        self.opened += 1

    @override
    def take(self, data: bytes) -> bool:
        takes = next(self._takes)
        if takes:
            self.heard += data
            self.at_once += 1
        return takes

    @override
    async def pass_on(self, data: bytes) -> None:
        self.heard += data


async def relayed(client: Client, *steps: bytes | Step) -> None:
    provider = ScriptedProvider(stream_reply(*steps))
    asked = dataclasses.replace(target(GEMINI, provider.post), relays={"chat": provider.post})
    relay = Relay("chat", FixedRouter(asked), RetryPolicy(attempts_per_target=1), lambda: 0.0, LiveAnswers())
    request = await relay.read(ASKED)
    assert request is not None
    await relay.pass_on(request, client, Errand(model="model", streamed=True))


@given(takes=st.lists(st.booleans(), min_size=1, max_size=6), cuts=st.sets(st.integers(1, 400)))
async def test_every_byte_is_relayed_once_and_in_order(takes: list[bool], cuts: set[int]) -> None:
    client = Hearer(takes)
    stream = b"".join(EVENTS) + END
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    await relayed(client, *[stream[start:end] for start, end in pairwise(edges)])
    assert client.heard == stream
    assert client.opened == 1


async def test_a_client_that_keeps_up_is_never_awaited_again() -> None:
    client = Hearer([True])
    await relayed(client, *EVENTS, END)
    assert client.at_once == len(EVENTS)


@pytest.mark.parametrize("takes", [True, False])
@pytest.mark.parametrize(
    ("last", "error"),
    [(FAILS, UpstreamError), (b"data: {", UpstreamBroke), (Step(error=UpstreamBroke("It was cut.")), UpstreamBroke)],
    ids=["error", "half", "cut"],
)
async def test_what_goes_wrong_on_the_way_is_told(takes: bool, last: bytes | Step, error: type[AntiphonError]) -> None:  # noqa: FBT001
    client = Hearer([takes])
    with pytest.raises(error):
        await relayed(client, *EVENTS, last)
    assert client.heard == b"".join(EVENTS)
