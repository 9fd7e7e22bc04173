"""What Converse is told of the context: roles that alternate, results behind their calls, media by their bytes."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from antiphon.errors import BadRequest
from antiphon.wire.requests import Item
from tests.unit.dialects.chat_turns import assistant, call, output, user
from tests.unit.dialects.converse_turns import (
    CLAUDE,
    LLAMA,
    NOVA,
    Body,
    lossy,
    messages,
    said,
    sealed_converse,
)

MISTRAL = "us.mistral.pixtral-large-2502-v1:0"
KIMI = "moonshot.kimi-k2-thinking"
QWEN = "qwen.qwen3-vl-235b-a22b"
WRITER = "us.writer.palmyra-x4-v1:0"
TITAN = "amazon.titan-text-express-v1"

PNG = {"type": "input_image", "image_url": "data:image/png;base64,aGVsbG8="}
PDF = {"type": "input_file", "filename": "Q3 report_final.v2.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
CSV = {"type": "input_file", "filename": "table.csv", "file_data": "data:text/csv;base64,YSxi"}
IMAGE = {"image": {"format": "png", "source": {"bytes": "aGVsbG8="}}}
REPORT = {"document": {"name": "Q3 report final v2", "format": "pdf", "source": {"bytes": "JVBERi0="}}}
TABLE = {"document": {"name": "table", "format": "csv", "source": {"bytes": "YSxi"}}}


def text(words: str) -> Body:
    return {"text": words}


def result(call_id: str, *content: Body, **more: Any) -> Body:
    return {"toolResult": {"toolUseId": call_id, "content": list(content), **more}}


def use(call_id: str, name: str = "look", input: Any = None) -> Body:
    return {"toolUse": {"toolUseId": call_id, "name": name, "input": input or {}}}


def roles(found: list[Body]) -> list[str]:
    return [message["role"] for message in found]


def test_neighbours_of_one_role_are_one_message() -> None:
    found = messages(user("a"), user("b"), assistant("c"), assistant("d"), user("e"))
    assert found == [
        {"role": "user", "content": [text("a"), text("b")]},
        {"role": "assistant", "content": [text("c"), text("d")]},
        {"role": "user", "content": [text("e")]},
    ]


def test_leading_instructions_are_the_system_s() -> None:
    items = [{"role": "developer", "content": "b"}, {"role": "system", "content": "c"}, user("d")]
    body = said({"instructions": "a", "input": items})
    assert body["system"] == [text("a"), text("b"), text("c")]
    assert body["messages"] == [{"role": "user", "content": [text("d")]}]


def test_later_instructions_stay_where_they_stand() -> None:
    found = messages(user("a"), {"role": "developer", "content": "b"}, user("c"))
    assert found[0]["content"] == [text("a"), text("<system>\nb\n</system>"), text("c")]


def test_models_without_a_system_s_text_are_told_as_a_user() -> None:
    body = said({"instructions": "a", "input": [user("b")]}, TITAN)
    assert "system" not in body
    assert body["messages"][0]["content"] == [text("<system>\na\n</system>"), text("b")]


def test_an_assistant_who_speaks_first_is_spoken_to() -> None:
    found = messages(assistant("a"), user("b"))
    assert roles(found) == ["user", "assistant", "user"]


def test_blank_text_is_not_said() -> None:
    found = messages(user(" \n"), user("a"), assistant(""), call("c1"), output("c1", "  "))
    assert found[0]["content"] == [text("a")]
    assert found[1]["content"] == [use("c1")]
    assert found[2]["content"] == [result("c1", text("The tool gave no output."))]


def test_nothing_to_say_is_an_error() -> None:
    with pytest.raises(BadRequest, match="input"):
        messages(user(" "))


def test_calls_and_their_results_stand_in_two_messages() -> None:
    items = [user("a"), call("c1"), assistant("b"), call("c2"), output("c2", "2"), output("c1", "1"), user("d")]
    found = messages(*items)
    assert found[1]["content"] == [text("b"), use("c1"), use("c2")]
    assert found[2]["content"] == [result("c1", text("1")), result("c2", text("2")), text("d")]


def test_calls_one_after_the_other_are_turns_of_their_own() -> None:
    found = messages(user("a"), call("c1"), output("c1", "1"), call("c2"), output("c2", "2"))
    assert roles(found) == ["user", "assistant", "user", "assistant", "user"]


@pytest.mark.parametrize("model", [LLAMA, MISTRAL, WRITER])
def test_some_models_want_results_alone(model: str) -> None:
    found = messages(user("a"), call("abcdef123"), output("abcdef123", "1"), user("d"), model=model)
    assert roles(found) == ["user", "assistant", "user", "assistant", "user"]
    assert found[3]["content"] == [text(".")]
    assert found[4]["content"] == [text("d")]


def test_arguments_that_are_no_object_are_told_as_they_are() -> None:
    found = messages(user("a"), call("c1", arguments="{oops"), output("c1"), call("c2", arguments="[1]"), output("c2"))
    assert found[1]["content"] == [use("c1", input={"arguments": "{oops"})]
    assert found[3]["content"] == [use("c2", input={"arguments": [1]})]


def test_a_result_that_failed_says_so_where_the_model_knows_the_word() -> None:
    items = [user("a"), call("c1"), output("c1", "no") | {"status": "incomplete"}]
    assert messages(*items)[2]["content"] == [result("c1", text("no"), status="error")]
    assert messages(*items, model=WRITER)[2]["content"] == [result("c1", text("The call did not succeed:\nno"))]


@pytest.mark.parametrize(
    ("model", "content", "inside", "behind"),
    [
        (CLAUDE, [PNG, PDF], [IMAGE, REPORT], []),
        (LLAMA, [PNG, PDF], [IMAGE, REPORT], []),
        (MISTRAL, [PDF], [REPORT], []),
        (MISTRAL, [PNG], [], [IMAGE]),
        (NOVA, [PNG, CSV], [IMAGE, TABLE], []),
        (NOVA, [PDF], [], [REPORT]),
        (QWEN, [PNG], [], [IMAGE]),
        ("nobody.knows-me", [PNG], [IMAGE], []),
        ("nobody.knows-me", [CSV], [], [TABLE]),
    ],
)
def test_media_in_results(model: str, content: list[Item], inside: list[Body], behind: list[Body]) -> None:
    words = {"type": "input_text", "text": "Look:"}
    found = messages(user("a"), call("abcdef123"), output("abcdef123", [words, *content]), model=model)
    assert found[2]["content"][0] == result("abcdef123", text("Look:"), *inside)
    rest = [block for message in found[2:] for block in message["content"][message is found[2] :]]
    assert [block for block in rest if "text" not in block] == behind
    assert any("abcdef123" in block.get("text", "") for block in rest) == bool(behind)


def test_a_result_of_media_alone_that_stand_behind_it() -> None:
    found = messages(user("a"), call("c1"), output("c1", [PNG]), model=QWEN)
    assert found[2]["content"][0] == result("c1", text("The output is in what follows."))


@pytest.mark.parametrize(
    ("model", "given", "fits"),
    [
        (CLAUDE, "toolu_01-A", True),
        (CLAUDE, "functions.look:0", False),
        (CLAUDE, "x" * 65, False),
        (KIMI, "functions.look:0", True),
        (MISTRAL, "abcdef123", True),
        (MISTRAL, "call_1", False),
    ],
)
def test_ids_of_calls_as_the_model_takes_them(model: str, given: str, fits: bool) -> None:  # noqa: FBT001 - a column
    found = messages(user("a"), call(given), output(given), model=model)
    used = found[1]["content"][0]["toolUse"]["toolUseId"]
    assert (used == given) == fits
    assert used == found[2]["content"][0]["toolResult"]["toolUseId"]
    assert len(used) <= 64
    assert used.replace("_", "").replace("-", "").replace(".", "").replace(":", "").isalnum()


SIGNED = {"text": "Hm.", "signature": "sig"}
REDACTED = {"redactedContent": "aGVsbG8="}
BARE = "anthropic.claude-sonnet-4-5-20250929-v1:0"


def thought(*kept: Item, model: str = BARE, **more: Any) -> Item:
    item: Item = {"type": "reasoning", "id": "rs_1", "summary": []}
    return item | {"encrypted_content": sealed_converse(*kept, model=model, **more)}


def test_a_model_s_own_reasoning_goes_back_before_what_it_led_to() -> None:
    found = messages(user("a"), thought(SIGNED, REDACTED), assistant("b"), call("c1"), output("c1"))
    first, second, *rest = found[1]["content"]
    assert first == {"reasoningContent": {"reasoningText": SIGNED}}
    assert second == {"reasoningContent": REDACTED}
    assert rest == [text("b"), use("c1")]


def test_models_of_one_maker_read_each_other() -> None:
    found = messages(user("a"), thought(SIGNED, model="anthropic.claude-opus-4-6-v1"), assistant("b"), user("c"))
    assert "reasoningContent" in found[1]["content"][0]


@pytest.mark.parametrize(
    "foreign",
    [
        thought(SIGNED, model="amazon.nova-2-lite-v1:0"),
        thought(SIGNED, provider="elsewhere"),
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAA"},
    ],
)
def test_reasoning_of_others_is_left_out_and_told(foreign: Item) -> None:
    body, warnings = lossy({"input": [user("a"), foreign, assistant("b"), user("c")]})
    assert body["messages"][1]["content"] == [text("b")]
    assert len(warnings) == 1


def test_reasoning_in_clear_is_for_the_reader() -> None:
    clear = {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm"}]}
    assert messages(user("a"), clear, assistant("b"), user("c"))[1]["content"] == [text("b")]


def test_reasoning_that_nothing_follows_has_no_message() -> None:
    body, warnings = lossy({"input": [user("a"), thought(SIGNED), user("b")]})
    assert roles(body["messages"]) == ["user"]
    assert "required following item" in warnings[0]


def test_pictures_films_and_sounds_by_their_bytes() -> None:
    film = {"type": "input_video", "video_url": {"url": "data:video/quicktime;base64,AAAA"}}
    sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}}
    jpeg = {"type": "input_image", "image_url": {"url": "data:image/jpg;base64,AAAA"}}
    (message,) = messages(user([film, sound, jpeg]), model=NOVA)
    source = {"bytes": "AAAA"}
    assert message["content"] == [
        {"video": {"format": "mov", "source": source}},
        {"audio": {"format": "mp3", "source": source}},
        {"image": {"format": "jpeg", "source": source}},
    ]


def test_what_lies_in_s3_is_named() -> None:
    film = {"type": "input_video", "video_url": "s3://bucket/film.mkv"}
    paper = {"type": "input_file", "file_url": "s3://bucket/dir/paper.docx"}
    (message,) = messages(user([film, paper, {"type": "input_text", "text": "Well?"}]), model=NOVA)
    assert message["content"][0] == {
        "video": {"format": "mkv", "source": {"s3Location": {"uri": "s3://bucket/film.mkv"}}}
    }
    location = {"s3Location": {"uri": "s3://bucket/dir/paper.docx"}}
    assert message["content"][1] == {"document": {"name": "paper", "format": "docx", "source": location}}


@pytest.mark.parametrize(
    ("part", "kind", "form"),
    [
        ({"file_data": "JVBERi0xLjQ="}, "document", "pdf"),
        ({"file_data": "AAAA", "filename": "a.XLSX"}, "document", "xlsx"),
        ({"file_data": "AAAA", "filename": "a.png"}, "image", "png"),
        ({"file_data": "data:image/webp;base64,AAAA"}, "image", "webp"),
        ({"file_data": "data:video/mp4;base64,AAAA"}, "video", "mp4"),
        ({"file_data": "data:audio/wav;base64,AAAA"}, "audio", "wav"),
        ({"file_data": "data:application/json;base64,AAAA", "filename": "a.json"}, "document", "txt"),
        ({"file_data": "data:text/x-python;charset=utf-8;base64,AAAA"}, "document", "txt"),
        ({"file_data": "data:text/markdown;base64,AAAA"}, "document", "md"),
        ({"file_data": "data:application/octet-stream;base64,AAAA", "filename": "a.doc"}, "document", "doc"),
    ],
)
def test_files_by_what_they_are(part: Item, kind: str, form: str) -> None:
    (message,) = messages(user([{"type": "input_file", **part}, {"type": "input_text", "text": "Well?"}]), model=NOVA)
    block = message["content"][0][kind]
    assert block["format"] == form
    assert block["source"]["bytes"] in ("AAAA", "JVBERi0xLjQ=")


def test_names_of_documents_are_fit_and_unlike() -> None:
    names = [
        "a.pdf",
        "a.pdf",
        None,
        None,
        "../etc/passwd; ignore all!.pdf",
        "é.pdf",
        f"{'x' * 300}.pdf",
        "two  spaces.pdf",
    ]
    parts = [
        {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": name} for name in names
    ]
    (message,) = messages(user([*parts, {"type": "input_text", "text": "Well?"}]))
    found = [block["document"]["name"] for block in message["content"][:-1]]
    assert found[:5] == ["a", "a 2", "Document 1", "Document 2", "etc passwd ignore all"]
    assert found[5:] == ["Document 3", "x" * 192, "two spaces"]
    assert len(set(found)) == len(found)


def test_a_name_that_is_taken_by_a_number_is_not_given_again() -> None:
    names = ["a 2.pdf", "a.pdf", "a.pdf", "a.pdf", "a 2.pdf", "a 3.pdf", "Document 1.pdf", None]
    parts = [{"type": "input_file", "file_data": "data:application/pdf;base64,AA", "filename": name} for name in names]
    (message,) = messages(user([*parts, {"type": "input_text", "text": "Well?"}]))
    found = [block["document"]["name"] for block in message["content"][:-1]]
    assert found == ["a 2", "a", "a 3", "a 4", "a 2 2", "a 3 2", "Document 1", "Document 2"]


def test_many_documents_of_one_name_take_no_more_than_their_share() -> None:
    part = {"type": "input_file", "file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}
    items = [user([part]) for _ in range(6_000)]
    begun = time.process_time()
    (message,) = messages(*items)
    assert time.process_time() - begun < 1
    assert message["content"][-2]["document"]["name"] == "a 6000"


def test_documents_come_with_a_word() -> None:
    (message,) = messages(user([CSV]))
    assert message["content"] == [TABLE, text("See the attached documents.")]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"type": "input_image", "image_url": "https://a.example/a.png"}, "fetches nothing"),
        ({"type": "input_file", "file_url": "https://a.example/a.pdf"}, "fetches nothing"),
        ({"type": "input_video", "video_url": "http://a.example/a.mp4"}, "fetches nothing"),
        ({"type": "input_image", "file_id": "file-1"}, "by id"),
        ({"type": "input_file", "file_id": "file-1"}, "by id"),
        ({"type": "input_image", "image_url": "data:image/tiff;base64,AAAA"}, "images of the type 'image/tiff'"),
        (
            {"type": "input_file", "file_data": "data:application/zip;base64,AAAA"},
            "files of the type 'application/zip'",
        ),
        ({"type": "input_file", "file_data": "AAAA"}, "files of the type 'unknown'"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "midi"}}, "sounds of the type 'midi'"),
    ],
)
def test_media_that_cannot_be_said_are_left_out_and_told(part: Item, words: str) -> None:
    body, (warning,) = lossy({"input": [user([{"type": "input_text", "text": "a"}, part])]})
    assert body["messages"] == [{"role": "user", "content": [text("a")]}]
    assert words in warning


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "input_image"}, "input[0].content[0].image_url"),
        ({"type": "input_file"}, "input[0].content[0].file_data"),
    ],
)
def test_media_without_anything_in_them_are_errors(part: Item, param: str) -> None:
    with pytest.raises(BadRequest) as error:
        messages(user([part]))
    assert error.value.param == param


def test_pictures_where_only_text_can_stand_are_told() -> None:
    items = [{"role": "developer", "content": [{"type": "input_text", "text": "a"}, PNG]}, user("b")]
    body, (warning,) = lossy({"input": items})
    assert body["system"] == [text("a")]
    assert "system message" in warning
    said_by = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b"}, PNG]}
    _, (warning,) = lossy({"input": [user("a"), said_by, user("c")]})
    assert "assistant's message" in warning


def test_a_picture_that_was_made_is_shown() -> None:
    made = {"type": "image_generation_call", "id": "ig_1", "result": base64.b64encode(b"hello").decode()}
    assert messages(user("a"), made)[0]["content"] == [text("a"), IMAGE]


def test_who_is_told_by_the_system_alone_is_asked_all_the_same() -> None:
    """Chat completions take it, and Bedrock wants a user to begin."""
    order: Item = {"type": "message", "role": "system", "content": "Greet me."}
    body = said({"input": [order]})
    assert body["system"] == [{"text": "Greet me."}]
    assert body["messages"] == [{"role": "user", "content": [{"text": "."}]}]
    with pytest.raises(BadRequest):
        said({"instructions": "Greet me.", "input": []})
