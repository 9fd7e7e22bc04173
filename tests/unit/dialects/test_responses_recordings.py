"""Recorded Responses traffic, relayed: nothing is lost, nothing is invented, and what must not change does not."""

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.errors import UpstreamError
from antiphon.gateway.history import new_items
from antiphon.protocols import Target, Turn
from antiphon.quirks import Quirks
from antiphon.wire.envelope import unpacked
from antiphon.wire.events import LIFECYCLE, TERMINAL, Chunk, Event, render
from antiphon.wire.requests import is_item, parse_request
from tests.fakes import CALLER, SEALER, ScriptedProvider, pseudonym, surroundings, target
from tests.grammar import check_stream
from tests.replayed import Exchange, answers, name_of, requests

OURS = {"metadata", "previous_response_id", "conversation", "background", "store", "provider", "strict"} | {
    "context_management"
}
KEEPALIVES = {"keepalive", "ping"}
REPLACED = frozenset(
    {"id", "created_at", "background", "conversation", "metadata", "model", "previous_response_id", "usage"}
    | {"prompt_cache_key", "provider", "safety_identifier", "store", "user"}
)


def recorded(*, streamed: bool) -> list[Exchange]:
    return [each for each in answers("openai-responses") if ("sse" in each["response"]) is streamed]


def turn_for(body: dict[str, Any] | None, **extra: Any) -> Turn:
    around = surroundings()
    members = {"model": "m", "input": "x"} | {k: v for k, v in (body or {}).items() if k != "background"} | extra
    request = parse_request(msgspec.json.encode(members))
    return Turn(
        id=around.new_id("resp"),
        created_at=7,
        caller=CALLER,
        request=request,
        input=new_items(request, around.new_id, []),
        new_id=around.new_id,
        clock=around.clock,
    )


def at(model: str = "m", **quirks: Any) -> Target:
    return target(ResponsesUpstream(SEALER, pseudonym), ScriptedProvider().post, quirks=Quirks(**quirks))


def relayed(text: bytes, turn: Turn, cuts: list[int] | None = None) -> list[Chunk]:
    reader = ResponsesUpstream(SEALER, pseudonym).reader(turn, at())
    places = sorted({0, len(text), *(cut for cut in cuts or [] if cut < len(text))})
    chunks = [reader.feed(text[start:stop]) for start, stop in itertools.pairwise(places)]
    if reader.outcome is None:
        chunks.append(reader.close())
    return [chunk for chunk in chunks if chunk.events]


def assert_kept(upstream: dict[str, Any], answer: dict[str, Any]) -> None:
    """Every member of the upstream's answer that only it knows is there, with what it said."""
    for name, value in upstream.items():
        if name in REPLACED or value is None:
            continue
        if is_item(value):
            assert all(answer[name][key] == part for key, part in value.items() if part is not None)
        elif name == "output":
            assert bare(answer[name]) == bare(value)
        elif name != "tools" or "mcp" not in json.dumps(value):
            assert answer[name] == value


