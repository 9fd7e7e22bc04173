"""Items of work that a server did elsewhere, and of clients' tools that chat completions lacks."""

from typing import Any

import pytest

from antiphon.errors import BadRequest
from antiphon.quirks import Quirks
from tests.unit.dialects.chat_turns import assistant, built, lossy, messages, user

Body = dict[str, Any]


def test_a_call_of_an_mcp_server_is_a_call_and_its_output() -> None:
    item = {
        "type": "mcp_call",
        "id": "mcp_1",
        "server_label": "docs",
        "name": "search",
        "arguments": '{"q":"a"}',
        "output": "found",
    }
    assert messages(user("Hi"), item, assistant("Here."))[1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "mcp_1", "type": "function", "function": {"name": "docs__search", "arguments": '{"q":"a"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "mcp_1", "content": "found"},
        {"role": "assistant", "content": "Here."},
    ]
    failed = item | {"output": None, "error": {"type": "http_error", "code": 500, "message": "oops"}}
    assert "oops" in messages(failed)[1]["content"]


def test_code_is_told_with_what_it_printed() -> None:
    item = {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "container_id": "c",
        "code": "print(1)",
        "outputs": [{"type": "logs", "logs": "1"}],
    }
    sent = messages(item)
    assert sent[0]["tool_calls"][0]["function"] == {"name": "code_interpreter", "arguments": '{"code":"print(1)"}'}
    assert sent[1]["content"] == "1"


def test_images_that_code_made_are_reported() -> None:
    outputs = [{"type": "logs", "logs": "1"}, {"type": "image", "url": "u"}]
    item = {"type": "code_interpreter_call", "id": "ci_1", "container_id": "c", "code": "1", "outputs": outputs}
    sent, warnings = lossy({"input": [item]})
    assert sent["messages"][1]["content"] == "1"
    assert "images" in warnings[0]


def test_passages_that_were_found_are_told() -> None:
    results = [{"filename": "a.txt", "text": "A cat.", "file_id": "f", "score": 1}]
    sent = messages({"type": "file_search_call", "id": "fs_1", "queries": ["cat"], "results": results})
    assert sent[0]["tool_calls"][0]["function"]["arguments"] == '{"queries":["cat"]}'
    assert "A cat." in sent[1]["content"]


def test_an_image_that_was_made_is_shown() -> None:
    item = {"type": "image_generation_call", "id": "ig_1", "result": "AAAA", "output_format": "webp"}
    (part,) = messages(user("Draw."), item)[1]["content"]
    assert part == {"type": "image_url", "image_url": {"url": "data:image/webp;base64,AAAA"}}


@pytest.mark.parametrize("summary", ["We spoke of cats.", [{"type": "summary_text", "text": "We spoke of cats."}]])
def test_a_summary_that_can_be_read_is_told(summary: Any) -> None:
    sent = messages({"type": "compaction", "id": "cmp_1", "encrypted_content": "x", "summary": summary}, user("Go on."))
    assert sent[0]["role"] == "developer"
    assert "We spoke of cats." in sent[0]["content"]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "a"}},
        {"type": "file_search_call", "id": "fs_1", "queries": [], "results": None},
        {"type": "code_interpreter_call", "id": "ci_1", "code": "1", "outputs": None, "container_id": "c"},
        {"type": "image_generation_call", "id": "ig_1", "result": None},
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "sealed"},
        {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "a", "tools": []},
        {"type": "mcp_approval_request", "id": "mcpr_1", "arguments": "{}", "name": "a", "server_label": "b"},
        {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
        {"type": "configuration_update", "reasoning": {"effort": "low"}},
        {"type": "program", "id": "cm_1", "call_id": "c", "code": "1", "fingerprint": "f"},
        {"type": "program_output", "id": "cmo_1", "call_id": "c", "result": "1", "status": "completed"},
        {"type": "compaction_trigger"},
        {"type": "acme:mood", "mood": "good"},
    ],
)
def test_items_that_a_chat_has_no_words_for_are_reported_or_refused(item: Body) -> None:
    sent, warnings = lossy({"input": [user("Hi"), item]})
    assert sent["messages"] == [{"role": "user", "content": "Hi"}]
    assert item["type"] in warnings[0]
    with pytest.raises(BadRequest) as refused:
        built({"input": [user("Hi"), item], "strict": True})
    code = "invalid_encrypted_content" if item["type"] == "compaction" else "unsupported_value"
    assert (refused.value.code, refused.value.param) == (code, "input[1].type")


@pytest.mark.parametrize(
    ("items", "name", "said"),
    [
        (
            [
                {"type": "shell_call", "call_id": "c1", "action": {"commands": ["ls"]}, "status": "completed"},
                {
                    "type": "shell_call_output",
                    "call_id": "c1",
                    "output": [
                        {"stdout": "a\n", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}},
                        {"stdout": "", "stderr": "no such file", "outcome": {"type": "exit", "exit_code": 2}},
                        {"stdout": "", "stderr": "", "outcome": {"type": "timeout"}},
                    ],
                },
            ],
            "shell",
            "a\nno such file\n(exit code 2)\n(timed out)",
        ),
        (
            [
                {"type": "apply_patch_call", "call_id": "c1", "operation": {"type": "delete_file", "path": "a"}},
                {"type": "apply_patch_call_output", "call_id": "c1", "status": "failed", "output": "no such file"},
            ],
            "apply_patch",
            "failed: no such file",
        ),
        (
            [
                {
                    "type": "local_shell_call",
                    "id": "lsh_1",
                    "call_id": "c1",
                    "action": {"type": "exec", "command": ["ls"]},
                },
                {"type": "local_shell_call_output", "id": "lsh_1", "output": "a"},
            ],
            "local_shell",
            "a",
        ),
    ],
)
def test_calls_of_clients_tools_are_calls_of_their_stand_ins(items: list[Body], name: str, said: str) -> None:
    sent = messages(*items)
    assert sent[0]["tool_calls"][0]["function"]["name"] == name
    assert sent[1] == {"role": "tool", "tool_call_id": "c1", "content": said}


def test_a_screenshot_is_shown_after_the_call_that_took_it() -> None:
    items = [
        {"type": "computer_call", "call_id": "c1", "action": {"type": "screenshot"}, "status": "completed"},
        {
            "type": "computer_call_output",
            "call_id": "c1",
            "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"},
        },
    ]
    sent = messages(*items)
    assert [message["role"] for message in sent] == ["assistant", "tool", "user"]
    assert sent[2]["content"][1]["image_url"]["url"] == "data:image/png;base64,AAAA"
    sent, warnings = lossy({"input": items}, Quirks(image_input=False))
    assert [message["role"] for message in sent["messages"]] == ["assistant", "tool"]
    assert len(warnings) == 1


def test_work_in_a_container_needs_no_answer_of_the_client() -> None:
    item = {
        "type": "shell_call",
        "call_id": "c1",
        "action": {"commands": ["ls"]},
        "environment": {"type": "container_reference", "container_id": "c"},
    }
    assert [message["role"] for message in messages(item, user("Well?"))] == ["assistant", "tool", "user"]
