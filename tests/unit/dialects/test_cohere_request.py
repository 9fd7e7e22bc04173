"""What Cohere is asked, for what a client of the Responses API asks."""

import base64
import json
from typing import Any

import pytest

from antiphon.errors import BadRequest
from antiphon.quirks import Quirks
from antiphon.wire.envelope import Envelope, packed
from antiphon.wire.requests import Request
from tests.fakes import SEALER
from tests.unit.dialects.chat_turns import assistant, call, function, output, turn_of, user
from tests.unit.dialects.cohere_turns import COHERE, a_target, built, cohere

REASONER = a_target(model="command-a-reasoning-08-2025")
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
FORM = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}}
ONE = {"type": "function", "name": "f"}
PIXEL = "data:image/png;base64,aGk="


def text_file(text: str, name: str | None = None) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    part: dict[str, Any] = {"type": "input_file", "file_data": f"data:text/plain;base64,{data}"}
    return part | ({"filename": name} if name else {})


def sealed(*items: dict[str, Any], model: str = "command-r7b-12-2024", provider: str = "cohere") -> dict[str, Any]:
    envelope = Envelope(p=provider, m=model, d="", k="cohere", items=list(items), t=1_700_000_000)
    return {"type": "reasoning", "summary": [], "encrypted_content": SEALER.seal("tenant-a", packed(envelope))}


def lost(body: dict[str, Any], **more: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    result = built(body, **more)
    return json.loads(result.body), result.warnings


def test_text_of_every_role() -> None:
    asked = cohere(
        {
            "instructions": "Be brief.",
            "input": [user("Hi"), assistant("Hello"), {"role": "developer", "content": "Now"}],
        }
    )
    assert asked == {
        "model": "command-r7b-12-2024",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "system", "content": "Now"},
        ],
        "stream": False,
    }


def test_numbers_under_their_own_names() -> None:
    asked = cohere(
        {"input": "Hi", "max_output_tokens": 99, "temperature": 0.5, "top_p": 0.9, "stream": True}
        | {"stop": ["x"], "top_k": 3, "seed": 7}
    )
    assert asked["messages"]
    assert {name: value for name, value in asked.items() if name not in ("model", "messages")} == {
        "stop_sequences": ["x"],
        "k": 3,
        "seed": 7,
        "max_tokens": 99,
        "temperature": 0.5,
        "p": 0.9,
        "stream": True,
    }


@pytest.mark.parametrize(
    ("field", "value", "name", "used"),
    [
        ("top_p", 1, "p", 0.99),
        ("top_p", 0, "p", 0.01),
        ("presence_penalty", -1, "presence_penalty", 0),
        ("frequency_penalty", 2, "frequency_penalty", 1),
        ("temperature", 2, "temperature", 1),
    ],
)
def test_numbers_out_of_range_are_brought_into_it_and_told(field: str, value: float, name: str, used: float) -> None:
    asked, warnings = lost({"input": "Hi", field: value}, target=a_target(Quirks(temperature_max=1.0)))
    assert asked[name] == used
    (warning,) = warnings
    assert field in warning


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", "u"),
        ("safety_identifier", "s"),
        ("prompt_cache_key", "k"),
        ("prompt_cache_retention", "24h"),
        ("service_tier", "flex"),
        ("text", {"verbosity": "low"}),
        ("reasoning", {"effort": "high"}),
        ("reasoning", {"summary": "detailed"}),
        ("best_of", 7),
    ],
)
def test_what_has_no_word_is_left_out_and_told(field: str, value: Any) -> None:
    asked, warnings = lost({"input": "Hi", field: value})
    assert set(asked) == {"model", "messages", "stream"}
    assert len(warnings) == 1
    with pytest.raises(BadRequest):
        built({"input": "Hi", field: value, "strict": True})


@pytest.mark.parametrize("body", [{"service_tier": "auto"}, {"text": {"format": {"type": "text"}}}, {"reasoning": {}}])
def test_defaults_are_no_loss(body: dict[str, Any]) -> None:
    assert set(cohere({"input": "Hi"} | body)) == {"model", "messages", "stream"}


@pytest.mark.parametrize(
    ("effort", "limit", "thinking"),
    [
        ("none", None, {"type": "disabled"}),
        ("low", None, {"type": "enabled", "token_budget": 2048}),
        ("medium", 4000, {"type": "enabled", "token_budget": 3000}),
        ("medium", 100, {"type": "enabled", "token_budget": 50}),
        ("high", None, {"type": "enabled"}),
        ("max", 32_000, {"type": "enabled", "token_budget": 31_000}),
    ],
)
def test_effort_becomes_a_budget_that_leaves_room_for_the_answer(effort: str, limit: int | None, thinking: Any) -> None:
    asked = cohere({"input": "Hi", "reasoning": {"effort": effort}, "max_output_tokens": limit}, REASONER)
    assert asked["thinking"] == thinking


