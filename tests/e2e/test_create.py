"""Creating responses with the official client, on both kinds of upstream."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response

from tests.e2e.exchanges import CHAT_USAGE, NATIVE_USAGE, PLAIN, recorded, recording, said
from tests.e2e.gateway import CHAT_KEY, CHAT_MODEL, NATIVE_KEY, NATIVE_MODEL, Gateway
from tests.e2e.sse import events, streamed, terminal
from tests.e2e.upstream import Provider
from tests.grammar import check_stream

MODELS = {"native": NATIVE_MODEL, "chat": CHAT_MODEL}
TEXT = "Grüß Gott, 世界 👋 all of you"


def outline(response: Response) -> list[tuple[str, str | None, str]]:
    """What the client's own parsing of the final response leaves alone."""
    return [(item.type, item.id, response.output_text) for item in response.output]


kinds = pytest.mark.parametrize("kind", ["native", "chat"])


@kinds
def test_an_answer_comes_whole(client: openai.OpenAI, providers: dict[str, Provider], kind: str) -> None:
    providers[kind].answer(said(kind, TEXT, streamed=False))
    response = client.responses.create(model=MODELS[kind], input="Hi", metadata={"k": "v"})
    assert response.output_text == TEXT
    assert response.status == "completed"
    assert response.model == MODELS[kind]
    assert response.metadata == {"k": "v"}
    assert response.id.startswith("resp_")
    assert response.completed_at is not None


