"""What Converse is told beside the conversation: thinking, sampling, tiers, caches, and what it has no word for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from antiphon.dialects.converse_models import bare_name, traits_of
from antiphon.dialects.converse_request import build_converse
from antiphon.errors import BadRequest
from antiphon.wire.requests import Item
from tests.converse_streams import CLAUDE, a_target
from tests.fakes import SEALER
from tests.unit.dialects.chat_turns import assistant, call, function, output, turn_of, user
from tests.unit.dialects.converse_turns import LLAMA, NOVA, Body, built, lossy, said, sealed_converse

SONNET_3_7 = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
OPUS_4_6 = "us.anthropic.claude-opus-4-6-v1"
OPUS_4_7 = "us.anthropic.claude-opus-4-7"
SONNET_5 = "eu.anthropic.claude-sonnet-5"
FABLE = "global.anthropic.claude-fable-5"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
GPT = "us.openai.gpt-5.6-sol"
QWEN = "qwen.qwen3-32b-v1:0"
DEEPSEEK = "deepseek.v3-v1:0"

ASK: list[Item] = [user("a")]


def fields(body: Body) -> Body:
    return body.get("additionalModelRequestFields", {})


def budget(tokens: int) -> Body:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


def adaptive(effort: str, **more: str) -> Body:
    return {"thinking": {"type": "adaptive"} | more, "output_config": {"effort": effort}}


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        (SONNET_3_7, "minimal", budget(1024)),
        (SONNET_3_7, "low", budget(2048)),
        (CLAUDE, "medium", budget(8192)),
        (CLAUDE, "high", budget(16384)),
        (CLAUDE, "max", budget(30720)),
        (CLAUDE, "none", {}),
        (OPUS_4_6, "low", adaptive("low")),
        (OPUS_4_6, "none", {}),
        (OPUS_4_7, "xhigh", adaptive("xhigh")),
        (OPUS_4_7, "none", {}),
        (SONNET_5, "none", {"thinking": {"type": "disabled"}}),
        (NOVA_2, "medium", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}),
        (NOVA_2, "none", {"reasoningConfig": {"type": "disabled"}}),
        (GPT_OSS, "high", {"reasoning_effort": "high"}),
        (GPT, "max", {"reasoning": {"effort": "max"}}),
        (GPT, "none", {"reasoning": {"effort": "none"}}),
        (QWEN, "high", {"reasoning_config": "high"}),
        (DEEPSEEK, "low", {"reasoning_effort": "low"}),
        (DEEPSEEK, "none", {}),
        (None, None, {}),
    ],
)
def test_how_much_to_think(model: str | None, effort: str | None, expected: Body) -> None:
    assert fields(said({"input": ASK, "reasoning": {"effort": effort}}, model or CLAUDE)) == expected


@pytest.mark.parametrize(
    ("model", "effort", "expected", "words"),
    [
        (OPUS_4_6, "minimal", adaptive("low"), "'low' was used"),
        (OPUS_4_6, "xhigh", adaptive("max"), "'max' was used"),
        (NOVA_2, "xhigh", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}, "'high' was used"),
        (QWEN, "medium", {"reasoning_config": "high"}, "'high' was used"),
        (QWEN, "none", {"reasoning_config": "low"}, "always reasons"),
        (FABLE, "none", adaptive("low"), "always reasons"),
        (LLAMA, "high", {}, "cannot be told"),
    ],
)
def test_efforts_that_a_model_does_not_know(model: str, effort: str, expected: Body, words: str) -> None:
    body, (warning,) = lossy({"input": ASK, "reasoning": {"effort": effort}}, model)
    assert fields(body) == expected
    assert words in warning


def test_a_budget_is_part_of_the_output() -> None:
    body = said({"input": ASK, "reasoning": {"effort": "high"}, "max_output_tokens": 4000})
    assert (fields(body), body["inferenceConfig"]) == (budget(3999), {"maxTokens": 4000})
    body, (warning,) = lossy({"input": ASK, "reasoning": {"effort": "high"}, "max_output_tokens": 1024})
    assert fields(body) == {}
    assert "no room" in warning


def test_a_budget_keeps_below_what_the_model_can_answer() -> None:
    target = replace(a_target(), output_limit=8000)
    body = build_converse(turn_of({"input": ASK, "reasoning": {"effort": "high"}}), target, SEALER).body
    assert fields(msgspec.json.decode(body)) == budget(7999)


def test_thoughts_are_shown_where_they_are_asked_for() -> None:
    summary = {"effort": "high", "summary": "auto"}
    assert fields(said({"input": ASK, "reasoning": summary}, SONNET_5)) == adaptive("high", display="summarized")
    assert fields(said({"input": ASK, "reasoning": summary}, OPUS_4_6)) == adaptive("high")
    shown = {"thinking": {"type": "adaptive", "display": "summarized"}}
    assert fields(said({"input": ASK, "reasoning": {"summary": "auto"}}, SONNET_5)) == shown
    assert fields(said({"input": ASK, "reasoning": {"summary": "auto"}}, CLAUDE)) == {}
    _, (warning,) = lossy({"input": ASK, "reasoning": {"summary": "detailed"}}, CLAUDE)
    assert "to order" in warning


def test_no_thinking_behind_calls_that_came_without_it() -> None:
    items = [*ASK, call("c1"), output("c1")]
    body, (warning,) = lossy({"input": items, "reasoning": {"effort": "low"}})
    assert fields(body) == {}
    assert "without the reasoning" in warning
    bare = bare_name(CLAUDE)
    blob = sealed_converse({"text": "Hm", "signature": "s"}, model=bare)
    seen: Item = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": blob}
    assert fields(said({"input": [*ASK, seen, call("c1"), output("c1")], "reasoning": {"effort": "low"}})) == budget(
        2048
    )
    later = [*items, assistant("b"), user("c")]
    assert fields(said({"input": later, "reasoning": {"effort": "low"}})) == budget(2048)
    assert fields(said({"input": items, "reasoning": {"effort": "low"}}, OPUS_4_6)) == adaptive("low")


@pytest.mark.parametrize(
    ("model", "asked", "expected", "losses"),
    [
        (
            NOVA,
            {"temperature": 0.5, "top_p": 0.9, "max_output_tokens": 100},
            {"temperature": 0.5, "topP": 0.9, "maxTokens": 100},
            0,
        ),
        (NOVA, {"temperature": 1.5}, {"temperature": 1}, 1),
        (CLAUDE, {"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5}, 1),
        (CLAUDE, {"top_p": 0.9}, {"topP": 0.9}, 0),
        (CLAUDE, {"stop": ["x"]}, {"stopSequences": ["x"]}, 0),
        (CLAUDE, {"top_k": 3}, {}, 1),
        (CLAUDE, {"seed": 3}, {}, 1),
        (SONNET_3_7, {"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "topP": 0.9}, 0),
        (CLAUDE, {"temperature": 0.5, "top_p": 0.9, "reasoning": {"effort": "low"}}, {}, 2),
        (CLAUDE, {"temperature": 1, "top_p": 1, "reasoning": {"effort": "low"}}, {}, 0),
        (OPUS_4_7, {"temperature": 0.5, "top_p": 0.9}, {}, 2),
        (OPUS_4_7, {"temperature": 1}, {}, 0),
        (OPUS_4_6, {"temperature": 0.5, "reasoning": {"effort": "none"}}, {"temperature": 0.5}, 0),
        (NOVA_2, {"temperature": 0.5, "reasoning": {"effort": "low"}}, {"temperature": 0.5}, 0),
        (NOVA_2, {"temperature": 0.5, "max_output_tokens": 100, "reasoning": {"effort": "high"}}, {}, 2),
    ],
)
def test_chance_and_length(model: str, asked: Body, expected: Body, losses: int) -> None:
    result = built({"input": ASK, **asked}, model)
    assert msgspec.json.decode(result.body).get("inferenceConfig", {}) == expected
    assert len(result.warnings) == losses


@pytest.mark.parametrize(
    ("tier", "expected", "losses"),
    [
        ("auto", None, 0),
        ("default", {"type": "default"}, 0),
        ("flex", {"type": "flex"}, 0),
        ("priority", {"type": "priority"}, 0),
        ("scale", None, 1),
    ],
)
def test_service_tiers(tier: str, expected: Body | None, losses: int) -> None:
    result = built({"input": ASK, "service_tier": tier})
    assert msgspec.json.decode(result.body).get("serviceTier") == expected
    assert len(result.warnings) == losses


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("presence_penalty", 0.5),
        ("frequency_penalty", 0.5),
        ("top_logprobs", 3),
        ("safety_identifier", "someone"),
        ("user", "someone"),
        ("text", {"verbosity": "low"}),
        ("include", ["message.output_text.logprobs"]),
        ("something_new", 1),
    ],
)
def test_what_bedrock_has_no_word_for_is_told(field: str, value: Any) -> None:
    body, (warning,) = lossy({"input": ASK, field: value})
    assert body == {"messages": [{"role": "user", "content": [{"text": "a"}]}]}
    assert field.partition(".")[0] in warning or field == "include"
    with pytest.raises(BadRequest):
        built({"input": ASK, field: value, "strict": True})


def test_bedrock_s_own_fields_travel_as_they_are() -> None:
    own = {
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
        "performanceConfig": {"latency": "optimized"},
        "requestMetadata": {"team": "a"},
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
    }
    body = said({"input": ASK, **own})
    assert own.items() <= body.items()


def test_a_model_s_own_fields_go_before_ours() -> None:
    own = {"additionalModelRequestFields": {"top_k": 5, "thinking": {"type": "disabled"}}}
    body = said({"input": ASK, "reasoning": {"effort": "low"}, **own})
    assert fields(body) == {"top_k": 5, "thinking": {"type": "disabled"}}


def test_the_trace_of_a_guardrail_has_no_place() -> None:
    body, (warning,) = lossy({"input": ASK, "guardrailConfig": {"guardrailIdentifier": "g", "trace": "enabled"}})
    assert body["guardrailConfig"]["trace"] == "enabled"
    assert "trace" in warning


@pytest.mark.parametrize("name", ["guardrailConfig", "requestMetadata", "additionalModelRequestFields"])
def test_bedrock_s_own_fields_have_types(name: str) -> None:
    with pytest.raises(BadRequest) as error:
        built({"input": ASK, name: "x"})
    assert error.value.param == name


def test_a_request_that_is_nested_too_deeply() -> None:
    deep: Any = {}
    for _ in range(2000):
        deep = {"a": deep}
    turn = turn_of({"input": ASK})
    turn.input = [*ASK, {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]
    turn.history = []
    turn.request = msgspec.structs.replace(turn.request, tools=[function("f", parameters=deep)])
    with pytest.raises(BadRequest):
        build_converse(turn, a_target(), SEALER)


# --- caches -----------------------------------------------------------------------------------------------------------

POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
LONG = {"instructions": "Be brief.", "tools": [function("f")]}


def points(body: Body) -> list[str]:
    """Where points stand, and how many blocks before them."""
    lists = {"tools": body.get("toolConfig", {}).get("tools", []), "system": body.get("system", [])}
    lists |= {f"messages.{index}": message["content"] for index, message in enumerate(body["messages"])}
    return [
        f"{name}.{index}"
        for name, blocks in lists.items()
        for index, block in enumerate(blocks)
        if "cachePoint" in block
    ]


def test_points_are_placed_unasked() -> None:
    body = said({"input": [*ASK, assistant("b"), user("c")], **LONG}, cached=True)
    assert points(body) == ["tools.1", "system.1", "messages.2.1"]
    assert body["system"][1] == POINT


def test_nova_caches_no_tools_and_others_nothing() -> None:
    assert points(said({"input": ASK, **LONG}, NOVA, cached=True)) == ["system.1", "messages.0.1"]
    assert points(said({"input": ASK, **LONG}, LLAMA, cached=True)) == []


def test_a_client_may_place_them_itself_or_have_none() -> None:
    assert points(said({"input": ASK, **LONG})) == []
    part = {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert points(said({"input": [user([part, {"type": "input_text", "text": "b"}])], **LONG}, cached=True)) == [
        "messages.0.1"
    ]
    assert points(said({"input": [{"role": "developer", "content": [part]}, user("b")]})) == ["system.1"]


def test_no_more_than_four_and_none_that_stands_for_nothing() -> None:
    part: Item = {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {}}
    blank: Item = {"type": "input_text", "text": " ", "prompt_cache_breakpoint": {}}
    body = said({"input": [user([blank, part, blank, part, part, part, part])]})
    assert points(body) == ["messages.0.2", "messages.0.4", "messages.0.6", "messages.0.8"]


def test_a_line_stands_between_a_document_and_its_point() -> None:
    csv = {"type": "input_file", "filename": "a.csv", "file_data": "data:text/csv;base64,YSxi"}
    part = csv | {"prompt_cache_breakpoint": {"mode": "explicit"}}
    (message,) = said({"input": [user([part, {"type": "input_text", "text": "b"}])]})["messages"]
    assert message["content"][1:3] == [{"text": "\n"}, POINT]


def test_points_in_results_and_answers_are_passed_over() -> None:
    part: Item = {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {}}
    spoken: Item = {"type": "output_text", "text": "b", "prompt_cache_breakpoint": {}}
    answer: Item = {"type": "message", "role": "assistant", "content": [spoken]}
    body = said({"input": [*ASK, answer, call("c1"), output("c1", [part])]})
    assert points(body) == []


@pytest.mark.parametrize(
    ("model", "asked", "expected", "losses"),
    [
        (CLAUDE, {"prompt_cache_retention": "in_memory"}, POINT, 0),
        (CLAUDE, {"prompt_cache_retention": "24h"}, HOUR, 1),
        (CLAUDE, {"prompt_cache_options": {"ttl": "30m"}}, HOUR, 0),
        (CLAUDE, {"prompt_cache_options": {"ttl": "12h"}}, HOUR, 1),
        (SONNET_3_7, {"prompt_cache_retention": "24h"}, POINT, 1),
    ],
)
def test_how_long_a_cache_is_kept(model: str, asked: Body, expected: Body, losses: int) -> None:
    result = built({"input": ASK, **asked}, model)
    assert msgspec.json.decode(result.body)["messages"][0]["content"][-1] == expected
    assert len(result.warnings) == losses


def test_a_breakpoint_may_ask_for_longer() -> None:
    part = {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}
    assert said({"input": [user([part])]})["messages"][0]["content"][-1] == HOUR


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "bare"),
    [
        ("anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"),
        ("us.anthropic.claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"),
        ("apac.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("us-gov.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("global.anthropic.claude-opus-5", "anthropic.claude-opus-5"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("arn:aws:bedrock:us-east-1:0123:inference-profile/eu.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        (
            "arn:aws:bedrock:us-east-1:0123:application-inference-profile/x1",
            "arn:aws:bedrock:us-east-1:0123:application-inference-profile/x1",
        ),
    ],
)
def test_the_model_behind_an_identifier(model: str, bare: str) -> None:
    assert bare_name(model) == bare
    assert traits_of(model) == traits_of(bare)


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("anthropic.claude-v2:1", "none"),
        ("anthropic.claude-instant-v1", "none"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "none"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "none"),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "budget"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "budget"),
        ("anthropic.claude-opus-4-20250514-v1:0", "budget"),
        ("anthropic.claude-opus-4-1-20250805-v1:0", "budget"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "budget"),
        ("anthropic.claude-opus-4-5-20251101-v1:0", "budget"),
        ("anthropic.claude-opus-4-6-v1", "adaptive"),
        ("anthropic.claude-sonnet-4-6", "adaptive"),
        ("anthropic.claude-opus-4-8", "adaptive"),
        ("anthropic.claude-mythos-preview", "adaptive"),
        ("anthropic.claude-sonnet-6", "adaptive"),
        ("amazon.nova-micro-v1:0", "none"),
        ("openai.gpt-6-astra", "reasoning.effort"),
        ("moonshotai.kimi-k2.5", "none"),
        ("deepseek.r1-v1:0", "none"),
        ("somebody.new", "none"),
    ],
)
def test_models_by_name(model: str, thinking: str) -> None:
    assert traits_of(model).thinking == thinking