def test_the_limit_of_the_model_counts_where_the_client_sets_none() -> None:
    target = a_target(model="command-a-plus-05-2026", limit=32_000)
    assert cohere({"input": "Hi", "reasoning": {"effort": "xhigh"}}, target)["thinking"]["token_budget"] == 31_000


def test_no_effort_at_a_model_that_never_reasons_is_no_loss() -> None:
    assert "thinking" not in cohere({"input": "Hi", "reasoning": {"effort": "none"}})


def test_forms_of_the_answer() -> None:
    assert cohere({"input": "Hi", "text": FORM})["response_format"] == {"type": "json_object", "json_schema": SCHEMA}
    asked = cohere({"input": "Hi", "text": {"format": {"type": "json_object"}}})
    assert asked["response_format"] == {"type": "json_object"}


def test_a_form_beside_tools_is_only_told() -> None:
    asked, warnings = lost({"input": "Hi", "text": FORM, "tools": [function("f")]})
    assert "response_format" not in asked
    assert json.dumps(SCHEMA, separators=(",", ":")) in asked["messages"][0]["content"]
    assert len(warnings) == 1


@pytest.mark.parametrize("missing", ["name", "schema"])
def test_a_form_without_its_parts_is_refused(missing: str) -> None:
    form = {name: value for name, value in FORM["format"].items() if name != missing}
    with pytest.raises(BadRequest) as refused:
        built({"input": "Hi", "text": {"format": form}})
    assert refused.value.param == f"text.format.{missing}"


@pytest.mark.parametrize(
    ("choice", "said", "sent"),
    [
        (None, None, ["f", "g"]),
        ("auto", None, ["f", "g"]),
        ("none", "NONE", ["f", "g"]),
        ("required", "REQUIRED", ["f", "g"]),
        ({"type": "function", "name": "g"}, "REQUIRED", ["g"]),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}, None, ["f"]),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            "REQUIRED",
            ["f"],
        ),
    ],
)
def test_choices(choice: Any, said: str | None, sent: list[str]) -> None:
    asked = cohere({"input": "Hi", "tools": [function("f"), function("g")], "tool_choice": choice})
    assert asked.get("tool_choice") == said
    assert [tool["function"]["name"] for tool in asked["tools"]] == sent


def test_tools_of_free_text_become_functions() -> None:
    asked = cohere({"input": "Hi", "tools": [{"type": "custom", "name": "run", "description": "Runs."}]})
    (tool,) = asked["tools"]
    assert tool["function"]["description"] == "Runs."
    assert tool["function"]["parameters"]["required"] == ["input"]


def test_strict_tools_are_strict_all_together() -> None:
    strict = function("f", parameters=SCHEMA, strict=True)
    assert cohere({"input": "Hi", "tools": [strict]})["strict_tools"] is True
    for other in (function("g"), function("g", strict=True)):
        asked, warnings = lost({"input": "Hi", "tools": [strict, other]})
        assert "strict_tools" not in asked
        assert len(warnings) == 1


