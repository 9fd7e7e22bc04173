"""What was said, thought, called and answered, as a chat completions provider reads it."""

import base64
from typing import Any

import pytest

from antiphon.errors import BadRequest, NotFound
from antiphon.quirks import Quirks
from tests.unit.dialects.chat_turns import assistant, built, call, chat, lossy, messages, output, sealed_chat, user

Body = dict[str, Any]

IMAGE = {"type": "input_image", "image_url": "https://example.com/cat.png"}
CHAT_IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
PDF = "data:application/pdf;base64,JVBERi0="


def reasoning(text: str, **more: Any) -> Body:
    return {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": text}],
        **more,
    }


def called(call_id: str, name: str = "look", arguments: str = "{}") -> Body:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_text_is_one_user_message() -> None:
    assert chat({"input": "Hi"}) == {
        "model": "acme-1",
        "messages": [{"role": "user", "content": "Hi"}],
        "store": False,
    }


def test_instructions_come_first_and_systems_stay_in_their_places() -> None:
    items = [
        {"role": "system", "content": "One."},
        user("Hi"),
        {"role": "developer", "content": [{"type": "input_text", "text": "Two."}]},
    ]
    history = [{"type": "message", "id": "m", "role": "user", "content": "Before"}]
    sent = chat({"input": items, "instructions": "Zero."}, history=history)["messages"]
    assert [(message["role"], message["content"]) for message in sent] == [
        ("system", "Zero."),
        ("user", "Before"),
        ("system", "One."),
        ("user", "Hi"),
        ("developer", "Two."),
    ]


def test_a_provider_without_developers_gets_systems() -> None:
    sent = messages({"role": "developer", "content": "Be brief."}, user("Hi"), quirks=Quirks(developer_role=False))
    assert sent[0] == {"role": "system", "content": "Be brief."}


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        IMAGE | {"image_url": {"url": "https://example.com/cat.png"}},
        IMAGE | {"detail": None, "file_id": None},
    ],
)
def test_images_in_every_spelling_are_one(image: Body) -> None:
    sent = messages(user([{"type": "input_text", "text": "What is this?"}, image]))
    assert sent[0]["content"] == [{"type": "text", "text": "What is this?"}, CHAT_IMAGE]


@pytest.mark.parametrize("detail", ["low", "auto"])
def test_detail_goes_along(detail: str) -> None:
    for image in (IMAGE | {"detail": detail}, IMAGE | {"image_url": {"url": "u", "detail": detail}}):
        (part,) = messages(user([image]))[0]["content"]
        assert part["image_url"]["detail"] == detail


def test_the_original_detail_is_a_high_one() -> None:
    sent, warnings = lossy({"input": [user([IMAGE | {"detail": "original"}])]})
    assert sent["messages"][0]["content"][0]["image_url"]["detail"] == "high"
    assert len(warnings) == 1


def test_files_audio_and_video_are_parts() -> None:
    audio = {"data": "AAAA", "format": "wav"}
    content = [
        {"type": "input_file", "file_data": PDF, "filename": "a.pdf"},
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_audio", "input_audio": audio},
        {"type": "input_video", "video_url": "https://example.com/cat.mp4"},
    ]
    assert messages(user(content), quirks=Quirks(video_input=True))[0]["content"] == [
        {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "input_audio", "input_audio": audio},
        {"type": "video_url", "video_url": {"url": "https://example.com/cat.mp4"}},
    ]


def test_files_by_address_go_where_they_are_taken() -> None:
    file = {"type": "input_file", "file_url": "https://example.com/a.pdf"}
    (part,) = messages(user([file]), quirks=Quirks(file_style="file_or_url"))[0]["content"]
    assert part == {"type": "file", "file": {"file_data": "https://example.com/a.pdf"}}
    (part,) = messages(user([file]), quirks=Quirks(file_style="document_url"))[0]["content"]
    assert part == {"type": "document_url", "document_url": "https://example.com/a.pdf"}


def test_a_text_file_is_told_where_files_are_not_taken() -> None:
    data = "data:text/plain;base64," + base64.b64encode("Grüße".encode()).decode()
    file = {"type": "input_file", "file_data": data, "filename": "a.txt"}
    sent = messages(user([file]), quirks=Quirks(file_input=False))
    assert sent == [{"role": "user", "content": "a.txt:\nGrüße"}]


