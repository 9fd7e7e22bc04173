"""Chat completions with the JavaScript clients over four kinds of upstream, as strict as their vendors.

What they do is in `tests/js/openai_chat_cases.mjs` and `tests/js/ai_sdk_cases.mjs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.gateway import Gateway
from tests.e2e.javascript import JavaScript, Thrown, running_javascript
from tests.e2e.pairs.matrix import UPSTREAMS, before
from tests.e2e.upstream import Provider
from tests.e2e.vendors.bridge import Upstream
from tests.vendors.vendor import Plan

FOUR = ("Responses", "Chat completions", "Messages", "Gemini")
USER = {"role": "user", "content": "Weather in Paris?"}
SUNNY = Plan(text="Sunny.")
CALLED = Plan(calls=(0,), arguments='{"city": "Paris"}')


@pytest.fixture(scope="module")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JavaScript]:
    with running_javascript(tmp_path_factory.mktemp("javascript")) as started:
        yield started


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, dict[str, Provider]]]:
    with before(tmp_path_factory.mktemp("gateway"), FOUR) as started:
        yield started


@pytest.fixture
def gateway(four: tuple[Gateway, dict[str, Provider]]) -> Gateway:
    return four[0]


@pytest.fixture(params=FOUR)
def upstream(four: tuple[Gateway, dict[str, Provider]], request: pytest.FixtureRequest) -> Iterator[Upstream]:
    """One vendor after the other; what it would have refused fails the test."""
    made = Upstream(UPSTREAMS[request.param], four[1][request.param])
    yield made
    made.provider.reset()
    assert made.faults == []


def asked(upstream: Upstream, **members: Any) -> dict[str, Any]:
    return {"model": upstream.model, "messages": [USER]} | members


def test_the_official_client_reads_an_answer(javascript: JavaScript, gateway: Gateway, upstream: Upstream) -> None:
    upstream.does(SUNNY)
    made = javascript.run("chat", gateway, body=asked(upstream))
    assert made["choices"][0]["message"]["content"] == "Sunny."
    assert made["usage"]["total_tokens"] == 18


def test_the_helper_of_streams_puts_it_together(javascript: JavaScript, gateway: Gateway, upstream: Upstream) -> None:
    upstream.does(SUNNY)
    options = {"stream_options": {"include_usage": True}}
    told = javascript.run("chatStreamed", gateway, body=asked(upstream, **options))
    assert told["completion"]["choices"][0]["message"]["content"] == "Sunny."
    assert len(told["chunks"]) > 3
    assert told["chunks"][-1]["usage"]["completion_tokens"] == 7


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_its_runner_answers_a_call(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, *, streamed: bool
) -> None:
    upstream.does(CALLED, SUNNY)
    told = javascript.run("chatWithATool", gateway, body=asked(upstream, stream=streamed))
    assert told["text"] == "Sunny."
    assert [message["role"] for message in told["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert "sunny in Paris" in upstream.provider.seen[-1].body.decode()


def test_kept_completions_have_every_verb(javascript: JavaScript, gateway: Gateway, upstream: Upstream) -> None:
    upstream.does(SUNNY)
    told = javascript.run("chatKept", gateway, body=asked(upstream), metadata={"of": upstream.door.kind})
    identity = told["made"]["id"]
    assert told["updated"]["metadata"] == {"of": upstream.door.kind}
    assert told["found"] == told["updated"]
    assert [each["id"] for each in told["listed"]] == [identity]
    assert [message["content"] for message in told["messages"]] == [USER["content"]]
    assert told["gone"] == {"object": "chat.completion.deleted", "id": identity, "deleted": True}
    assert told["after"] == {"status": 404, "code": "chat_completion_not_found"}


def test_legacy_completions(javascript: JavaScript, gateway: Gateway, upstream: Upstream) -> None:
    upstream.does(SUNNY, SUNNY)
    body = {"model": upstream.model, "prompt": "In Paris: ", "echo": True, "max_tokens": 9}
    made = javascript.run("completion", gateway, body=body)
    assert [choice["text"] for choice in made["choices"]] == ["In Paris: Sunny."]
    chunks = javascript.run("completionStreamed", gateway, body=body)
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "In Paris: Sunny."


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("case", ["generateTextWithATool", "streamTextWithATool"])
def test_the_ai_sdk_takes_a_call_and_its_result(
    javascript: JavaScript, gateway: Gateway, upstream: Upstream, api: str, case: str
) -> None:
    upstream.does(CALLED, SUNNY)
    told = javascript.run(case, gateway, model=upstream.model, api=api, options={"store": False})
    assert (told["text"], told["finishReason"], told["warnings"]) == ("Sunny.", "stop", [])
    assert told["results"] == [{"input": {"city": "Paris"}, "output": "sunny in Paris"}]
    assert told["usage"]["totalTokens"] == 36


def test_a_limit_is_an_error_of_its_class(javascript: JavaScript, gateway: Gateway, upstream: Upstream) -> None:
    upstream.provider.answer(*[upstream.door.trouble("limit")] * 3)
    with pytest.raises(Thrown) as refused:
        javascript.run("chat", gateway, body=asked(upstream))
    assert (refused.value.error["class"], refused.value.error["status"]) == ("RateLimitError", 429)
