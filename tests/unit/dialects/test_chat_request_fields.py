"""Everything of a request beside its messages and tools."""

import json
from typing import Any

import pytest

from antiphon.dialects.chat_request import build_chat
from antiphon.errors import BadRequest
from antiphon.quirks import Quirks
from tests.fakes import SEALER, pseudonym
from tests.unit.dialects.chat_turns import built, chat, lossy, target_of, turn_of

Body = dict[str, Any]

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FORM = {"type": "json_schema", "name": "thing", "schema": SCHEMA, "strict": True, "description": "A thing."}


def hi(**more: Any) -> Body:
    return {"input": "Hi", **more}


def refused(body: Body, quirks: Quirks | None = None) -> tuple[str | None, str | None]:
    with pytest.raises(BadRequest) as error:
        built(body | {"strict": True}, quirks)
    return error.value.code, error.value.param


def without(*names: str) -> Quirks:
    return Quirks(refused_fields=frozenset(names))


def test_a_stream_is_asked_for_with_its_usage() -> None:
    sent = chat(hi(stream=True))
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})
    assert "stream_options" not in chat(hi(stream=True), Quirks(stream_usage=False))
    assert "stream" not in chat(hi())


def test_sampling_goes_along() -> None:
    wanted = {"temperature": 0.5, "top_p": 0.9, "presence_penalty": 1.0, "frequency_penalty": -1.0}
    sent = chat(hi(**wanted, max_output_tokens=50))
    assert {name: sent[name] for name in wanted} == wanted
    assert sent["max_completion_tokens"] == 50
    assert chat(hi(max_output_tokens=50), Quirks(max_tokens_field="max_tokens"))["max_tokens"] == 50


def test_nulls_are_as_good_as_nothing() -> None:
    nothing = dict.fromkeys(("temperature", "tools", "tool_choice", "text", "reasoning", "user", "include", "whatever"))
    assert chat(hi(**nothing)) == chat(hi())


def test_a_temperature_that_is_too_high_is_brought_down() -> None:
    quirks = Quirks(temperature_max=1.0)
    sent, warnings = lossy(hi(temperature=1.5), quirks)
    assert sent["temperature"] == 1.0
    assert "at most 1" in warnings[0]
    assert refused(hi(temperature=1.5), quirks) == ("unsupported_value", "temperature")
    assert chat(hi(temperature=1), quirks)["temperature"] == 1


def test_logprobs_are_asked_for_by_include() -> None:
    include = ["message.output_text.logprobs"]
    sent = chat(hi(include=include, top_logprobs=3))
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 3)
    assert "top_logprobs" not in chat(hi(include=include))
    assert "logprobs" not in chat(hi(top_logprobs=3))


@pytest.mark.parametrize("text", [{}, {"format": {"type": "text"}}, {"verbosity": "medium"}])
def test_what_is_the_default_of_text_goes_unsaid(text: Body) -> None:
    assert chat(hi(text=text)) == chat(hi())


def test_formats_are_nested_as_chat_has_them() -> None:
    assert chat(hi(text={"format": {"type": "json_object"}}))["response_format"] == {"type": "json_object"}
    named = {"name": "thing", "schema": SCHEMA, "strict": True, "description": "A thing."}
    sent = chat(hi(text={"format": FORM, "verbosity": "low"}))
    assert sent["response_format"] == {"type": "json_schema", "json_schema": named}
    assert sent["verbosity"] == "low"


def test_a_schema_is_told_where_it_is_not_kept() -> None:
    quirks = Quirks(json_schema=False)
    body = hi(text={"format": FORM}, instructions="Be brief.")
    sent, _ = lossy(body, quirks)
    assert sent["response_format"] == {"type": "json_object"}
    assert [message["role"] for message in sent["messages"]] == ["system", "system", "user"]
    assert json.dumps(SCHEMA, separators=(",", ":")) in sent["messages"][1]["content"]
    assert refused(body, quirks) == ("unsupported_value", "text.format.type")


