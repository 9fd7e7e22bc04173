"""Compaction on every provider: asked for, triggered, and by itself when a prompt grows."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from tests.e2e.exchanges import (
    chat_whole,
    function_call,
    message,
    native_whole,
    recording,
    said,
)
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.sse import events, streamed, terminal
from tests.e2e.upstream import Provider, refusing, whole
from tests.grammar import check_stream

LONG = "The quick brown fox jumps over the lazy dog. " * 200
COMPACTED = "openai.responses.compact/openai-responses-compact.test_openai_responses_compact_messages.2.64eb77e6"
CONVERSATION: list[Any] = [
    {"role": "user", "content": "My name is Ada."},
    {"role": "assistant", "content": "Hello Ada."},
    {"role": "user", "content": "I like chess."},
    {"role": "assistant", "content": "So do I."},
]
BLOB = "gAAAAABthe-providers-own"


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def native_window(*texts: str) -> Any:
    """What OpenAI answers to a request for compaction."""
    content = [
        {"id": f"msg_{n}", "type": "message", "status": "completed", "role": "user"}
        | {"content": [{"type": "input_text", "text": text}]}
        for n, text in enumerate(texts)
    ]
    item = {"id": "cmp_native", "type": "compaction", "encrypted_content": BLOB}
    usage = recording(COMPACTED)["response"]["body"]["usage"]
    return whole(
        {"id": "resp_x", "object": "response.compaction", "created_at": 1, "output": [*content, item], "usage": usage}
    )


def replayable(output: Any) -> list[Any]:
    """As agents send it back; the client's types know no user messages in an output, and warn."""
    return [item.model_dump(exclude_none=True, warnings=False) for item in output]


# --- POST /v1/responses/compact ---------------------------------------------------------------------------------------


def test_a_chat_model_is_asked_for_a_summary(gateway: Gateway, client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("Ada likes chess."))
    made = client.responses.compact(model=CHAT_MODEL, input=CONVERSATION, instructions="Be kind.")
    assert made.object == "response.compaction"
    assert made.usage.input_tokens == 11
    assert made.usage.output_tokens == 7
    *users, last = replayable(made.output)
    assert [each["content"][0]["text"] for each in users] == ["My name is Ada.", "I like chess."]
    assert all(each["id"] and each["status"] == "completed" for each in users)
    assert last["type"] == "compaction"
    assert last["id"].startswith("cmp_")
    sent = chat.seen[0].json["messages"]
    assert [each["role"] for each in sent] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert sent[0]["content"] == "Be kind."
    assert "summary" in sent[-1]["content"]
    assert gateway.rows() == 0
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_what_was_compacted_goes_on_at_another_provider(
    client: openai.OpenAI, chat: Provider, native: Provider
) -> None:
    chat.answer(chat_whole("Ada likes chess."), chat_whole("Ada."))
    native.answer(native_whole(message("Ada, who plays chess.")))
    window = replayable(client.responses.compact(model=CHAT_MODEL, input=CONVERSATION).output)
    for model, text in ((NATIVE_MODEL, "Ada, who plays chess."), (CHAT_MODEL, "Ada.")):
        answer = client.responses.create(model=model, input=[*window, user("Who am I?")], store=False)
        assert answer.output_text == text
    sent = native.seen[0].json["input"]
    assert [each["role"] for each in sent] == ["user", "user", "developer", "user"]
    assert sent[2]["content"][0]["text"].startswith("Summary of the earlier conversation: Ada likes chess.")
    assert b"encrypted_content" not in native.seen[0].body.replace(b"reasoning.encrypted_content", b"")
    assert "Summary of the earlier conversation: Ada likes chess." in chat.seen[1].json["messages"][2]["content"]


def test_a_chain_goes_on_after_a_compacted_window(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("Ada likes chess."), chat_whole("one"), chat_whole("two"))
    window = replayable(client.responses.compact(model=CHAT_MODEL, input=CONVERSATION).output)
    first = client.responses.create(model=CHAT_MODEL, input=[*window, user("1")])
    client.responses.create(model=CHAT_MODEL, input="2", previous_response_id=first.id)
    contents = [each["content"] for each in chat.seen[2].json["messages"]]
    assert contents[:2] == ["My name is Ada.", "I like chess."]
    assert "Ada likes chess." in contents[2]
    assert contents[3:] == ["1", "one", "2"]
    kept = list(client.responses.input_items.list(first.id, order="asc"))
    assert [item.type for item in kept] == ["message", "message", "compaction", "message"], "kept as it was given"


def test_a_provider_that_compacts_does_so_itself(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_window("My name is Ada."), native_whole(message("Ada.")))
    made = client.responses.compact(model=NATIVE_MODEL, input=CONVERSATION, instructions="Be kind.")
    assert native.seen[0].path == "/v1/responses/compact"
    assert native.seen[0].json.keys() == {"model", "input", "instructions"}
    assert made.usage.input_tokens == recording(COMPACTED)["response"]["body"]["usage"]["input_tokens"]
    assert BLOB not in str(made)
    client.responses.create(model=NATIVE_MODEL, input=[*replayable(made.output), user("Who am I?")], store=False)
    item = next(each for each in native.seen[1].json["input"] if each["type"] == "compaction")
    assert item == {"type": "compaction", "id": "cmp_native", "encrypted_content": BLOB}


