"""The context of a turn as Google's contents."""

import json
from typing import Any

from antiphon.protocols import Built
from antiphon.wire.envelope import Envelope, packed
from tests.fakes import SEALER
from tests.gemini_streams import GEMINI, gemini_target
from tests.unit.dialects.chat_turns import assistant, call, output, sealed_chat, turn_of, user

Body = dict[str, Any]

DUMMY = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
NEW, OLD = "gemini-3-flash-preview", "gemini-2.5-flash"


def built(*items: Body, model: str = NEW, **more: Any) -> Built:
    quirks = {"google_api": more.pop("google_api", "studio")}
    return GEMINI.build(turn_of({"input": list(items)} | more), gemini_target(model, **quirks))


def body(*items: Body, model: str = NEW, **more: Any) -> Body:
    made = built(*items, model=model, **more)
    assert made.warnings == ()
    told = json.loads(made.body)
    valid(told["contents"])
    return told


def contents(*items: Body, model: str = NEW, **more: Any) -> list[Any]:
    return body(*items, model=model, **more)["contents"]


def valid(listed: list[Any]) -> None:
    """Google's rules: the user begins, roles alternate, and every call is answered at once, in its order."""
    assert [content["role"] for content in listed] == [("user", "model")[at % 2] for at in range(len(listed))]
    for at, content in enumerate(listed):
        calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
        behind: list[Any] = listed[at + 1]["parts"] if calls else []
        answers = [part["functionResponse"] for part in behind[: len(calls)]]
        assert [(each["id"], each["name"]) for each in answers] == [(each["id"], each["name"]) for each in calls]
        assert all(isinstance(each["response"], dict) for each in answers)


def sealed(*items: Body, model: str = NEW, deployment: str = "") -> Body:
    envelope = Envelope(p="gemini", m=model, d=deployment, k="gemini", items=list(items), t=1_700_000_000)
    return {"type": "reasoning", "summary": [], "encrypted_content": SEALER.seal("tenant-a", packed(envelope))}


def test_what_the_system_says_first_is_an_instruction() -> None:
    told = body(
        {"role": "system", "content": "A."}, {"role": "developer", "content": "B."}, user("Hi"), instructions="I."
    )
    assert told["systemInstruction"] == {"parts": [{"text": "I."}, {"text": "A."}, {"text": "B."}]}
    assert told["contents"] == [{"role": "user", "parts": [{"text": "Hi"}]}]


def test_what_the_system_says_later_stands_where_it_was_said() -> None:
    listed = contents(user("Hi"), assistant("Yes?"), {"role": "developer", "content": "Be brief."}, user("So?"))
    assert listed[2] == {"role": "user", "parts": [{"text": "<system>\nBe brief.\n</system>"}, {"text": "So?"}]}


def test_a_model_that_takes_no_instruction_is_told_by_the_user() -> None:
    told = body(user("Hi"), instructions="Be brief.", model="gemma-3-27b-it")
    assert "systemInstruction" not in told
    assert told["contents"] == [{"role": "user", "parts": [{"text": "Be brief."}, {"text": "Hi"}]}]


def test_instructions_alone_are_enough() -> None:
    told = json.loads(GEMINI.build(turn_of({"instructions": "Begin."}), gemini_target()).body)
    assert told["contents"] == [{"role": "user", "parts": [{"text": ""}]}]


def test_the_user_begins_even_where_the_model_did() -> None:
    assert contents(assistant("Welcome."), user("Hi"))[0] == {"role": "user", "parts": [{"text": ""}]}


def test_calls_side_by_side_and_their_results() -> None:
    called = assistant("I look."), call("a", arguments='{"n":1}'), call("b")
    listed = contents(user("Hi"), *called, output("b", "B"), output("a", '{"x":1}'), user("So?"), model=OLD)
    assert listed[1]["parts"] == [
        {"text": "I look."},
        {"functionCall": {"id": "a", "name": "look", "args": {"n": 1}}},
        {"functionCall": {"id": "b", "name": "look", "args": {}}},
    ]
    assert listed[2]["parts"] == [
        {"functionResponse": {"id": "a", "name": "look", "response": {"x": 1}}},
        {"functionResponse": {"id": "b", "name": "look", "response": {"output": "B"}}},
        {"text": "So?"},
    ]


def test_calls_one_after_the_other_stay_so() -> None:
    listed = contents(user("Hi"), call("a"), output("a"), call("b"), output("b"), model=OLD)
    assert [len(content["parts"]) for content in listed] == [1, 1, 1, 1, 1]


def test_arguments_that_are_no_object_are_told_in_one() -> None:
    listed = contents(user("Hi"), call("a", arguments="{broken"), output("a", "[1]"), model=OLD)
    assert listed[1]["parts"][0]["functionCall"]["args"] == {"arguments": "{broken"}
    assert listed[2]["parts"][0]["functionResponse"]["response"] == {"output": "[1]"}