@pytest.mark.parametrize("name", ["name", "schema"])
def test_a_schema_needs_its_name_and_itself(name: str) -> None:
    form = {key: value for key, value in FORM.items() if key != name}
    with pytest.raises(BadRequest) as error:
        built(hi(text={"format": form}))
    assert (error.value.code, error.value.param) == ("missing_required_parameter", f"text.format.{name}")


@pytest.mark.parametrize(
    ("style", "effort", "wanted"),
    [
        ("reasoning_effort", "low", {"reasoning_effort": "low"}),
        ("reasoning.effort", "low", {"reasoning": {"effort": "low"}}),
        ("thinking.type", "none", {"thinking": {"type": "disabled"}}),
    ],
)
def test_effort_is_said_in_the_vendors_spelling(style: Any, effort: str, wanted: Body) -> None:
    sent = chat(hi(reasoning={"effort": effort, "summary": "auto"}), Quirks(effort_style=style))
    assert sent == chat(hi()) | wanted


def test_one_that_reasons_or_does_not_is_not_told_how_much() -> None:
    sent, warnings = lossy(hi(reasoning={"effort": "high"}), Quirks(effort_style="thinking.type"))
    assert sent["thinking"] == {"type": "enabled"}
    assert "whether to reason" in warnings[0]


@pytest.mark.parametrize(
    ("efforts", "effort", "wanted"),
    [
        (("low", "medium", "high"), "max", "high"),
        (("low", "medium", "high"), "minimal", "low"),
        (("low", "high"), "none", "low"),
        (("low", "high"), "medium", "high"),
        (("none", "high"), "low", "high"),
        (("none", "default"), "low", "none"),
    ],
)
def test_an_effort_that_is_not_known_gives_way_to_the_nearest(efforts: Any, effort: str, wanted: str) -> None:
    sent, warnings = lossy(hi(reasoning={"effort": effort}), Quirks(efforts=efforts))
    assert sent["reasoning_effort"] == wanted
    assert f"'{effort}'" in warnings[0]
    assert refused(hi(reasoning={"effort": effort}), Quirks(efforts=efforts)) == (
        "unsupported_value",
        "reasoning.effort",
    )


@pytest.mark.parametrize("quirks", [Quirks(effort_style="none"), Quirks(efforts=())])
def test_an_effort_that_cannot_be_said_is_reported(quirks: Quirks) -> None:
    sent, _ = lossy(hi(reasoning={"effort": "low"}), quirks)
    assert sent == chat(hi())
    assert refused(hi(reasoning={"effort": "low"}), quirks) == ("unsupported_parameter", "reasoning.effort")


@pytest.mark.parametrize("field", ["summary", "generate_summary"])
def test_a_summary_to_order_is_reported(field: str) -> None:
    sent, _ = lossy(hi(reasoning={field: "detailed"}))
    assert sent == chat(hi())


@pytest.mark.parametrize("name", ["prompt_cache_key", "safety_identifier", "user"])
def test_what_names_a_user_is_told_under_another_name(name: str) -> None:
    sent = chat(hi(**{name: "alice"}))
    assert sent[name] == pseudonym("tenant-a", "alice")
    assert refused(hi(**{name: "alice"}), without(name)) == ("unsupported_parameter", name)


def test_tiers_and_retention_go_along() -> None:
    sent = chat(hi(service_tier="flex", prompt_cache_retention="24h"))
    assert (sent["service_tier"], sent["prompt_cache_retention"]) == ("flex", "24h")


@pytest.mark.parametrize("tier", ["auto", "default"])
def test_the_usual_tier_is_no_loss(tier: str) -> None:
    assert "service_tier" not in chat(hi(service_tier=tier), without("service_tier", "store"))


def test_nothing_is_kept_by_a_provider_that_can_be_told_so() -> None:
    assert chat(hi(store=True))["store"] is False
    assert "store" not in chat(hi(store=True), without("store"))


