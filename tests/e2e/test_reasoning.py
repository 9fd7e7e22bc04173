"""Reasoning and the other parts of an answer that `include` shows."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest

from antiphon.provider_settings import ProviderSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import (
    chat_stream,
    chat_whole,
    message,
    native_stream,
    native_whole,
    reasoning,
    recorded,
)
from tests.e2e.gateway import CHAT_MODEL, NATIVE_MODEL
from tests.e2e.sse import events, replayed, streamed, terminal
from tests.e2e.upstream import Provider, Reply, whole
from tests.grammar import check_stream

SEALED = "gAAAAABsealed-reasoning"
SEALED_NAME = "reasoning.encrypted_content"


def is_ours(blob: str) -> bool:
    """Whether the provider's blob travels in the gateway's own seal."""
    return blob.startswith("ant1.") and SEALED not in blob


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
def test_a_chat_providers_thoughts_are_a_reasoning_item(client: openai.OpenAI, chat: Provider, member: str) -> None:
    chat.answer(chat_whole("four", **{member: "two and two"}))
    response = client.responses.create(model=CHAT_MODEL, input="2+2?", reasoning={"effort": "low"})
    thought, answer = response.output
    assert thought.type == "reasoning"
    assert thought.content is not None
    assert [part.text for part in thought.content] == ["two and two"]
    assert answer.type == "message"
    assert response.output_text == "four"
    assert response.reasoning is not None
    assert response.reasoning.effort == "low"
    assert chat.seen[0].json["reasoning_effort"] == "low"


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
def test_a_chat_providers_thoughts_are_streamed(wire: httpx.Client, chat: Provider, member: str) -> None:
    chat.answer(chat_stream({member: "two "}, {member: "and two"}, "fou", "r"))
    raw = streamed(wire, model=CHAT_MODEL, input="2+2?")
    told = events(raw)
    check_stream(told)
    deltas = [event["delta"] for event in told if event["type"] == "response.reasoning_text.delta"]
    assert deltas == ["two ", "and two"]
    assert terminal(raw)["output"][0]["content"] == [{"type": "reasoning_text", "text": "two and two"}]


def test_a_recorded_thinker_is_streamed(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(recorded("vllm.chat/vllm-chat.test_reasoning_multi_turn_passthrough.0.39e65419"))
    raw = streamed(wire, model=CHAT_MODEL, input="Hi")
    check_stream(events(raw))
    assert [item["type"] for item in terminal(raw)["output"]] == ["reasoning", "message"]


@pytest.mark.parametrize("stream_", [False, True], ids=["whole", "streamed"])
def test_sealed_reasoning_is_kept_and_shown_on_demand(wire: httpx.Client, native: Provider, *, stream_: bool) -> None:
    output = (reasoning("thinking", SEALED), message("four"))
    native.answer(native_stream(*output) if stream_ else native_whole(*output))
    body: dict[str, Any] = {"model": NATIVE_MODEL, "input": "2+2?"}
    if stream_:
        raw = streamed(wire, **body)
        assert SEALED.encode() not in raw
        check_stream(events(raw))
        response_id = terminal(raw)["id"]
        assert replayed(wire, response_id) == raw
    else:
        answer = wire.post("/v1/responses", json=body)
        assert SEALED not in answer.text
        response_id = answer.json()["id"]
    assert native.seen[0].json["include"] == [SEALED_NAME], "the gateway needs it for the next turn"
    assert SEALED not in wire.get(f"/v1/responses/{response_id}").text
    shown = wire.get(f"/v1/responses/{response_id}", params={"include": SEALED_NAME}).json()
    assert is_ours(shown["output"][0]["encrypted_content"])


@pytest.mark.parametrize("include", [[], [SEALED_NAME]])
def test_a_whole_answer_that_is_told_as_a_stream_shows_no_more_than_a_stream(
    wire: httpx.Client, native: Provider, include: list[str]
) -> None:
    native.answer(native_whole(reasoning("thinking", SEALED), message("four")))
    raw = streamed(wire, model=NATIVE_MODEL, input="2+2?", include=include)
    check_stream(events(raw))
    assert (b'"encrypted_content"' in raw) is bool(include)
    shown = wire.get(f"/v1/responses/{terminal(raw)['id']}", params={"include": SEALED_NAME}).json()
    assert is_ours(shown["output"][0]["encrypted_content"])


@pytest.mark.parametrize("stream_", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("store", [True, False])
def test_sealed_reasoning_is_shown_to_who_asks_at_birth(
    wire: httpx.Client, native: Provider, *, stream_: bool, store: bool
) -> None:
    output = (reasoning("thinking", SEALED), message("four"))
    native.answer(native_stream(*output) if stream_ else native_whole(*output))
    body: dict[str, Any] = {"model": NATIVE_MODEL, "input": "2+2?", "store": store, "include": [SEALED_NAME]}
    made = terminal(streamed(wire, **body)) if stream_ else wire.post("/v1/responses", json=body).json()
    assert is_ours(made["output"][0]["encrypted_content"])


@pytest.mark.parametrize("stream_", [False, True], ids=["whole", "streamed"])
def test_sealed_reasoning_is_always_shown_where_only_the_client_keeps_it(
    wire: httpx.Client, native: Provider, *, stream_: bool
) -> None:
    output = (reasoning("thinking", SEALED), message("four"))
    native.answer(native_stream(*output) if stream_ else native_whole(*output))
    body: dict[str, Any] = {"model": NATIVE_MODEL, "input": "2+2?", "store": False}
    made = terminal(streamed(wire, **body)) if stream_ else wire.post("/v1/responses", json=body).json()
    assert is_ours(made["output"][0]["encrypted_content"])


LOGPROBS = [{"token": "four", "bytes": [102], "logprob": -0.1, "top_logprobs": []}]


def with_logprobs() -> Reply:
    body = json.loads(chat_whole("four").body)
    body["choices"][0]["logprobs"] = {"content": LOGPROBS}
    return whole(body)


def test_logprobs_come_with_their_include_only(wire: httpx.Client, chat: Provider) -> None:
    name = "message.output_text.logprobs"
    chat.answer(with_logprobs(), with_logprobs())
    bare = wire.post("/v1/responses", json={"model": CHAT_MODEL, "input": "2+2?"}).json()
    assert bare["output"][0]["content"][0]["logprobs"] == []
    body = {"model": CHAT_MODEL, "input": "2+2?", "include": [name], "top_logprobs": 2}
    made = wire.post("/v1/responses", json=body).json()
    assert made["output"][0]["content"][0]["logprobs"][0]["token"] == "four"
    assert chat.seen[1].json["logprobs"] is True
    assert chat.seen[1].json["top_logprobs"] == 2
    where = f"/v1/responses/{made['id']}"
    assert wire.get(where).json()["output"][0]["content"][0]["logprobs"] == []
    assert wire.get(where, params={"include[]": name}).json() == made


FILE_SEARCH: dict[str, Any] = {
    "id": "fs_1",
    "type": "file_search_call",
    "status": "completed",
    "queries": ["q"],
    "results": [{"file_id": "file_1", "filename": "a.txt", "score": 0.5, "text": "found", "attributes": {}}],
}
CODE = "openai.responses/openai-responses.test_openai_responses_code_execution_return_image.0.5a41f379"
WEB = "openai.responses/openai-responses.openai-web-search-tool.1.0.145c02d8"


@pytest.mark.parametrize(
    ("reply", "kind", "include"),
    [
        (native_whole(FILE_SEARCH, message("x")), "file_search_call", "file_search_call.results"),
        (recorded(CODE), "code_interpreter_call", "code_interpreter_call.outputs"),
        (recorded(WEB), "web_search_call", "web_search_call.action.sources"),
    ],
    ids=["file search", "code interpreter", "web search"],
)
def test_what_hosted_tools_found_comes_with_its_include_only(
    wire: httpx.Client, native: Provider, reply: Reply, kind: str, include: str
) -> None:
    native.answer(reply)
    member = include.rpartition(".")[2]

    def found(response: Any) -> Any:
        items = [item for item in response["output"] if item["type"] == kind]
        return [item.get("action", item)[member] for item in items if item.get("action", item).get(member)]

    body = {"model": NATIVE_MODEL, "input": "Hi", "include": [include]}
    made = wire.post("/v1/responses", json=body).json()
    assert found(made)
    where = f"/v1/responses/{made['id']}"
    assert found(wire.get(where).json()) == []
    assert wire.get(f"{where}?include={include}").json() == made
    assert wire.get(f"{where}?include[]={include}").json() == made
    assert wire.get(f"{where}?include=message.output_text.logprobs,{include}").json() == made


def test_a_value_of_include_that_does_not_exist_is_refused_everywhere(wire: httpx.Client, native: Provider) -> None:
    native.answer(native_whole(message("x")))
    made = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"}).json()["id"]
    for query in ("include=all", "include[]=all", "include=reasoning.encrypted_content,all"):
        error = wire.get(f"/v1/responses/{made}?{query}").json()["error"]
        assert (error["param"], error["code"]) == ("include", "invalid_value")
    answer = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi", "include": ["all"]})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "include[0]"


def test_a_stream_that_thinks_only_is_legal(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(chat_stream({"reasoning_content": "hmm"}, finish="length"))
    raw = streamed(wire, model=CHAT_MODEL, input="2+2?")
    check_stream(events(raw))
    assert terminal(raw)["status"] == "incomplete"
    assert terminal(raw)["incomplete_details"] == {"reason": "max_output_tokens"}


def test_thoughts_between_tags_are_thoughts_by_quirk(other_gateway: OtherGateway, chat: Provider) -> None:
    thinker = ProviderSettings(base_url=chat.url, dialect="chat", quirks={"think_tags": True})
    gateway = other_gateway(providers={"thinker": thinker}, models={})
    chat.answer(chat_stream("<th", "ink>two and", " two</th", "ink>", "four"))
    with gateway.wire() as wire:
        raw = streamed(wire, model="thinker/m", input="2+2?")
    check_stream(events(raw))
    thought, answer = terminal(raw)["output"]
    assert thought["content"][0]["text"] == "two and two"
    assert answer["content"][0]["text"] == "four"
