"""Tools of every type, and the choice among them, as a chat completions provider takes them."""

import json
import re
from typing import Any

import pytest

from antiphon.dialects.losses import Losses
from antiphon.dialects.stand_ins import emulated_call
from antiphon.dialects.tool_names import NO_TOOLS, ToolName
from antiphon.dialects.tools import offer, tool_names
from antiphon.errors import BadRequest
from antiphon.quirks import Quirks
from tests.unit.dialects.chat_turns import (
    built,
    call,
    chat,
    function,
    lossy,
    messages,
    output,
    target_of,
    turn_of,
    user,
)

Body = dict[str, Any]

SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}}
CUSTOM = {"type": "custom", "name": "sql", "description": "Runs SQL."}
GRAMMAR = CUSTOM | {"format": {"type": "grammar", "syntax": "lark", "definition": "start: WORD"}}
SPACE = {
    "type": "namespace",
    "name": "crm",
    "description": "The customers.",
    "tools": [function("find", description="Finds one."), CUSTOM],
}


def asked(tools: list[Body], choice: Any = None, **more: Any) -> Body:
    return {"input": "Hi", "tools": tools} | ({} if choice is None else {"tool_choice": choice}) | more


def names_of(body: Body) -> list[str]:
    return [tool[tool["type"]]["name"] for tool in body["tools"]]


def test_a_function_keeps_all_its_fields() -> None:
    tool = function("look", description="Looks.", parameters=SCHEMA, strict=True)
    assert chat(asked([tool]))["tools"] == [
        {
            "type": "function",
            "function": {"name": "look", "description": "Looks.", "parameters": SCHEMA, "strict": True},
        }
    ]


@pytest.mark.parametrize("parameters", [{}, {"parameters": None}, {"parameters": {}}])
def test_a_function_without_parameters_takes_an_empty_object(parameters: Body) -> None:
    (tool,) = chat(asked([function("look", **parameters)]))["tools"]
    assert tool["function"] == {"name": "look", "parameters": {"type": "object", "properties": {}}}


def test_strictness_is_reported_where_it_is_not_kept() -> None:
    body = asked([function("look", strict=True)])
    sent, warnings = lossy(body, Quirks(strict_functions=False))
    assert "strict" not in sent["tools"][0]["function"]
    assert "schema" in warnings[0]
    with pytest.raises(BadRequest) as refused:
        built(body | {"strict": True}, Quirks(strict_functions=False))
    assert refused.value.param == "tools[0].strict"
    assert chat(asked([function("look", strict=False)]), Quirks(strict_functions=False))["tools"]


def test_a_custom_tool_is_a_function_of_one_text() -> None:
    (tool,) = chat(asked([CUSTOM]))["tools"]
    assert tool["function"]["description"] == "Runs SQL."
    assert tool["function"]["parameters"]["required"] == ["input"]
    assert tool["function"]["parameters"]["properties"]["input"]["type"] == "string"
    assert tool_names(turn_of(asked([CUSTOM])), target_of()).of("sql") == ToolName("custom", "sql")


def test_a_grammar_can_only_be_read() -> None:
    sent, _ = lossy(asked([GRAMMAR]))
    assert "start: WORD" in sent["tools"][0]["function"]["description"]
    with pytest.raises(BadRequest) as refused:
        built(asked([GRAMMAR], strict=True))
    assert refused.value.param == "tools[0].format"


