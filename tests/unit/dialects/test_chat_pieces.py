"""What a chat completions answer is read with: think tags, wrapped inputs, notes, usage."""

import json
from typing import Any

import msgspec
import pytest

from antiphon.dialects.chat_notes import cited
from antiphon.dialects.chat_usage import usage_of
from antiphon.dialects.think import ThinkSplitter
from antiphon.dialects.wrapping import WrappedInput
from antiphon.dialects.writer_items import TEXT, Run
from antiphon.wire.usage import NO_USAGE
from tests.chat_streams import a_turn, answered, chunk, completion, heard, stream
from tests.grammar import check_stream


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("plain", "", "plain"),
        ("  plain <think>no</think>", "", "  plain <think>no</think>"),
        ("<think>a</think>b", "a", "b"),
        (" \n<think>\n a b \n</think>\n\n b ", "a b", "b "),
        ("<think></think>b", "", "b"),
        ("<think>\n\n</think>\n\nb", "", "b"),
        ("<think>a</think><think>b</think>c", "ab", "c"),
        ("<think>a < b </thin </think>c", "a < b </thin", "c"),
        ("<think>never ends", "never ends", ""),
        ("<think>cut in the tag </thin", "cut in the tag </thin", ""),
        ("<thin", "", "<thin"),
        ("<thinking>a", "", "<thinking>a"),
        ("", "", ""),
    ],
)
def test_think_tags_however_they_are_cut(text: str, thought: str, answer: str) -> None:
    for size in range(1, len(text) + 2):
        splitter = ThinkSplitter()
        pieces = [splitter.feed(text[at : at + size]) for at in range(0, len(text), size)] + [splitter.close()]
        assert ("".join(piece[0] for piece in pieces), "".join(piece[1] for piece in pieces)) == (thought, answer)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input":"abc"}', "abc"),
        (' { "input" : "a\\n\\"\\\\\\u00e9\\/" } ', 'a\n"\\é/'),
        ('{"input":"a","more":1}', "a"),
        ('{"input":"a\nraw\tcontrol"}', "a\nraw\tcontrol"),
        ('{"input":"bad \\x escape"}', "bad \\x escape"),
        ('{"input":"', ""),
        ('{"input":"cut', "cut"),
        ('{"in', ""),
        ("", ""),
        ("{}", ""),
        ('{"more":1,"input":"b"}', "b"),
        ('{"input":{"a":1}}', '{"a": 1}'),
        ('{"other":"b"}', '{"other":"b"}'),
        ('"bare"', "bare"),
        ("*** Begin Patch", "*** Begin Patch"),
    ],
)
def test_wrapped_inputs_however_they_are_cut(arguments: str, text: str) -> None:
    for size in range(1, len(arguments) + 2):
        wrapped = WrappedInput()
        pieces = [wrapped.feed(arguments[at : at + size]) for at in range(0, len(arguments), size)]
        assert "".join(pieces) + wrapped.close() == text


def test_annotations_are_flat() -> None:
    nested = {"url": "https://a.example", "title": "A", "start_index": 0, "end_index": 2, "content": "long"}
    notes = [
        {"type": "url_citation", "url_citation": nested},
        {"type": "url_citation", "url": "https://b.example", "title": None},
        {"type": "file", "file": {"hash": "x"}},
        {"type": "url_citation", "url_citation": {"title": "no address"}},
    ]
    expected = [
        {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 2},
        {"type": "url_citation", "url": "https://b.example", "title": "", "start_index": 4, "end_index": 4},
    ]
    answer = heard(stream(chunk(content="text"), chunk(annotations=notes), chunk("stop")))
    check_stream(answer.events)
    assert answer.body["output"][0]["content"][0]["annotations"] == expected
    assert answered(completion({"content": "text", "annotations": notes}))["output"] == answer.body["output"]


def test_sources_beside_the_text_are_cited_where_the_text_marks_them() -> None:
    text = "One[2] two[1][9] end"
    sources = [("https://a.example", "A"), ("https://b.example", "B"), ("https://c.example", "")]
    run = Run(TEXT, b"")
    run.pieces.append(text)
    run.size = len(text)
    found = [(note["url"], note["start_index"], note["end_index"]) for note in cited(sources, run)]
    assert found == [("https://b.example", 3, 6), ("https://a.example", 10, 13), ("https://c.example", 20, 20)]
    assert text[3:6] == "[2]"


def test_sources_of_a_stream() -> None:
    beside: dict[str, Any] = {
        "citations": ["https://a.example"],
        "search_results": [{"url": "https://a.example", "title": "A", "date": None}, 3],
    }
    answer = heard(stream(chunk(content="a") | beside, chunk(content="[1]") | beside, chunk("stop") | beside))
    check_stream(answer.events)
    expected = {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 1, "end_index": 4}
    assert answer.body["output"][0]["content"][0]["annotations"] == [expected]
    assert answered(completion({"content": "a[1]"}, **beside))["output"] == answer.body["output"]


LOGPROBS = {
    "content": [
        {"token": "é", "logprob": -0.5, "bytes": None, "top_logprobs": [{"token": "a", "logprob": -1, "bytes": [97]}]},
        {"token": "b", "logprob": -0.1},
    ]
}


def test_logprobs_are_shown_to_those_who_asked() -> None:
    asked = a_turn(include=["message.output_text.logprobs"])
    answer = heard(stream(chunk(content="éb", logprobs=LOGPROBS), chunk("stop")), asked)
    check_stream(answer.events)
    assert answer.body["output"][0]["content"][0]["logprobs"] == [
        {
            "token": "é",
            "logprob": -0.5,
            "bytes": [195, 169],
            "top_logprobs": [{"token": "a", "logprob": -1.0, "bytes": [97]}],
        },
        {"token": "b", "logprob": -0.1, "bytes": [98], "top_logprobs": []},
    ]
    unasked = heard(stream(chunk(content="éb", logprobs=LOGPROBS), chunk("stop")))
    assert unasked.body["output"][0]["content"][0]["logprobs"] == []


