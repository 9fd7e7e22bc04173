"""What Ollama is asked, for what a client of the Responses API asks."""

import base64
import json
from typing import Any

import pytest

from antiphon.errors import BadRequest
from antiphon.quirks import Quirks
from antiphon.wire.envelope import Envelope, packed
from tests.fakes import SEALER
from tests.unit.dialects.chat_turns import assistant, call, function, output, user
from tests.unit.dialects.ollama_turns import QUIRKS, a_target, built, ollama

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
ONE = {"type": "function", "name": "f"}
PIXEL = "data:image/png;base64,aGk="
IMAGE = {"type": "input_image", "image_url": PIXEL}


def text(words: str) -> dict[str, Any]:
    return {"type": "input_text", "text": words}


def lost(body: dict[str, Any], **more: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    result = built(body, **more)
    return json.loads(result.body), result.warnings


def sealed(words: str) -> dict[str, Any]:
    envelope = Envelope(p="ollama", m="llama3.1", d="", k="ollama", items=[{"thinking": words}], t=1_700_000_000)
    return {"type": "reasoning", "summary": [], "encrypted_content": SEALER.seal("tenant-a", packed(envelope))}


def test_text_of_every_role() -> None:
    developer = {"role": "developer", "content": "Now"}
    asked = ollama({"instructions": "Be brief.", "input": [user("Hi"), assistant("Hello"), developer], "stream": True})
    assert asked == {
        "model": "llama3.1",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "system", "content": "Now"},
        ],
        "stream": True,
        "truncate": False,
        "shift": False,
    }


def test_options_are_those_that_the_client_gave_and_those_of_the_owner() -> None:
    asked = ollama(
        {"input": "Hi", "temperature": 0, "top_p": 1, "max_output_tokens": 99, "presence_penalty": 1}
        | {"frequency_penalty": -1, "stop": ["x"], "top_k": 4, "seed": 5},
        a_target(Quirks(context_tokens=32_768, keep_alive="30m")),
    )
    assert asked["options"] == {
        "temperature": 0,
        "top_p": 1,
        "num_predict": 99,
        "presence_penalty": 1,
        "frequency_penalty": -1,
        "num_ctx": 32_768,
        "stop": ["x"],
        "top_k": 4,
        "seed": 5,
    }
    assert asked["keep_alive"] == "30m"


def test_options_that_nobody_gave_are_the_models_own() -> None:
    asked = ollama({"input": "Hi"})
    assert "options" not in asked
    assert "keep_alive" not in asked


def test_a_prompt_is_cut_only_for_who_wants_it() -> None:
    assert "truncate" not in ollama({"input": "Hi", "truncation": "auto"})
    assert ollama({"input": "Hi", "truncation": "disabled"})["truncate"] is False


@pytest.mark.parametrize(("effort", "think"), [("none", False), ("low", "low"), ("high", "high")])
def test_efforts(effort: str, think: Any) -> None:
    assert ollama({"input": "Hi", "reasoning": {"effort": effort}})["think"] == think


@pytest.mark.parametrize(("effort", "think"), [("minimal", "low"), ("max", "high")])
def test_efforts_that_are_not_known(effort: str, think: str) -> None:
    asked, warnings = lost({"input": "Hi", "reasoning": {"effort": effort}})
    assert asked["think"] == think
    assert len(warnings) == 1


def test_forms_of_the_answer() -> None:
    form: dict[str, Any] = {"type": "json_schema", "name": "answer", "schema": SCHEMA}
    assert ollama({"input": "Hi", "text": {"format": form}})["format"] == SCHEMA
    assert ollama({"input": "Hi", "text": {"format": {"type": "json_object"}}})["format"] == "json"
    assert "format" not in ollama({"input": "Hi", "text": {"format": {"type": "text"}}})
    for missing in ("name", "schema"):
        with pytest.raises(BadRequest):
            built({"input": "Hi", "text": {"format": {name: form[name] for name in form if name != missing}}})


def test_probabilities_of_tokens() -> None:
    asked = ollama({"input": "Hi", "include": ["message.output_text.logprobs"], "top_logprobs": 3})
    assert (asked["logprobs"], asked["top_logprobs"]) == (True, 3)


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, ["f", "g"]),
        ("auto", ["f", "g"]),
        ("none", []),
        ({"type": "allowed_tools", "mode": "auto", "tools": [ONE]}, ["f"]),
    ],
)
def test_choices(choice: Any, sent: list[str]) -> None:
    asked = ollama({"input": "Hi", "tools": [function("f"), function("g", description="G.")], "tool_choice": choice})
    assert [tool["function"]["name"] for tool in asked.get("tools", ())] == sent
    assert "tool_choice" not in asked