def test_a_custom_tool_stays_one_where_it_is_known() -> None:
    quirks = Quirks(custom_tools=True)
    rules = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: WORD"}}
    sent = chat(asked([GRAMMAR], {"type": "custom", "name": "sql"}), quirks)
    assert sent["tools"] == [
        {"type": "custom", "custom": {"name": "sql", "description": "Runs SQL.", "format": rules}},
    ]
    assert sent["tool_choice"] == {"type": "custom", "custom": {"name": "sql"}}
    items = [
        {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": 'SELECT "a"'},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "1"},
    ]
    native = messages(*items, quirks=quirks)[0]["tool_calls"]
    assert native == [{"id": "c1", "type": "custom", "custom": {"name": "sql", "input": 'SELECT "a"'}}]
    (emulated,) = messages(*items)[0]["tool_calls"]
    assert json.loads(emulated["function"]["arguments"]) == {"input": 'SELECT "a"'}


def test_a_namespace_is_flattened_and_found_again() -> None:
    body = asked([SPACE], {"type": "function", "name": "find", "namespace": "crm"})
    sent = chat(body | {"input": [call("c1", "find", namespace="crm"), output("c1")]})
    assert names_of(sent) == ["crm__find", "crm__sql"]
    assert sent["tools"][0]["function"]["description"] == "The customers.\n\nFinds one."
    assert sent["tool_choice"]["function"]["name"] == "crm__find"
    assert sent["messages"][0]["tool_calls"][0]["function"]["name"] == "crm__find"
    names = tool_names(turn_of(body), target_of())
    assert names.of("crm__find") == ToolName("function", "find", "crm")
    assert names.of("crm__sql") == ToolName("custom", "sql", "crm")
    assert names.of("made_up") == ToolName("function", "made_up")


@pytest.mark.parametrize("name", ["x" * 65, "grüß", "a b", "a.b/c", "ns:tool"])
def test_names_that_are_not_legal_get_one_that_is(name: str) -> None:
    body = asked([function(name)], {"type": "function", "name": name})
    sent = chat(body | {"input": [call("c1", name), output("c1")]})
    (given,) = names_of(sent)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", given)
    assert sent["tool_choice"]["function"]["name"] == given
    assert sent["messages"][0]["tool_calls"][0]["function"]["name"] == given
    assert tool_names(turn_of(body), target_of()).of(given) == ToolName("function", name)


def test_tools_that_would_meet_in_one_name_are_kept_apart() -> None:
    tools = [function("crm__find"), {**SPACE, "tools": [function("find")]}, {**CUSTOM, "name": "crm__find"}]
    sent = chat(asked(tools))
    assert len(set(names_of(sent))) == 3
    names = tool_names(turn_of(asked(tools)), target_of())
    assert [names.of(name) for name in names_of(sent)] == [
        ToolName("function", "crm__find"),
        ToolName("function", "find", "crm"),
        ToolName("custom", "crm__find"),
    ]


def test_the_last_of_two_equal_tools_counts() -> None:
    tools = [function("look", description="One."), function("hear"), function("look", description="Two.")]
    sent = chat(asked(tools))
    assert names_of(sent) == ["look", "hear"]
    assert sent["tools"][0]["function"]["description"] == "Two."


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search"},
        {"type": "web_search_preview", "search_context_size": "low"},
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "image_generation"},
        {"type": "mcp", "server_label": "a", "server_url": "https://example.com"},
        {"type": "computer_use_preview", "display_width": 1, "display_height": 1, "environment": "mac"},
        {"type": "shell", "environment": {"type": "container_auto"}},
    ],
)
def test_hosted_tools_are_left_out_with_a_word_or_refused(tool: Body) -> None:
    sent, warnings = lossy(asked([tool, function("look")]))
    assert names_of(sent) == ["look"]
    assert tool["type"] in warnings[0]
    with pytest.raises(BadRequest) as refused:
        built(asked([function("look"), tool], strict=True))
    assert (refused.value.code, refused.value.param) == ("unsupported_value", "tools[1].type")


@pytest.mark.parametrize("tool", [{"type": "teleport"}, {"type": "acme:search"}, {**SPACE, "tools": [{"type": "mcp"}]}])
def test_unknown_tools_are_always_refused(tool: Body) -> None:
    with pytest.raises(BadRequest) as refused:
        built(asked([tool]))
    assert refused.value.code == "unsupported_value"
    assert refused.value.param in {"tools[0].type", "tools[0].tools[0].type"}


