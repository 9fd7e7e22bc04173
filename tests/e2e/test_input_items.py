"""What was in an answer's context as input, page by page."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import httpx
import openai
import pytest

from tests.e2e.exchanges import message, native_whole
from tests.e2e.gateway import NATIVE_MODEL
from tests.e2e.upstream import Provider

COUNT = 7
ORDERS: tuple[Literal["asc", "desc"], ...] = ("asc", "desc")


@pytest.fixture
def made(client: openai.OpenAI, native: Provider) -> str:
    """A response whose context are seven items: three of its parent, its parent's answer, three of its own."""
    native.answer(native_whole(message("A")), native_whole(message("B", "msg_2")))
    first = client.responses.create(
        model=NATIVE_MODEL, input=[{"role": "user", "content": f"parent {n}"} for n in range(3)]
    )
    return client.responses.create(
        model=NATIVE_MODEL,
        input=[{"role": "user", "content": f"child {n}"} for n in range(3)],
        previous_response_id=first.id,
    ).id


def ids(wire: httpx.Client, made: str, **query: Any) -> list[str]:
    answer = wire.get(f"/v1/responses/{made}/input_items", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["data"]]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("limit", range(1, COUNT + 3))
def test_paging_by_itself_brings_every_item_once(
    client: openai.OpenAI, made: str, limit: int, order: Literal["asc", "desc"]
) -> None:
    items = list(client.responses.input_items.list(made, limit=limit, order=order))
    texts = [item.model_dump()["content"][0]["text"] for item in items]
    expected = ["parent 0", "parent 1", "parent 2", "A", "child 0", "child 1", "child 2"]
    assert texts == (expected if order == "asc" else expected[::-1])
    assert len({item.id for item in items}) == COUNT


@pytest.mark.parametrize("order", ORDERS)
def test_after_and_before_are_exclusive_in_the_order_asked_for(
    wire: httpx.Client, made: str, order: Literal["asc", "desc"]
) -> None:
    everything = ids(wire, made, order=order)
    for place, item in enumerate(everything):
        assert ids(wire, made, order=order, after=item) == everything[place + 1 :]
        assert ids(wire, made, order=order, before=item) == everything[:place]
    for (first, a), (last, b) in itertools.combinations(enumerate(everything), 2):
        assert ids(wire, made, order=order, after=a, before=b) == everything[first + 1 : last]


def test_a_page_tells_exactly_whether_there_is_more(wire: httpx.Client, made: str) -> None:
    for limit in range(1, COUNT + 2):
        page = wire.get(f"/v1/responses/{made}/input_items", params={"limit": limit}).json()
        assert page["object"] == "list"
        assert page["has_more"] is (limit < COUNT)
        assert page["first_id"] == page["data"][0]["id"]
        assert page["last_id"] == page["data"][-1]["id"]
        assert len(page["data"]) == min(limit, COUNT)


def test_a_page_beyond_the_end_is_empty(wire: httpx.Client, made: str) -> None:
    last = ids(wire, made)[-1]
    page = wire.get(f"/v1/responses/{made}/input_items", params={"after": last}).json()
    assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def test_newest_first_and_twenty_are_the_defaults(wire: httpx.Client, native: Provider) -> None:
    native.answer(native_whole(message("A")))
    many = [{"role": "user", "content": str(n)} for n in range(25)]
    made = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": many}).json()["id"]
    page = wire.get(f"/v1/responses/{made}/input_items").json()
    assert [item["content"][0]["text"] for item in page["data"]] == [str(n) for n in range(24, 4, -1)]
    assert page["has_more"] is True


def test_a_text_is_shown_as_the_message_it_stands_for(wire: httpx.Client, native: Provider) -> None:
    native.answer(native_whole(message("A")))
    made = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi", "instructions": "Be brief"}).json()
    (item,) = wire.get(f"/v1/responses/{made['id']}/input_items").json()["data"]
    assert item.pop("id").startswith("msg_")
    content = [{"type": "input_text", "text": "Hi"}]
    assert item == {"type": "message", "status": "completed", "role": "user", "content": content}


def test_ids_of_items_are_the_same_on_every_look_and_in_descendants(
    client: openai.OpenAI, wire: httpx.Client, native: Provider
) -> None:
    native.answer(native_whole(message("A")), native_whole(message("B", "msg_2")))
    first = client.responses.create(model=NATIVE_MODEL, input="Hi")
    second = client.responses.create(model=NATIVE_MODEL, input="Again", previous_response_id=first.id)
    own = ids(wire, first.id)
    assert ids(wire, first.id) == own
    assert ids(wire, second.id, order="asc")[:2] == [*own, first.output[0].id]


@pytest.mark.parametrize("order", ORDERS)
def test_items_that_share_an_id_are_all_listed(
    client: openai.OpenAI, native: Provider, order: Literal["asc", "desc"]
) -> None:
    """Some providers count their item ids anew in every answer, and some clients send items again."""
    native.answer(*(native_whole(message(text, "msg_0")) for text in "ABC"))
    made: str | None = None
    for text in "123":
        made = client.responses.create(model=NATIVE_MODEL, input=text, previous_response_id=made).id
    items = client.responses.input_items.list(made or "", limit=1, order=order)
    texts = [item.model_dump()["content"][0]["text"] for item in items]
    assert texts == (["1", "A", "2", "B", "3"] if order == "asc" else ["3", "B", "2", "A", "1"])


@pytest.mark.parametrize("given", [None, "", 5])
def test_what_is_no_id_gives_way_to_one(
    client: openai.OpenAI, wire: httpx.Client, native: Provider, given: object
) -> None:
    """Clients write what they do not know as null or as nothing, and stop paging at an empty id."""
    native.answer(native_whole(message("A")))
    call: Any = {"id": given, "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    output: Any = {"id": given, "type": "function_call_output", "call_id": "call_1", "output": "x"}
    asked: Any = {"id": given, "role": "user", "content": "Hi"}
    made = client.responses.create(model=NATIVE_MODEL, input=[asked, call, output])
    listed = [item.id or "" for item in client.responses.input_items.list(made.id, limit=1, order="asc")]
    assert [id.partition("_")[0] for id in listed] == ["msg", "fc", "fco"]
    assert made.conversation is not None
    shown = wire.get(f"/v1/conversations/{made.conversation.id}/items", params={"order": "asc"}).json()["data"]
    assert [item["id"] for item in shown] == [*listed, made.output[0].id]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("order=up", "order"),
        ("after=msg_nowhere", "after"),
        ("before=msg_nowhere", "before"),
        ("include=everything", "include"),
        ("include[]=everything", "include"),
    ],
)
def test_what_is_not_legal_is_refused(wire: httpx.Client, made: str, query: str, param: str) -> None:
    answer = wire.get(f"/v1/responses/{made}/input_items?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert answer.json()["error"]["code"] == "invalid_value"


def test_an_image_is_shown_only_to_who_asks_for_it(wire: httpx.Client, native: Provider) -> None:
    native.answer(native_whole(message("A cat")))
    image = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}
    asked = [{"role": "user", "content": [{"type": "input_text", "text": "What?"}, image]}]
    made = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": asked}).json()["id"]
    where = f"/v1/responses/{made}/input_items"
    assert "image_url" not in wire.get(where).json()["data"][0]["content"][1]
    for spelled in ("include=", "include[]="):
        answer = wire.get(f"{where}?{spelled}message.input_image.image_url")
        assert answer.json()["data"][0]["content"][1] == image
