"""Two gateways on one database: what one has told a client the other knows, and what one does the other follows.

On a file alone, on PostgreSQL alone, and on a file with Redis beside it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import msgspec
import openai
import pytest
import pytest_asyncio

from antiphon.batch_settings import BatchSettings
from antiphon.lifecycle_settings import BackgroundSettings, IdempotencySettings
from antiphon.redis_settings import RedisSettings
from tests.grammar import check_stream
from tests.integration.harness import KEY, Gateway, ask, asking, events_of, frames_of, serving, settings_for
from tests.integration.provider import Upstream, providing
from tests.integration.test_background_processes import (
    WORDS,
    Silence,
    answers,
    assert_answered,
    begin,
    conversing,
    followed,
    seen_up_to,
)
from tests.together import together

pytestmark = pytest.mark.asyncio(loop_scope="module")

SELDOM = BackgroundSettings(lease_seconds=120.0, heartbeat_seconds=10.0, poll_seconds=60.0)
KEYS = IdempotencySettings(lease_seconds=600.0)
BATCHES = BatchSettings(native="never", lease_seconds=120.0, poll_seconds=60.0)
"""Nobody looks within the time of a test: what is known in time was told."""

SOON = 5.0
"""Seconds, on a machine with other things to do; it takes some thousandths."""

TURNS = 12
_log = logging.getLogger(__name__)
CANCELS = 11
CANCELLED_WITHIN = 0.2


@dataclass(frozen=True, slots=True)
class Pair:
    """`one` takes jobs and batches and gives no answers to them, `other` does."""

    upstream: Upstream
    one: Gateway
    other: Gateway


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres", "redis"])
async def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Pair]:
    folder = tmp_path_factory.mktemp("replicas")
    postgres = request.param == "postgres"
    database: str = request.getfixturevalue("postgres_database") if postgres else f"sqlite:///{folder}/antiphon.db"
    async with providing(answers) as upstream:
        redis = RedisSettings(url=request.getfixturevalue("redis_server").url if request.param == "redis" else None)
        settings = settings_for(
            upstream.port, database, background=SELDOM, idempotency=KEYS, batches=BATCHES, redis=redis
        )
        takes_only = msgspec.structs.replace(
            settings,
            background=msgspec.structs.replace(SELDOM, answers_at_once=0),
            batches=msgspec.structs.replace(BATCHES, lines_at_once=0),
        )
        async with serving(takes_only, folder / "one") as one, serving(settings, folder / "other") as other:
            yield Pair(upstream, one, other)


@pytest.fixture(autouse=True)
def _answering(pair: Pair) -> None:
    pair.upstream.script = answers


async def create(gateway: Gateway, **members: Any) -> Any:
    answer = await ask(gateway, "POST", "/v1/responses", {"model": "native/m", "input": "Hi"} | members)
    assert answer.status == 200, answer
    return answer.json


async def test_what_was_answered_is_continued_elsewhere_at_once(pair: Pair) -> None:
    """By the real client, each turn goes on from what the other gateway has only just ended."""
    clients = [
        openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key=KEY, max_retries=0)
        for gateway in (pair.one, pair.other)
    ]
    previous: str | None = None
    for turn in range(TURNS):
        client, elsewhere = clients[turn % 2], clients[1 - turn % 2]
        stream = await client.responses.create(
            model="native/m", input=f"Turn {turn}", stream=True, previous_response_id=previous or openai.omit
        )
        async for event in stream:
            if event.type == "response.completed":
                previous = event.response.id
                # Before the first stream has even been read to its end.
                found = await elsewhere.responses.retrieve(previous)
                assert found.output_text == "".join(WORDS)
                resumed = await elsewhere.responses.retrieve(previous, stream=True, starting_after=3)
                assert [later.type async for later in resumed][-1] == "response.completed"
    assert previous is not None
    kept = await clients[1].responses.input_items.list(previous, limit=100)
    assert len(kept.data) == 2 * TURNS - 1
    for client in clients:
        await client.close()


async def test_a_job_is_done_elsewhere_followed_here_and_cancelled_at_once(pair: Pair) -> None:
    silence = pair.upstream.script = Silence(6)
    response_id = await begin(pair.one)
    seen = await seen_up_to(pair.one, response_id, 7)
    cancelled = await ask(pair.one, "POST", f"/v1/responses/{response_id}/cancel")
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    async with asyncio.timeout(SOON):
        await silence.left.wait()
    for gateway in (pair.one, pair.other):
        assert frames_of(await followed(gateway, response_id))[:7] == seen
        told = await assert_answered(gateway, response_id)
        assert told[-1]["response"] == cancelled.json


async def test_a_follower_hears_each_event_of_a_job_elsewhere(pair: Pair) -> None:
    silence = pair.upstream.script = Silence(6)
    response_id = await begin(pair.one)
    await seen_up_to(pair.one, response_id, 7)
    async with asyncio.timeout(SOON), asking(pair.one, "GET", f"/v1/responses/{response_id}?stream=true") as following:
        await following.head()
        silence.may_go_on.set()
        told = events_of(await following.rest())
    check_stream(told, relayed=True)
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == "".join(WORDS)


async def test_a_stream_that_is_given_elsewhere_is_followed_here(pair: Pair) -> None:
    silence = pair.upstream.script = Silence(6)
    asked = {"model": "native/m", "input": "Hi", "stream": True}
    async with asking(pair.other, "POST", "/v1/responses", asked) as client:
        await client.head()
        raw = await client.frames(6)
        response_id = events_of(raw)[0]["response"]["id"]
        path = f"/v1/responses/{response_id}?stream=true"
        async with asking(pair.one, "GET", path) as whole, asking(pair.one, "GET", f"{path}&starting_after=3") as part:
            await whole.head()
            await part.head()
            begun = await whole.frames(6)
            assert begun == raw, "live, while the answer is being given"
            silence.may_go_on.set()
            rest, seen, late = await together(client.rest(), whole.rest(), part.rest())
    assert begun + seen == raw + rest
    assert frames_of(late) == frames_of(raw + rest)[4:]
    unknown = await ask(pair.one, "GET", "/v1/responses/resp_of_nobody?stream=true")
    assert unknown.status == 404


async def test_a_stream_whose_client_left_is_ended_for_who_follows_it_elsewhere(pair: Pair) -> None:
    pair.upstream.script = Silence(6)
    asked = {"model": "native/m", "input": "Hi", "stream": True}
    async with asking(pair.other, "POST", "/v1/responses", asked) as client:
        await client.head()
        raw = await client.frames(6)
        response_id = events_of(raw)[0]["response"]["id"]
        async with asking(pair.one, "GET", f"/v1/responses/{response_id}?stream=true") as following:
            await following.head()
            client.leave()
            async with asyncio.timeout(SOON):
                told = events_of(await following.rest())
    assert told[-1]["type"] == "response.failed"


async def test_two_that_come_with_one_key_at_once_get_one_answer(pair: Pair) -> None:
    before = len(pair.upstream.requests)
    body = {"model": "native/m", "input": "Once"}
    both = [ask(gateway, "POST", "/v1/responses", body, Idempotency_Key="once") for gateway in (pair.one, pair.other)]
    first, second = await together(*both)
    assert first.json["id"] == second.json["id"]
    assert len(pair.upstream.requests) == before + 1


async def test_who_waits_for_an_answer_that_is_made_elsewhere_is_told_of_its_end(pair: Pair) -> None:
    silence = pair.upstream.script = Silence(6)
    body = {"model": "native/m", "input": "Once more", "stream": True}
    key = {"Idempotency_Key": "awaited"}
    async with asking(pair.other, "POST", "/v1/responses", body, **key) as first:
        await first.head()
        await silence.reached.wait()
        async with asking(pair.one, "POST", "/v1/responses", body, **key) as second:
            for _ in range(3):  # by then it waits; its second look would come after more than a minute
                await ask(pair.one, "GET", "/health")
            silence.may_go_on.set()
            async with asyncio.timeout(SOON):
                told = await first.rest()
                await second.head()
                again = await second.rest()
    assert frames_of(again) == frames_of(told)


async def test_a_batch_is_worked_off_elsewhere_at_once(pair: Pair) -> None:
    client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{pair.one.port}/v1", api_key=KEY, max_retries=0)
    line = {"custom_id": "1", "method": "POST", "url": "/v1/responses", "body": {"model": "native/m", "input": "Hi"}}
    file = await client.files.create(file=("in.jsonl", msgspec.json.encode(line)), purpose="batch")
    created = await client.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
    async with asyncio.timeout(SOON):
        while (found := await client.batches.retrieve(created.id)).status != "completed":  # noqa: ASYNC110 - elsewhere
            await asyncio.sleep(0.02)
    assert found.request_counts is not None
    assert found.request_counts.total == 1
    await client.close()


async def test_a_cancel_reaches_the_provider_at_once(pair: Pair) -> None:
    """From the client's request at one process until the provider sees the other one leave."""
    took: list[float] = []
    for _ in range(CANCELS):
        silence = pair.upstream.script = Silence(6)
        response_id = await begin(pair.one)
        await silence.reached.wait()
        started = time.perf_counter()
        cancelled = await ask(pair.one, "POST", f"/v1/responses/{response_id}/cancel")
        assert cancelled.json["status"] == "cancelled"
        async with asyncio.timeout(SOON):
            await silence.left.wait()
        took.append(time.perf_counter() - started)
    _log.info("cancelled within %s ms", [round(1000 * seconds, 1) for seconds in sorted(took)])
    assert sorted(took)[CANCELS // 2] < CANCELLED_WITHIN


async def test_a_conversation_is_held_by_one_turn_wherever_the_other_is(pair: Pair) -> None:
    conversation = await conversing(pair.one)
    silence = pair.upstream.script = Silence(6)
    async with asyncio.TaskGroup() as group:
        group.create_task(create(pair.one, conversation=conversation))
        await silence.reached.wait()
        body = {"model": "native/m", "input": "Hi", "conversation": conversation}
        refused = await ask(pair.other, "POST", "/v1/responses", body)
        silence.may_go_on.set()
    assert refused.json["error"]["code"] == "conversation_locked"
    pair.upstream.script = answers
    await create(pair.other, conversation=conversation)
    items = (await ask(pair.one, "GET", f"/v1/conversations/{conversation}/items")).json["data"]
    assert [item["role"] for item in items] == ["assistant", "user"] * 2