@pytest.mark.parametrize(
    ("tool", "arguments", "item"),
    [
        (
            {"type": "shell", "environment": {"type": "local"}},
            {"commands": ["ls"], "timeout_ms": 5},
            {"type": "shell_call", "action": {"commands": ["ls"], "timeout_ms": 5, "max_output_length": None}},
        ),
        (
            {"type": "local_shell"},
            {"command": ["ls", "-l"], "working_directory": "src"},
            {
                "type": "local_shell_call",
                "action": {"type": "exec", "env": {}, "command": ["ls", "-l"], "working_directory": "src"},
            },
        ),
        (
            {"type": "apply_patch"},
            {"operation": {"type": "create_file", "path": "a", "diff": "+hi"}},
            {"type": "apply_patch_call", "operation": {"type": "create_file", "path": "a", "diff": "+hi"}},
        ),
        (
            {"type": "tool_search", "execution": "client"},
            {"query": "mail"},
            {"type": "tool_search_call", "execution": "client", "arguments": {"query": "mail"}},
        ),
    ],
)
def test_client_run_tools_have_functions_in_their_stead(tool: Body, arguments: Body, item: Body) -> None:
    sent = chat(asked([tool]))
    (name,) = names_of(sent)
    kind = tool_names(turn_of(asked([tool])), target_of()).of(name).kind
    assert kind == tool["type"]
    made = emulated_call(kind, "c1", json.dumps(arguments))
    assert made is not None
    assert made == item | {"call_id": "c1"}
    # The call that a client sends back says what the model said.
    answer: Body = {"type": f"{item['type']}_output", "call_id": "c1", "output": "fine", "status": "completed"}
    if tool["type"] == "tool_search":
        answer = {"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": [function("mail")]}
    history = [made | {"id": "i1"}, answer | {"id": "i2"}]
    again = chat(asked([tool], input=[user("Go on.")]), history=history)
    replayed = again["messages"][0]["tool_calls"][0]["function"]
    assert replayed["name"] == name
    spoken = json.loads(replayed["arguments"])
    assert {key: value for key, value in spoken.items() if value not in (None, {})} == arguments
    assert [message["role"] for message in again["messages"]] == ["assistant", "tool", "user"]


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("shell", "rm -rf"),
        ("shell", '{"commands": "ls"}'),
        ("apply_patch", '{"operation": {"type": "update_file", "path": "a"}}'),
        ("local_shell", "[" * 5000),
        ("tool_search", "[]"),
        ("custom", "{}"),
    ],
)
def test_a_call_that_is_not_what_the_tool_takes_means_nothing(kind: Any, arguments: str) -> None:
    assert emulated_call(kind, "c1", arguments) is None


def test_tools_that_came_with_items_are_offered_too() -> None:
    brought = {"type": "additional_tools", "role": "developer", "tools": [function("later")]}
    found = {"type": "tool_search_output", "call_id": None, "execution": "server", "tools": [function("found")]}
    body = {"input": [user("Hi"), brought], "tools": [function("look"), {"type": "tool_search"}]}
    sent = chat(body, history=[found])
    assert names_of(sent) == ["look", "found", "later"]
    assert [message["role"] for message in sent["messages"]] == ["user"]


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_plain_choices_go_as_they_are(choice: str) -> None:
    assert chat(asked([function("look")], choice))["tool_choice"] == choice


def test_a_provider_may_spell_required_its_own_way() -> None:
    assert chat(asked([function("look")], "required"), Quirks(tool_choice_required="any"))["tool_choice"] == "any"
    sent, warnings = lossy(asked([function("look")], "required"), Quirks(tool_choice_required="auto"))
    assert sent["tool_choice"] == "auto"
    assert len(warnings) == 1


@pytest.mark.parametrize(
    "choice", [{"type": "function", "name": "look"}, {"type": "function", "function": {"name": "look"}}]
)
def test_a_function_is_named_in_either_spelling(choice: Body) -> None:
    body = asked([function("look"), function("hear")], choice)
    sent = chat(body)
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert names_of(sent) == ["look", "hear"]
    names = tool_names(turn_of(body), target_of())
    assert (names.permits("look"), names.permits("hear")) == (True, False)