@pytest.mark.parametrize(
    ("field", "body", "param"),
    [
        ("service_tier", {"service_tier": "flex"}, "service_tier"),
        ("top_p", {"top_p": 0.5}, "top_p"),
        ("max_completion_tokens", {"max_output_tokens": 50}, "max_output_tokens"),
        ("response_format", {"text": {"format": {"type": "json_object"}}}, "text.format"),
        ("verbosity", {"text": {"verbosity": "high"}}, "text.verbosity"),
        ("reasoning_effort", {"reasoning": {"effort": "low"}}, "reasoning.effort"),
        ("logprobs", {"include": ["message.output_text.logprobs"]}, "top_logprobs"),
        ("tools", {"tools": [{"type": "function", "name": "look"}]}, "tools"),
    ],
)
def test_what_a_provider_refuses_is_not_sent(field: str, body: Body, param: str) -> None:
    sent, warnings = lossy(hi(**body), without(field))
    assert field not in sent
    assert f"'{param}'" in warnings[0]
    assert refused(hi(**body), without(field)) == ("unsupported_parameter", param)


def test_nothing_stays_behind_that_means_nothing_alone() -> None:
    logprobs: Body = {"include": ["message.output_text.logprobs"], "top_logprobs": 3}
    tools: Body = {"tools": [{"type": "function", "name": "look"}], "tool_choice": "auto", "parallel_tool_calls": True}
    sent, warnings = lossy(hi(**logprobs, **tools), without("logprobs", "tools", "tool_choice", "store"))
    assert sent.keys() == {"model", "messages"}
    assert len(warnings) == 2


def test_fields_of_vendors_do_not_leak() -> None:
    leaks: Body = {"n": 3, "best_of": 1, "messages": [], "moderation": {}}
    sent, (warning,) = lossy(hi(**leaks))
    assert sent == chat(hi())
    assert all(f"'{name}'" in warning for name in leaks)
    assert refused(hi(best_of=1)) == ("unsupported_parameter", "best_of")


def test_what_chat_completions_alone_have_goes_to_who_takes_it() -> None:
    own: Body = {
        "logit_bias": {"1": 1},
        "prediction": {"type": "content", "content": "Hi"},
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"},
    }
    assert chat(hi(**own)) == chat(hi()) | own
    sent, warnings = lossy(hi(**own), without(*own))
    assert sent.keys().isdisjoint(own)
    assert all(any(f"'{name}'" in warning for warning in warnings) for name in own)


def test_where_to_stop_and_where_chance_begins() -> None:
    assert chat(hi(stop=["x"], seed=1)) == chat(hi()) | {"stop": ["x"], "seed": 1}
    sent, warnings = lossy(hi(stop=["x"], seed=1, top_k=5), without("stop", "seed"))
    assert sent.keys().isdisjoint(("stop", "seed", "top_k"))
    assert len(warnings) == 3


def test_what_the_gateway_sees_to_is_no_loss() -> None:
    ours: Body = {
        "store": True,
        "background": False,
        "include": [],
        "truncation": "auto",
        "stream_options": {"include_obfuscation": False},
        "strict": True,
        "metadata": {"a": "b"},
        "max_tool_calls": 3,
        "provider": "acme",
        "previous_response_id": "resp_0",
    }
    assert chat(hi(**ours)) == chat(hi())


def test_a_request_without_anything_to_say_is_refused() -> None:
    bodies: list[Body] = [{}, {"input": []}, {"input": None}]
    for body in bodies:
        with pytest.raises(BadRequest) as error:
            built(body)
        assert error.value.param == "input"
    assert chat({"instructions": "Say hi."})["messages"] == [{"role": "system", "content": "Say hi."}]


def test_a_turn_may_be_strict_by_the_gateways_will() -> None:
    turn = turn_of(hi(top_k=1))
    turn.strict = True
    with pytest.raises(BadRequest):
        build_chat(turn, target_of(), SEALER, pseudonym)