def test_calls_from_elsewhere_are_signed_where_a_model_insists() -> None:
    listed = contents(user("Hi"), call("a"), call("b"), output("a"), output("b"), call("c"), output("c"))
    signatures = [
        part.get("thoughtSignature") for content in listed for part in content["parts"] if "functionCall" in part
    ]
    assert signatures == [DUMMY, None, DUMMY]


def test_signatures_go_back_to_the_parts_they_came_on() -> None:
    listed = contents(
        user("Hi"),
        sealed({"text": "Hm.", "thought": True}, {"thoughtSignature": "c2E=", "attached_to": "a"}),
        assistant("I look around."),
        sealed({"thoughtSignature": "dGU=", "characters": 7}),
        call("a"),
        output("a"),
    )
    assert listed[1]["parts"] == [
        {"text": "Hm.", "thought": True},
        {"text": "I look "},
        {"text": "around.", "thoughtSignature": "dGU="},
        {"functionCall": {"id": "a", "name": "look", "args": {}}, "thoughtSignature": "c2E="},
    ]


def test_a_signature_of_nothing_is_given_back_on_nothing() -> None:
    listed = contents(user("Hi"), assistant("Yes."), sealed({"thoughtSignature": "dGU=", "characters": 0}), user("So?"))
    assert listed[1]["parts"] == [{"text": "Yes."}, {"text": "", "thoughtSignature": "dGU="}]


def test_reasoning_of_others_is_left_out_and_reported() -> None:
    foreign: Body = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "encrypted_content": sealed_chat({"reasoning": "x"}),
    }
    elsewhere = sealed({"thoughtSignature": "eA==", "attached_to": "a"}, deployment="https://other.example") | {
        "id": "rs_2"
    }
    made = built(user("Hi"), foreign, elsewhere, call("a"), output("a"))
    assert [removed.id for removed in made.transformations] == ["rs_1", "rs_2"]
    assert json.loads(made.body)["contents"][1]["parts"][0]["thoughtSignature"] == DUMMY


def test_reasoning_that_nothing_follows_is_reported() -> None:
    made = built(user("Hi"), sealed({"text": "Hm.", "thought": True}), user("So?"))
    assert json.loads(made.body)["contents"] == [{"role": "user", "parts": [{"text": "Hi"}, {"text": "So?"}]}]
    assert "without its required following item" in made.warnings[0]


def test_what_google_s_tools_did_is_told_once() -> None:
    parts = [
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "id": "s"}, "thoughtSignature": "eA==", "stands_for": ["ws_1"]},
        {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "id": "s"}, "stands_for": ["ws_1"]},
    ]
    search = {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "q"},
    }
    listed = contents(user("Hi"), sealed(*parts), search, assistant("Found."), user("So?"))
    assert listed[1]["parts"] == [
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "id": "s"}, "thoughtSignature": "eA=="},
        {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "id": "s"}},
        {"text": "Found."},
    ]
    made = built(user("Hi"), search, assistant("Found."))
    assert "web_search_call" in made.warnings[0]


def test_pictures_that_the_model_made() -> None:
    drawn = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "aGk="}
    data = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    signed = contents(user("Draw."), sealed({"thoughtSignature": "cGk=", "picture": True}), drawn, user("Bigger."))
    assert signed[1] == {"role": "model", "parts": [data | {"thoughtSignature": "cGk="}]}
    assert contents(user("Draw."), drawn, user("Bigger."), model=OLD)[1] == {"role": "model", "parts": [data]}
    assert contents(user("Draw."), drawn, user("Bigger."))[0]["parts"] == [{"text": "Draw."}, data, {"text": "Bigger."}]


def parts(*content: Body, **more: Any) -> list[Any]:
    return contents(user(list(content)), **more)[0]["parts"]