def test_a_turn_with_calls_and_their_results() -> None:
    several = [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "two"}]
    image = [{"type": "input_image", "image_url": PIXEL}]
    asked = cohere(
        {
            "input": [
                user("Look"),
                assistant("Looking."),
                *(call("a"), call("b"), call("c"), call("d") | {"async": True}),
                *(output("b", several), output("a"), output("c", image)),
                user("And?"),
            ],
            "tools": [function("look")],
        }
    )
    looked, *outputs = asked["messages"][1:]
    assert looked["content"] == "Looking."
    assert [each["id"] for each in looked["tool_calls"]] == ["a", "b", "c", "d"]
    assert looked["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}
    assert [each.get("tool_call_id") for each in outputs] == ["a", "b", "c", "d", None, None]
    assert outputs[0]["content"] == "seen"
    assert outputs[1]["content"] == [
        {"type": "document", "document": {"data": {"content": "one"}}},
        {"type": "document", "document": {"data": {"content": "two"}}},
    ]
    assert outputs[2]["content"]
    assert outputs[3]["content"]
    assert outputs[4]["content"][1] == {"type": "image_url", "image_url": {"url": PIXEL}}


def test_a_file_that_a_tool_gave_is_a_document_of_its_result() -> None:
    items = [user("Look"), call("a"), output("a", [text_file("Words.", "w.txt")])]
    answer = cohere({"input": items})["messages"][-1]
    assert answer["content"] == [{"type": "document", "document": {"data": {"title": "w.txt", "content": "Words."}}}]


def test_reasoning_goes_back_under_its_own_names() -> None:
    items = [user("Hi"), sealed({"thinking": "Hm."}, {"tool_plan": "I will look."}), call("a"), output("a")]
    message = cohere({"input": items})["messages"][1]
    assert message["content"] == [{"type": "thinking", "thinking": "Hm."}]
    assert message["tool_plan"] == "I will look."


def test_thoughts_go_back_before_the_text_that_they_led_to() -> None:
    message = cohere({"input": [user("Hi"), sealed({"thinking": "Hm."}), assistant("Hello"), user("So?")]})["messages"][
        1
    ]
    assert message["content"] == [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hello"}]


def test_unsealed_reasoning_is_the_plan_of_the_calls_after_it() -> None:
    thought = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Look."}]}
    message = cohere({"input": [user("Hi"), thought, call("a"), output("a")]})["messages"][1]
    assert message["tool_plan"] == "Look."
    message = cohere({"input": [user("Hi"), thought, assistant("Hello"), user("So?")]})["messages"][1]
    assert message["content"][0] == {"type": "thinking", "thinking": "Look."}


def test_reasoning_of_others_stays_away() -> None:
    result = built({"input": [user("Hi"), sealed({"thinking": "Hm."}, provider="other"), assistant("Hello")]})
    assert b"Hm." not in result.body
    assert [each.reason for each in result.transformations] == ["organization_mismatch"]


def test_reasoning_that_nothing_followed_is_told_of() -> None:
    asked, warnings = lost({"input": [user("Hi"), sealed({"thinking": "Hm."}), user("So?")]})
    assert [message["role"] for message in asked["messages"]] == ["user", "user"]
    assert len(warnings) == 1


def test_images_by_address_and_as_data() -> None:
    parts = [
        {"type": "input_text", "text": "See:"},
        {"type": "input_image", "image_url": PIXEL, "detail": "original"},
        {"type": "input_image", "image_url": {"url": "https://a.example/b.png", "detail": "low"}},
    ]
    asked, warnings = lost({"input": [user(parts)]})
    assert warnings == ("cohere does not look at images in their original detail; 'high' was used.",)
    assert asked["messages"][0]["content"] == [
        {"type": "text", "text": "See:"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "high"}},
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "low"}},
    ]


def test_text_files_are_documents_that_can_be_cited() -> None:
    asked = cohere({"input": [user([text_file("Words.", "w.txt"), text_file("More.")])]})
    assert asked["documents"] == [
        {"id": "file_1", "data": {"title": "w.txt", "content": "Words."}},
        {"id": "file_2", "data": {"content": "More."}},
    ]
    assert "w.txt" in asked["messages"][0]["content"][0]["text"]


@pytest.mark.parametrize("beside", [{"tools": [function("f")]}, {"text": FORM}])
def test_beside_tools_and_forms_files_are_told_in_words(beside: dict[str, Any]) -> None:
    asked = cohere({"input": [user([text_file("Words.", "w.txt")])]} | beside)
    assert "documents" not in asked
    assert asked["messages"][0]["content"] == "w.txt:\nWords."


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
        {"type": "input_file", "file_url": "https://a.example/a.txt"},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        {"type": "input_video", "video_url": "https://a.example/a.mp4"},
        {"type": "input_image", "file_id": "file-1"},
    ],
)
def test_what_cohere_cannot_see_is_told(part: dict[str, Any]) -> None:
    asked, warnings = lost({"input": [user([{"type": "input_text", "text": "See:"}, part])]})
    assert asked["messages"][0]["content"] == "See:"
    assert len(warnings) == 1


def test_an_image_of_the_assistant_is_told_of() -> None:
    parts = [{"type": "output_text", "text": "See:"}, {"type": "input_image", "image_url": PIXEL}]
    asked, warnings = lost({"input": [{"type": "message", "role": "assistant", "content": parts}]})
    assert asked["messages"] == [{"role": "assistant", "content": "See:"}]
    assert len(warnings) == 1


def test_what_was_declined_is_told_as_text() -> None:
    said = {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    assert cohere({"input": [user("Do"), said, user("Why?")]})["messages"][1]["content"] == "No."
    assert cohere({"input": [user([{"type": "refusal", "refusal": "No."}])]})["messages"][0]["content"] == "No."


def test_probabilities_of_tokens() -> None:
    asked = cohere({"input": "Hi", "include": ["message.output_text.logprobs"]})
    assert asked["logprobs"] is True
    body = {"input": "Hi", "include": ["message.output_text.logprobs"], "top_logprobs": 3}
    asked, warnings = lost(body)
    assert asked["logprobs"] is True
    assert len(warnings) == 1


def test_nothing_to_say_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        built({"input": []})
    assert refused.value.param == "input"


def test_an_image_without_its_address_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        built({"input": [user([{"type": "input_image"}])]})
    assert refused.value.param == "input[0].content[0].image_url"


def test_nesting_that_cannot_be_written_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"a": deep}
    turn = turn_of({"input": "Hi"})
    turn.request = Request(tools=[function("f", parameters=deep)])
    with pytest.raises(BadRequest, match="nested too deeply"):
        COHERE.build(turn, a_target())