@pytest.mark.parametrize(
    ("part", "quirks"),
    [
        (IMAGE, Quirks(image_input=False)),
        ({"type": "input_image", "file_id": "file-1"}, Quirks()),
        ({"type": "input_file", "file_data": PDF}, Quirks(file_input=False)),
        ({"type": "input_file", "file_data": "data:text/plain;base64,/w=="}, Quirks(file_input=False)),
        ({"type": "input_file", "file_url": "https://example.com/a.pdf"}, Quirks()),
        ({"type": "input_file", "file_id": "file-1"}, Quirks(file_style="document_url")),
        ({"type": "input_audio", "input_audio": {"data": "", "format": "mp3"}}, Quirks(audio_input=False)),
        ({"type": "input_video", "video_url": {"url": "u"}}, Quirks()),
    ],
)
def test_parts_that_cannot_be_said_are_reported_or_refused(part: Body, quirks: Quirks) -> None:
    body = {"input": [user([{"type": "input_text", "text": "Look"}, part])]}
    sent, warnings = lossy(body, quirks)
    assert sent["messages"][0]["content"] in ("Look", [{"type": "text", "text": "Look"}])
    assert len(warnings) == 1
    with pytest.raises(BadRequest) as refused:
        built(body | {"strict": True}, quirks)
    assert (refused.value.code, refused.value.param) == ("unsupported_value", "input[0].content[1]")


def test_texts_are_joined_for_providers_that_take_text_alone() -> None:
    parts = [{"type": "input_text", "text": "One"}, {"type": "input_text", "text": "Two"}]
    assert messages(user(parts), quirks=Quirks(image_input=False))[0]["content"] == "One\n\nTwo"
    assert len(messages(user(parts))[0]["content"]) == 2


def test_an_assistant_is_read_in_every_spelling() -> None:
    said: list[Any] = [
        "Hi",
        [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
        [{"type": "input_text", "text": "Hi"}],
        [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}],
    ]
    for content in said:
        sent = messages({"role": "assistant", "content": content, "phase": "final_answer"})
        assert sent == [{"role": "assistant", "content": "Hi"}]


def test_a_refusal_stays_one_where_it_is_known() -> None:
    item = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    assert messages(user("Hi"), item)[1] == {"role": "assistant", "content": None, "refusal": "No."}
    sent = messages(user("Hi"), item, quirks=Quirks(refused_fields=frozenset({"refusal"})))
    assert sent[1] == {"role": "assistant", "content": "No."}


def test_an_empty_answer_is_no_message() -> None:
    sent = messages(user("Hi"), {"role": "assistant", "content": None}, {"role": "assistant", "content": []})
    assert sent == [{"role": "user", "content": "Hi"}]


def test_adjacent_calls_are_one_message_with_the_text_before_them() -> None:
    sent = messages(assistant("Let me see."), call("c1"), call("c2", "hear"), output("c2", "b"), output("c1", "a"))
    assert sent == [
        {"role": "assistant", "content": "Let me see.", "tool_calls": [called("c1"), called("c2", "hear")]},
        {"role": "tool", "tool_call_id": "c1", "content": "a"},
        {"role": "tool", "tool_call_id": "c2", "content": "b"},
    ]


def test_calls_after_an_output_are_a_turn_of_their_own() -> None:
    sent = messages(call("c1"), output("c1"), call("c2"), output("c2"))
    assert [message["role"] for message in sent] == ["assistant", "tool", "assistant", "tool"]
    assert sent[0]["content"] is None


def test_outputs_move_up_to_their_calls() -> None:
    sent = messages(call("c1"), call("c2"), user("Hurry."), output("c2"), output("c1"), user("And?"))
    assert [message["role"] for message in sent] == ["assistant", "tool", "tool", "user", "user"]
    assert [message["tool_call_id"] for message in sent[1:3]] == ["c1", "c2"]


def test_text_between_a_call_and_its_output_belongs_to_the_call() -> None:
    sent = messages(call("c1"), assistant("Looking."), output("c1"))
    assert sent[0]["content"] == "Looking."
    assert [message["role"] for message in sent] == ["assistant", "tool"]