def test_a_providers_own_blob_is_left_out_elsewhere_and_refused_when_strict(
    client: openai.OpenAI, native: Provider, chat: Provider
) -> None:
    native.answer(native_window("My name is Ada."))
    chat.answer(chat_whole("Who?"))
    window = replayable(client.responses.compact(model=NATIVE_MODEL, input=CONVERSATION).output)
    asked: Any = {"model": CHAT_MODEL, "input": [*window, user("Who am I?")], "store": False}
    raw: Any = client.responses.with_raw_response
    answer: Any = raw.create(**asked)
    assert "compaction" in answer.headers["antiphon-warnings"]
    assert BLOB.encode() not in chat.seen[0].body
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**asked, extra_body={"strict": True})
    assert refused.value.code == "invalid_encrypted_content"


def test_a_provider_without_the_endpoint_is_asked_for_a_summary(client: openai.OpenAI, native: Provider) -> None:
    native.answer(refusing("Unknown request URL", 404), native_whole(message("Ada likes chess.")))
    made = client.responses.compact(model=NATIVE_MODEL, input=CONVERSATION)
    assert native.seen[1].path == "/v1/responses"
    assert made.usage.input_tokens == 21
    assert made.output[-1].type == "compaction"


def test_a_provider_that_refuses_to_compact_is_an_error(client: openai.OpenAI, native: Provider) -> None:
    native.answer(refusing("bad", 400, code="invalid_value", param="input"))
    with pytest.raises(openai.BadRequestError):
        client.responses.compact(model=NATIVE_MODEL, input=CONVERSATION)


@pytest.mark.parametrize("blob", [BLOB, "ant1.!!!", "ant1.AAAA", "", None])
def test_a_blob_that_is_not_ours_is_refused(client: openai.OpenAI, blob: str | None) -> None:
    item: Any = {"type": "compaction", "id": "cmp_1", "encrypted_content": blob}
    asks: Any = (client.responses.create, client.responses.compact, client.responses.input_tokens.count)
    for ask in asks:
        with pytest.raises(openai.BadRequestError) as refused:
            ask(model=CHAT_MODEL, input=[item, user("Hi")])
        assert refused.value.code == "invalid_encrypted_content"


def test_another_tenants_blob_is_refused(gateway: Gateway, client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("Ada likes chess."))
    window = replayable(client.responses.compact(model=CHAT_MODEL, input=CONVERSATION).output)
    with gateway.client(KEY_B) as other, pytest.raises(openai.BadRequestError) as refused:
        other.responses.create(model=CHAT_MODEL, input=[*window, user("Who am I?")])
    assert refused.value.code == "invalid_encrypted_content"


def test_a_model_is_needed_and_something_to_compact(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.compact(model=None, input="x")
    assert refused.value.code == "missing_required_parameter"
    with pytest.raises(openai.BadRequestError):
        client.responses.compact(model=CHAT_MODEL)
    with pytest.raises(openai.BadRequestError) as unknown:
        client.responses.compact(model=CHAT_MODEL, previous_response_id="resp_unknown")
    assert unknown.value.code == "previous_response_not_found"


# --- context_management -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["native", "chat"])
def test_a_long_chain_is_compacted_within_the_answer(
    wire: httpx.Client, client: openai.OpenAI, providers: dict[str, Provider], provider: str
) -> None:
    asked = providers[provider]
    model = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}[provider]
    asked.answer(said(provider, "one", streamed=False))
    if provider == "native":
        asked.answer(native_window(LONG))
    else:
        asked.answer(said(provider, "It was about a fox.", streamed=False))
    asked.answer(said(provider, "two words", streamed=True), said(provider, "three", streamed=False))
    first = client.responses.create(model=model, input=LONG)
    raw = streamed(
        wire,
        model=model,
        input="2",
        previous_response_id=first.id,
        context_management=[{"type": "compaction", "compact_threshold": 1000}],
    )
    told = events(raw)
    check_stream(told)
    made = terminal(raw)
    assert [item["type"] for item in made["output"]] == ["compaction", "message"]
    assert [event["item"]["type"] for event in told if event["type"] == "response.output_item.added"] == [
        "compaction",
        "message",
    ]
    assert made["usage"]["input_tokens"] > {"native": 21, "chat": 11}[provider], "both requests are counted"
    assert LONG.encode() not in asked.seen[2].body
    assert client.responses.retrieve(made["id"]).output[0].type == "compaction"
    client.responses.create(model=model, input="3", previous_response_id=made["id"])
    assert LONG.encode() not in asked.seen[3].body, "what was compacted is not rendered any more"
    spoken = asked.seen[3].json["input" if provider == "native" else "messages"]
    roles = [item.get("role", item.get("type")) for item in spoken]
    middle = "compaction" if provider == "native" else "system"
    assert roles in (["user", middle, "assistant", "user"], ["user", "developer", "assistant", "user"])


