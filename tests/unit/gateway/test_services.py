import json
from collections.abc import Sequence
from typing import Any

import pytest

from antiphon.app.upstreams import own_targets, service_dialects
from antiphon.dialects.ollama_upstream import OllamaUpstream
from antiphon.errors import BadRequest, ConnectFailed, Retry, UpstreamBroke, UpstreamError, UpstreamRefused
from antiphon.gateway.errands import Errand
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.retries import RetryPolicy
from antiphon.gateway.services import Services, asked_for
from antiphon.protocols import Target, UpstreamReply
from antiphon.service_protocols import Served, Told
from tests.fakes import SEALER, FixedRouter, ScriptedProvider, json_reply

ANSWER = b'{"data":[{"embedding":[1],"index":0}],"usage":{"prompt_tokens":2,"total_tokens":2}}'
REQUEST = b'{"model":"m","input":["a"]}'


def target(name: str, post: Any, *, dialect: str = "openai", batch: int | None = None) -> Target:
    return Target(
        name=f"{name}/m",
        provider=name,
        model="m",
        dialect=OllamaUpstream(SEALER),
        post=post,
        services={"embeddings": Served(dialect, post, batch)},
    )


def services(*targets: Target, attempts: int = 2) -> Services:
    policy = RetryPolicy(attempts_per_target=attempts, base_seconds=0.0)
    return Services(FixedRouter(*targets), service_dialects(), policy, lambda: 0.0, LiveAnswers())


async def answered(serving: Services, body: bytes = REQUEST) -> tuple[Told, Errand]:
    asked = asked_for("embeddings", body, "req_1")
    errand = Errand(model=asked.model)
    return await serving.answer(asked, errand), errand


async def test_an_answer_and_what_the_log_is_told_of_it() -> None:
    provider = ScriptedProvider(json_reply(ANSWER, x_request_id="up_1"))
    told, errand = await answered(services(target("one", provider.post)))
    assert (told.body, told.input_tokens) == (ANSWER, 2)
    assert errand.target is not None
    assert (errand.target.name, errand.attempts, errand.upstream_request_id) == ("one/m", 1, "up_1")


@pytest.mark.parametrize(
    "failure",
    [
        ConnectFailed("no route"),
        json_reply(b'{"error":{"message":"busy"}}', status=503),
        json_reply(b"<html>", status=200),
    ],
    ids=["no connection", "busy", "no answer"],
)
async def test_a_target_is_asked_again_and_then_the_next(failure: Any) -> None:
    first = ScriptedProvider(failure, ConnectFailed("no route"))
    second = ScriptedProvider(json_reply(ANSWER))
    told, errand = await answered(services(target("one", first.post), target("two", second.post)))
    assert told.body == ANSWER
    assert errand.target is not None
    assert (errand.target.name, errand.attempts) == ("two/m", 3)


async def test_what_no_other_target_mends_is_told_at_once() -> None:
    first = ScriptedProvider(json_reply(b'{"error":{"message":"bad dimensions"}}', status=400))
    with pytest.raises(UpstreamRefused, match="bad dimensions") as caught:
        await answered(services(target("one", first.post), target("two", ScriptedProvider().post)))
    assert caught.value.retry is Retry.NEVER


class Portions:
    """Answers each portion once it has failed for it, and remembers what it was asked."""

    def __init__(self, *failing: str, error: UpstreamError | None = None) -> None:
        self.asked: list[str] = []
        self.failing = list(failing)
        self.error = error or ConnectFailed("no route")

    async def __call__(
        self, body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b""
    ) -> UpstreamReply:
        [text] = json.loads(body)["input"]
        self.asked.append(text)
        if text in self.failing:
            self.failing.remove(text)
            raise self.error
        data = [{"embedding": [ord(text)], "index": 0}]
        return json_reply(json.dumps({"data": data, "usage": {"total_tokens": 1}}).encode())


def letters(count: int) -> list[str]:
    return [chr(ord("a") + number) for number in range(count)]


def body_of(inputs: Sequence[str]) -> bytes:
    return json.dumps({"model": "m", "input": inputs}).encode()


async def test_portions_are_joined_in_order_and_only_those_that_failed_are_asked_again() -> None:
    provider = Portions("b")
    told, errand = await answered(services(target("one", provider, batch=1)), body_of(letters(20)))
    body = json.loads(told.body)
    assert [datum["embedding"] for datum in body["data"]] == [[ord(each)] for each in letters(20)]
    assert (told.input_tokens, errand.attempts) == (20, 2)
    assert sorted(provider.asked) == sorted([*letters(20), "b"])


async def test_another_target_begins_anew() -> None:
    first, second = Portions(*"bb"), Portions()
    told, errand = await answered(
        services(target("one", first, batch=1), target("two", second, batch=1)), body_of(letters(3))
    )
    assert sorted(second.asked) == letters(3)
    assert (told.input_tokens, errand.attempts) == (3, 3)


async def test_a_portion_that_is_refused_ends_the_request() -> None:
    provider = Portions("a", error=UpstreamRefused("too long", status=400))
    with pytest.raises(UpstreamRefused, match="too long"):
        await answered(services(target("one", provider, batch=1)), body_of(letters(26)))
    assert len(provider.asked) < 26


async def test_answers_that_cannot_be_read_are_asked_for_again() -> None:
    provider = ScriptedProvider(json_reply(b"{}"), json_reply(ANSWER))
    told, _ = await answered(services(target("one", provider.post)))
    assert told.body == ANSWER
    assert len(provider.bodies) == 2
    with pytest.raises(UpstreamBroke):
        await answered(services(target("one", ScriptedProvider(json_reply(b"{}")).post), attempts=1))


async def test_targets_without_the_endpoint_are_passed_over_and_alone_refused() -> None:
    [rules] = own_targets(SEALER).values()
    told, _ = await answered(services(rules, target("one", ScriptedProvider(json_reply(ANSWER)).post)))
    assert told.body == ANSWER
    with pytest.raises(BadRequest, match=r"cannot be asked for embeddings: local has none\.") as caught:
        await answered(services(rules))
    assert caught.value.param == "model"


async def test_amazon_counts_in_a_header() -> None:
    reply = json_reply(b'{"embeddings":[[1]]}', x_amzn_bedrock_input_token_count="5")
    provider = ScriptedProvider(reply)
    told, _ = await answered(services(target("one", provider.post, dialect="bedrock-cohere")))
    assert told.input_tokens == 5


def test_a_provider_in_words_is_ours_and_an_object_is_openrouters() -> None:
    asked = asked_for("embeddings", b'{"model":"m","provider":"x","input":"a"}', "req_1")
    assert (asked.provider, "provider" in asked.members) == ("x", False)
    asked = asked_for("embeddings", b'{"provider":{"order":["x"]},"input":"a"}', "req_1", "default")
    assert (asked.provider, asked.model, "provider" in asked.members) == (None, "default", True)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model":5}', b"{"])
def test_what_is_no_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        asked_for("embeddings", body, "req_1")
