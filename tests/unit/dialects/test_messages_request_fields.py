"""What Anthropic's Messages API is asked, field by field."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from antiphon.dialects.messages_models import traits_of
from antiphon.errors import BadRequest
from antiphon.quirks import Quirks
from tests.chat_streams import function_tool
from tests.message_streams import claude
from tests.unit.dialects.messages_turns import (
    ADAPTIVE,
    BUDGETED,
    FORM,
    MAKES_UP_ITS_MIND,
    NEWEST,
    OLD,
    SCHEMA,
    SILENT,
    Body,
    built,
    call,
    lossy,
    output,
    refused,
    sealed,
    sent,
    text,
    turn_of,
    user,
)


def test_the_least_that_is_sent() -> None:
    assert sent({"max_output_tokens": 100}) == {
        "model": BUDGETED,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": [text("Hi")]}],
    }


@pytest.mark.parametrize(("model", "limit"), [(OLD, 8192), (BUDGETED, 64_000), (NEWEST, 128_000), ("gpt-oss", 8192)])
def test_a_model_may_say_all_that_it_can(model: str, limit: int) -> None:
    assert sent({}, model)["max_tokens"] == limit
    assert json.loads(built({}, claude(model, limit=7000)).body)["max_tokens"] == 7000


def test_where_to_stop_and_of_how_many_tokens_to_choose() -> None:
    told = sent({"stop": ["x"], "top_k": 3})
    assert (told["stop_sequences"], told["top_k"]) == (["x"], 3)
    thinking = {"reasoning": {"effort": "low"}}
    body, warning = lossy({"top_k": 3} | thinking)
    assert ("top_k" in warning, "top_k" in body) == (True, False)
    assert "seed" in lossy({"seed": 0})[1]
    assert "top_k" in lossy({"top_k": 3}, NEWEST)[1]


def test_long_answers_are_streamed_whatever_the_client_wants() -> None:
    assert built({"max_output_tokens": 21_333}).streamed is None
    long = built({"max_output_tokens": 21_334})
    assert long.streamed is True
    assert json.loads(long.body)["stream"] is True
    assert built({"max_output_tokens": 21_334, "stream": True}).streamed is None


def test_other_hosts_say_model_and_stream_elsewhere() -> None:
    asked: Body = {"stream": True, "max_output_tokens": 20}
    vertex, bedrock = sent(asked, host="vertex"), sent(asked, host="bedrock")
    assert {name: vertex.get(name) for name in ("anthropic_version", "model", "stream")} == {
        "anthropic_version": "vertex-2023-10-16",
        "model": None,
        "stream": True,
    }
    assert {name: bedrock.get(name) for name in ("anthropic_version", "model", "stream")} == {
        "anthropic_version": "bedrock-2023-05-31",
        "model": None,
        "stream": None,
    }


def test_betas_are_a_header_or_on_bedrock_a_member() -> None:
    screen = {"tools": [{"type": "computer_use_preview", "display_width": 800, "display_height": 600}]}
    assert built(screen).headers == b"anthropic-beta: computer-use-2025-01-24\r\n"
    assert built(screen, claude(host="vertex")).headers == b"anthropic-beta: computer-use-2025-01-24\r\n"
    amazon = built(screen, claude(host="bedrock"))
    assert amazon.headers == b""
    assert json.loads(amazon.body)["anthropic_beta"] == ["computer-use-2025-01-24"]


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "word"),
    [
        (BUDGETED, "minimal", {"type": "enabled", "budget_tokens": 1024}, None),
        (BUDGETED, "high", {"type": "enabled", "budget_tokens": 16_384}, None),
        (BUDGETED, "none", None, None),
        ("claude-opus-4-5", "high", {"type": "enabled", "budget_tokens": 16_384}, "high"),
        (ADAPTIVE, "medium", {"type": "adaptive"}, "medium"),
        (ADAPTIVE, "none", None, None),
        (SILENT, "xhigh", {"type": "adaptive"}, "xhigh"),
        (MAKES_UP_ITS_MIND, "none", {"type": "disabled"}, None),
        (NEWEST, "max", {"type": "adaptive"}, "max"),
    ],
)
def test_efforts(model: str, effort: str, thinking: Any, word: str | None) -> None:
    body = sent({"reasoning": {"effort": effort}}, model)
    assert body.get("thinking") == thinking
    assert body.get("output_config") == (None if word is None else {"effort": word})


@pytest.mark.parametrize(
    ("model", "effort", "said"),
    [
        (OLD, "high", "does not reason"),
        (NEWEST, "none", "cannot but reason"),
        (ADAPTIVE, "xhigh", "'max' was used"),
        (ADAPTIVE, "minimal", "'low' was used"),
    ],
)
def test_efforts_that_a_model_does_not_know(model: str, effort: str, said: str) -> None:
    assert said in lossy({"reasoning": {"effort": effort}}, model)[1]


def test_a_budget_leaves_room_to_answer() -> None:
    asked: Body = {"reasoning": {"effort": "high"}, "max_output_tokens": 4000}
    assert sent(asked)["thinking"]["budget_tokens"] == 2000
    assert "no room" in lossy(asked | {"max_output_tokens": 1024})[1]


def test_summaries_are_asked_for_where_there_would_be_none() -> None:
    asked: Body = {"reasoning": {"effort": "low", "summary": "auto"}}
    assert sent(asked, SILENT)["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert sent(asked, ADAPTIVE)["thinking"] == {"type": "adaptive"}
    alone: Body = {"reasoning": {"summary": "auto"}}
    assert sent(alone, NEWEST)["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert "thinking" not in sent(alone, SILENT)
    assert "to order" in lossy({"reasoning": {"summary": "detailed"}}, BUDGETED)[1]


def test_nobody_thinks_in_the_middle_of_a_loop_that_began_without() -> None:
    items = [user("Hi"), call("a"), output("a")]
    asked: Body = {"input": items, "tools": [function_tool("f")], "reasoning": {"effort": "low"}}
    body, loss = lossy(asked)
    assert "thinking" not in body
    assert "between a tool's call" in loss
    assert sent(asked, ADAPTIVE)["thinking"] == {"type": "adaptive"}
    items.insert(1, sealed({"type": "thinking", "thinking": "Hm.", "signature": "sig"}))
    assert sent(asked)["thinking"]["type"] == "enabled"


@pytest.mark.parametrize(
    ("model", "asked", "taken", "losses"),
    [
        (BUDGETED, {"temperature": 0.5}, {"temperature": 0.5}, 0),
        (BUDGETED, {"temperature": 1.5}, {"temperature": 1.0}, 1),
        (BUDGETED, {"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5}, 1),
        (BUDGETED, {"temperature": 0.5, "top_p": 1}, {"temperature": 0.5}, 0),
        (OLD, {"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5, "top_p": 0.5}, 0),
        (SILENT, {"temperature": 1, "top_p": 1}, {}, 0),
        (SILENT, {"temperature": 0.5, "top_p": 0.5}, {}, 2),
        (BUDGETED, {"temperature": 0, "reasoning": {"effort": "low"}}, {}, 1),
        (BUDGETED, {"top_p": 0.95, "reasoning": {"effort": "low"}}, {"top_p": 0.95}, 0),
        (BUDGETED, {"top_p": 0.5, "reasoning": {"effort": "low"}}, {}, 1),
    ],
)
def test_sampling(model: str, asked: Body, taken: Body, losses: int) -> None:
    result = built(asked, claude(model))
    body = json.loads(result.body)
    assert {name: body[name] for name in ("temperature", "top_p") if name in body} == taken
    assert len(result.warnings) == losses


@pytest.mark.parametrize(
    "asked",
    [
        {"presence_penalty": 0.5},
        {"frequency_penalty": -0.5},
        {"top_logprobs": 3},
        {"text": {"verbosity": "low"}},
        {"service_tier": "flex"},
        {"prompt_cache_retention": "24h"},
        {"nonsense": 1},
        {"text": {"format": {"type": "json_object"}}},
    ],
)
def test_what_cannot_be_said_is_reported(asked: Body) -> None:
    lossy(asked)


def test_service_tiers() -> None:
    tiers = {tier: sent({"service_tier": tier})["service_tier"] for tier in ("auto", "default", "priority")}
    assert tiers == {"auto": "auto", "default": "standard_only", "priority": "auto"}
    fast = built({"service_tier": "fast"}, claude(ADAPTIVE))
    assert json.loads(fast.body)["speed"] == "fast"
    assert fast.headers == b"anthropic-beta: fast-mode-2026-02-01\r\n"
    assert "service_tier" not in sent({"service_tier": "auto"}, host="bedrock")
    assert "priority" in lossy({"service_tier": "priority"}, host="vertex")[1]


def test_nobody_is_told_who_a_tenants_users_are() -> None:
    assert sent({"safety_identifier": "ann", "user": "bob"})["metadata"] == {"user_id": "ann of tenant"}
    assert sent({"user": "bob"})["metadata"] == {"user_id": "bob of tenant"}
    assert "whose request" in lossy({"user": "bob"}, host="bedrock")[1]


def test_a_schema_is_held_to_natively() -> None:
    assert sent({"text": FORM})["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}


def test_what_of_a_schema_cannot_be_held_to_is_read() -> None:
    wide = {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "minimum": 1, "description": "One."},
            "b": {"oneOf": [{"type": "null"}]},
        },
        "$schema": "x",
    }
    body, loss = lossy({"text": {"format": {"type": "json_schema", "name": "thing", "schema": wide}}})
    assert body["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "description": "One. (minimum: 1)"},
            "b": {"anyOf": [{"type": "null"}]},
        },
        "additionalProperties": False,
    }
    assert "minimum" in loss


def test_an_older_models_answer_is_a_call() -> None:
    body = sent({"text": FORM}, OLD)
    assert [each["name"] for each in body["tools"]] == ["json"]
    assert body["tool_choice"] == {"type": "tool", "name": "json"}
    body = sent({"text": FORM, "tools": [function_tool("json")]}, OLD)
    assert [each["name"] for each in body["tools"]] == ["json", "json_answer"]
    assert body["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize("missing", ["name", "schema"])
def test_a_schema_has_a_name_and_is_there(missing: str) -> None:
    form = {name: value for name, value in FORM["format"].items() if name != missing}
    assert refused({"text": {"format": form}}).param == f"text.format.{missing}"


def test_what_a_provider_refuses_is_left_out() -> None:
    target = claude(quirks=Quirks(refused_members=frozenset({"metadata"})))
    result = built({"user": "bob"}, target)
    assert "metadata" not in json.loads(result.body)
    assert "'user'" in result.warnings[0]


def test_depth_has_an_end() -> None:
    deep: Any = {"type": "object"}
    for _ in range(900):
        deep = {"type": "object", "properties": {"a": deep}}
    turn = turn_of({})
    strict = {"type": "function", "name": "f", "parameters": deep, "strict": True}
    msgspec.structs.force_setattr(turn.request, "tools", [strict])
    target = claude()
    with pytest.raises(BadRequest, match="nested too deeply"):
        target.dialect.build(turn, target)


def test_tokens_are_counted_by_the_same_body() -> None:
    target = claude()
    counting = target.dialect.counting
    assert counting is not None
    asked = {"max_output_tokens": 50, "temperature": 0.5, "user": "bob", "stream": True, "instructions": "Be kind."}
    assert set(json.loads(counting.body(built(asked).body, target))) == {"model", "messages", "system"}
    assert counting.tokens(b'{"input_tokens": 12}') == 12
    assert counting.tokens(b"{}") is None
    bedrock = claude(host="bedrock")
    amazon = bedrock.dialect.counting
    assert amazon is not None
    inside = json.loads(amazon.body(b'{"a":1}', bedrock))["input"]["invokeModel"]["body"]
    assert base64.b64decode(inside) == b'{"a":1}'
    assert amazon.tokens(b'{"inputTokens": 12}') == 12
    assert amazon.tokens(b"no") is None
    assert claude(host="vertex").dialect.counting is None


def test_what_is_fetched_beforehand() -> None:
    near, far = claude(), claude(host="vertex")
    assert near.dialect.unreachable(near) == {"video"}
    assert far.dialect.unreachable(far) == {"image", "file", "video"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("claude-4-sonnet", "claude-sonnet-4"),
        ("Claude-4.5-Haiku", "claude-haiku-4-5"),
        ("claude-5-opus", "claude-opus-5"),
    ],
)
def test_a_model_is_known_with_its_number_first(said: str, meant: str) -> None:
    assert traits_of(said) == traits_of(meant)
