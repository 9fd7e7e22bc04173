"""Items of providers that leave things out."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from openai.types.responses import Response

from antiphon.wire.native_items import mended_item, mended_output
from antiphon.wire.usage import counted
from tests.unit.wire.test_responses import merged_with

RESPONSE = "resp_" + "0" * 47 + "1"
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
}
CALL: dict[str, Any] = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "f",
    "arguments": '{ "a":1}',
    "status": "completed",
}
ITEMS: list[dict[str, Any]] = [
    MESSAGE,
    MESSAGE | {"content": [{"type": "refusal", "refusal": "No."}], "vendor": 1.50},
    CALL | {"status": "in_progress"},
    {"id": "rs_1", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm"}]},
    {"id": "ctc_1", "type": "custom_tool_call", "call_id": "c", "name": "f", "input": ""},
    {"id": "ws_1", "type": "web_search_call", "status": "completed"},
]


def without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


def mended(item: Any, place: int = 0) -> dict[str, Any]:
    return json.loads(bytes(mended_item(Raw(json.dumps(item).encode()), RESPONSE, place)))


@pytest.mark.parametrize("item", ITEMS, ids=str)
def test_an_item_that_is_whole_keeps_its_bytes(item: dict[str, Any]) -> None:
    raw = Raw(json.dumps(item, indent=2).encode())
    assert mended_item(raw, RESPONSE, 0) is raw
    output = Raw(json.dumps([item], indent=2).encode())
    assert mended_output(output, RESPONSE) is output


def test_an_item_without_an_id_gets_the_same_one_each_time_it_is_told() -> None:
    first, second = (mended(without(item, "id"), place)["id"] for place, item in enumerate((MESSAGE, CALL)))
    assert first.startswith("msg_0")
    assert second.startswith("fc_0")
    assert mended(without(MESSAGE, "id"))["id"] == first
    assert mended(without(MESSAGE, "id"), 1)["id"] != first


@pytest.mark.parametrize("missing", ["role", "status", "content"])
@pytest.mark.parametrize("how", ["left out", "null"])
def test_a_message_is_completed(missing: str, how: str) -> None:
    said = without(MESSAGE, missing) if how == "left out" else MESSAGE | {missing: None}
    expected: dict[str, Any] = MESSAGE | ({"content": []} if missing == "content" else {})
    told = mended(said)
    told["content"] = [without(part, "logprobs") for part in told["content"]]
    assert told == expected


@pytest.mark.parametrize("content", ["Hi", ["Hi"], [{"type": "output_text", "text": "Hi", "annotations": None}]])
def test_text_in_any_shape_is_a_part(content: Any) -> None:
    part: dict[str, Any] = {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}
    assert mended(MESSAGE | {"content": content})["content"] == [part]


@pytest.mark.parametrize(
    ("arguments", "told"), [("", "{}"), (None, "{}"), ({"a": 1}, '{"a":1}'), ("{broken", "{broken"), ([], "[]")]
)
def test_arguments_are_text_and_never_empty(arguments: Any, told: str) -> None:
    assert mended(CALL | {"arguments": arguments})["arguments"] == told


@pytest.mark.parametrize("call_id", [None, "", 5])
def test_a_call_has_an_id_to_answer_it_by(call_id: Any) -> None:
    call = mended(CALL | {"call_id": call_id})
    assert call["call_id"].startswith("call_")
    assert call["call_id"] != call["id"]


def test_thoughts_have_parts() -> None:
    told = mended({"id": "rs_1", "type": "reasoning", "content": "Hm"})
    assert told["summary"] == []
    assert told["content"] == [{"type": "reasoning_text", "text": "Hm"}]


NO_ITEMS: list[Any] = [5, [], {}, {"type": 5}, MESSAGE | {"content": [None]}, MESSAGE | {"content": [{"text": "x"}]}]


@pytest.mark.parametrize("item", NO_ITEMS, ids=str)
def test_what_is_no_item_is_refused(item: Any) -> None:
    with pytest.raises(msgspec.DecodeError):
        mended(item)


ODD: list[dict[str, Any]] = [
    {"object": None},
    {"object": "chat.completion"},
    {"completed_at": 2.5},
    {"temperature": "hot", "top_p": [], "tools": {}, "tool_choice": 5, "text": "x", "reasoning": 5},
    {"output": [without(MESSAGE, "id", "status")]},
    {"output": None},
    {"error": "x", "incomplete_details": "y", "instructions": [], "max_output_tokens": "many"},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_every_response_is_one_for_the_official_client(odd: dict[str, Any]) -> None:
    told = merged_with({"id": "x", "object": "response", "status": "completed", "output": [MESSAGE]} | odd)
    Response.model_validate(told)
    assert told["object"] == "response"
    assert told["completed_at"] is None
    assert (told["error"], told["incomplete_details"], told["temperature"]) == (None, None, 1.0)


def test_a_number_that_nobody_can_read_is_the_members_default() -> None:
    assert merged_with({"id": "x", "temperature": 0.5})["temperature"] == 0.5
    whole = json.dumps({"id": "x", "temperature": 0.5}).replace("0.5", "1e999")
    assert merged_with(json.loads(whole, parse_float=str))["temperature"] == 1.0


COUNTS: list[dict[str, Any]] = [
    {"input_tokens": 10**30, "output_tokens": -5},
    {"input_tokens": 3, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 50, "cache_write_tokens": 9}},
    {"input_tokens": 3, "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 1e300}},
]


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_counters_are_never_negative_nor_absurd_and_no_part_exceeds_its_whole(
    counts: dict[str, Any], *, complete: bool
) -> None:
    plain: dict[str, Any] = (
        {"input_tokens_details": {}, "output_tokens_details": {}, "total_tokens": 5} if complete else {}
    )
    told = merged_with({"id": "x", "usage": plain | counts})["usage"]
    assert 0 <= told["input_tokens"] <= 2**53
    assert 0 <= told["output_tokens"] <= 2**53
    assert told["total_tokens"] == told["input_tokens"] + told["output_tokens"]
    assert told["input_tokens_details"]["cached_tokens"] <= told["input_tokens"]
    assert told["input_tokens_details"]["cache_write_tokens"] <= told["input_tokens"]
    assert told["output_tokens_details"]["reasoning_tokens"] <= told["output_tokens"]
    assert told["prompt_tokens_details"]["cached_tokens"] <= told["input_tokens"]
    assert told["raw_usage"] == plain | counts


def test_what_is_counted_by_any_other_provider_is_no_less_sane() -> None:
    told = counted(
        input_tokens=10**30, output_tokens=10**30, cached=10**31, cache_write=10**31, reasoning=10**31, raw=Raw(b"{}")
    )
    assert told.total_tokens == 2**54
    assert told.input_tokens_details.cached_tokens == told.input_tokens_details.cache_write_tokens == 2**53
    assert told.output_tokens_details.reasoning_tokens == 2**53
