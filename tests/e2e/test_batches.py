"""Batches that Antiphon's own workers answer, asked for by the official clients of OpenAI and of Anthropic."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from msgspec import structs
from openai.types import Batch

from antiphon.app import working
from antiphon.batch_settings import BatchSettings
from tests.e2e.anthropics import anthropic_client
from tests.e2e.batches import ended, line, submitted, until, written
from tests.e2e.exchanges import chat_whole, message, native_whole
from tests.e2e.gateway import CHAT_MODEL, KEY_B, NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.upstream import Gate, Provider, Reply, Seen, refusing, stream, whole

BATCHES = BatchSettings(
    native="never", poll_seconds=0.05, tries=2, first_pause_seconds=0.01, lines_at_once=4, batches_per_tenant=3
)
USER: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider
) -> Iterator[Gateway]:
    settings = settings_for(tmp_path_factory.mktemp("batches"), native_server.url, chat_server.url, batches=BATCHES)
    with running(structs.replace(settings, server=structs.replace(settings.server, shutdown_seconds=1))) as started:
        yield started


@pytest.fixture
def claude(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic_client(gateway) as opened:
        yield opened


def embedded(seen: Seen) -> Reply:
    data = [{"object": "embedding", "index": 0, "embedding": [0.5, float(len(seen.json["input"]))]}]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return whole({"object": "list", "data": data, "model": seen.json["model"], "usage": usage})


def asked(seen: Seen) -> str:
    said: Any = seen.json["input"]
    content = said if isinstance(said, str) else said[0]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def echoed(seen: Seen) -> Reply:
    return native_whole(message(f"You said {asked(seen)}."))


def test_responses(client: openai.OpenAI, native: Provider) -> None:
    native.answer(echoed, echoed, echoed)
    lines = [line(f"ask-{word}", "/v1/responses", model=NATIVE_MODEL, input=word) for word in ("one", "two", "three")]
    begun = submitted(client, "/v1/responses", *lines, metadata={"run": "7"})
    assert (begun.object, begun.status, begun.endpoint, begun.metadata) == (
        *("batch", "validating", "/v1/responses"),
        {"run": "7"},
    )
    assert begun.expires_at == begun.created_at + 86_400
    batch = ended(client, begun)
    assert (batch.status, batch.model, batch.error_file_id, batch.errors) == ("completed", NATIVE_MODEL, None, None)
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"total": 3, "completed": 3, "failed": 0}
    moments = [batch.created_at, batch.in_progress_at, batch.finalizing_at, batch.completed_at]
    assert moments == sorted(filter(None, moments))
    assert batch.usage is not None
    assert (batch.usage.input_tokens, batch.usage.output_tokens, batch.usage.total_tokens) == (63, 24, 87)
    assert batch.usage.input_tokens_details.cached_tokens == 15
    output = written(client, batch.output_file_id)
    assert [each["custom_id"] for each in output] == ["ask-one", "ask-two", "ask-three"]
    for word, each in zip(("one", "two", "three"), output, strict=True):
        assert each["id"].startswith("batch_req_")
        assert (each["error"], each["response"]["status_code"]) == (None, 200)
        assert each["response"]["request_id"].startswith("req_")
        body = each["response"]["body"]
        assert (body["object"], body["model"], body["status"]) == ("response", NATIVE_MODEL, "completed")
        assert body["output"][0]["content"][0]["text"] == f"You said {word}."
        assert client.responses.retrieve(body["id"]).output_text == f"You said {word}."
    assert batch.output_file_id is not None
    file = client.files.retrieve(batch.output_file_id)
    assert (file.purpose, file.filename) == ("batch_output", f"{batch.id}_output.jsonl")


@pytest.mark.parametrize(
    ("endpoint", "body", "reply", "told"),
    [
        (
            "/v1/chat/completions",
            {"model": CHAT_MODEL, "messages": USER},
            ("chat", chat_whole("Hello.")),
            ("chat.completion", 11),
        ),
        (
            "/v1/embeddings",
            {"model": "native/text-embedding-3-small", "input": "Hi"},
            ("native", embedded),
            ("list", 3),
        ),
        ("/v1/moderations", {"model": "local/moderation-rules", "input": "Hi"}, None, (None, None)),
    ],
    ids=["chat", "embeddings", "moderations"],
)
def test_other_endpoints(
    client: openai.OpenAI, providers: dict[str, Provider], endpoint: str, body: Any, reply: Any, told: Any
) -> None:
    if reply is not None:
        providers[reply[0]].answer(reply[1])
    batch = ended(client, submitted(client, endpoint, line("a", endpoint, **body)))
    (output,) = written(client, batch.output_file_id)
    assert (output["response"]["body"].get("object"), batch.usage and batch.usage.input_tokens) == told


def test_what_fails_is_in_the_error_file_after_another_try(client: openai.OpenAI, native: Provider) -> None:
    def moody(seen: Seen) -> Reply:
        text = asked(seen)
        if text == "refuse":
            return refusing("No.", 400, type="invalid_request_error", code="bad_thing")
        tries[text] = tries.get(text, 0) + 1
        return echoed(seen) if text == "mend" and tries[text] > 3 else refusing("Later.", 503)

    tries: dict[str, int] = {}
    native.answer(*[moody] * (1 + 4 + 6))
    texts = ("refuse", "mend", "break")
    lines = [line(text, "/v1/responses", model=NATIVE_MODEL, input=text) for text in texts]
    lines.append(line("nobody", "/v1/responses", model="nobody/m", input="Hi"))
    batch = ended(client, submitted(client, "/v1/responses", *lines))
    assert (batch.status, batch.model) == ("completed", None)
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"total": 4, "completed": 1, "failed": 3}
    assert [each["custom_id"] for each in written(client, batch.output_file_id)] == ["mend"]
    told = {
        each["custom_id"]: (each["response"]["status_code"], each["response"]["body"]["error"]["code"])
        for each in written(client, batch.error_file_id)
    }
    assert told == {
        "refuse": (400, "bad_thing"),
        "break": (503, "server_error"),
        "nobody": (400, "model_not_found"),
    }
    assert tries == {"mend": 4, "break": 6}, "three attempts each time, twice"


def test_what_finds_its_conversation_locked_is_tried_again(tmp_path: Path, native: Provider, chat: Provider) -> None:
    gate = Gate()

    def slow(seen: Seen) -> Reply:
        return Reply(pieces=(gate, echoed(seen).body))

    native.answer(slow, echoed, echoed)
    patient = structs.replace(BATCHES, lines_at_once=2, tries=100, first_pause_seconds=0.05, longest_pause_seconds=0.05)
    with running(settings_for(tmp_path, native.url, chat.url, batches=patient)) as server, server.client() as client:
        kept = client.conversations.create().id
        asks = [line(name, "/v1/responses", model=NATIVE_MODEL, input=name, conversation=kept) for name in ("a", "b")]
        free = line("c", "/v1/responses", model=NATIVE_MODEL, input="c")
        begun = submitted(client, "/v1/responses", *asks, free)
        until(lambda: client.batches.retrieve(begun.id), completed_some)  # with "c", whose turn came after a refusal
        gate.open()
        batch = ended(client, begun)
        assert [each["custom_id"] for each in written(client, batch.output_file_id)] == ["a", "b", "c"]
        assert len(client.conversations.items.list(kept).data) == 4


def test_a_file_with_faults_is_refused_with_their_lines(client: openai.OpenAI) -> None:
    good = line("a", "/v1/responses", model=NATIVE_MODEL, input="Hi")
    streamed = line("b", "/v1/responses", model=NATIVE_MODEL, input="Hi", stream=True)
    elsewhere = line("c", "/v1/embeddings", model=NATIVE_MODEL, input="Hi")
    batch = ended(client, submitted(client, "/v1/responses", good, "", "{", good, streamed, elsewhere))
    assert batch.status == "failed"
    assert batch.failed_at is not None
    assert batch.errors is not None
    assert [(each.line, each.code, each.param) for each in batch.errors.data or []] == [
        (3, "invalid_json_line", None),
        (4, "duplicate_custom_id", "custom_id"),
        (5, "invalid_value", "body.stream"),
        (6, "invalid_url", "url"),
    ]
    assert (batch.output_file_id, batch.error_file_id) == (None, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"input_file_id": "file-nowhere"}, "file_not_found"),
        ({"endpoint": "/v1/nothing"}, "invalid_value"),
        ({"completion_window": "soon"}, "invalid_value"),
        ({"metadata": {"a": 1}}, "invalid_type"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "integer_below_min_value"),
    ],
    ids=["file", "endpoint", "window", "metadata", "expiry"],
)
def test_what_cannot_become_a_batch(client: openai.OpenAI, wire: httpx.Client, changes: Any, code: str) -> None:
    file = client.files.create(file=("a.jsonl", b"{}"), purpose="batch")
    body = {"input_file_id": file.id, "endpoint": "/v1/responses", "completion_window": "24h"} | changes
    answer = wire.post("/v1/batches", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_a_file_for_something_else_and_a_foreign_one(client: openai.OpenAI, gateway: Gateway) -> None:
    other = client.files.create(file=("a.jsonl", b"{}"), purpose="user_data")
    with pytest.raises(openai.BadRequestError) as caught:
        client.batches.create(input_file_id=other.id, endpoint="/v1/responses", completion_window="24h")
    assert caught.value.code == "invalid_file_purpose"
    mine = client.files.create(file=("a.jsonl", b"{}"), purpose="batch")
    with gateway.client(KEY_B) as stranger, pytest.raises(openai.BadRequestError) as caught:
        stranger.batches.create(input_file_id=mine.id, endpoint="/v1/responses", completion_window="24h")
    assert caught.value.code == "file_not_found"


def test_batches_are_their_tenants_and_listed_under_every_prefix(gateway: Gateway, wire: httpx.Client) -> None:
    with gateway.client(KEY_B) as client:
        lines = [line("a", "/v1/moderations", model="local/moderation-rules", input="Hi")]
        made = [ended(client, submitted(client, "/v1/moderations", *lines)).id for _ in range(3)]
        assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]
        page = client.batches.list(limit=1, after=made[2])
        assert ([batch.id for batch in page.data], page.has_more) == ([made[1]], True)
    for method, path in (("GET", made[0]), ("POST", f"{made[0]}/cancel")):
        answer = wire.request(method, f"/openai/batches/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "batch_not_found")
    assert made[0] not in wire.get("/api/llm/v1/batches?limit=100").text


def completed_some(batch: Batch) -> bool:
    return batch.request_counts is not None and batch.request_counts.completed > 0


def test_a_cancel_keeps_what_was_answered(client: openai.OpenAI, native: Provider) -> None:
    gate = Gate()

    def slow(seen: Seen) -> Reply:
        return stream(gate) if b"wait" in seen.body else echoed(seen)

    native.answer(slow, slow)
    lines = [line(text, "/v1/responses", model=NATIVE_MODEL, input=text) for text in ("go", "wait")]
    begun = submitted(client, "/v1/responses", *lines)
    gate.wait_until_reached()
    until(lambda: client.batches.retrieve(begun.id), completed_some)
    told = client.batches.cancel(begun.id)
    assert told.status in ("cancelling", "cancelled")
    batch = ended(client, begun)
    gate.wait_until_left()
    assert (batch.status, batch.cancelled_at is not None) == ("cancelled", True)
    assert [each["custom_id"] for each in written(client, batch.output_file_id)] == ["go"]
    (dropped,) = written(client, batch.error_file_id)
    assert (dropped["custom_id"], dropped["response"], dropped["error"]["code"]) == ("wait", None, "batch_cancelled")
    assert client.batches.cancel(begun.id) == batch
    done = ended(client, submitted(client, "/v1/responses", "{"))
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(done.id)


def test_no_more_than_so_many_at_once(client: openai.OpenAI, native: Provider) -> None:
    native.answer(*(stream(Gate()) for _ in range(3)))
    waits = line("a", "/v1/responses", model=NATIVE_MODEL, input="wait")
    made = [submitted(client, "/v1/responses", waits) for _ in range(3)]
    with pytest.raises(openai.RateLimitError) as caught:
        submitted(client, "/v1/responses", waits)
    assert (caught.value.code, caught.value.response.headers["retry-after"]) == ("too_many_batches", "60")
    until(lambda: len(native.seen), lambda count: count == 3)
    for batch in made:
        client.batches.cancel(batch.id)
        assert ended(client, batch).status == "cancelled"


def test_a_server_may_leave_all_lines_to_workers(tmp_path: Path, native: Provider, chat: Provider) -> None:
    settings = settings_for(tmp_path, native.url, chat.url, batches=structs.replace(BATCHES, lines_at_once=0))
    asked = line("a", "/v1/moderations", model="local/moderation-rules", input="Hi")
    with running(settings) as server, server.client() as client:
        begun = submitted(client, "/v1/moderations", asked)

        async def work() -> Batch:
            async with working(settings, 1):
                return await asyncio.to_thread(ended, client, begun)

        assert client.batches.retrieve(begun.id).status == "validating"
        assert asyncio.run(work()).status == "completed"


def params(text: str, model: str = NATIVE_MODEL) -> Any:
    return {"model": model, "max_tokens": 10, "messages": [{"role": "user", "content": text}]}


def test_messages(claude: anthropic.Anthropic, native: Provider, chat: Provider) -> None:
    native.answer(echoed)
    chat.answer(chat_whole("Hello."))
    begun = claude.messages.batches.create(
        requests=[
            {"custom_id": "one", "params": params("one")},
            {"custom_id": "two", "params": params("two", CHAT_MODEL)},
            {"custom_id": "three", "params": params("three", "nobody/m")},
        ]
    )
    assert (begun.type, begun.processing_status, begun.request_counts.processing) == ("message_batch", "in_progress", 3)
    batch = until(lambda: claude.messages.batches.retrieve(begun.id), lambda now: now.processing_status == "ended")
    counts = batch.request_counts
    assert (counts.succeeded, counts.errored, counts.processing, counts.canceled, counts.expired) == (2, 1, 0, 0, 0)
    assert batch.ended_at is not None
    assert (batch.expires_at - batch.created_at).total_seconds() == 86_400
    told = {each.custom_id: each.result for each in claude.messages.batches.results(batch.id)}
    assert list(told) == ["one", "two", "three"]
    assert told["one"].type == told["two"].type == "succeeded"
    texts = [each.message.content[0] for each in told.values() if each.type == "succeeded"]
    assert [getattr(text, "text", "") for text in texts] == ["You said one.", "Hello."]
    failed = told["three"]
    assert failed.type == "errored"
    assert (failed.error.type, failed.error.error.type) == ("error", "not_found_error")
    assert [each.id for each in claude.messages.batches.list()] == [batch.id]
    assert claude.messages.batches.delete(batch.id).type == "message_batch_deleted"
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.batches.retrieve(batch.id)


def test_a_cancel_of_messages_and_results_that_are_not_there(
    claude: anthropic.Anthropic, wire: httpx.Client, native: Provider
) -> None:
    gate = Gate()
    native.answer(lambda _: stream(gate))
    begun = claude.messages.batches.create(requests=[{"custom_id": "one", "params": params("wait")}])
    gate.wait_until_reached()
    early = wire.get(f"/anthropic/v1/messages/batches/{begun.id}/results")
    assert (early.status_code, early.json()["type"], early.json()["error"]["type"]) == (404, "error", "not_found_error")
    with pytest.raises(anthropic.APIStatusError):
        claude.messages.batches.delete(begun.id)
    assert claude.messages.batches.cancel(begun.id).cancel_initiated_at is not None
    batch = until(lambda: claude.messages.batches.retrieve(begun.id), lambda now: now.processing_status == "ended")
    assert batch.request_counts.canceled == 1
    assert [each.result.type for each in claude.messages.batches.results(batch.id)] == ["canceled"]
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.batches.retrieve(begun.id.replace("msgbatch", "batch"))


@pytest.mark.parametrize(
    ("requests", "place"),
    [
        ([], "requests"),
        ([{"custom_id": "a b", "params": params("Hi")}], "requests[0].custom_id"),
        ([{"custom_id": "a", "params": params("Hi")}] * 2, "requests.1.custom_id"),
        ([{"custom_id": "a", "params": {"model": 7}}], "requests.0.params.model"),
        ([{"custom_id": "a", "params": params("Hi") | {"stream": True}}], "requests.0.params.stream"),
    ],
    ids=["none", "name", "twice", "model", "stream"],
)
def test_requests_that_cannot_become_a_batch(wire: httpx.Client, requests: Any, place: str) -> None:
    answer = wire.post("/v1/messages/batches", content=json.dumps({"requests": requests}))
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert place in answer.json()["error"]["message"]
