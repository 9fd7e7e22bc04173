"""What Google is asked, member by member."""

import json
from typing import Any

import pytest

from antiphon.errors import BadRequest
from antiphon.protocols import Built
from tests.gemini_streams import GEMINI, gemini_target
from tests.unit.dialects.chat_turns import call, function, output, turn_of, user

Body = dict[str, Any]

SEARCH: Body = {"type": "web_search"}
SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}}
FORM: Body = {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "description": "What it is."}}


def built(body: Body, model: str = "gemini-3-flash-preview", **quirks: Any) -> Built:
    return GEMINI.build(turn_of({"input": "Hi"} | body), gemini_target(model, **quirks))


def asked(body: Body, model: str = "gemini-3-flash-preview", **quirks: Any) -> Body:
    """The body that Google gets, for a request that it can be asked without loss."""
    made = built(body, model, **quirks)
    assert made.warnings == ()
    return json.loads(made.body)


def lost(body: Body, model: str = "gemini-3-flash-preview", **quirks: Any) -> tuple[Body, str]:
    """The body, and the one sentence that tells of a loss."""
    made = built(body, model, **quirks)
    (warning,) = made.warnings
    with pytest.raises(BadRequest):
        built(body | {"strict": True}, model, **quirks)
    return json.loads(made.body), warning


def test_a_plain_request() -> None:
    assert asked({}) == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def test_fields_under_their_other_names() -> None:
    fields = {
        "temperature": 0.5,
        "top_p": 0.25,
        "max_output_tokens": 99,
        "presence_penalty": 1,
        "frequency_penalty": -1,
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 3,
        "stop": ["x"],
        "top_k": 4,
        "seed": 5,
    }
    assert asked(fields)["generationConfig"] == {
        "stopSequences": ["x"],
        "topK": 4,
        "seed": 5,
        "temperature": 0.5,
        "topP": 0.25,
        "maxOutputTokens": 99,
        "presencePenalty": 1.0,
        "frequencyPenalty": -1.0,
        "responseLogprobs": True,
        "logprobs": 3,
    }


@pytest.mark.parametrize("name", ["user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"])
def test_what_google_has_no_word_for_is_reported(name: str) -> None:
    body, warning = lost({name: "x"})
    assert body == asked({})
    assert name in warning


def test_members_that_nobody_knows_are_reported() -> None:
    _, warning = lost({"best_of": 3, "suffix": "x"})
    assert "'best_of', 'suffix'" in warning


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        ("gemini-3-flash-preview", "minimal", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3-flash-preview", "high", {"thinkingLevel": "HIGH"}),
        ("gemini-3.1-pro-preview", "medium", {"thinkingLevel": "MEDIUM"}),
        ("gemini-3-pro-preview", "low", {"thinkingLevel": "LOW"}),
        ("gemini-flash-latest", "medium", {"thinkingLevel": "MEDIUM"}),
        ("publishers/google/models/gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-flash-lite", "low", {"thinkingBudget": 1024}),
        ("gemini-2.5-pro", "max", {"thinkingBudget": 32768}),
    ],
)
def test_an_effort_that_the_model_knows(model: str, effort: str, thinking: Body) -> None:
    assert asked({"reasoning": {"effort": effort}}, model)["generationConfig"] == {"thinkingConfig": thinking}


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        ("gemini-3-flash-preview", "none", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro-preview", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-3-pro-preview", "medium", {"thinkingLevel": "HIGH"}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.5-flash", "xhigh", {"thinkingBudget": 24576}),
    ],
)
def test_an_effort_that_the_model_does_not_know(model: str, effort: str, thinking: Body) -> None:
    body, warning = lost({"reasoning": {"effort": effort}}, model)
    assert body["generationConfig"] == {"thinkingConfig": thinking}
    assert f"'{effort}'" in warning


def test_a_model_that_does_not_think() -> None:
    body, warning = lost({"reasoning": {"effort": "high", "summary": "auto"}}, "gemini-2.0-flash")
    assert "generationConfig" not in body
    assert "cannot be told how much to reason" in warning
    assert "generationConfig" not in asked({"reasoning": {"effort": "none"}}, "gemini-2.0-flash")