def test_a_whole_answer_is_compacted_too_and_a_loop_keeps_its_open_call(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("It was about a fox."), chat_whole("done"))
    history: list[Any] = [
        user(LONG),
        function_call("look", "{}", "call_1"),
        {"type": "function_call_output", "call_id": "call_1", "output": "old"},
        function_call("look", "{}", "call_2", "fc_2"),
        {"type": "function_call_output", "call_id": "call_2", "output": "new"},
    ]
    answer = client.responses.create(
        model=CHAT_MODEL,
        input=history,
        context_management=[{"type": "compaction", "compact_threshold": 1000}],
    )
    assert [item.type for item in answer.output] == ["compaction", "message"]
    assert answer.usage is not None
    assert answer.usage.input_tokens == 22
    roles = [each["role"] for each in chat.seen[1].json["messages"]]
    assert roles[1:] == ["assistant", "tool"]
    assert LONG in chat.seen[1].json["messages"][0]["content"], "the user's latest words are told word for word"


def test_a_short_prompt_is_left_alone(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(chat_whole("hi"))
    answer = client.responses.create(
        model=CHAT_MODEL,
        input=CONVERSATION,
        context_management=[{"type": "compaction", "compact_threshold": 1000}],
    )
    assert [item.type for item in answer.output] == ["message"]


def test_a_threshold_below_the_least_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(
            model=CHAT_MODEL, input="x", context_management=[{"type": "compaction", "compact_threshold": 10}]
        )
    assert refused.value.code == "integer_below_min_value"


# --- truncation -------------------------------------------------------------------------------------------------------


def test_the_oldest_items_give_way_when_the_window_is_small(
    other_gateway: Any, chat: Provider, native: Provider
) -> None:
    chat.listed = [{"id": "llama-4", "context_window": 1500}]
    started = other_gateway()
    chat.answer(chat_whole("ok"))
    with started.client() as client:
        answer = client.responses.with_raw_response.create(
            model=CHAT_MODEL,
            input=[user(LONG), {"role": "assistant", "content": LONG}, user("newest")],
            instructions="Stay.",
            truncation="auto",
        )
        made = answer.parse()
        assert "2 of the oldest items were left out" in answer.headers["antiphon-warnings"]
        assert made.truncation == "auto"
        assert len(list(client.responses.input_items.list(made.id))) == 3, "what was given is kept"
    assert [each["content"] for each in chat.seen[0].json["messages"]] == ["Stay.", "newest"]
    chat.listed = ()


def test_nothing_is_left_out_unasked(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(refusing("too long", 400, code="context_length_exceeded"))
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=CHAT_MODEL, input=LONG, truncation="disabled")
    assert refused.value.code == "context_length_exceeded"


# --- POST /v1/responses/input_tokens ----------------------------------------------------------------------------------


def test_a_provider_that_counts_is_asked(client: openai.OpenAI, native: Provider) -> None:
    native.answer(whole({"object": "response.input_tokens", "input_tokens": 51}))
    answer = client.responses.input_tokens.with_raw_response.count(
        model=NATIVE_MODEL, input="Hi", instructions="Be kind.", truncation="auto"
    )
    assert answer.headers["antiphon-token-count"] == "native"
    assert answer.parse().input_tokens == 51
    assert native.seen[0].path == "/v1/responses/input_tokens"
    assert native.seen[0].json == {
        "model": "gpt-5-mini",
        "input": "Hi",
        "instructions": "Be kind.",
        "truncation": "auto",
    }


@pytest.mark.parametrize("reply", [refusing("no", 404), refusing("no", 500), whole({"input_tokens": "many"})])
def test_a_provider_that_fails_to_count_is_passed_over(client: openai.OpenAI, native: Provider, reply: Any) -> None:
    native.answer(reply)
    answer = client.responses.input_tokens.with_raw_response.count(model=NATIVE_MODEL, input="Hi there, how are you?")
    assert answer.headers["antiphon-token-count"] == "estimate"
    assert 5 <= answer.parse().input_tokens <= 20


def test_other_models_are_counted_here(client: openai.OpenAI, chat: Provider) -> None:
    def count(**fields: Any) -> int:
        return client.responses.input_tokens.count(model=CHAT_MODEL, **fields).input_tokens

    tool: Any = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": False}
    assert count(input="Hi") < count(input=LONG)
    assert 1500 < count(input=LONG) < 2500
    assert count(input="Hi") < count(input="Hi", tools=[tool]) < count(input="Hi", tools=[tool] * 3)
    chat.answer(chat_whole("one"))
    first = client.responses.create(model=CHAT_MODEL, input=LONG)
    assert count(input="Hi", previous_response_id=first.id) > count(input=LONG)
    assert chat.seen[1:] == []


def test_a_count_needs_a_model_and_a_whole_input(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.input_tokens.count(input="Hi")
    assert refused.value.code == "missing_required_parameter"
    orphan: Any = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
    with pytest.raises(openai.BadRequestError):
        client.responses.input_tokens.count(model=CHAT_MODEL, input=[orphan])