def test_a_name_is_enforced_by_the_tools_where_it_cannot_be_said() -> None:
    quirks = Quirks(tool_choice_named=False)
    sent = chat(asked([function("look"), function("hear")], {"type": "function", "name": "hear"}), quirks)
    assert (sent["tool_choice"], names_of(sent)) == ("required", ["hear"])


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "function", "name": "gone"},
        {"type": "custom", "name": "look"},
        {"type": "web_search"},
        {"type": "shell"},
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "gone"}]},
        "sometimes",
    ],
)
def test_a_choice_of_what_is_not_there_is_refused(choice: Any) -> None:
    with pytest.raises(BadRequest) as refused:
        built(asked([function("look")], choice))
    assert (refused.value.code, refused.value.param) == ("invalid_value", "tool_choice")


@pytest.mark.parametrize("tools", [None, []])
def test_required_without_tools_is_refused(tools: Any) -> None:
    with pytest.raises(BadRequest) as refused:
        built({"input": "Hi", "tools": tools, "tool_choice": "required"})
    assert (refused.value.code, refused.value.param) == ("invalid_value", "tool_choice")


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_a_choice_without_tools_goes_unsaid(choice: str) -> None:
    assert "tool_choice" not in chat({"input": "Hi", "tool_choice": choice})


@pytest.mark.parametrize("choice", ["required", {"type": "web_search_preview"}])
def test_a_choice_of_what_was_left_out_is_reported(choice: Any) -> None:
    sent, warnings = lossy(asked([{"type": "web_search"}], choice))
    assert "tools" not in sent
    assert "tool_choice" not in sent
    assert len(warnings) == 2


def allowed(mode: str, *names: str) -> Body:
    return {"type": "allowed_tools", "mode": mode, "tools": [{"type": "function", "name": name} for name in names]}


def test_allowed_tools_go_natively_where_they_are_known() -> None:
    body = asked([function("look"), function("hear")], allowed("required", "hear"))
    sent = chat(body, Quirks(allowed_tools=True))
    tools = [{"type": "function", "function": {"name": "hear"}}]
    assert sent["tool_choice"] == {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": tools}}
    assert names_of(sent) == ["look", "hear"]
    assert tool_names(turn_of(body), target_of(Quirks(allowed_tools=True))).allowed == {"hear"}


@pytest.mark.parametrize(
    ("mode", "names", "choice", "sent_names"),
    [
        ("auto", ["hear"], "auto", ["hear"]),
        ("auto", ["hear", "look"], "auto", ["hear", "look"]),
        ("required", ["hear", "look"], "required", ["hear", "look"]),
        ("required", ["hear"], {"type": "function", "function": {"name": "hear"}}, ["look", "hear", "feel"]),
        ("auto", [], "none", ["look", "hear", "feel"]),
    ],
)
def test_allowed_tools_are_enforced_elsewhere(mode: str, names: list[str], choice: Any, sent_names: list[str]) -> None:
    body = asked([function("look"), function("hear"), function("feel")], allowed(mode, *names))
    sent = chat(body)
    assert (sent["tool_choice"], names_of(sent)) == (choice, sent_names)
    assert tool_names(turn_of(body), target_of()).allowed == frozenset(names)


def test_one_call_at_a_time_is_asked_for_only_with_tools() -> None:
    body = asked([function("look")], parallel_tool_calls=False)
    assert chat(body)["parallel_tool_calls"] is False
    assert "parallel_tool_calls" not in chat(body, Quirks(parallel_tool_calls=False))
    assert "parallel_tool_calls" not in chat({"input": "Hi", "parallel_tool_calls": False})
    assert tool_names(turn_of(body), target_of()).parallel is False
    assert tool_names(turn_of({"input": "Hi", "parallel_tool_calls": False}), target_of()).parallel is False


def test_a_turn_without_tools_shares_one_empty_value() -> None:
    assert tool_names(turn_of({"input": "Hi"}), target_of()) is NO_TOOLS


def test_the_names_of_the_answer_are_those_of_the_request() -> None:
    body = asked([SPACE, function("x" * 80), CUSTOM], allowed("auto", "x" * 80))
    made = offer(turn_of(body), target_of(), Losses(strict=False))
    assert tool_names(turn_of(body), target_of()) == made.names