def test_thoughts_are_told_only_to_those_who_want_a_summary() -> None:
    thinking = asked({"reasoning": {"effort": "low", "summary": "auto"}})["generationConfig"]["thinkingConfig"]
    assert thinking == {"thinkingLevel": "LOW", "includeThoughts": True}
    silent = asked({"reasoning": {"effort": "none", "summary": "auto"}}, "gemini-2.5-flash")["generationConfig"]
    assert silent == {"thinkingConfig": {"thinkingBudget": 0}}
    _, warning = lost({"reasoning": {"summary": "detailed"}})
    assert "summaries" in warning


def test_a_form_for_the_answer() -> None:
    config = asked({"text": FORM})["generationConfig"]
    assert config == {
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA | {"description": "What it is."},
    }
    assert asked({"text": {"format": {"type": "json_object"}}})["generationConfig"] == {
        "responseMimeType": "application/json"
    }
    assert "generationConfig" not in asked({"text": {"format": {"type": "text"}, "verbosity": "medium"}})
    _, warning = lost({"text": {"verbosity": "low"}})
    assert "how much to say" in warning


def test_a_form_and_tools_together_are_for_newer_models() -> None:
    body = asked({"text": FORM, "tools": [function("f")]})
    assert "responseJsonSchema" in body["generationConfig"]
    told, warning = lost({"text": FORM, "tools": [function("f")], "instructions": "Be brief."}, "gemini-2.5-flash")
    assert "generationConfig" not in told
    first, second = told["systemInstruction"]["parts"]
    assert first == {"text": "Be brief."}
    assert second["text"].endswith(json.dumps(SCHEMA | {"description": "What it is."}, separators=(",", ":")))
    assert "only reads the form" in warning


def test_an_older_api_is_told_schemas_in_its_own_subset() -> None:
    body = asked({"text": FORM, "tools": [function("f", parameters=SCHEMA), function("g")]}, json_schema=False)
    plain = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}
    assert body["tools"] == [{"functionDeclarations": [{"name": "f", "parameters": plain}, {"name": "g"}]}]
    assert body["generationConfig"]["responseSchema"] == plain | {"description": "What it is."}


def test_tiers() -> None:
    for usual in ("auto", "default", "standard"):
        assert asked({"service_tier": usual}) == asked({})
    assert asked({"service_tier": "flex"})["serviceTier"] == "flex"
    made = built({"service_tier": "priority"}, google_api="vertex")
    assert b"serviceTier" not in made.body
    assert made.headers == (
        b"X-Vertex-AI-LLM-Request-Type: shared\r\nX-Vertex-AI-LLM-Shared-Request-Type: priority\r\n"
    )
    _, warning = lost({"service_tier": "scale"})
    assert "'scale'" in warning


def config_of(choice: Any, *tools: Body, model: str = "gemini-3-flash-preview") -> Any:
    body = asked({"tools": list(tools), "tool_choice": choice}, model)
    return body.get("toolConfig", {}).get("functionCallingConfig")


def test_choices_among_functions() -> None:
    both = function("f"), function("g")
    assert config_of(None, *both) is None
    assert config_of("auto", *both) == {"mode": "AUTO"}
    assert config_of("none", *both) == {"mode": "NONE"}
    assert config_of("required", *both) == {"mode": "ANY"}
    named = {"mode": "ANY", "allowedFunctionNames": ["g"]}
    assert config_of({"type": "function", "name": "g"}, *both) == named
    within = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}
    assert config_of(within, *both) == named
    assert config_of(within | {"mode": "auto"}, *both) == {"mode": "VALIDATED", "allowedFunctionNames": ["g"]}


def test_a_model_that_cannot_keep_to_some_functions_is_only_sent_those() -> None:
    within = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "g"}]}
    body = asked({"tools": [function("f"), function("g")], "tool_choice": within}, "gemini-2.0-flash")
    (tool,) = body["tools"]
    assert [each["name"] for each in tool["functionDeclarations"]] == ["g"]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}


def test_strict_functions_are_validated_where_the_model_can() -> None:
    assert config_of(None, function("f", strict=True)) == {"mode": "VALIDATED"}
    assert config_of("required", function("f", strict=True)) == {"mode": "ANY"}
    _, warning = lost({"tools": [function("f", strict=True)]}, "gemini-2.0-flash")
    assert "schemas" in warning


