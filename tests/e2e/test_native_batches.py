"""Batches that a provider's own batches answer, before a vendor that has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from msgspec import structs
from openai.types import Batch

from antiphon.batch_settings import BatchSettings
from antiphon.provider_settings import ProviderSettings
from tests.e2e.anthropics import anthropic_client
from tests.e2e.batch_vendor import BatchVendor, Json
from tests.e2e.batches import ended, line, submitted, until, written
from tests.e2e.exchanges import chat_whole, message, native_response, native_whole
from tests.e2e.gateway import CHAT_MODEL, NATIVE_KEY, NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.upstream import Provider, served, whole

BATCHES = BatchSettings(native_least_lines=2, native_poll_seconds=0.05, poll_seconds=0.05)
CLAUDE = "claude/claude-sonnet-4-5"
SAID: Json = {"type": "text", "text": "Hello."}
MESSAGE: Json = {
    "id": "msg_vendor",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [SAID],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 2, "service_tier": "batch"},
}


@pytest.fixture(scope="module")
def vendor_server() -> Iterator[BatchVendor]:
    with served(BatchVendor()) as vendor:
        yield vendor


@pytest.fixture
def vendor(vendor_server: BatchVendor) -> Iterator[BatchVendor]:
    yield vendor_server
    vendor_server.reset()


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, vendor_server: BatchVendor, chat_server: Provider
) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("batches")
    settings = settings_for(folder, vendor_server.url, chat_server.url, batches=BATCHES)
    claude = ProviderSettings(type="anthropic", base_url=vendor_server.url, api_key="sk-ant-key")
    with running(structs.replace(settings, providers=settings.providers | {"claude": claude})) as started:
        yield started


@pytest.fixture
def claude(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic_client(gateway) as opened:
        yield opened


def answered(body: Json) -> tuple[int, Json] | None:
    """As the input asks for it: nothing, a refusal, or an answer."""
    text = str(body.get("input") or body.get("messages"))
    if "silence" in text:
        return None
    if "refuse" in text:
        return 400, {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": "bad_thing"}}
    return 200, native_response(message(f"Answer to {len(body)} members."), model=body["model"])


def asking(*texts: str, model: str = NATIVE_MODEL) -> list[Json]:
    return [line(text, "/v1/responses", model=model, input=text) for text in texts]


def taken(client: openai.OpenAI, begun: Batch, vendor: BatchVendor) -> None:
    """Once the vendor has been asked how it stands."""
    until(lambda: [each.looks for each in vendor.batches.values()], any)
    assert client.batches.retrieve(begun.id).status == "in_progress"


def test_a_batch_at_openai(client: openai.OpenAI, vendor: BatchVendor) -> None:
    vendor.answer_with = answered
    begun = submitted(client, "/v1/responses", *asking("one", "refuse", "two"))
    taken(client, begun, vendor)
    theirs = vendor.only
    assert theirs.headers["authorization"] == f"Bearer {NATIVE_KEY}"
    assert (theirs.asked["endpoint"], theirs.asked["completion_window"]) == ("/v1/responses", "24h")
    assert theirs.asked["metadata"] == {"antiphon_batch": begun.id}
    assert vendor.forms[0]["purpose"] == "batch"
    assert {body["model"] for body in theirs.requests.values()} == {"gpt-5-mini"}
    vendor.release()
    batch = ended(client, begun)
    assert (batch.status, batch.model) == ("completed", NATIVE_MODEL)
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"total": 3, "completed": 2, "failed": 1}
    output = written(client, batch.output_file_id)
    assert [each["custom_id"] for each in output] == ["one", "two"]
    body = output[0]["response"]["body"]
    assert (body["model"], body["id"].startswith("resp_")) == (NATIVE_MODEL, True)
    assert client.responses.retrieve(body["id"]).output_text.startswith("Answer to")
    (refused,) = written(client, batch.error_file_id)
    assert (refused["response"]["status_code"], refused["response"]["body"]["error"]["code"]) == (400, "bad_thing")
    assert batch.usage is not None
    assert batch.usage.input_tokens == 42
    paths = [seen.path for seen in vendor.seen]
    assert paths == [], "nothing was asked for by itself"


def test_what_the_vendor_leaves_is_answered_by_our_own_workers(client: openai.OpenAI, vendor: BatchVendor) -> None:
    vendor.answer_with = answered
    begun = submitted(client, "/v1/responses", *asking("one", "silence"))
    taken(client, begun, vendor)
    vendor.answer(native_whole(message("Then I do it.")))
    vendor.release("expired")
    batch = ended(client, begun)
    texts = [
        each["response"]["body"]["output"][0]["content"][0]["text"] for each in written(client, batch.output_file_id)
    ]
    assert (batch.status, texts[1]) == ("completed", "Then I do it.")
    assert [seen.path for seen in vendor.seen] == ["/v1/responses"]


def test_a_line_of_the_vendors_that_is_none_holds_up_no_other(client: openai.OpenAI, vendor: BatchVendor) -> None:
    vendor.answer_with = answered
    vendor.spoils = ("2",)  # is told before the first
    begun = submitted(client, "/v1/responses", *asking("one", "two"))
    taken(client, begun, vendor)
    vendor.answer(native_whole(message("Then I do it.")))
    vendor.release()
    batch = ended(client, begun)
    texts = [
        each["response"]["body"]["output"][0]["content"][0]["text"] for each in written(client, batch.output_file_id)
    ]
    assert (batch.status, texts) == ("completed", [texts[0], "Then I do it."])
    assert texts[0].startswith("Answer to")


@pytest.mark.parametrize("how", ["refused", "failed", "mixed", "few"])
def test_what_is_not_for_the_vendor(client: openai.OpenAI, vendor: BatchVendor, chat: Provider, how: str) -> None:
    vendor.refuses = how == "refused"
    own = 1 if how in ("mixed", "few") else 2
    vendor.answer(*[native_whole(message("By itself."))] * own)
    lines = asking(*("one", "two")[: 1 if how == "few" else 2])
    if how == "mixed":
        lines[1] = asking("two", model=CHAT_MODEL)[0]
        chat.answer(chat_whole("By itself."))
    begun = submitted(client, "/v1/responses", *lines)
    if how == "failed":
        taken(client, begun, vendor)
        vendor.release("failed")
    batch = ended(client, begun)
    assert batch.status == "completed"
    texts = {
        each["response"]["body"]["output"][0]["content"][0]["text"] for each in written(client, batch.output_file_id)
    }
    assert texts == {"By itself."}
    assert len(vendor.batches) == (how == "failed")


def test_a_cancel_reaches_the_vendor_and_keeps_its_answers(client: openai.OpenAI, vendor: BatchVendor) -> None:
    vendor.answer_with = answered
    begun = submitted(client, "/v1/responses", *asking("one", "silence"))
    taken(client, begun, vendor)
    client.batches.cancel(begun.id)
    batch = ended(client, begun)
    assert (batch.status, vendor.only.status) == ("cancelled", "cancelled")
    assert [each["custom_id"] for each in written(client, batch.output_file_id)] == ["one"]
    (dropped,) = written(client, batch.error_file_id)
    assert (dropped["custom_id"], dropped["error"]["code"]) == ("silence", "batch_cancelled")


def params(text: str) -> Any:
    return {"model": CLAUDE, "max_tokens": 10, "messages": [{"role": "user", "content": text}]}


def test_a_batch_at_anthropic(claude: anthropic.Anthropic, vendor: BatchVendor) -> None:
    def reply(body: Json) -> tuple[int, Json] | None:
        text = body["messages"][0]["content"]
        if text == "refuse":
            return 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "No."}}
        return None if text == "silence" else (200, MESSAGE)

    vendor.answer_with = reply
    batches = claude.beta.messages.batches
    requests: Any = [{"custom_id": text, "params": params(text)} for text in ("one", "refuse")]
    begun = batches.create(requests=requests, betas=["files-api-2025-04-14"])
    until(lambda: [each.looks for each in vendor.batches.values()], any)
    theirs = vendor.only
    assert (theirs.headers["x-api-key"], theirs.headers["anthropic-beta"]) == ("sk-ant-key", "files-api-2025-04-14")
    assert theirs.headers["anthropic-version"] == "2023-06-01"
    assert [body["model"] for body in theirs.requests.values()] == ["claude-sonnet-4-5"] * 2
    vendor.release()
    until(lambda: batches.retrieve(begun.id), lambda now: now.processing_status == "ended")
    told = {each.custom_id: each.result for each in claude.messages.batches.results(begun.id)}
    assert list(told) == ["one", "refuse"]
    one, refused = told["one"], told["refuse"]
    assert one.type == "succeeded"
    assert one.message.content[0].model_dump(exclude_none=True) == SAID
    assert one.message.usage.service_tier == "batch"
    assert refused.type == "errored"
    assert (refused.error.error.type, refused.error.error.message) == ("invalid_request_error", "No.")
    assert vendor.seen == []


def test_a_line_of_anthropics_that_is_none_holds_up_no_other(claude: anthropic.Anthropic, vendor: BatchVendor) -> None:
    vendor.answer_with = lambda _: (200, MESSAGE)
    vendor.spoils = ("1",)
    requests: Any = [{"custom_id": text, "params": params(text)} for text in ("one", "two")]
    begun = claude.messages.batches.create(requests=requests)
    until(lambda: [each.looks for each in vendor.batches.values()], any)
    vendor.answer(whole(MESSAGE | {"content": [SAID | {"text": "Then I do it."}]}))
    vendor.release()
    until(lambda: claude.messages.batches.retrieve(begun.id), lambda now: now.processing_status == "ended")
    told = {each.custom_id: each.result for each in claude.messages.batches.results(begun.id)}
    texts = [each.message.content[0].model_dump()["text"] for each in told.values() if each.type == "succeeded"]
    assert texts == ["Then I do it.", "Hello."]
