"""Anthropic's clients on providers that speak their API: the provider's own bytes, both ways."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest

from antiphon.credential_settings import AwsSettings
from antiphon.model_settings import ModelSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.records import RequestRecord
from tests.e2e.anthropics import anthropic_client
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import message, native_whole
from tests.e2e.gateway import Gateway, running, settings_for
from tests.e2e.upstream import Cut, Provider, Reply, stream, whole
from tests.message_streams import start, stop, text_block

MODEL = "claude/claude-sonnet-4-5"
KEY = "sk-ant-0123456789"
USER: Any = [{"role": "user", "content": "Hi"}]
REQUEST = {"model": MODEL, "max_tokens": 100, "messages": USER}
RECORDINGS = Path(__file__).parents[1] / "recordings"
ANSWER: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "Hi", "vendor": 1.50}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 2},
}


@pytest.fixture(scope="module")
def relaying(
    tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider
) -> Iterator[Gateway]:
    """A gateway before Anthropic, and before a provider of OpenAI's kind."""
    folder = tmp_path_factory.mktemp("relaying")
    providers = {
        "claude": ProviderSettings(type="anthropic", base_url=native_server.url, api_key=KEY),
        "other": ProviderSettings(type="openai", base_url=chat_server.url, api_key="k"),
        "demo": ProviderSettings(enabled=False),
    }
    models = {"either": ModelSettings(targets=["claude/claude-sonnet-4-5", "other/gpt-5-mini"])}
    with running(settings_for(folder, "", "", providers=providers, models=models)) as started:
        yield started


@pytest.fixture
def wired(relaying: Gateway) -> Iterator[httpx.Client]:
    with relaying.wire() as opened:
        yield opened


def test_a_whole_answer_is_the_providers_own_bytes(wired: httpx.Client, native: Provider) -> None:
    body = json.dumps(ANSWER, indent=3).encode()
    native.answer(Reply(body))
    given = REQUEST | {"thinking": {"type": "disabled"}, "vendor_field": [1, 2.50]}
    betas = [("anthropic-beta", "a-2025-01-01,b-2025-01-01"), ("anthropic-beta", "c-2025-01-01")]
    answer = wired.post(
        "/anthropic/v1/messages?beta=true", json=given, headers=[*betas, ("anthropic-version", "2024-01-01")]
    )
    assert answer.status_code == 200
    assert answer.content == body
    assert answer.headers["antiphon-target"] == MODEL
    assert answer.headers["request-id"]
    sent = native.seen[-1]
    assert sent.path == "/v1/messages"
    assert sent.json == given | {"model": "claude-sonnet-4-5"}
    assert sent.headers["anthropic-beta"] == "a-2025-01-01,b-2025-01-01,c-2025-01-01"
    assert sent.headers["anthropic-version"] == "2024-01-01"
    assert sent.headers["x-api-key"] == KEY
    assert "authorization" not in sent.headers


def test_a_stream_is_the_providers_own_bytes(
    wired: httpx.Client, native: Provider, records: list[RequestRecord]
) -> None:
    begun = start(input_tokens=3, cache_read_input_tokens=4) + b"event: ping\ndata: {}\n\n: odd \n\n"
    said = begun + text_block(0, "a", "b") + stop("end_turn", output_tokens=2)
    native.answer(stream(said[:100], said[100:300], said[300:]))
    answer = wired.post("/v1/messages", json=REQUEST | {"stream": True})
    assert answer.content == said
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert native.seen[-1].headers["anthropic-version"] == "2023-06-01"
    [record] = records
    assert (record.model, record.target, record.stream) == (MODEL, MODEL, True)
    assert (record.input_tokens, record.output_tokens) == (7, 2)


def test_the_official_client_reads_it(relaying: Gateway, native: Provider) -> None:
    said = start(input_tokens=3) + text_block(0, "a", "b") + stop("end_turn", output_tokens=2)
    native.answer(stream(said))
    with (
        anthropic_client(relaying, prefix="/anthropic") as claude,
        claude.messages.stream(model=MODEL, max_tokens=9, messages=USER) as events,
    ):
        assert list(events.text_stream) == ["a", "b"]


def test_a_refusal_keeps_its_meaning(relaying: Gateway, native: Provider) -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": f"max_tokens: too many for {KEY}"}}
    native.answer(whole(error, 400))
    with anthropic_client(relaying) as claude, pytest.raises(anthropic.BadRequestError, match="too many") as caught:
        claude.messages.create(model=MODEL, max_tokens=9, messages=USER)
    assert KEY not in str(caught.value)


def test_an_overloaded_provider_is_told_as_anthropic_tells_it(relaying: Gateway, native: Provider) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    native.answer(*[whole(error, 529)] * 3)
    with anthropic_client(relaying) as claude, pytest.raises(anthropic.OverloadedError):
        claude.messages.create(model=MODEL, max_tokens=9, messages=USER)