def test_names_that_google_would_refuse_are_led_back() -> None:
    tools = [function("9lives"), {"type": "custom", "name": "patch", "description": "Patches."}]
    items = [user("Hi"), call("c", "9lives"), output("c")]
    body = asked({"tools": tools, "input": items})
    (declared,) = body["tools"]
    assert [each["name"] for each in declared["functionDeclarations"]] == ["_9lives", "patch"]
    assert body["contents"][1]["parts"][0]["functionCall"]["name"] == "_9lives"
    assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == "_9lives"


def test_google_s_own_tools() -> None:
    files = {"type": "file_search", "vector_store_ids": ["fileSearchStores/a"], "max_num_results": 5}
    code = {"type": "code_interpreter", "container": {"type": "auto"}}
    body = asked({"tools": [SEARCH, code, files]})
    assert body["tools"] == [
        {"googleSearch": {}},
        {"codeExecution": {}},
        {"fileSearch": {"fileSearchStoreNames": ["fileSearchStores/a"], "topK": 5}},
    ]
    assert body["toolConfig"] == {"includeServerSideToolInvocations": True}
    assert "toolConfig" not in asked({"tools": [SEARCH]}, google_api="vertex")
    assert "toolConfig" not in asked({"tools": [code]})
    assert asked({"tools": [SEARCH | {"external_web_access": True}]})["tools"] == [
        {"googleSearch": {}},
        {"urlContext": {}},
    ]


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        (SEARCH | {"filters": {"allowed_domains": ["a.example"]}}, "all domains"),
        (SEARCH | {"user_location": {"type": "approximate"}}, "where the user is"),
        (SEARCH | {"search_context_size": "high"}, "how much it reads"),
        (SEARCH | {"external_web_access": False}, "live web"),
        ({"type": "file_search", "vector_store_ids": ["vs_1"]}, "fileSearchStores/"),
        ({"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}}, "container of its own"),
        ({"type": "mcp", "server_label": "s", "server_url": "https://a.example"}, "mcp"),
        ({"type": "computer"}, "computer"),
        ({"type": "image_generation"}, "image_generation"),
    ],
)
def test_what_a_tool_of_google_s_cannot_be_told(tool: Body, words: str) -> None:
    assert words in lost({"tools": [tool]})[1]


def test_older_models_use_functions_or_google_s_own_tools() -> None:
    body, warning = lost({"tools": [SEARCH, function("f")]}, "gemini-2.5-flash")
    assert list(body["tools"][0]) == ["functionDeclarations"]
    assert "web_search" in warning
    only = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "web_search"}]}
    assert asked({"tools": [SEARCH, function("f")], "tool_choice": only}, "gemini-2.5-flash")["tools"] == [
        {"googleSearch": {}}
    ]


def test_tools_of_google_s_that_may_not_be_used_are_not_sent() -> None:
    body = asked({"tools": [SEARCH, function("f")], "tool_choice": "none"})
    assert list(body["tools"][0]) == ["functionDeclarations"]
    _, warning = lost({"tools": [SEARCH], "tool_choice": {"type": "web_search"}})
    assert "made to use" in warning


def test_pictures() -> None:
    tool = {"type": "image_generation", "size": "1536x1024", "partial_images": 2}
    config = asked({"tools": [tool]}, "gemini-2.5-flash-image")["generationConfig"]
    assert config == {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "3:2"}}
    _, warning = lost({"tools": [{"type": "image_generation", "quality": "high"}]}, "gemini-3-pro-image")
    assert "quality" in warning


def test_counting_at_either_place() -> None:
    made = built({"instructions": "Be brief.", "service_tier": "flex"})
    counting = GEMINI.counting
    whole = json.loads(counting.body(made.body, gemini_target()))
    assert whole["generateContentRequest"]["model"] == "models/gemini-3-flash-preview"
    assert whole["generateContentRequest"]["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    members = json.loads(counting.body(made.body, gemini_target(google_api="vertex")))
    assert members.keys() == {"contents", "systemInstruction"}
    assert counting.tokens(b'{"totalTokens": 12}') == 12
    for garbage in (b"", b"[]", b'{"totalTokens": "x"}', b"\xff"):
        assert counting.tokens(garbage) is None
