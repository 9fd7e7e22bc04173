"""Legacy completions: what is asked, and how answers are told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import Completion

from antiphon.dialects.client_completions_answer import CompletionTold
from antiphon.dialects.client_completions_request import AskedByCompletion, asked_by_completion
from antiphon.errors import BadRequest
from antiphon.wire.synthesis import synthesised


def asked(**members: Any) -> AskedByCompletion:
    return asked_by_completion(json.dumps({"model": "m", "prompt": "By the"} | members).encode())


def test_a_prompt_is_what_a_user_says() -> None:
    made = asked(max_tokens=5, stop="x", temperature=0.5, seed=3, suffix=" end", logprobs=2)
    (request,) = made.requests
    assert request.input == [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "By the"}]}]
    assert request.instructions is not None
    assert request.instructions.endswith(" end")
    assert (request.max_output_tokens, request.temperature, request.store) == (5, 0.5, False)
    assert request.top_logprobs == 2
    assert request.include == ["message.output_text.logprobs"]
    told = json.loads(request.body)
    assert (told["stop"], told["seed"], told["max_output_tokens"]) == (["x"], 3, 5)


def test_each_prompt_is_asked_by_itself() -> None:
    made = asked(prompt=["a", "b"], n=2, echo=True, best_of=4, stream=True, stream_options={"include_usage": True})
    assert (made.prompts, made.choices, made.echo, made.includes_usage) == (("a", "b"), 2, True, True)
    assert [request.stream for request in made.requests] == [True, True]
    assert ["best_of" in note for note in made.notes] == [True]
    assert asked(n=2, best_of=2).notes == ()


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1, 2], "x"]}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"n": 0}, "n"),
        ({"prompt": ["x"] * 65, "n": 2}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"logprobs": 21}, "logprobs"),
        ({"temperature": 9}, "temperature"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        asked(**members)
    assert refused.value.param == param


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"prompt":"\xff"}'])
def test_what_cannot_be_read_is_an_error(body: bytes) -> None:
    with pytest.raises(BadRequest):
        asked_by_completion(body)


# --- answers ----------------------------------------------------------------------------------------------------------

TOKENS: list[Any] = [
    {"token": "Hel", "logprob": -0.1, "top_logprobs": [{"token": "Hel", "logprob": -0.1}]},
    {"token": "lo", "logprob": -0.2, "top_logprobs": []},
]


def response(*parts: dict[str, Any], reason: str | None = None) -> bytes:
    message = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": list(parts)}
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    ended: dict[str, Any] = {"status": "completed"}
    if reason is not None:
        ended = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    output: list[Any] = [{"id": "rs_1", "type": "reasoning", "summary": []}, message]
    return json.dumps({"id": "resp_1", "object": "response", "output": output, "usage": usage} | ended).encode()


def text(said: str, logprobs: list[Any]) -> dict[str, Any]:
    return {"type": "output_text", "text": said, "annotations": [], "logprobs": logprobs}


HELLO = response(text("Hello", TOKENS))
CUT = response(text("on", []), reason="max_output_tokens")
REFUSED = response({"type": "refusal", "refusal": "No."}, reason="content_filter")
TOLD = CompletionTold("resp_1", 1_700_000_000, "fast", ("By the ", "", ""), includes_usage=True)


def test_a_whole_answer_has_a_choice_for_each() -> None:
    made = Completion.model_validate_json(TOLD.whole([HELLO, CUT, REFUSED]))
    assert [choice.text for choice in made.choices] == ["By the Hello", "on", "No."]
    assert [choice.finish_reason for choice in made.choices] == ["stop", "length", "content_filter"]
    assert made.choices[0].logprobs is not None
    assert made.choices[0].logprobs.to_dict() == {
        "tokens": ["Hel", "lo"],
        "token_logprobs": [-0.1, -0.2],
        "top_logprobs": [{"Hel": -0.1}, {}],
        "text_offset": [7, 10],
    }
    assert made.choices[1].logprobs is None
    assert made.usage is not None
    assert (made.usage.prompt_tokens, made.usage.total_tokens) == (9, 15)
    assert (made.id, made.object, made.model) == ("cmpl-1", "text_completion", "fast")


def test_the_chunks_of_each_come_to_what_the_whole_says() -> None:
    bodies = [HELLO, CUT, REFUSED]
    frames = b"".join(TOLD.choice(place).frames(synthesised(body)) for place, body in enumerate(bodies))
    *chunks, done, rest = (frames + TOLD.end(bodies)).split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    told = [Completion.construct(**json.loads(chunk.removeprefix(b"data: "))) for chunk in chunks]
    whole = Completion.model_validate_json(TOLD.whole(bodies))
    assert (told[-1].choices, told[-1].usage) == ([], whole.usage)
    for wanted in whole.choices:
        pieces = [piece for chunk in told for piece in chunk.choices if piece.index == wanted.index]
        assert "".join(piece.text for piece in pieces) == wanted.text
        assert pieces[-1].finish_reason == wanted.finish_reason
        offsets = [place for piece in pieces if piece.logprobs for place in piece.logprobs.text_offset or ()]
        assert offsets == ((wanted.logprobs and wanted.logprobs.text_offset) or [])