def test_media_inline() -> None:
    told = parts(
        {"type": "input_image", "image_url": "data:image/webp;base64,AAAA"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,BBBB", "filename": "a.pdf"},
        {"type": "input_file", "file_data": "CCCC", "filename": "notes.md"},
        {"type": "input_file", "file_data": "data:text/plain,hi%21"},
        {"type": "input_audio", "input_audio": {"data": "DDDD", "format": "mp3"}},
        {"type": "input_video", "video_url": "data:video/webm;base64,EEEE"},
    )
    assert told == [
        {"inlineData": {"mimeType": "image/webp", "data": "AAAA"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "BBBB"}},
        {"inlineData": {"mimeType": "text/markdown", "data": "CCCC"}},
        {"inlineData": {"mimeType": "text/plain", "data": "aGkh"}},
        {"inlineData": {"mimeType": "audio/mpeg", "data": "DDDD"}},
        {"inlineData": {"mimeType": "video/webm", "data": "EEEE"}},
    ]


def test_all_pictures_are_looked_at_alike() -> None:
    low, high = (PICTURE | {"detail": detail} for detail in ("low", "high"))
    assert body(user([low, low]))["generationConfig"] == {"mediaResolution": "MEDIA_RESOLUTION_LOW"}
    assert "generationConfig" not in body(user([PICTURE | {"detail": "auto"}]))
    for made in (built(user([low, high])), built(user([low]), model="gemini-2.0-flash")):
        assert b"mediaResolution" not in made.body
        assert "alike" in made.warnings[0]


def test_media_by_address() -> None:
    told = parts(
        {"type": "input_image", "image_url": {"url": "https://a.example/x.png?size=1"}},
        {"type": "input_file", "file_url": "https://a.example/report"},
        {"type": "input_video", "video_url": "https://youtu.be/abc"},
        {"type": "input_file", "file_url": "https://www.youtube.com/watch?v=abc"},
        {"type": "input_file", "file_id": "files/abc", "filename": "talk.mp3"},
        {"type": "input_image", "file_id": "https://generativelanguage.googleapis.com/v1beta/files/x"},
    )
    files = "https://generativelanguage.googleapis.com/v1beta/files/"
    assert [tuple(part["fileData"].values()) for part in told] == [
        ("image/png", "https://a.example/x.png?size=1"),
        ("application/pdf", "https://a.example/report"),
        ("video/mp4", "https://youtu.be/abc"),
        ("video/mp4", "https://www.youtube.com/watch?v=abc"),
        ("audio/mpeg", f"{files}abc"),
        ("image/jpeg", f"{files}x"),
    ]


def test_buckets_are_vertex_ai_s() -> None:
    part = {"type": "input_image", "image_url": "gs://bucket/x.png"}
    assert parts(part, google_api="vertex") == [{"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/x.png"}}]
    assert "Cloud Storage" in built(user([part, {"type": "input_text", "text": "Hi"}])).warnings[0]


def test_files_of_others_are_reported() -> None:
    for part in ({"type": "input_image", "file_id": "file-1"}, {"type": "input_file", "file_id": "file-1"}):
        assert "no such file" in built(user([part, {"type": "input_text", "text": "Hi"}])).warnings[0]


PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
FILM = {"type": "input_video", "video_url": "data:video/mp4;base64,BBBB"}


def test_results_hold_pictures_where_the_model_takes_them() -> None:
    said = [{"type": "input_text", "text": "Here:"}, PICTURE, FILM]
    listed = contents(user("Hi"), call("a"), output("a", said))
    data = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    film = {"inlineData": {"mimeType": "video/mp4", "data": "BBBB"}}
    assert listed[2]["parts"] == [
        {"functionResponse": {"id": "a", "name": "look", "response": {"output": "Here:"}, "parts": [data]}},
        {"text": "Output of the function call a:"},
        film,
    ]
    older = contents(user("Hi"), call("a"), output("a", [PICTURE]), model=OLD)
    assert older[2]["parts"] == [
        {"functionResponse": {"id": "a", "name": "look", "response": {"output": "The output follows."}}},
        {"text": "Output of the function call a:"},
        data,
    ]


def test_a_result_that_failed_is_an_error() -> None:
    failed = {"status": "incomplete"}
    listed = contents(user("Hi"), call("a"), output("a", '{"x": 1}') | failed)
    assert listed[2]["parts"][0]["functionResponse"]["response"] == {"error": '{"x": 1}'}
    listed = contents(user("Hi"), call("a"), output("a", [{"type": "input_text", "text": "No."}]) | failed)
    assert listed[2]["parts"][0]["functionResponse"]["response"] == {"error": "No."}


def test_other_clients_tools_are_functions() -> None:
    made = {"type": "custom_tool_call", "call_id": "c", "name": "patch", "input": "a\nb"}
    answer = {"type": "custom_tool_call_output", "call_id": "c", "output": "done"}
    listed = contents(user("Hi"), made, answer, tools=[{"type": "custom", "name": "patch"}])
    assert listed[1]["parts"][0]["functionCall"] == {"id": "c", "name": "patch", "args": {"input": "a\nb"}}


def test_a_chain_across_providers_is_valid() -> None:
    """Turn 1 elsewhere, with reasoning and a finished MCP call; turn 2 here; turn 3 here again."""
    foreign: Body = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAfremdes"}
    mcp = {"type": "mcp_call", "id": "mcp_1", "server_label": "s", "name": "ask", "arguments": "{}", "output": "42"}
    made = built(
        {"role": "system", "content": "S."}, user("Hi"), foreign, mcp, assistant("42."), user("And?"),
        sealed({"thoughtSignature": "eA==", "attached_to": "a"}), call("a"), call("b"), output("a"), output("b"),
        assistant("Done."), user("Thanks."),
    )  # fmt: skip
    listed = json.loads(made.body)["contents"]
    valid(listed)
    assert [removed.reason for removed in made.transformations] == ["prefix_mismatch"]
    calls = [part for content in listed for part in content["parts"] if "functionCall" in part]
    assert [part.get("thoughtSignature") for part in calls] == [DUMMY, "eA==", None]