def test_a_stream_that_is_cut_says_so_in_its_last_event(relaying: Gateway, native: Provider) -> None:
    native.answer(stream(start() + text_block(0, "a"), Cut()))
    with (
        anthropic_client(relaying) as claude,
        pytest.raises(anthropic.APIStatusError, match="cut"),
        claude.messages.stream(model=MODEL, max_tokens=9, messages=USER) as events,
    ):
        list(events)


def test_tokens_are_counted_by_the_provider(relaying: Gateway, native: Provider) -> None:
    native.answer(whole({"input_tokens": 4711}))
    with anthropic_client(relaying) as claude:
        thought: Any = {"type": "thinking", "thinking": "Hm.", "signature": "theirs"}
        turns: Any = [*USER, {"role": "assistant", "content": [thought, {"type": "text", "text": "Hi"}]}, *USER]
        assert claude.messages.count_tokens(model=MODEL, messages=turns).input_tokens == 4711
    sent = native.seen[-1]
    assert sent.path == "/v1/messages/count_tokens"
    assert sent.json == {"model": "claude-sonnet-4-5", "messages": turns}


def test_who_cannot_count_is_counted_for(wired: httpx.Client, native: Provider) -> None:
    native.answer(whole({"type": "error", "error": {"type": "api_error", "message": "no"}}, 500))
    answer = wired.post("/v1/messages/count_tokens", json={"model": MODEL, "messages": USER})
    assert answer.headers["antiphon-token-count"] == "estimate"
    assert answer.json()["input_tokens"] > 0


def test_thoughts_in_our_seal_find_their_maker(relaying: Gateway, native: Provider, chat: Provider) -> None:
    """A conversation that began at a model of another API and goes on at Anthropic's, and the other way round."""
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    with anthropic_client(relaying) as claude:
        reasoned: Any = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAAseal"}
        chat.answer(native_whole(reasoned, message("One.")))
        first = claude.messages.create(model="other/gpt-5-mini", max_tokens=2000, messages=USER, thinking=thinking)
        assert [block.type for block in first.content] == ["redacted_thinking", "text"]
        turns: Any = [*USER, {"role": "assistant", "content": first.content}, {"role": "user", "content": "More."}]
        signed = {"type": "thinking", "thinking": "Hm.", "signature": "theirs"}
        native.answer(whole(ANSWER | {"content": [signed, {"type": "text", "text": "Two."}]}))
        second = claude.messages.create(model=MODEL, max_tokens=2000, messages=turns, thinking=thinking)
        kinds = [block["type"] for turn in native.seen[-1].json["messages"] for block in turn["content"]]
        assert kinds == ["text", "text", "text"], "Anthropic is not shown what OpenAI sealed"
        turns += [{"role": "assistant", "content": second.content}, {"role": "user", "content": "More."}]
        native.answer(whole(ANSWER))
        claude.messages.create(model=MODEL, max_tokens=2000, messages=turns, thinking=thinking)
        assert native.seen[-1].json["messages"][3]["content"][0] == signed, "its own thought comes back as it was"


def test_who_answers_first_decides(wired: httpx.Client, native: Provider, chat: Provider) -> None:
    native.answer(whole(ANSWER))
    answer = wired.post("/v1/messages", json=REQUEST | {"model": "either"})
    assert answer.headers["antiphon-target"] == MODEL
    assert chat.seen == []


def test_amazon_is_given_what_it_takes_and_its_frames_are_opened(other_gateway: OtherGateway, native: Provider) -> None:
    path = next((RECORDINGS / "bedrock.invoke_stream").glob("*no_content_different_events-anthr*.json"))
    response = json.loads(path.read_bytes())["response"]
    frames = base64.b64decode(response["eventstream_b64"])
    media = "application/vnd.amazon.eventstream"
    native.answer(Reply(pieces=[frames[:333], frames[333:]], media_type=media))
    aws = AwsSettings(access_key_id="AKIDEXAMPLE", secret_access_key="hunter2hunter2")
    cloud = ProviderSettings(
        type="bedrock", base_url=native.url, region="eu-west-1", dialect="bedrock-messages", aws=aws
    )
    gateway = other_gateway(providers={"cloud": cloud, "demo": ProviderSettings(enabled=False)}, models={})
    known, unknown = "interleaved-thinking-2025-05-14", "claude-code-20250219"
    with gateway.wire() as wire:
        request = REQUEST | {"model": "cloud/anthropic.claude-x", "stream": True}
        answer = wire.post("/v1/messages", json=request, headers={"anthropic-beta": f"{unknown},{known}"})
    events = [each["chunk"] for each in response["events"]]
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    assert [json.loads(line) for line in lines] == events
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert names == [event["type"] for event in events]
    sent = native.seen[-1]
    assert sent.path == "/model/anthropic.claude-x/invoke-with-response-stream"
    said = {"anthropic_version": "bedrock-2023-05-31", "anthropic_beta": [known]}
    assert sent.json == {"max_tokens": 100, "messages": USER} | said
