"""What Anthropic's Messages API is asked, field by field."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from antiphon.dialects.messages_hosts import HostName
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Target, Turn
from antiphon.quirks import Quirks
from antiphon.wire.envelope import Envelope, packed
from antiphon.wire.requests import Item
from tests.chat_streams import a_turn, function_tool
from tests.fakes import SEALER
from tests.message_streams import claude

Body = dict[str, Any]

OLD, BUDGETED, ADAPTIVE, SILENT = "claude-3-5-haiku-latest", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-8"
NEWEST, MAKES_UP_ITS_MIND = "claude-opus-5-5", "claude-opus-5"
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
FORM = {"format": {"type": "json_schema", "name": "thing", "schema": SCHEMA}}


def turn_of(request: Body) -> Turn:
    turn = a_turn(**request)
    items = request.get("input", [user("Hi")])
    turn.input = [{"id": f"item_{place}", **item} for place, item in enumerate(items)]
    return turn


def built(request: Body, target: Target | None = None) -> Built:
    target = target or claude()
    return target.dialect.build(turn_of(request), target)


def sent(request: Body, model: str = BUDGETED, host: HostName = "anthropic") -> Body:
    """The body, for a request that can be said without loss."""
    result = built(request, claude(model, host))
    assert result.warnings == ()
    return json.loads(result.body)


def lossy(request: Body, model: str = BUDGETED, host: HostName = "anthropic") -> tuple[Body, str]:
    """The body, and the one loss on the way to it, which a strict client is refused for."""
    result = built(request, claude(model, host))
    assert len(result.warnings) == 1, result.warnings
    with pytest.raises(BadRequest):
        built(request | {"strict": True}, claude(model, host))
    return json.loads(result.body), result.warnings[0]


def refused(request: Body, model: str = BUDGETED) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        built(request, claude(model))
    return caught.value


def user(content: Any) -> Item:
    return {"type": "message", "role": "user", "content": content}


def part(kind: str, **members: Any) -> Item:
    return user([{"type": kind, **members}])


def assistant(text: str) -> Item:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def developer(text: str) -> Item:
    return {"type": "message", "role": "developer", "content": text}


def call(call_id: str, **members: Any) -> Item:
    return {"type": "function_call", "call_id": call_id, "name": "f", "arguments": "{}", **members}


def output(call_id: str, said: Any = "seen", **members: Any) -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": said, **members}


def sealed(*blocks: Item, provider: str = "anthropic", model: str = BUDGETED) -> Item:
    envelope = Envelope(p=provider, m=model, d="", k="anthropic", items=list(blocks), t=0)
    blob = SEALER.seal("tenant", packed(envelope))
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": blob}


def blocks(body: Body, place: int = 0) -> list[Any]:
    """The blocks of one message, without marks."""
    said = body["messages"][place]["content"]
    return [{name: value for name, value in each.items() if name != "cache_control"} for each in said]


def text(said: str) -> Body:
    return {"type": "text", "text": said}


def url_of(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


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
    assert [each["role"] for each in sent({"input": items}, SILENT, "vertex")["messages"]] == ["user", "assistant", "user"]


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
    content = {"input_audio": {"input_audio": {"data": "YQ==", "format": "wav"}}, "input_video": {"video_url": "https://a"}}
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
    found = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}
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


def test_bound_thoughts_are_dropped_rather_than_refused() -> None:
    thought = sealed({"type": "thinking", "thinking": "", "signature": "sig"}, model=NEWEST)
    result = built({"input": [user("Hi"), thought, assistant("Ah"), user("So?")]}, claude(NEWEST))
    binding = {"prefix_mismatch_behavior": "drop_block"}
    assert json.loads(result.body)["thinking"] == {"type": "adaptive", "block_binding": binding}
    assert result.headers == b"anthropic-beta: thinking-binding-controls-2026-08-01\r\n"
    assert built({}, claude(NEWEST)).headers == b""


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
        "properties": {"a": {"type": "integer", "minimum": 1, "description": "One."}, "b": {"oneOf": [{"type": "null"}]}},
        "$schema": "x",
    }
    body, loss = lossy({"text": {"format": {"type": "json_schema", "name": "thing", "schema": wide}}})
    assert body["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {"a": {"type": "integer", "description": "One. (minimum: 1)"}, "b": {"anyOf": [{"type": "null"}]}},
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


def test_beside_thoughts_a_schema_is_only_read() -> None:
    body, loss = lossy({"text": FORM, "reasoning": {"effort": "low"}}, "claude-sonnet-4-0")
    assert "tools" not in body
    assert json.dumps(SCHEMA, separators=(",", ":")) in body["system"][0]["text"]
    assert "schema" in loss


@pytest.mark.parametrize("missing", ["name", "schema"])
def test_a_schema_has_a_name_and_is_there(missing: str) -> None:
    form = {name: value for name, value in FORM["format"].items() if name != missing}
    assert refused({"text": {"format": form}}).param == f"text.format.{missing}"


def test_functions() -> None:
    body = sent({"tools": [function_tool("f") | {"description": "Does.", "strict": False}]})
    schema = {"type": "object", "properties": {}}
    assert body["tools"][0] == {
        "name": "f",
        "description": "Does.",
        "input_schema": schema,
        "cache_control": {"type": "ephemeral"},
    }


def test_a_strict_function_is_held_to_its_schema_where_that_can_be() -> None:
    strict = {"tools": [{"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}]}
    assert sent(strict)["tools"][0]["strict"] is True
    assert "'f'" in lossy(strict, OLD)[1]
    wide = SCHEMA | {"properties": {"a": {"type": "integer", "maximum": 3}}}
    assert "maximum" in lossy({"tools": [{"type": "function", "name": "f", "parameters": wide, "strict": True}]})[1]


def test_a_choice_of_schemas_is_told_in_words() -> None:
    either = {"anyOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}]}
    schema = sent({"tools": [{"type": "function", "name": "f", "parameters": either}]})["tools"][0]["input_schema"]
    assert schema["type"] == "object"
    assert set(schema["properties"]) == {"a", "b"}
    assert "anyOf" in schema["description"]


@pytest.mark.parametrize(
    ("choice", "made"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "name": "f"}, {"type": "tool", "name": "f"}),
    ],
)
def test_choices(choice: Any, made: Body) -> None:
    asked = {"tools": [function_tool("f")], "tool_choice": choice}
    assert sent(asked)["tool_choice"] == made
    alone = made if made["type"] == "none" else made | {"disable_parallel_tool_use": True}
    assert sent(asked | {"parallel_tool_calls": False})["tool_choice"] == alone


def test_one_call_at_a_time_needs_no_choice() -> None:
    asked = {"tools": [function_tool("f")], "parallel_tool_calls": False}
    assert sent(asked)["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "tool_choice" not in sent({"parallel_tool_calls": False})


@pytest.mark.parametrize(("model", "effort"), [(NEWEST, None), (BUDGETED, "low")])
def test_who_cannot_be_made_to_call_gets_the_one_tool_alone(model: str, effort: str | None) -> None:
    asked: Body = {"tools": [function_tool("f"), function_tool("g")], "tool_choice": {"type": "function", "name": "g"}}
    body, loss = lossy(asked | ({"reasoning": {"effort": effort}} if effort else {}), model)
    assert body["tool_choice"] == {"type": "auto"}
    assert [each["name"] for each in body["tools"]] == ["g"]
    assert "cannot be made" in loss


def test_allowed_tools_alone_are_offered() -> None:
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}]}
    body = sent({"tools": [function_tool("f"), function_tool("g")], "tool_choice": allowed})
    assert body["tool_choice"] == {"type": "tool", "name": "g"}


def test_a_search() -> None:
    place = {"type": "approximate", "city": "Bonn", "country": None}
    asked = {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}, "user_location": place}
    result = built({"tools": [asked], "max_tool_calls": 3, "max_output_tokens": 50})
    assert result.warnings == ()
    assert result.streamed is True
    assert json.loads(result.body)["tools"][0] == {
        "type": "web_search_20250305",
        "name": "web_search",
        "allowed_domains": ["a.example"],
        "user_location": {"type": "approximate", "city": "Bonn"},
        "max_uses": 3,
        "cache_control": {"type": "ephemeral"},
    }
    assert "how much" in lossy({"tools": [{"type": "web_search", "search_context_size": "high"}]})[1]
    assert "as it is now" in lossy({"tools": [{"type": "web_search", "external_web_access": False}]})[1]
    chosen = {"tools": [asked], "tool_choice": {"type": "web_search"}}
    assert sent(chosen)["tool_choice"] == {"type": "tool", "name": "web_search"}


@pytest.mark.parametrize(("model", "host"), [("gpt-oss:20b", "anthropic"), (BUDGETED, "bedrock")])
def test_who_cannot_search_is_not_asked_to(model: str, host: HostName) -> None:
    body, loss = lossy({"tools": [{"type": "web_search"}]}, model, host)
    assert "tools" not in body
    assert "web_search" in loss


def test_code() -> None:
    result = built({"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_1"]}}]})
    body = json.loads(result.body)
    assert body["tools"][0]["type"] == "code_execution_20260120"
    assert blocks(body)[-1] == {"type": "container_upload", "file_id": "file_1"}
    assert result.headers == b"anthropic-beta: code-execution-2025-08-25,files-api-2025-04-14\r\n"
    named = {"tools": [{"type": "code_interpreter", "container": "container_1"}]}
    assert sent(named)["container"] == "container_1"
    chosen = named | {"tool_choice": {"type": "code_interpreter"}}
    assert sent(chosen)["tool_choice"] == {"type": "tool", "name": "code_execution"}
    large = {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}}
    assert "memory" in lossy({"tools": [large]})[1]
    assert "'code_interpreter'" in lossy(named | {"max_tool_calls": 3})[1]


def test_mcp() -> None:
    server = {"type": "mcp", "server_label": "wiki", "server_url": "https://a.example/mcp", "require_approval": "never"}
    result = built({"tools": [server | {"authorization": "secret", "allowed_tools": ["look"]}]})
    body = json.loads(result.body)
    assert result.headers == b"anthropic-beta: mcp-client-2025-11-20\r\n"
    assert body["mcp_servers"] == [
        {"type": "url", "url": "https://a.example/mcp", "name": "wiki", "authorization_token": "secret"}
    ]
    assert body["tools"][0]["default_config"] == {"enabled": False}
    assert body["tools"][0]["configs"] == {"look": {"enabled": True}}
    bearer = sent({"tools": [server | {"headers": {"Authorization": "Bearer b"}}]})
    assert bearer["mcp_servers"][0]["authorization_token"] == "b"
    assert "X-Own" in lossy({"tools": [server | {"headers": {"X-Own": "1"}}]})[1]
    named = sent({"tools": [server | {"allowed_tools": {"tool_names": ["look"]}}]})
    assert named["tools"][0]["configs"] == {"look": {"enabled": True}}
    assert sent({"tools": [server], "tool_choice": {"type": "mcp", "server_label": "wiki"}})["tool_choice"] == {
        "type": "any"
    }


@pytest.mark.parametrize("approval", [None, "always", {"always": {"tool_names": ["a"]}}, {"never": {"tool_names": ["a"]}}])
def test_no_tool_is_called_unasked_that_the_client_wants_to_be_asked_about(approval: Any) -> None:
    server = {"type": "mcp", "server_label": "wiki", "server_url": "https://a.example/mcp", "require_approval": approval}
    error = refused({"tools": [server]})
    assert error.param == "tools[0].require_approval"
    assert "never" in error.message


def test_connectors_are_not_anthropics() -> None:
    assert "connectors" in lossy({"tools": [{"type": "mcp", "server_label": "m", "connector_id": "connector_gmail"}]})[1]
    assert refused({"tools": [{"type": "mcp", "server_label": "m"}]}).code == "missing_required_parameter"


def test_a_computer() -> None:
    screen = {"type": "computer_use_preview", "display_width": 800, "display_height": 600, "environment": "linux"}
    shot = {"type": "computer_screenshot", "image_url": url_of("image/png", b"png")}
    click = {"type": "click", "button": "right", "x": 1, "y": 2}
    done = {"type": "computer_call", "call_id": "c", "action": click, "pending_safety_checks": []}
    items = [user("Hi"), done, {"type": "computer_call_output", "call_id": "c", "output": shot}]
    body = sent({"input": items, "tools": [screen]})
    assert body["tools"][0]["type"] == "computer_20250124"
    assert (body["tools"][0]["display_width_px"], body["tools"][0]["display_height_px"]) == (800, 600)
    assert blocks(body, 1)[0]["input"] == {"action": "right_click", "coordinate": [1, 2]}
    assert blocks(body, 2)[0]["content"][0]["type"] == "image"
    assert "computer" in lossy({"tools": [screen]}, NEWEST)[1]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"type": "double_click", "x": 1, "y": 2}, {"action": "double_click", "coordinate": [1, 2]}),
        ({"type": "move", "x": 1, "y": 2}, {"action": "mouse_move", "coordinate": [1, 2]}),
        ({"type": "type", "text": "a"}, {"action": "type", "text": "a"}),
        ({"type": "keypress", "keys": ["ctrl", "s"]}, {"action": "key", "text": "ctrl+s"}),
        ({"type": "wait"}, {"action": "wait", "duration": 1}),
        ({"type": "screenshot"}, {"action": "screenshot"}),
        (
            {"type": "drag", "path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]},
            {"action": "left_click_drag", "start_coordinate": [1, 2], "coordinate": [3, 4]},
        ),
        (
            {"type": "scroll", "x": 1, "y": 2, "scroll_x": 0, "scroll_y": -200},
            {"action": "scroll", "coordinate": [1, 2], "scroll_direction": "up", "scroll_amount": 2},
        ),
        (
            {"type": "scroll", "x": 1, "y": 2, "scroll_x": 90, "scroll_y": 0},
            {"action": "scroll", "coordinate": [1, 2], "scroll_direction": "right", "scroll_amount": 1},
        ),
    ],
)
def test_what_was_done_to_a_computer(action: Body, said: Body) -> None:
    done = {"type": "computer_call", "call_id": "c", "actions": [action], "pending_safety_checks": []}
    shot = {"type": "computer_screenshot", "image_url": url_of("image/png", b"png")}
    items = [user("Hi"), done, {"type": "computer_call_output", "call_id": "c", "output": shot}]
    assert blocks(sent({"input": items, "tools": [{"type": "computer"}]}), 1)[0]["input"] == said


def marks(body: Body) -> list[str]:
    """Where a request may be cached."""
    found = ["tools"] * any("cache_control" in each for each in body.get("tools", ()))
    found += ["system"] * any("cache_control" in each for each in body.get("system", ()))
    said = [(place, each) for place, message in enumerate(body["messages"]) for each in message["content"]]
    return found + [f"messages[{place}]" for place, each in said if "cache_control" in each]


def test_what_comes_again_is_cached() -> None:
    assert marks(sent({})) == []
    asked: Body = {"instructions": "Be kind.", "tools": [function_tool("f")]}
    assert marks(sent(asked)) == ["tools", "system"]
    long = asked | {"input": [user("1"), assistant("2"), user("3"), assistant("4"), user("5")]}
    assert marks(sent(long)) == ["tools", "system", "messages[2]", "messages[4]"]
    assert marks(sent({"prompt_cache_key": "k"})) == ["messages[0]"]
    assert marks(sent(asked, "gpt-oss:20b")) == []
    body, _ = lossy({"prompt_cache_retention": "24h"})
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_a_client_that_marks_parts_decides_alone() -> None:
    def marked(said: str, **mark: str) -> Item:
        return part("input_text", text=said, prompt_cache_breakpoint={"mode": "explicit", **mark})

    body = sent({"instructions": "Be kind.", "input": [marked("a", ttl="12h"), assistant("b"), marked("c"), user("d")]})
    assert marks(body) == ["messages[0]", "messages[2]"]
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    many = sent({"input": [each for place in range(6) for each in (marked(str(place)), assistant("x"))] + [user("y")]})
    assert marks(many) == [f"messages[{place}]" for place in (4, 6, 8, 10)]


def test_what_a_provider_refuses_is_left_out() -> None:
    target = claude(quirks=Quirks(refused_fields=frozenset({"metadata"})))
    result = built({"user": "bob"}, target)
    assert "metadata" not in json.loads(result.body)
    assert "metadata" in result.warnings[0]


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
    assert set(json.loads(counting.body(built(asked).body))) == {"model", "messages", "system"}
    assert counting.tokens(b'{"input_tokens": 12}') == 12
    assert counting.tokens(b"{}") is None
    amazon = claude(host="bedrock").dialect.counting
    assert amazon is not None
    inside = json.loads(amazon.body(b'{"a":1}'))["input"]["invokeModel"]["body"]
    assert base64.b64decode(inside) == b'{"a":1}'
    assert amazon.tokens(b'{"inputTokens": 12}') == 12
    assert amazon.tokens(b"no") is None
    assert claude(host="vertex").dialect.counting is None


def test_what_is_fetched_beforehand() -> None:
    near, far = claude(), claude(host="vertex")
    assert near.dialect.unreachable(near) == {"video"}
    assert far.dialect.unreachable(far) == {"image", "file", "video"}
