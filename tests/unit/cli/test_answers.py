import msgspec
import pytest

from antiphon.cli.answers import Answer, failure_in


def frame(**event: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), msgspec.json.encode(event))


DELTAS = [
    frame(type="response.created", response={"status": "in_progress"}),
    frame(type="response.output_text.delta", delta="Good "),
    frame(type="response.reasoning_text.delta", delta="hm"),
    frame(type="response.output_text.delta", delta="day"),
]
DONE = frame(type="response.completed", response={"status": "completed", "error": None, "output": []})


def read(*pieces: bytes, status: int = 200, streamed: bool = True) -> tuple[Answer, str]:
    written: list[str] = []
    answer = Answer(written.append, streamed=streamed)
    for piece in pieces:
        answer.read(status, piece)
    answer.close()
    return answer, "".join(written)


def test_a_streamed_answer_is_its_text_and_a_line_feed() -> None:
    answer, written = read(*DELTAS, DONE, b"data: [DONE]\n\n")
    assert written == "Good day\n"
    assert (answer.failure, answer.note) == ("", "")


def test_a_streamed_answer_is_the_same_however_it_was_cut() -> None:
    whole = b"".join([*DELTAS, DONE])
    for cut in range(len(whole)):
        assert read(whole[:cut], whole[cut:])[1] == "Good day\n"


def test_a_text_that_ends_its_line_gets_no_other() -> None:
    assert read(frame(type="response.output_text.delta", delta="a\n"), DONE)[1] == "a\n"


def test_a_refusal_is_text_too() -> None:
    assert read(frame(type="response.refusal.delta", delta="No."), DONE)[1] == "No.\n"


def test_a_whole_answer_is_its_text() -> None:
    body = {
        "status": "completed",
        "output": [
            {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
            {
                "type": "message",
                "content": [{"type": "output_text", "text": "Good "}, {"type": "refusal", "refusal": "day"}],
            },
        ],
    }
    answer, written = read(msgspec.json.encode(body), streamed=False)
    assert written == "Good day\n"
    assert answer.failure == ""


@pytest.mark.parametrize("streamed", [True, False])
def test_a_call_of_a_function_is_a_line(*, streamed: bool) -> None:
    response = {"status": "completed", "output": [{"type": "function_call", "name": "f", "arguments": "{}"}]}
    event = frame(type="response.completed", response=response)
    assert read(event if streamed else msgspec.json.encode(response), streamed=streamed)[1] == "f({})\n"


def test_an_answer_that_failed_is_one_line() -> None:
    failed = frame(type="response.failed", response={"status": "failed", "error": {"code": "x", "message": "No\nluck"}})
    assert read(*DELTAS, failed)[0].failure == "No luck"
    error = frame(type="error", message="Gone")
    assert read(*DELTAS, error, failed)[0].failure == "Gone"


def test_an_answer_that_ended_early_says_why() -> None:
    response = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    answer, written = read(*DELTAS, frame(type="response.incomplete", response=response))
    assert written == "Good day\n"
    assert answer.note == "The answer is incomplete: max_output_tokens."
    assert answer.failure == ""


def test_an_answer_without_its_end_is_a_failure() -> None:
    answer, written = read(*DELTAS)
    assert written == "Good day\n"
    assert answer.failure == "The answer was cut short."


def test_an_error_is_its_message_in_one_line() -> None:
    body = msgspec.json.encode({"error": {"message": "Two\n lines", "type": "x", "param": None, "code": None}})
    assert read(body[:5], body[5:], status=400)[0].failure == "Two lines"
    assert read(body, status=400, streamed=False)[0].failure == "Two lines"
    assert failure_in(b"<html>", 502) == "The answer was an error with status 502."
    assert failure_in(b"{}", 500) == "The answer failed."