@pytest.mark.parametrize(("choice", "sent"), [("required", ["f", "g"]), (ONE, ["f"])])
def test_nobody_can_be_made_to_call(choice: Any, sent: list[str]) -> None:
    asked, warnings = lost({"input": "Hi", "tools": [function("f"), function("g")], "tool_choice": choice})
    assert [tool["function"]["name"] for tool in asked["tools"]] == sent
    assert len(warnings) == 1


def test_a_turn_with_calls_and_their_results() -> None:
    items = [user("Look"), sealed("Hm."), call("a", arguments='{"x":1}'), call("b"), output("b", [text("one"), IMAGE])]
    asked = ollama({"input": [*items, output("a"), user("And?")], "tools": [function("look")]})
    assert asked["messages"][1:4] == [
        {
            "role": "assistant",
            "content": "",
            "thinking": "Hm.",
            "tool_calls": [
                {"id": "a", "function": {"name": "look", "arguments": {"x": 1}}},
                {"id": "b", "function": {"name": "look", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "seen", "tool_name": "look", "tool_call_id": "a"},
        {"role": "tool", "content": "one", "images": ["aGk="], "tool_name": "look", "tool_call_id": "b"},
    ]


def test_arguments_that_are_no_object_are_told_of() -> None:
    asked, warnings = lost({"input": [user("Look"), call("a", arguments="{no"), output("a")]})
    assert asked["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"arguments": "{no"}
    assert len(warnings) == 1


def test_what_is_said_after_an_image_is_another_message() -> None:
    parts = [text("This:"), text("See"), IMAGE, IMAGE, text("And:"), IMAGE]
    assert ollama({"input": [user(parts), user([IMAGE])]})["messages"] == [
        {"role": "user", "content": "This:\n\nSee", "images": ["aGk=", "aGk="]},
        {"role": "user", "content": "And:", "images": ["aGk="]},
        {"role": "user", "content": "", "images": ["aGk="]},
    ]


def test_text_files_are_told_in_words() -> None:
    data = base64.b64encode(b"Words.").decode()
    part = {"type": "input_file", "file_data": f"data:text/plain;base64,{data}", "filename": "w.txt"}
    assert ollama({"input": [user([part])]})["messages"] == [{"role": "user", "content": "w.txt:\nWords."}]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
        {"type": "input_image", "image_url": "https://a.example/a.png"},
        {"type": "input_image", "image_url": {"url": "https://a.example/a.png"}},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        {"type": "input_video", "video_url": "https://a.example/a.mp4"},
    ],
)
def test_what_ollama_cannot_see_is_told(part: dict[str, Any]) -> None:
    asked, warnings = lost({"input": [user([text("See:"), part])]})
    assert asked["messages"] == [{"role": "user", "content": "See:"}]
    assert len(warnings) == 1


def test_an_assistant_shows_no_pictures() -> None:
    parts = [{"type": "output_text", "text": "See:"}, IMAGE, {"type": "refusal", "refusal": " No."}]
    asked, warnings = lost({"input": [{"type": "message", "role": "assistant", "content": parts}]})
    assert asked["messages"] == [{"role": "assistant", "content": "See: No."}]
    assert len(warnings) == 1
    asked, _ = lost({"input": [user([{"type": "refusal", "refusal": "No."}])]})
    assert asked["messages"][0]["content"] == "No."


def test_reasoning_that_nothing_followed_is_told_of() -> None:
    asked, warnings = lost({"input": [user("Hi"), sealed("Hm."), user("So?")]})
    assert [message["role"] for message in asked["messages"]] == ["user", "user"]
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", "u"),
        ("safety_identifier", "s"),
        ("prompt_cache_key", "k"),
        ("prompt_cache_retention", "24h"),
        ("service_tier", "flex"),
        ("text", {"verbosity": "low"}),
        ("reasoning", {"summary": "detailed"}),
        ("options", {"num_gpu": 0}),
    ],
)
def test_what_has_no_word_is_left_out_and_told(field: str, value: Any) -> None:
    asked, warnings = lost({"input": "Hi", field: value})
    assert set(asked) == {"model", "messages", "stream", "truncate", "shift"}
    assert len(warnings) == 1
    with pytest.raises(BadRequest):
        built({"input": "Hi", field: value, "strict": True})


def test_nothing_to_say_and_no_address_are_refused() -> None:
    with pytest.raises(BadRequest):
        built({"input": []})
    with pytest.raises(BadRequest) as refused:
        built({"input": [user([{"type": "input_image"}])]}, a_target(QUIRKS))
    assert refused.value.param == "input[0].content[0].image_url"