def test_an_id_that_is_used_again_finds_its_own_output() -> None:
    sent = messages(call("c1"), output("c1", "one"), call("c1"), output("c1", "two"))
    assert [message["content"] for message in sent if message["role"] == "tool"] == ["one", "two"]


def test_two_calls_of_one_id_are_answered_in_their_order() -> None:
    sent = messages(call("c1"), call("c1"), output("c1", "one"), output("c1", "two"))
    assert [message["content"] for message in sent if message["role"] == "tool"] == ["one", "two"]


def test_the_last_of_two_outputs_counts_unless_strict() -> None:
    items = [call("c1"), output("c1", "one"), output("c1", "two")]
    assert messages(*items)[1]["content"] == "two"
    with pytest.raises(BadRequest):
        built({"input": items, "strict": True})


def test_arguments_are_not_looked_into() -> None:
    (message, _) = messages(call("c1", arguments='{"a": 1'), output("c1"))
    assert message["tool_calls"][0]["function"]["arguments"] == '{"a": 1'
    (message, _) = messages(call("c1", arguments=""), output("c1"))
    assert message["tool_calls"][0]["function"]["arguments"] == "{}"


def test_what_a_tool_shows_is_in_a_user_message_after_all_outputs() -> None:
    shown = [{"type": "input_text", "text": "Two cats."}, IMAGE]
    sent = messages(call("c1"), call("c2"), output("c1", shown), output("c2", [IMAGE]), user("Well?"))
    assert [message["role"] for message in sent] == ["assistant", "tool", "tool", "user", "user"]
    assert sent[1]["content"] == "Two cats."
    assert sent[2]["content"]
    assert [part["type"] for part in sent[3]["content"]] == ["text", "image_url", "text", "image_url"]
    assert "c1" in sent[3]["content"][0]["text"]


def test_a_user_after_a_tool_waits_for_an_assistant_where_that_is_the_rule() -> None:
    sent = messages(call("c1"), output("c1"), user("Well?"), quirks=Quirks(user_after_tool=False))
    assert [message["role"] for message in sent] == ["assistant", "tool", "assistant", "user"]


def test_a_call_without_its_output_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        built({"input": [call("call_x"), user("Well?")]})
    assert refused.value.message == "No tool output found for function call call_x."
    assert (refused.value.param, refused.value.code) == ("input", None)


@pytest.mark.parametrize("items", [[output("call_x")], [output("call_x"), call("call_x")]])
def test_an_output_without_its_call_is_refused(items: list[Body]) -> None:
    with pytest.raises(BadRequest) as refused:
        built({"input": items})
    assert refused.value.message == "No tool call found for function call output with call_id call_x."
    assert (refused.value.param, refused.value.code) == ("input", None)


def test_a_call_of_the_history_is_answered_by_the_input() -> None:
    sent = messages(output("c1"), history=[user("Look") | {"id": "m"}, call("c1", id="fc")])
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]


def test_a_call_in_the_background_may_be_unanswered() -> None:
    sent = messages(call("c1") | {"async": True}, user("Well?"))
    assert sent[1]["role"] == "tool"
    assert "no output yet" in sent[1]["content"]


def test_an_output_may_name_its_function() -> None:
    sent = messages(call("c1"), {"type": "function_call_output", "name": "look", "output": "seen"})
    assert sent[1] == {"role": "tool", "tool_call_id": "c1", "content": "seen"}


def test_ids_of_calls_fit_the_provider() -> None:
    long = "call_" + "x" * 60
    sent = messages(call(long), output(long))
    assert sent[0]["tool_calls"][0]["id"] == sent[1]["tool_call_id"]
    assert len(sent[1]["tool_call_id"]) == 40
    sent = messages(
        call("call_1"), output("call_1"), call("AbCdEf123"), output("AbCdEf123"), quirks=Quirks(call_id_digits=9)
    )
    ids = [message["tool_call_id"] for message in sent if message["role"] == "tool"]
    assert len(ids[0]) == 9
    assert ids[0].isalnum()
    assert ids[1] == "AbCdEf123"