@kinds
def test_an_answer_comes_as_a_stream(client: openai.OpenAI, providers: dict[str, Provider], kind: str) -> None:
    providers[kind].answer(said(kind, TEXT, streamed=True))
    with client.responses.create(model=MODELS[kind], input="Hi", stream=True) as stream:
        told = list(stream)
    assert [event.sequence_number for event in told] == list(range(len(told)))
    assert "".join(event.delta for event in told if event.type == "response.output_text.delta") == TEXT
    last = told[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == TEXT
    check_stream([event.model_dump(exclude_unset=True) for event in told])


@kinds
async def test_the_async_client_is_served_alike(gateway: Gateway, providers: dict[str, Provider], kind: str) -> None:
    providers[kind].answer(said(kind, TEXT, streamed=False), said(kind, TEXT, streamed=True))
    async with gateway.async_client() as client:
        response = await client.responses.create(model=MODELS[kind], input="Hi")
        stream = await client.responses.create(model=MODELS[kind], input="Hi", stream=True)
        told = [event async for event in stream]
        fetched = await client.responses.retrieve(response.id)
    assert response.output_text == TEXT
    assert fetched == response
    assert told[-1].type == "response.completed"


@kinds
def test_the_stream_helper_accepts_every_event(
    client: openai.OpenAI, providers: dict[str, Provider], kind: str
) -> None:
    providers[kind].answer(said(kind, TEXT, streamed=True))
    with client.responses.stream(model=MODELS[kind], input="Hi") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(deltas) == TEXT
    assert final.output_text == TEXT
    assert client.responses.retrieve(final.id).output_text == TEXT


@pytest.mark.parametrize(
    "name",
    [
        PLAIN,
        "openai.responses/openai-responses.test_responses_streaming_with_content.0.856e086a",
        "openai.responses/openai-responses.test_router_analytics_complete_workflow.0.73ec7bd3",
    ],
)
def test_recorded_native_streams_pass_the_stream_helper(client: openai.OpenAI, native: Provider, name: str) -> None:
    native.answer(recorded(name))
    with client.responses.stream(model=NATIVE_MODEL, input="Hi") as stream:
        final = stream.get_final_response()
    assert outline(client.responses.retrieve(final.id)) == outline(final)


@pytest.mark.parametrize(
    "name",
    [
        "openai.chat/openai-chat.test_tools_streaming_variant_a.0.bf467b9a",
        "openai.chat/openai-chat.test_tools_streaming_variant_a.1.daf210af",
        "deepseek.chat/deepseek-chat.deepseek-reasoning.0.49f7e05f",
        "groq.chat/groq-chat.test_tool_use_failed_error_streaming_with_text.1.4ecde89e",
        "openrouter.chat/openrouter-chat.test_openrouter_stream_with_reasoning.0.4e2fc42f",
    ],
)
def test_recorded_chat_streams_pass_the_stream_helper(client: openai.OpenAI, chat: Provider, name: str) -> None:
    chat.answer(recorded(name))
    with client.responses.stream(model=CHAT_MODEL, input="Hi") as stream:
        final = stream.get_final_response()
    assert final.output
    assert outline(client.responses.retrieve(final.id)) == outline(final)


@kinds
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_object_is_the_same_wherever_it_is_shown(
    wire: httpx.Client, providers: dict[str, Provider], kind: str, *, stream: bool
) -> None:
    providers[kind].answer(said(kind, TEXT, streamed=stream))
    body: dict[str, Any] = {"model": MODELS[kind], "input": "Hi", "metadata": {"a": "b"}, "user": "u-1"}
    if stream:
        raw = streamed(wire, **body)
        created = terminal(raw)
        ids = {event["response"]["id"] for event in events(raw) if "response" in event}
        assert ids == {created["id"]}
    else:
        created = wire.post("/v1/responses", json=body).json()
    for _ in range(2):
        assert wire.get(f"/v1/responses/{created['id']}").json() == created
    assert created["store"] is True
    assert created["user"] == "u-1"


def test_a_native_relay_keeps_the_bytes_of_what_needs_no_change(wire: httpx.Client, native: Provider) -> None:
    native.answer(recorded(PLAIN))
    raw = streamed(wire, model=NATIVE_MODEL, input="Hi")
    sent = recording(PLAIN)["response"]["sse"].encode()
    unchanged = [frame + b"\n\n" for frame in sent.split(b"\n\n") if b'"response":{' not in frame and frame.strip()]
    assert len(unchanged) > 5
    assert b"".join(unchanged) in raw


def test_what_nobody_knows_survives_a_native_relay_in_both_directions(wire: httpx.Client, native: Provider) -> None:
    reply = recording("openai.responses/openai-responses.test_responses_tool_use.0.cb60343d")["response"]["body"]
    native.answer(recorded("openai.responses/openai-responses.test_responses_tool_use.0.cb60343d"))
    answer = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi", "brand_new": {"deep": [1, None]}})
    assert native.seen[0].json["brand_new"] == {"deep": [1, None]}
    assert answer.json()["billing"] == reply["billing"]
    assert answer.json()["output"] == reply["output"]


def test_usage_of_a_native_upstream_has_both_spellings(client: openai.OpenAI, native: Provider) -> None:
    native.answer(said("native", TEXT, streamed=False))
    usage = client.responses.create(model=NATIVE_MODEL, input="Hi").model_dump()["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (21, 8, 29)
    assert usage["input_tokens_details"]["cached_tokens"] == usage["prompt_tokens_details"]["cached_tokens"] == 5
    assert usage["output_tokens_details"]["reasoning_tokens"] == 3
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 3
    assert usage["raw_usage"] == NATIVE_USAGE


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_usage_of_a_chat_upstream_has_both_spellings(wire: httpx.Client, chat: Provider, *, stream: bool) -> None:
    chat.answer(said("chat", TEXT, streamed=stream))
    if stream:
        usage = terminal(streamed(wire, model=CHAT_MODEL, input="Hi"))["usage"]
    else:
        usage = wire.post("/v1/responses", json={"model": CHAT_MODEL, "input": "Hi"}).json()["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (11, 7, 18)
    assert usage["input_tokens_details"] == {"cached_tokens": 4, "cache_write_tokens": 0}
    assert usage["prompt_tokens_details"]["cached_tokens"] == 4
    assert usage["output_tokens_details"] == {"reasoning_tokens": 2}
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 2
    assert usage["raw_usage"] == CHAT_USAGE
    assert "prompt_tokens" not in usage


def test_each_provider_is_called_with_its_own_key_and_model(
    client: openai.OpenAI, native: Provider, chat: Provider
) -> None:
    native.answer(said("native", "x", streamed=False))
    chat.answer(said("chat", "x", streamed=False))
    client.responses.create(model=NATIVE_MODEL, input="Hi")
    client.responses.create(model=CHAT_MODEL, input="Hi")
    assert native.seen[0].path == "/v1/responses"
    assert native.seen[0].headers["authorization"] == f"Bearer {NATIVE_KEY}"
    assert native.seen[0].json["model"] == "gpt-5-mini"
    assert chat.seen[0].path == "/v1/chat/completions"
    assert chat.seen[0].headers["authorization"] == f"Bearer {CHAT_KEY}"
    assert chat.seen[0].json["model"] == "llama-4"
    assert chat.seen[0].json["messages"] == [{"role": "user", "content": "Hi"}]


def test_the_provider_may_be_named_in_the_body_and_never_sees_its_name(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(said("chat", "x", streamed=False))
    answer = wire.post("/v1/responses", json={"model": "llama-4", "provider": "chat", "input": "Hi"})
    assert answer.json()["provider"] == "chat"
    assert "provider" not in chat.seen[0].json


def test_metadata_stays_with_the_gateway(client: openai.OpenAI, native: Provider, chat: Provider) -> None:
    native.answer(said("native", "x", streamed=False))
    chat.answer(said("chat", "x", streamed=False))
    for model in MODELS.values():
        response = client.responses.create(model=model, input="Hi", metadata={"order": "4711"}, user="jane")
        assert client.responses.retrieve(response.id).metadata == {"order": "4711"}
    for request in (*native.seen, *chat.seen):
        assert b"4711" not in request.body
        assert b"jane" not in request.body


def test_an_answer_that_ran_out_of_tokens_is_incomplete(client: openai.OpenAI, chat: Provider) -> None:
    reply = said("chat", "half of it", streamed=False)
    body = json.loads(reply.body)
    body["choices"][0]["finish_reason"] = "length"
    chat.answer(type(reply)(json.dumps(body).encode()))
    response = client.responses.create(model=CHAT_MODEL, input="Hi", max_output_tokens=16)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.completed_at is None
    assert client.responses.retrieve(response.id) == response
