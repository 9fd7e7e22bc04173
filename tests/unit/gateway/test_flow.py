"""What happens to a turn: who is asked, what the client sees, what is kept."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.errors import BadRequest, ConnectFailed, Retry, StoreFailed, UpstreamBroke, UpstreamRefused
from antiphon.gateway.flow import Gateway, Policy
from antiphon.gateway.live import follow
from antiphon.gateway.retries import RetryPolicy
from antiphon.protocols import Target, Turn
from antiphon.wire.assembly import events_of
from antiphon.wire.requests import Item, parse_request
from tests.fakes import (
    CALLER,
    SEALER,
    Collected,
    DirectCollected,
    FixedRouter,
    MemoryResponses,
    ScriptedProvider,
    Step,
    json_reply,
    no_conversations,
    pseudonym,
    stream_reply,
    surroundings,
    target,
)
from tests.grammar import check_stream

QUICK = RetryPolicy(attempts_per_target=2, base_seconds=0.0, max_seconds=0.0)


def response(status: str = "completed", text: str = "Hello", **extra: Any) -> Item:
    content: list[Item] = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    item: Item = {"id": "msg_up", "type": "message", "status": "completed", "role": "assistant", "content": content}
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    done = status in ("completed", "incomplete")
    body: Item = {"id": "resp_up", "object": "response", "status": status, "model": "model-2026", "created_at": 1}
    return body | {"output": [item] if done else [], "usage": usage if done else None} | extra


def sse(kind: str, number: int, **members: Any) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number, **members})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def stream(*, upto: int | None = None) -> list[bytes]:
    place = {"item_id": "msg_up", "output_index": 0, "content_index": 0}
    item = response()["output"][0]
    part = item["content"][0]
    frames = [
        sse("response.created", 0, response=response("in_progress")),
        sse("response.in_progress", 1, response=response("in_progress")),
        sse("response.output_item.added", 2, output_index=0, item=item | {"status": "in_progress", "content": []}),
        sse("response.content_part.added", 3, **place, part=part | {"text": ""}),
        sse("response.output_text.delta", 4, **place, delta="Hel", logprobs=[]),
        sse("response.output_text.delta", 5, **place, delta="lo", logprobs=[]),
        sse("response.output_text.done", 6, **place, text="Hello", logprobs=[]),
        sse("response.content_part.done", 7, **place, part=part),
        sse("response.output_item.done", 8, output_index=0, item=item),
        sse("response.completed", 9, response=response()),
    ]
    return frames[:upto]


class Scene:
    """A gateway with scripted providers and a store in memory."""

    def __init__(self, *targets: Target, policy: Policy | None = None) -> None:
        self.store = MemoryResponses()
        policy = policy or Policy(retries=QUICK)
        self.gateway = Gateway(FixedRouter(*targets), self.store, policy, surroundings(), no_conversations(self.store))
        self.sink = Collected()

    async def open(self, **body: Any) -> Turn:
        request = parse_request(msgspec.json.encode({"model": "openai/model", "input": "Hi", **body}))
        return await self.gateway.open(request, CALLER)

    async def ask(self, **body: Any) -> Item:
        turn = await self.open(**body)
        outcome = await self.gateway.answer(turn, self.sink)
        answer: Item = json.loads(outcome.body)
        return answer


def native(*script: Any) -> tuple[Target, ScriptedProvider]:
    provider = ScriptedProvider(*script)
    return target(ResponsesUpstream(SEALER, pseudonym), provider.post), provider


async def test_a_whole_answer_is_the_superset_and_is_kept() -> None:
    upstream, provider = native(json_reply(json.dumps(response(billing={"payer": "developer"})).encode()))
    scene = Scene(upstream)
    answer = await scene.ask(metadata={"a": "b"}, user="someone")
    assert answer["id"].startswith("resp_")
    assert answer["id"] != "resp_up"
    assert answer["provider"] == "openai"
    assert answer["model"] == "openai/model"
    assert answer["metadata"] == {"a": "b"}
    assert answer["user"] == "someone"
    assert answer["billing"] == {"payer": "developer"}
    assert answer["completed_at"] == 1_700_000_000
    assert answer["conversation"]["id"].startswith("conv_")
    kept = scene.store.turns[answer["id"]]
    assert json.loads(kept.body) == answer
    assert kept.upstream_id == "resp_up"
    assert kept.frames is None
    sent = json.loads(provider.bodies[0])
    assert sent["store"] is False
    assert "metadata" not in sent
    assert sent["user"] not in ("someone", None)


async def test_nothing_is_kept_when_the_client_says_so() -> None:
    upstream, _ = native(json_reply(json.dumps(response()).encode()))
    scene = Scene(upstream)
    answer = await scene.ask(store=False)
    assert answer["conversation"] is None
    assert scene.store.turns == {}


async def test_a_stream_that_needs_no_change_keeps_its_bytes_and_its_record_is_what_was_sent() -> None:
    upstream, _ = native(stream_reply(*stream()))
    scene = Scene(upstream)
    answer = await scene.ask(stream=True)
    check_stream(scene.sink.events)
    sent = b"".join(chunk.verbatim or b"" for chunk in scene.sink.chunks)
    assert b"".join(stream()[2:9]) in sent
    kept = scene.store.turns[answer["id"]]
    assert b"".join(kept.frames or ()) == sent


async def test_the_terminal_event_leaves_only_after_the_turn_is_safe() -> None:
    upstream, _ = native(stream_reply(*stream()))
    scene = Scene(upstream)
    seen: list[str] = []
    scene.store.before_save = lambda: seen.extend(scene.sink.types)
    await scene.ask(stream=True)
    assert "response.output_item.done" in seen
    assert "response.completed" not in seen


async def test_the_same_target_is_asked_again_and_then_the_next_one() -> None:
    busy = UpstreamRefused("busy", status=503, retry=Retry.SAME)
    first, asked = native(busy, busy)
    second, _ = native(json_reply(json.dumps(response(text="second")).encode()))
    scene = Scene(first, second)
    turn = await scene.open()
    await scene.gateway.answer(turn, scene.sink)
    assert len(asked.bodies) == 2
    assert turn.attempts == 3
    assert turn.target is second


async def test_another_target_takes_over_a_stream_until_output_has_left() -> None:
    first, _ = native(stream_reply(*stream(upto=2), Step(error=UpstreamBroke("cut"))))
    second, _ = native(stream_reply(*stream()))
    scene = Scene(first, second, policy=Policy(retries=RetryPolicy(attempts_per_target=1)))
    await scene.ask(stream=True)
    check_stream(scene.sink.events)
    assert scene.sink.types.count("response.created") == 1


async def test_a_target_that_fails_while_answering_is_not_replaced() -> None:
    first, _ = native(stream_reply(*stream(upto=5), Step(error=UpstreamBroke("The provider went away."))))
    second, unasked = native(stream_reply(*stream()))
    scene = Scene(first, second)
    answer = await scene.ask(stream=True)
    check_stream(scene.sink.events)
    assert scene.sink.types[-2:] == ["error", "response.failed"]
    assert answer["status"] == "failed"
    assert answer["error"]["code"] == "server_error"
    assert answer["output"][0]["status"] == "incomplete"
    assert answer["output"][0]["content"][0]["text"] == "Hel"
    assert unasked.bodies == []
    assert scene.store.turns[answer["id"]].status == "failed"


async def test_a_stream_that_ends_without_its_terminal_event_has_failed() -> None:
    upstream, _ = native(stream_reply(*stream(upto=9)))
    scene = Scene(upstream)
    answer = await scene.ask(stream=True)
    assert answer["status"] == "failed"
    check_stream(scene.sink.events)


async def test_a_failure_before_the_first_output_is_an_exception() -> None:
    upstream, _ = native(*[stream_reply(*stream(upto=2)) for _ in range(2)])
    scene = Scene(upstream)
    with pytest.raises(UpstreamBroke):
        await scene.ask(stream=True)
    assert scene.sink.events == []
    assert scene.store.turns == {}


async def test_an_opening_that_waits_long_is_sent_ahead_of_its_output() -> None:
    reply = stream_reply(*stream(upto=2), Step(pause=True), *stream()[2:])
    upstream, _ = native(reply)
    scene = Scene(upstream)
    turn = await scene.open(stream=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(scene.gateway.answer(turn, scene.sink))
        await reply.reached_pause.wait()
        await scene.sink.began.wait()
        assert scene.sink.types == ["response.created", "response.in_progress"]
        reply.resume.set()
    check_stream(scene.sink.events)


async def test_a_refusal_that_no_retry_mends_is_told_at_once() -> None:
    upstream, asked = native(json_reply(b'{"error":{"message":"bad","type":"invalid_request_error"}}', status=400))
    second, unasked = native()
    with pytest.raises(UpstreamRefused):
        await Scene(upstream, second).ask()
    assert len(asked.bodies) == 1
    assert unasked.bodies == []


async def test_the_last_failure_is_told_when_everybody_failed() -> None:
    first, _ = native(ConnectFailed("no route"), ConnectFailed("no route"))
    second, _ = native(UpstreamRefused("full", status=429, code="rate_limit_exceeded", retry=Retry.ELSEWHERE))
    with pytest.raises(UpstreamRefused, match="full"):
        await Scene(first, second).ask()


async def test_what_cannot_be_kept_is_not_acknowledged() -> None:
    upstream, _ = native(json_reply(json.dumps(response()).encode()), stream_reply(*stream()))
    scene = Scene(upstream)
    scene.store.broken = StoreFailed("The disk is full.")
    with pytest.raises(StoreFailed):
        await scene.ask()
    answer = await scene.ask(stream=True)
    assert answer["status"] == "failed"
    assert "response.completed" not in scene.sink.types
    check_stream(scene.sink.events)


async def test_a_chain_brings_its_items_but_not_its_instructions() -> None:
    replies = [json_reply(json.dumps(response(text=text)).encode()) for text in ("one", "two", "three")]
    upstream, provider = native(*replies)
    scene = Scene(upstream)
    first = await scene.ask(input="1", instructions="Be brief.")
    second = await scene.ask(input="2", previous_response_id=first["id"])
    third = await scene.ask(input="3", previous_response_id=second["id"])
    sent = json.loads(provider.bodies[2])
    texts = [item["content"][0]["text"] for item in sent["input"]]
    assert texts == ["1", "one", "2", "two", "3"]
    assert "instructions" not in sent
    assert "previous_response_id" not in sent
    assert third["previous_response_id"] == second["id"]
    assert third["conversation"] == first["conversation"]
    assert json.loads(scene.store.turns[third["id"]].input) == [
        {
            "id": json.loads(scene.store.turns[third["id"]].input)[0]["id"],
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": "3"}],
        }
    ]


async def test_a_chain_whose_ancestor_is_gone_is_broken() -> None:
    upstream, _ = native(*[json_reply(json.dumps(response()).encode()) for _ in range(2)])
    scene = Scene(upstream)
    first = await scene.ask()
    second = await scene.ask(previous_response_id=first["id"])
    await scene.store.delete("tenant-a", first["id"])
    with pytest.raises(BadRequest) as caught:
        await scene.ask(previous_response_id=second["id"])
    assert caught.value.code == "previous_response_not_found"


async def test_a_failed_answer_cannot_be_continued() -> None:
    upstream, _ = native(stream_reply(*stream(upto=5)))
    scene = Scene(upstream)
    failed = await scene.ask(stream=True)
    with pytest.raises(BadRequest, match="failed"):
        await scene.open(previous_response_id=failed["id"])


async def test_sealed_reasoning_reaches_only_the_provider_that_made_it() -> None:
    reasoning: Item = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "sealed"}
    body = response()
    body["output"].insert(0, reasoning)
    first, _ = native(json_reply(json.dumps(body).encode()))
    other = ScriptedProvider(json_reply(json.dumps(response()).encode()))
    scene = Scene(first)
    answer = await scene.ask()
    foreign = target(ResponsesUpstream(SEALER, pseudonym), other.post, provider="xai")
    elsewhere = Gateway(FixedRouter(foreign), scene.store, Policy(), surroundings(), no_conversations(scene.store))
    request = parse_request(
        msgspec.json.encode({"model": "m", "input": "x", "previous_response_id": answer["id"], "store": False})
    )
    turn = await elsewhere.open(request, CALLER)
    await elsewhere.answer(turn, scene.sink)
    assert "sealed" not in other.bodies[0].decode()
    assert turn.warnings


async def test_a_second_reader_follows_a_running_answer_from_any_event() -> None:
    reply = stream_reply(*stream(upto=5), Step(pause=True), *stream()[5:])
    upstream, _ = native(reply)
    scene = Scene(upstream)
    turn = await scene.open(stream=True)
    reader = Collected()
    async with asyncio.TaskGroup() as group:
        group.create_task(scene.gateway.answer(turn, scene.sink))
        await reply.reached_pause.wait()
        delivery = scene.gateway.live.find("tenant-a", turn.id)
        assert delivery is not None
        assert scene.gateway.live.find("tenant-b", turn.id) is None
        group.create_task(follow(delivery, 3, reader))
        await asyncio.sleep(0)
        reply.resume.set()
    assert [event.number for event in reader.events] == [4, 5, 6, 7, 8, 9]
    assert [event.data for event in reader.events] == [event.data for event in scene.sink.events[4:]]
    assert scene.gateway.live.find("tenant-a", turn.id) is None


async def test_a_shutdown_ends_a_running_answer_with_a_terminal_event_that_is_kept() -> None:
    reply = stream_reply(*stream(upto=5), Step(pause=True))
    upstream, _ = native(reply)
    scene = Scene(upstream)
    scene.store.before_save = scene.gateway.live.end_all  # as settings that are not in force any more do once again
    turn = await scene.open(stream=True)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(scene.gateway.answer(turn, scene.sink))
        await reply.reached_pause.wait()
        scene.gateway.live.end_all()
    assert running.result().status == "failed"
    assert scene.sink.types[-1] == "response.failed"
    assert scene.store.turns[turn.id].status == "failed"
    check_stream(scene.sink.events)
    assert reply.released


async def test_a_client_that_leaves_closes_the_provider_and_nothing_is_kept() -> None:
    reply = stream_reply(*stream(upto=5), Step(pause=True))
    upstream, _ = native(reply)
    scene = Scene(upstream)
    turn = await scene.open(stream=True)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(scene.gateway.answer(turn, scene.sink))
        await reply.reached_pause.wait()
        running.cancel()
    assert reply.released
    assert scene.store.turns == {}


async def test_a_provider_that_answers_a_stream_request_whole_is_told_as_a_stream() -> None:
    upstream, _ = native(json_reply(json.dumps(response()).encode()))
    scene = Scene(upstream)
    answer = await scene.ask(stream=True)
    check_stream(scene.sink.events)
    last = json.loads(scene.sink.events[-1].data)
    assert last["response"] == answer
    assert events_of(b"".join(scene.store.turns[answer["id"]].frames or ())) == scene.sink.events


async def test_what_is_handed_over_without_a_task_is_sent_once_in_order_and_kept() -> None:
    upstream, _ = native(stream_reply(*stream()))
    scene = Scene(upstream)
    sink = DirectCollected()
    turn = await scene.open(stream=True)
    await scene.gateway.answer(turn, sink)
    check_stream(sink.events)
    assert sink.taken > 0
    assert sink.offered > sink.taken
    assert b"".join(scene.store.turns[turn.id].frames or ()) == sink.wire


async def test_a_failure_while_events_are_handed_over_still_ends_the_stream() -> None:
    broken = b"event: response.output_text.delta\ndata: {]\n\n"
    upstream, _ = native(stream_reply(*stream(upto=5), broken))
    scene = Scene(upstream)
    sink = DirectCollected()
    turn = await scene.open(stream=True)
    outcome = await scene.gateway.answer(turn, sink)
    assert outcome.status == "failed"
    check_stream(sink.events)