def test_a_token_without_any_probability() -> None:
    data = stream(chunk(content="a", logprobs={"content": [{"token": "a", "logprob": float("-inf")}]}), chunk("stop"))
    assert b"-Infinity" in data
    answer = heard(data, a_turn(include=["message.output_text.logprobs"]))
    assert answer.body["output"][0]["content"][0]["logprobs"][0]["logprob"] == -9999.0


def test_logprobs_of_a_token_that_shows_nothing_yet() -> None:
    asked = a_turn(include=["message.output_text.logprobs"])
    answer = heard(stream(chunk(content="", logprobs=LOGPROBS), chunk(content="a"), chunk("stop")), asked)
    check_stream(answer.events)
    assert len(answer.body["output"][0]["content"][0]["logprobs"]) == 2


@pytest.mark.parametrize("holder", [{"url": "data:image/jpeg;base64,aGk="}, "data:image/jpeg;base64,aGk="])
def test_pictures_are_items(holder: Any) -> None:
    images = [{"type": "image_url", "image_url": holder}]
    answer = heard(stream(chunk(content="Look"), chunk(images=images), chunk("stop")))
    check_stream(answer.events)
    picture = answer.body["output"][1]
    assert (picture["type"], picture["result"], picture["output_format"]) == ("image_generation_call", "aGk=", "jpeg")
    assert answered(completion({"content": "Look", "images": images}))["output"] == answer.body["output"]


def test_a_picture_on_the_web_is_a_link() -> None:
    images = [{"image_url": {"url": "https://a.example/b.png"}}, {"image_url": 4}]
    answer = heard(stream(chunk(images=images), chunk("stop")))
    assert answer.said("response.output_text.delta") == ["![](https://a.example/b.png)"]


def usage(sent: dict[str, Any], *, outside: bool = False) -> dict[str, Any]:
    return json.loads(msgspec.json.encode(usage_of(msgspec.Raw(json.dumps(sent).encode()), reasoning_outside=outside)))


def test_openais_usage() -> None:
    prompt = {"cached_tokens": 4, "audio_tokens": 1, "image_tokens": 2, "text_tokens": 7, "cache_write_tokens": 3}
    made = {
        "reasoning_tokens": 5,
        "audio_tokens": 1,
        "accepted_prediction_tokens": 2,
        "rejected_prediction_tokens": 3,
    }
    sent: dict[str, Any] = {"prompt_tokens": 10, "completion_tokens": 8, "total_tokens": 99}
    known = usage(sent | {"prompt_tokens_details": prompt, "completion_tokens_details": made})
    assert (known["input_tokens"], known["output_tokens"], known["total_tokens"]) == (10, 8, 18)
    assert known["input_tokens_details"] == {"cached_tokens": 4, "cache_write_tokens": 3}
    assert known["output_tokens_details"] == {"reasoning_tokens": 5}
    assert known["prompt_tokens_details"] == {name: prompt[name] for name in known["prompt_tokens_details"]}
    assert known["completion_tokens_details"] == made


@pytest.mark.parametrize("member", ["prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens"])
def test_cached_tokens_elsewhere(member: str) -> None:
    known = usage({"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": None, member: 6})
    assert known["input_tokens_details"]["cached_tokens"] == 6


def test_a_part_is_never_more_than_its_whole() -> None:
    known = usage({"prompt_tokens": 3, "completion_tokens": 2, "cached_tokens": 9, "reasoning_tokens": 9})
    assert known["input_tokens_details"]["cached_tokens"] == 3
    assert known["output_tokens_details"]["reasoning_tokens"] == 2


@pytest.mark.parametrize(
    ("sent", "output", "reasoning"),
    [
        # xAI: beside the completion, and told in the total
        (
            {"completion_tokens": 1, "total_tokens": 241, "completion_tokens_details": {"reasoning_tokens": 228}},
            229,
            228,
        ),
        # Gemini: told in the total alone
        ({"completion_tokens": 6, "total_tokens": 40}, 28, 22),
        # once a provider counts as OpenAI does, nothing is counted twice
        ({"completion_tokens": 9, "total_tokens": 21, "completion_tokens_details": {"reasoning_tokens": 8}}, 9, 8),
        ({"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 8}}, 17, 8),
    ],
)
def test_reasoning_beside_the_completion(sent: dict[str, Any], output: int, reasoning: int) -> None:
    known = usage({"prompt_tokens": 12, **sent}, outside=True)
    assert (known["output_tokens"], known["output_tokens_details"]["reasoning_tokens"]) == (output, reasoning)
    assert known["total_tokens"] == 12 + output


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"many"', b"3"])
def test_what_is_no_usage(raw: bytes) -> None:
    assert usage_of(msgspec.Raw(raw), reasoning_outside=False) == NO_USAGE


def test_counts_that_are_none() -> None:
    odd: dict[str, Any] = {
        "prompt_tokens": None,
        "completion_tokens": "7",
        "prompt_tokens_details": {"cached_tokens": -1},
    }
    known = usage(odd | {"completion_tokens_details": {"reasoning_tokens": True, "audio_tokens": 2.0}})
    assert (known["input_tokens"], known["output_tokens"]) == (0, 0)
    assert known["completion_tokens_details"]["audio_tokens"] == 2
    assert known["raw_usage"]["completion_tokens"] == "7"
