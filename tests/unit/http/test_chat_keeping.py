"""What is passed on to a client who wants its chat completion kept: everything at once, but for the end."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.errors import StoreFailed
from antiphon.http.chat_keeping import KeptAnswer
from antiphon.http.relaying import Ending
from antiphon.protocols import Target
from tests.fakes import SEALER, ScriptedProvider, pseudonym, target

CHUNK = b'data: {"id":"x","choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
END = b"data: [DONE]\n\n"
STREAM = CHUNK + b": ping\n\n" + CHUNK + END


class Client(Ending):
    """Remembers what it was sent, and what it had when the answer was kept."""

    def __init__(self, *, failing: bool = False) -> None:
        self.sent = b""
        self.had: bytes | None = None
        self.kept: list[bytes] = []
        self.closed = False
        self._failing = failing

    async def keep(self, _: Target, body: bytes) -> None:
        self.had = self.sent
        if self._failing:
            raise StoreFailed("The disk is full.")
        self.kept.append(body)

    @override
    async def answer(self, target: Target, body: bytes) -> None:
        self.sent += body

    @override
    async def open(self, target: Target) -> None:
        pass

    @override
    def take(self, data: bytes) -> bool:
        raise AssertionError(data)

    @override
    async def pass_on(self, data: bytes) -> None:
        self.sent += data

    @override
    async def close(self) -> None:
        self.closed = True

    @override
    async def broke(self, last: bytes) -> None:
        self.sent += last


async def passed(client: Client, *pieces: bytes) -> None:
    between = KeptAnswer(client, client.keep)
    await between.open(target(ChatUpstream(SEALER, pseudonym), ScriptedProvider().post))
    for piece in pieces:
        await between.pass_on(piece)
    await between.close()


@given(st.lists(st.integers(0, len(STREAM)), max_size=5))
@settings(max_examples=40, deadline=None)
async def test_the_end_leaves_when_the_answer_is_kept(cuts: list[int]) -> None:
    client = Client()
    edges = [0, *sorted(cuts), len(STREAM)]
    await passed(client, *[STREAM[start:end] for start, end in itertools.pairwise(edges)])
    assert client.sent == STREAM
    assert client.had is not None
    assert b"[DONE]" not in client.had
    assert json.loads(client.kept[0])["choices"][0]["message"]["content"] == "HiHi"
    assert client.closed


async def test_what_comes_after_the_end_comes_after_it() -> None:
    client = Client()
    await passed(client, STREAM, b": one\n\n", b": two\n\n")
    assert (client.had, client.sent) == (STREAM.removesuffix(END), STREAM + b": one\n\n: two\n\n")


async def test_a_stream_without_a_mark_at_its_end_is_kept_all_the_same() -> None:
    client = Client()
    await passed(client, CHUNK)
    assert (client.sent, len(client.kept)) == (CHUNK, 1)


async def test_nothing_of_the_end_has_left_when_it_cannot_be_kept() -> None:
    client = Client(failing=True)
    with pytest.raises(StoreFailed):
        await passed(client, STREAM)
    assert client.sent == STREAM.removesuffix(END)


async def test_a_stream_that_broke_is_not_kept() -> None:
    client = Client()
    between = KeptAnswer(client, client.keep)
    await between.open(target(ChatUpstream(SEALER, pseudonym), ScriptedProvider().post))
    await between.pass_on(CHUNK)
    await between.broke(b"data: {}\n\n")
    assert (client.sent, client.kept) == (CHUNK + b"data: {}\n\n", [])


async def test_a_whole_answer_leaves_when_it_is_kept() -> None:
    client = Client()
    between = KeptAnswer(client, client.keep)
    await between.answer(target(ChatUpstream(SEALER, pseudonym), ScriptedProvider().post), b"{}")
    await between.close()
    assert (client.had, client.sent, client.kept, client.closed) == (b"", b"{}", [b"{}"], True)
