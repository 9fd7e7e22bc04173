"""What is fetched for a request: how much at most, and what stops it."""

import json
from typing import Any

import pytest
from typing_extensions import override

from antiphon.downloads import Downloaded, Downloads
from antiphon.errors import BadRequest
from antiphon.gateway.flow import Gateway, Policy
from antiphon.gateway.materials import Materials
from antiphon.protocols import Media, Target, Turn
from antiphon.wire.requests import parse_request
from tests.fakes import CALLER, FixedRouter, MemoryResponses, ScriptedProvider, no_conversations, surroundings, target
from tests.unit.providers.fakes import NamedDialect

PNG = b"\x89PNG\r\n\x1a\n"


class Blind(NamedDialect):
    """A format without addresses."""

    @override
    def unreachable(self, target: Target) -> frozenset[Media]:
        return frozenset({"image"})


class Pages(Downloads):
    """Answers by address and remembers what it was asked for."""

    def __init__(self, **pages: Downloaded | str) -> None:
        self.pages = pages
        self.asked: list[str] = []

    @property
    @override
    def most_bytes(self) -> int:
        return 1000

    @override
    async def fetch(self, url: str) -> Downloaded | str:
        name = url.removeprefix("https://h/")
        self.asked.append(name)
        return self.pages[name]


AT = target(Blind("blind"), ScriptedProvider().post)


async def brought(pages: Pages, *names: str) -> Turn:
    parts: list[dict[str, Any]] = [{"type": "input_image", "image_url": f"https://h/{name}"} for name in names]
    body = json.dumps({"model": "m", "input": [{"role": "user", "content": parts}]}).encode()
    store = MemoryResponses()
    gateway = Gateway(FixedRouter(AT), store, Policy(), surroundings(), no_conversations(store))
    turn = await gateway.open(parse_request(body), CALLER)
    await Materials(pages).bring(turn, AT)
    return turn


async def test_all_of_a_request_has_a_limit_of_its_own() -> None:
    picture = Downloaded("image/png", bytes(400))
    pages = Pages(a=picture, b=picture, c=picture)
    await brought(pages, "a", "b")
    with pytest.raises(BadRequest, match="too large together") as raised:
        await brought(pages, "a", "b", "c")
    assert raised.value.param == "input[0].content[2].image_url"


async def test_nothing_is_fetched_after_what_cannot_be_had() -> None:
    pages = Pages(**dict.fromkeys(map(str, range(20)), "its server answered with status 404"))
    with pytest.raises(BadRequest, match="status 404") as raised:
        await brought(pages, *map(str, range(20)))
    assert raised.value.param == "input[0].content[0].image_url"
    assert len(pages.asked) == 1


@pytest.mark.parametrize("told", ["image/png,x", "image/\ufffd", "image/", "image/a b"])
async def test_a_type_that_no_data_url_can_hold_is_told_from_the_bytes(told: str) -> None:
    turn = await brought(Pages(a=Downloaded(told, PNG)), "a")
    assert turn.input[0]["content"][0]["image_url"].startswith("data:image/png;base64,")


async def test_what_was_said_is_kept_and_a_second_target_is_brought_the_same() -> None:
    pages = Pages(a=Downloaded("image/png", PNG))
    turn = await brought(pages, "a")
    said, read = turn.own, turn.input
    assert said[0]["content"][0]["image_url"] == "https://h/a"
    await Materials(pages).bring(turn, AT)
    assert (turn.own, turn.input, pages.asked) == (said, read, ["a"])
