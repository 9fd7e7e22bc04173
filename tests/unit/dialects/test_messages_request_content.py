"""How conversations are put to Anthropic's Messages API."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.chat_streams import function_tool
from tests.message_streams import claude
from tests.unit.dialects.messages_turns import (
    FORM,
    NEWEST,
    SCHEMA,
    SILENT,
    Body,
    assistant,
    blocks,
    built,
    call,
    developer,
    lossy,
    output,
    part,
    refused,
    sealed,
    sent,
    text,
    url_of,
    user,
)


def test_instructions_and_first_system_messages_are_the_system() -> None:
    body = sent({"instructions": "Be kind.", "input": [developer("Be brief."), user("Hi")]})
    assert [each["text"] for each in body["system"]] == ["Be kind.", "Be brief."]
    assert len(body["messages"]) == 1


def test_later_instructions_stay_where_they_were_said() -> None:
    items = [user("Hi"), developer("Now in French."), assistant("Salut"), developer("And rhyme."), user("Go")]
    body = sent({"input": items})
    marked = "<system>\nNow in French.\n</system>"
    assert blocks(body, 0) == [text("Hi"), text(marked)]
    assert blocks(body, 2) == [text("<system>\nAnd rhyme.\n</system>"), text("Go")]
    native = sent({"input": items}, SILENT)
    assert [each["role"] for each in native["messages"]] == ["user", "system", "assistant", "user"]
    assert blocks(native, 1) == [text("Now in French.")]
    assert blocks(native, 3) == blocks(body, 2)
    assert [each["role"] for each in sent({"input": items}, SILENT, "vertex")["messages"]] == [
        "user",
        "assistant",
        "user",
    ]


def test_a_user_after_a_native_instruction_takes_it_into_his_turn() -> None:
    body = sent({"input": [user("Hi"), developer("Rhyme."), user("Go")]}, SILENT)
    assert body["messages"] == [{"role": "user", "content": body["messages"][0]["content"]}]
    assert blocks(body) == [text("Hi"), text("<system>\nRhyme.\n</system>"), text("Go")]


def test_instructions_alone_are_asked_as_a_user_would() -> None:
    assert blocks(sent({"input": [developer("Tell a joke.")]})) == [text("<system>\nTell a joke.\n</system>")]
    assert refused({"input": [user(" ")]}).param == "input"


def test_images() -> None:
    png = url_of("image/png", b"png")
    assert blocks(sent({"input": [part("input_image", image_url=png)]})) == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}}
    ]
    asked = {"input": [part("input_image", image_url="https://a.example/b.png")]}
    assert blocks(sent(asked)) == [{"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}]
    kept = built({"input": [part("input_image", file_id="file_1")]})
    assert kept.headers == b"anthropic-beta: files-api-2025-04-14\r\n"
    assert blocks(json.loads(kept.body)) == [{"type": "image", "source": {"type": "file", "file_id": "file_1"}}]


def test_images_that_cannot_be_looked_at() -> None:
    bitmap = [part("input_image", image_url=url_of("image/bmp", b"b")), user("Hi")]
    assert "image/bmp" in lossy({"input": bitmap})[1]
    assert "detail" in lossy({"input": [part("input_image", image_url="https://a.example/b.png", detail="low")]})[1]
    far = [part("input_image", image_url="https://a.example/b.png"), user("Hi")]
    assert "address" in lossy({"input": far}, host="bedrock")[1]
    assert refused({"input": [part("input_image")]}).code == "missing_required_parameter"


def test_files() -> None:
    def source(**members: Any) -> Any:
        return blocks(sent({"input": [part("input_file", **members)]}))[0]

    pdf = {"type": "base64", "media_type": "application/pdf", "data": "cGRm"}
    assert source(file_data=url_of("application/pdf", b"pdf"), filename="a.pdf") == {
        "type": "document",
        "source": pdf,
        "title": "a.pdf",
    }
    assert source(file_data="cGRm") == {"type": "document", "source": pdf}
    plain = {"type": "text", "media_type": "text/plain", "data": "a,b"}
    assert source(file_data=url_of("text/csv", b"a,b"))["source"] == plain
    assert source(file_data=base64.b64encode(b"a,b").decode(), filename="x.csv")["source"] == plain
    assert source(file_url="https://a.example/b.pdf")["source"]["url"] == "https://a.example/b.pdf"
    assert source(file_url="https://a.example/b.png?c")["type"] == "image"
    assert source(file_data=url_of("image/gif", b"gif"))["type"] == "image"
    assert source(file_id="file_1")["source"] == {"type": "file", "file_id": "file_1"}
    word = [part("input_file", file_data=url_of("application/msword", b"w")), user("Hi")]
    assert "application/msword" in lossy({"input": word})[1]
    assert refused({"input": [part("input_file")]}).code == "missing_required_parameter"


@pytest.mark.parametrize("kind", ["input_audio", "input_video"])
def test_sound_and_film_are_refused(kind: str) -> None:
    content = {
        "input_audio": {"input_audio": {"data": "YQ==", "format": "wav"}},
        "input_video": {"video_url": "https://a"},
    }
    error = refused({"input": [part(kind, **content[kind])]})
    assert (error.code, error.status) == ("unsupported_value", 400)


def test_results_stand_first_and_all_together() -> None:
    items = [user("Hi"), call("a"), call("b"), user("and"), output("b", "2"), output("a", "1", status="incomplete")]
    body = sent({"input": items, "tools": [function_tool("f")]})
    assert [each["role"] for each in body["messages"]] == ["user", "assistant", "user"]
    assert blocks(body, 2) == [
        {"type": "tool_result", "tool_use_id": "a", "content": [text("1")], "is_error": True},
        {"type": "tool_result", "tool_use_id": "b", "content": [text("2")]},
        text("and"),
    ]


def test_a_result_holds_images_and_files() -> None:
    seen = [{"type": "input_image", "image_url": url_of("image/png", b"png")}, {"type": "input_text", "text": "a cat"}]
    body = sent({"input": [user("Hi"), call("a"), output("a", seen)], "tools": [function_tool("f")]})
    assert [each["type"] for each in blocks(body, 2)[0]["content"]] == ["image", "text"]


def test_ids_of_calls_are_legal_and_each_their_own() -> None:
    items = [user("Hi"), call("x.1"), output("x.1"), call("same"), output("same"), call("same"), output("same")]
    messages = sent({"input": items, "tools": [function_tool("f")]})["messages"]
    ids = [each["content"][0]["id"] for each in messages[1::2]]
    assert ids[1] == "same"
    assert len(set(ids)) == 3
    assert [each["content"][0]["tool_use_id"] for each in messages[2::2]] == ids
    assert all(each.replace("_", "").isalnum() for each in ids)


def test_past_calls_without_tools_bring_their_names_and_none_may_be_called() -> None:
    body = sent({"input": [user("Hi"), call("a"), output("a")]})
    assert [each["name"] for each in body["tools"]] == ["f"]
    assert body["tool_choice"] == {"type": "none"}


def test_a_conversation_begins_and_ends_with_a_user() -> None:
    body, loss = lossy({"input": [assistant("I am here."), user("Hi"), assistant("Hello")]})
    assert [each["role"] for each in body["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert "go on" in loss


def test_thoughts_go_back_to_their_author_alone() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
    items = [user("Hi"), sealed(thought), assistant("Ah"), user("So?")]
    assert blocks(sent({"input": items}), 1) == [thought, text("Ah")]
    items[1] = sealed(thought, provider="bedrock")
    result = built({"input": items})
    assert blocks(json.loads(result.body), 1) == [text("Ah")]
    assert [(each.id, each.reason) for each in result.transformations] == [("rs_1", "organization_mismatch")]
    assert "left out" in result.warnings[0]


def test_thoughts_that_nothing_followed_are_left_out() -> None:
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "sig"}
    body, loss = lossy({"input": [user("Hi"), sealed(thought), user("So?")]})
    assert blocks(body) == [text("Hi"), text("So?")]
    assert "nothing followed" in loss


def test_a_sealed_search_is_told_once() -> None:
    asked = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "q"}}
    found: Body = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}
    shown = {"type": "web_search_call", "id": "srv_1", "status": "completed", "action": {"type": "search"}}
    body = sent({"input": [user("Hi"), sealed(asked, found), shown, assistant("Ah"), user("So?")]})
    assert blocks(body, 1) == [asked, found, text("Ah")]
    assert "web_search_call" in lossy({"input": [user("Hi"), shown, assistant("Ah"), user("So?")]})[1]


def test_what_another_provider_ran_is_told_as_a_call() -> None:
    done = {"type": "mcp_call", "id": "mcp_1", "server_label": "s", "name": "t", "arguments": '{"a":1}', "error": "no"}
    body = sent({"input": [user("Hi"), done, assistant("Ah"), user("So?")]})
    assert blocks(body, 1) == [{"type": "tool_use", "id": "mcp_1", "name": "s__t", "input": {"a": 1}}]
    assert blocks(body, 2)[0]["is_error"] is True


def test_a_container_lives_on_until_it_expires() -> None:
    box = {"type": "container", "id": "container_1", "expires_at": "2099-01-01T00:00:00Z"}
    items = [user("Hi"), assistant("Ah"), sealed(box), user("So?")]
    tools = [{"type": "code_interpreter", "container": {"type": "auto"}}]
    assert sent({"input": items, "tools": tools})["container"] == "container_1"
    assert "container" not in sent({"input": items})
    items[2] = sealed(box | {"expires_at": "2020-01-01T00:00:00Z"})
    assert "container" not in sent({"input": items, "tools": tools})


def test_bound_thoughts_are_dropped_rather_than_refused() -> None:
    thought = sealed({"type": "thinking", "thinking": "", "signature": "sig"}, model=NEWEST)
    result = built({"input": [user("Hi"), thought, assistant("Ah"), user("So?")]}, claude(NEWEST))
    binding = {"prefix_mismatch_behavior": "drop_block"}
    assert json.loads(result.body)["thinking"] == {"type": "adaptive", "block_binding": binding}
    assert result.headers == b"anthropic-beta: thinking-binding-controls-2026-08-01\r\n"
    assert built({}, claude(NEWEST)).headers == b""


def test_beside_thoughts_a_schema_is_only_read() -> None:
    body, loss = lossy({"text": FORM, "reasoning": {"effort": "low"}}, "claude-sonnet-4-0")
    assert "tools" not in body
    assert json.dumps(SCHEMA, separators=(",", ":")) in body["system"][0]["text"]
    assert "schema" in loss