def opened(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with the provider's own blobs in place of the gateway's."""
    return [item | {"encrypted_content": blob} if (blob := inside(item)) else item for item in items]


def inside(item: dict[str, Any]) -> str | None:
    blob = item.get("encrypted_content")
    if item["type"] != "reasoning" or not blob:
        return None
    envelope = unpacked(SEALER.open(CALLER.tenant, blob))
    assert envelope is not None
    assert envelope.items[0]["id"] == item["id"]
    return envelope.items[0]["encrypted_content"]


def bare(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in item.items() if k != "encrypted_content"} for item in items]


def as_relayed(event: dict[str, Any]) -> dict[str, Any]:
    """A provider's event without its number, and reasoning as it is announced: without its blob."""
    event = event | {"sequence_number": 0}
    if event["type"] == "response.output_item.added" and event["item"]["type"] == "reasoning":
        event["item"] = bare([event["item"]])[0]
    return event


def as_sent(event: dict[str, Any]) -> dict[str, Any]:
    event = event | {"sequence_number": 0}
    return event | {"item": opened([event["item"]])[0]} if "item" in event else event


def events_in(chunks: list[Chunk]) -> list[Event]:
    return [event for chunk in chunks for event in chunk.events]


@pytest.mark.parametrize("exchange", recorded(streamed=True), ids=name_of)
def test_a_recorded_stream_is_relayed_whole(exchange: Exchange) -> None:
    text = exchange["response"]["sse"].encode()
    turn = turn_for(exchange["request"]["body"], stream=True, store=False)
    chunks = relayed(text, turn)
    events = events_in(chunks)
    check_stream(events, relayed=True)
    said = [json.loads(line[6:]) for line in text.decode().splitlines() if line.startswith("data: {")]
    said = [event for event in said if event["type"] not in KEEPALIVES]
    told = [json.loads(event.data) for event in events]
    plain = [event for event in told if event["type"] not in LIFECYCLE | TERMINAL]
    for event in (event for event in said if event["type"] not in LIFECYCLE | TERMINAL):
        assert as_relayed(event) in list(map(as_sent, plain))
    end, final = said[-1]["response"], told[-1]["response"]
    assert final["id"] == turn.id
    done = {event["output_index"]: event["item"] for event in told if event["type"] == "response.output_item.done"}
    thoughts = [(place, item) for place, item in enumerate(final["output"]) if item["type"] == "reasoning"]
    assert all(item == done[place] for place, item in thoughts)
    assert bare(final["output"]) == bare(end["output"])
    assert_kept(end, final)


@pytest.mark.parametrize("exchange", recorded(streamed=True), ids=name_of)
def test_whole_and_streamed_answers_give_the_same_snapshot(exchange: Exchange) -> None:
    turn = turn_for(exchange["request"]["body"], stream=True, store=False)
    reader = ResponsesUpstream(SEALER, pseudonym).reader(turn, at())
    text = exchange["response"]["sse"].encode()
    events = list(reader.feed(text).events) + list(reader.close().events)
    end = [json.loads(line[6:]) for line in text.decode().splitlines() if line.startswith("data: {")][-1]
    whole = ResponsesUpstream(SEALER, pseudonym).whole(turn, at(), msgspec.json.encode(end["response"]))
    assert reader.outcome is not None
    told = json.loads(reader.outcome.body)
    assert json.loads(events[-1].data)["response"] == told
    one = json.loads(whole.body)
    assert told | {"output": bare(told["output"])} == one | {"output": bare(one["output"])}


@given(data=st.data())
@settings(max_examples=60)
def test_events_do_not_depend_on_how_the_bytes_were_cut_and_verbatim_is_what_would_be_rendered(data: Any) -> None:
    exchange = data.draw(st.sampled_from(recorded(streamed=True)))
    text = exchange["response"]["sse"].encode()
    turn = turn_for(exchange["request"]["body"], stream=True)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=20))
    chunks = relayed(text, turn, cuts)
    assert events_in(chunks) == events_in(relayed(text, turn))
    for chunk in chunks:
        assert render(chunk) == render(Chunk(chunk.events))


@pytest.mark.parametrize("exchange", recorded(streamed=False), ids=name_of)
def test_a_recorded_answer_keeps_every_member(exchange: Exchange) -> None:
    turn = turn_for(exchange["request"]["body"])
    body = exchange["response"]["body"]
    outcome = ResponsesUpstream(SEALER, pseudonym).whole(turn, at(), json.dumps(body).encode())
    answer = json.loads(outcome.body)
    assert answer["id"] == turn.id
    assert outcome.upstream_id == body["id"]
    assert opened(answer["output"]) == body["output"]
    assert body.keys() <= answer.keys()
    assert_kept(body, answer)
    if body.get("usage"):
        assert answer["usage"]["raw_usage"] == body["usage"]


@pytest.mark.parametrize("exchange", requests("openai-responses"), ids=name_of)
def test_a_recorded_request_reaches_the_provider_as_it_was(exchange: Exchange) -> None:
    sent = exchange["request"]["body"]
    sent = {name: value for name, value in sent.items() if name != "background"}
    turn = turn_for(sent)
    built = json.loads(ResponsesUpstream(SEALER, pseudonym).build(turn, at(stores=False)).body)
    for name in sent.keys() - OURS - {"model", "input", "stream", "user", "safety_identifier", "prompt_cache_key"}:
        assert built[name] == sent[name]
    assert not (OURS - {"provider"}) & built.keys()
    if isinstance(sent.get("input"), str):
        assert built["input"] == sent["input"]


def test_a_stream_cut_anywhere_has_failed_or_is_complete() -> None:
    text = recorded(streamed=True)[0]["response"]["sse"].rstrip("\n").encode()
    turn = turn_for(None, stream=True)
    for cut in range(0, len(text), max(1, len(text) // 200)):
        with pytest.raises(UpstreamError):
            relayed(text[:cut], turn)
    assert events_in(relayed(text, turn))[-1].type in TERMINAL
