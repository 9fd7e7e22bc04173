"""The routes of conversations with bare HTTP: spellings, limits, and whose they are."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import httpx
import openai
import pytest

from tests.e2e.exchanges import message, native_whole
from tests.e2e.gateway import KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.test_chains import texts
from tests.e2e.test_routes import PREFIXES, envelope
from tests.e2e.upstream import Provider

UNKNOWN = "conv_" + "0" * 48
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
MANY: list[Any] = [{"role": "user", "content": str(n)} for n in range(20)]


ILLEGAL: list[tuple[str, str, Any, tuple[str, str]]] = [
    ("POST", "", {"items": [*MANY, MANY[0]]}, ("array_above_max_length", "items")),
    ("POST", "", {"items": ["x"]}, ("invalid_type", "items")),
    ("POST", "", {"items": [{}]}, ("missing_required_parameter", "items[0].type")),
    ("POST", "", {"items": [{"role": "user"}]}, ("missing_required_parameter", "items[0].content")),
    ("POST", "", {"items": [{"type": "telepathy"}]}, ("invalid_value", "items[0].type")),
    ("POST", "", {"items": [{"role": "king", "content": "x"}]}, ("invalid_value", "items[0].role")),
    ("POST", "", {"items": [{"role": "user", "content": [{"type": "x"}]}]}, ("invalid_value", "items[0]")),
    ("POST", "", {"items": [{"role": "user", "content": ["x"]}]}, ("invalid_type", "items[0].content[0]")),
    ("POST", "", {"items": [CALL | {"arguments": None}]}, ("missing_required_parameter", "items[0].arguments")),
    ("POST", "", {"items": [CALL | {"arguments": {}}]}, ("invalid_type", "items[0].arguments")),
    ("POST", "/{id}/items", {"items": [{"type": "telepathy"}]}, ("invalid_value", "items[0].type")),
    ("POST", "", {"items": [MANY[0] | {"id": "a b"}]}, ("invalid_value", "items[0].id")),
    ("POST", "", {"items": [{"type": "item_reference", "id": "x"}]}, ("unsupported_value", "items[0].type")),
    ("POST", "", {"metadata": {str(n): "" for n in range(17)}}, ("object_above_max_length", "metadata")),
    ("POST", "", {"metadata": {"k" * 65: "v"}}, ("string_above_max_length", "metadata")),
    ("POST", "", {"metadata": {"k": "v" * 513}}, ("string_above_max_length", "metadata")),
    ("POST", "", {"metadata": {"k": 1}}, ("invalid_type", "metadata")),
    ("POST", "/{id}", {}, ("missing_required_parameter", "metadata")),
    ("POST", "/{id}/items", {}, ("missing_required_parameter", "items")),
    ("POST", "/{id}/items", {"items": []}, ("array_below_min_length", "items")),
    ("POST", "/{id}/items", {"items": [*MANY, MANY[0]]}, ("array_above_max_length", "items")),
    ("POST", "/{id}/items?include=nothing", {"items": MANY}, ("invalid_value", "include")),
    ("GET", "/{id}/items?limit=0", None, ("invalid_value", "limit")),
    ("GET", "/{id}/items?limit=101", None, ("invalid_value", "limit")),
    ("GET", "/{id}/items?limit=1_0", None, ("invalid_value", "limit")),
    ("GET", "/{id}/items?order=up", None, ("invalid_value", "order")),
    ("GET", "/{id}/items?after=msg_nowhere", None, ("invalid_value", "after")),
    ("GET", "/{id}/items?before=msg_nowhere", None, ("invalid_value", "before")),
    ("GET", "/{id}/items/msg_1?include=nothing", None, ("invalid_value", "include")),
]


@pytest.fixture
def conversation(client: openai.OpenAI) -> str:
    return client.conversations.create(items=[{"role": "user", "content": "0"}]).id


@pytest.fixture
def of_chain(client: openai.OpenAI, native: Provider) -> str:
    """The conversation of a chain of two."""
    native.answer(native_whole(message("A", "msg_a")), native_whole(message("B", "msg_b")))
    first = client.responses.create(model=NATIVE_MODEL, input="1")
    client.responses.create(model=NATIVE_MODEL, input="2", previous_response_id=first.id)
    assert first.conversation is not None
    native.seen.clear()
    return first.conversation.id


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_route_answers_under_every_prefix(wire: httpx.Client, prefix: str, slash: str) -> None:
    made = wire.post(f"{prefix}/conversations{slash}").json()
    assert made["metadata"] == {}
    where = f"{prefix}/conversations/{made['id']}"
    assert wire.get(where + slash).json() == made
    assert wire.post(where + slash, json={"metadata": {"a": "b"}}).json() == made | {"metadata": {"a": "b"}}
    assert wire.get(f"{where}/items{slash}").json() == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }
    (item,) = wire.post(f"{where}/items{slash}", json={"items": MANY[:1]}).json()["data"]
    assert wire.get(f"{where}/items/{item['id']}{slash}").json() == item
    assert wire.delete(f"{where}/items/{item['id']}{slash}").json()["id"] == made["id"]
    assert wire.delete(where + slash).json()["deleted"] is True
    assert wire.get(where + slash).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    ILLEGAL,
)
def test_what_is_not_legal_is_refused(
    wire: httpx.Client, conversation: str, method: str, path: str, body: Any, told: tuple[str, str]
) -> None:
    answer = wire.request(method, "/v1/conversations" + path.format(id=conversation), json=body)
    assert answer.status_code == 400, answer.text
    error = envelope(answer)
    assert (error["code"], (error["param"] or "").partition("[")[0]) == (told[0], told[1].partition("[")[0])


def test_items_may_say_null_for_what_they_leave_out(wire: httpx.Client) -> None:
    items = [{"type": None, "role": "user", "content": "Hi"}, CALL | {"id": None}, CALL | {"id": None}]
    made = wire.post("/v1/conversations", json={"items": items})
    assert made.status_code == 200, made.text
    kept = wire.get(f"/v1/conversations/{made.json()['id']}/items", params={"order": "asc"}).json()["data"]
    assert [item["type"] for item in kept] == ["message", "function_call", "function_call"]
    assert len({item["id"] for item in kept}) == len(items)


def test_a_foreign_conversation_is_an_unknown_one(
    gateway: Gateway, client: openai.OpenAI, conversation: str, of_chain: str
) -> None:
    item = next(iter(client.conversations.items.list(conversation))).id
    asks: list[tuple[str, str, Any]] = [
        ("GET", "/v1/conversations/{id}", None),
        ("POST", "/v1/conversations/{id}", {"metadata": {"stolen": "yes"}}),
        ("DELETE", "/v1/conversations/{id}", None),
        ("POST", "/v1/conversations/{id}/items", {"items": MANY[:1]}),
        ("GET", "/v1/conversations/{id}/items", None),
        ("GET", f"/v1/conversations/{{id}}/items/{item}", None),
        ("DELETE", f"/v1/conversations/{{id}}/items/{item}", None),
    ]
    with gateway.wire(KEY_B) as other:
        for method, path, body in asks:
            answers: set[tuple[int, str]] = set()
            for id_ in (conversation, of_chain, UNKNOWN):
                answer = other.request(method, path.format(id=id_), json=body)
                answers.add((answer.status_code, answer.text.replace(id_, "ID")))
            ((status, _),) = answers
            assert status == 404
        told: set[tuple[int, str]] = set()
        for id_ in (conversation, of_chain, UNKNOWN):
            body = {"model": NATIVE_MODEL, "input": "x", "conversation": id_}
            answer = other.post("/v1/responses", json=body)
            told.add((answer.status_code, answer.text.replace(id_, "ID")))
        ((status, _),) = told
        assert status == 404
    assert client.conversations.retrieve(conversation).metadata == {}


def test_a_turn_that_is_not_stored_leaves_nothing_behind(
    gateway: Gateway, client: openai.OpenAI, native: Provider, of_chain: str
) -> None:
    def rows() -> list[int]:
        tables = ("responses", "conversations", "conversation_items")
        with closing(sqlite3.connect(gateway.database)) as connection:
            return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]  # noqa: S608

    before = rows()
    native.answer(native_whole(message("C")))
    client.responses.create(model=NATIVE_MODEL, input="3", conversation=of_chain, store=False)
    assert texts(native.seen[0].json["input"])[-1] == ("user", "3")
    assert len(native.seen[0].json["input"]) == 5
    assert rows() == before