@pytest.mark.parametrize("style", ["reasoning_content", "reasoning"])
def test_reasoning_goes_back_with_the_message_it_led_to(style: Any) -> None:
    sent = messages(user("Hi"), reasoning("Hm."), assistant("Let me see."), call("c1"), output("c1"), reasoning("So."),
                    assistant("Done."), quirks=Quirks(reasoning_replay=style))  # fmt: skip
    assert [message.get(style) for message in sent] == [None, "Hm.", None, "So."]


def test_a_summary_stands_in_for_reasoning_that_is_not_told() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
    sent = messages(item, assistant("Hi"), quirks=Quirks(reasoning_replay="reasoning"))
    assert sent == [{"role": "assistant", "content": "Hi", "reasoning": "Hm."}]


def test_calls_carry_even_empty_reasoning_where_that_is_the_rule() -> None:
    quirks = Quirks(reasoning_replay="reasoning_content", reasoning_with_calls=True)
    sent = messages(user("Hi"), call("c1"), output("c1"), assistant("Done."), quirks=quirks)
    assert [message.get("reasoning_content") for message in sent] == [None, "", None, None]


def test_reasoning_details_go_back_as_they_came() -> None:
    quirks = Quirks(reasoning_replay="reasoning_details")
    details = [{"type": "reasoning.text", "text": "Hm.", "signature": "abc"}]
    sealed = sealed_chat({"reasoning_details": details})
    sent = messages(reasoning("Hm.", encrypted_content=sealed), assistant("Hi"), quirks=quirks)
    assert sent[0]["reasoning_details"] == details
    sent = messages(reasoning("Hm."), assistant("Hi"), quirks=quirks)
    assert sent[0]["reasoning_details"] == [{"type": "reasoning.text", "text": "Hm."}]


def test_thinking_is_a_part_where_that_is_the_rule() -> None:
    sent = messages(reasoning("Hm."), assistant("Hi"), quirks=Quirks(reasoning_replay="thinking"))
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    assert sent[0]["content"] == [thinking, {"type": "text", "text": "Hi"}]


def test_reasoning_that_nobody_wants_back_is_no_loss() -> None:
    assert messages(reasoning("Hm."), assistant("Hi")) == [{"role": "assistant", "content": "Hi"}]


def test_reasoning_of_another_provider_stays_away() -> None:
    body = {"input": [assistant("Hi")]}
    more: Body = {"history": [reasoning("Hm.")], "origins": {"rs_1": "other"}}
    sent, warnings = lossy(body, Quirks(reasoning_replay="reasoning"), **more)
    assert sent["messages"] == [{"role": "assistant", "content": "Hi"}]
    assert "another model" in warnings[0]


def test_reasoning_that_led_to_nothing_is_refused_when_strict() -> None:
    quirks = Quirks(reasoning_replay="reasoning")
    body = {"input": [reasoning("Hm."), user("Hi")]}
    sent, _ = lossy(body, quirks)
    assert sent["messages"] == [{"role": "user", "content": "Hi"}]
    with pytest.raises(BadRequest) as refused:
        built(body | {"strict": True}, quirks)
    assert refused.value.message == "Item 'rs_1' of type 'reasoning' was provided without its required following item."


@pytest.mark.parametrize(
    "item", [{"type": "item_reference", "id": "rs_9"}, {"id": "rs_9"}, {"type": None, "id": "rs_9"}]
)
def test_a_reference_that_nobody_resolved_is_unknown(item: Body) -> None:
    with pytest.raises(NotFound) as unknown:
        built({"input": [item]})
    assert unknown.value.message.startswith("Item with id 'rs_9' not found. Items are not persisted when")
    assert (unknown.value.status, unknown.value.param) == (404, "input")


def test_a_call_that_failed_is_told_in_words() -> None:
    failed = {"status": "incomplete"}
    told = messages(user("Hi"), call("a"), output("a", "no") | failed)
    assert told[-1]["content"] == "The call did not succeed:\nno"
    told = messages(user("Hi"), call("a"), output("a", [{"type": "input_text", "text": "no"}]) | failed)
    assert told[-1]["content"] == "The call did not succeed:\nno"
