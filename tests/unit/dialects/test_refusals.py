"""What providers' error answers come to, whatever their shape, and that no secret of theirs gets through."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.dialects.refusals import refusal
from antiphon.dialects.scrubbing import LONGEST_MESSAGE, scrubbed
from antiphon.errors import Retry, UpstreamRefused

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"

Shown = tuple[int, str, str | None, str | None, Retry]

INVALID, SERVER = "invalid_request_error", "server_error"
CONTEXT: Shown = (400, INVALID, "context_length_exceeded", "input", Retry.NEVER)
MODEL: Shown = (400, INVALID, "model_not_found", "model", Retry.ELSEWHERE)
CREDENTIALS: Shown = (502, SERVER, "upstream_error", None, Retry.ELSEWHERE)
QUOTA: Shown = (429, "insufficient_quota", "insufficient_quota", None, Retry.ELSEWHERE)
LIMIT: Shown = (429, "rate_limit_error", "rate_limit_exceeded", None, Retry.SAME)
BUSY: Shown = (503, SERVER, "server_error", None, Retry.SAME)
FAILED: Shown = (502, SERVER, "server_error", None, Retry.SAME)
SLOW: Shown = (504, SERVER, "server_error", None, Retry.SAME)
INVALID_INPUT: Shown = (400, INVALID, None, "input", Retry.NEVER)
BAD: Shown = (400, INVALID, None, None, Retry.NEVER)
FLAGGED: Shown = (400, INVALID, "invalid_prompt", "input", Retry.NEVER)


def refused(status: int, body: Any, retry_after: float | None = None) -> UpstreamRefused:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = refusal(status, raw, retry_after)
    assert isinstance(error, UpstreamRefused)
    assert error.message
    return error


def shown(error: UpstreamRefused) -> Shown:
    return error.status, error.type, error.code, error.param, error.retry


def openai(message: str, code: Any = None, type: str | None = INVALID, param: Any = None) -> Any:
    return {"error": {"message": message, "type": type, "param": param, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (400, b"", BAD),
        (408, b"", SLOW),
        (409, b"", (409, INVALID, "conflict", None, Retry.SAME)),
        (413, b"", (413, INVALID, "request_too_large", None, Retry.NEVER)),
        (422, b"", BAD),
        (429, b"", LIMIT),
        (500, b"", FAILED),
        (502, b"<html>Bad gateway</html>", FAILED),
        (503, b"upstream connect error", BUSY),
        (504, b"", SLOW),
        (520, b"", FAILED),
        (524, b"", SLOW),
        (529, b"", BUSY),
        (401, b"", CREDENTIALS),
        (403, b"", CREDENTIALS),
        (402, b"", QUOTA),
        (404, b"404 page not found", CREDENTIALS),
        (404, {"detail": "Not Found"}, CREDENTIALS),
        (405, {"detail": "Method Not Allowed"}, CREDENTIALS),
        (418, b"", CREDENTIALS),
    ],
)
def test_a_status_alone_says_what_it_means(status: int, body: Any, wanted: Shown) -> None:
    assert shown(refused(status, body)) == wanted


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        # Anthropic
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, BUSY),
        (500, {"type": "error", "error": {"type": "api_error", "message": "Oops"}}, FAILED),
        (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-9"}}, MODEL),
        (401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid key"}}, CREDENTIALS),
        (400, {"type": "error", "error": {"type": INVALID, "message": "Your credit balance is too low"}}, QUOTA),
        # Google
        (404, {"error": {"code": 404, "message": "models/x is not found for API v1", "status": "NOT_FOUND"}}, MODEL),
        (503, {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}, BUSY),
        (429, [{"error": {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED"}}], LIMIT),
        (
            400,
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid.",
                    "status": "INVALID_ARGUMENT",
                    "details": [{"reason": "API_KEY_INVALID"}],
                }
            },
            CREDENTIALS,
        ),
        # FastAPI, and Mistral's way of passing its faults on
        (422, {"detail": [{"loc": ["body", "messages", 0, "content"], "msg": "field required"}]}, INVALID_INPUT),
        (400, {"detail": "Model nonexistent is not supported. Supported models are ['a']."}, MODEL),
        (
            422,
            {"object": "error", "message": {"detail": [{"loc": ["body", "top_p"], "msg": "too big"}]}},
            (*BAD[:3], "top_p", BAD[4]),
        ),
        # the many others
        (404, {"error": 'model "llama9" not found, try pulling it first'}, MODEL),
        (404, {"message": "model 'command-r' was removed on September 15, 2025."}, MODEL),
        (400, {"message": "The provided model identifier is invalid."}, MODEL),
        (400, openai("x/y is not a valid model ID", 400), MODEL),
        (404, openai("The API deployment for this resource does not exist.", "DeploymentNotFound"), MODEL),
        (403, openai("Project `proj_abc123` does not have access to model `x`", "model_not_found"), MODEL),
        (402, openai("Insufficient Balance", INVALID), QUOTA),
        (429, openai("You exceeded your current quota", "insufficient_quota", "insufficient_quota"), QUOTA),
        (403, openai("Your team has used all available credits.", None, None), QUOTA),
        (400, openai("Incorrect API key provided.", None), CREDENTIALS),
        (403, {"error": {"code": 403, "message": "Your input was flagged."}}, FLAGGED),
        (400, openai("Output blocked by content filtering policy", None), FLAGGED),
        (400, openai("It triggered Azure OpenAI's content management policy.", "content_filter"), FLAGGED),
        (400, {"message": "blocked output: please adjust your prompt and try again"}, FLAGGED),
        (429, openai("Engine is busy", None, "engine_overloaded_error"), BUSY),
        (
            413,
            openai("Request too large for tokens per minute", "rate_limit_exceeded", "tokens"),
            (413, INVALID, "request_too_large", None, Retry.ELSEWHERE),
        ),
        (404, openai("No such file: file-1", None), (404, INVALID, None, None, Retry.NEVER)),
        (404, openai("Invalid URL (POST /v1/chat)", None), CREDENTIALS),
        (400, openai("Bad", "BadRequest"), BAD),
        (400, openai("Bad", 3280), BAD),
        (400, {"code": 20015, "message": "Bad", "data": None}, BAD),
        (400, {"errors": [{"message": "Bad", "code": 5}]}, BAD),
        (400, {"base_resp": {"status_code": 1, "status_msg": "Bad"}}, BAD),
        (
            400,
            openai("Too hot", "decimal_above_max_value", INVALID, "temperature"),
            (400, INVALID, "decimal_above_max_value", "temperature", Retry.NEVER),
        ),
    ],
)
def test_vendors_words_count_for_more_than_their_status(status: int, body: Any, wanted: Shown) -> None:
    assert shown(refused(status, body)) == wanted


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model's maximum context length is 8192 tokens, however you requested 10346 tokens"),
        (400, "Your input exceeds the context window of this model. Please adjust your input and try again."),
        (400, "prompt is too long: 210000 tokens > 200000 maximum"),
        (400, "input length and `max_tokens` exceed context limit: 199000 + 21333 > 200000"),
        (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
        (400, "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"),
        (413, "Please reduce the length of the messages or completion."),
        (400, "This model's maximum prompt length is 131072 but the request contains 140000 tokens."),
        (400, "the request exceeds the available context size. try increasing the context size"),
        (
            400,
            "Trying to keep the first 9000 tokens when context the overflows.",
        ),
        (422, "`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens"),
        (400, "too many tokens: total number of tokens in the prompt cannot exceed 4081"),
        (400, "Input is too long for requested model."),
        (400, "Range of input length should be [1, 129024]"),
        (400, "Invalid request: Your request exceeded model token limit: 8192"),
        (500, "The prompt is longer than the model's context length (4096)."),
        (400, "You passed 894 input characters. However, the model's context length is only 4096 tokens"),
    ],
)
def test_a_context_that_is_too_long_is_known_in_all_words(status: int, message: str) -> None:
    assert shown(refused(status, openai(message))) == CONTEXT


def test_a_context_that_is_too_long_is_known_by_its_code() -> None:
    assert shown(refused(400, openai("Too much.", "context_length_exceeded"))) == CONTEXT
    assert shown(refused(400, openai("Too much.", None, "exceed_context_size_error"))) == CONTEXT


def test_an_error_inside_an_error_is_found() -> None:
    inner = json.dumps(openai("prompt is too long: 3 tokens > 2 maximum"))
    assert shown(refused(400, openai(inner))) == CONTEXT
    wrapped = {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": inner}}}
    assert shown(refused(400, wrapped)) == CONTEXT
    wrapped["error"]["metadata"] = {"raw": "Tool schema is wrong"}
    assert refused(400, wrapped).message == "Tool schema is wrong"


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("max_tokens", "max_output_tokens"),
        ("max_completion_tokens", "max_output_tokens"),
        ("messages[3].content", "input"),
        ("messages", "input"),
        ("response_format", "text.format"),
        ("reasoning_effort", "reasoning.effort"),
        ("tools[0].function.parameters", "tools[0].function.parameters"),
        ("input[4].content[0].file_data", "input[4].content[0].file_data"),
        ("top_p", "top_p"),
        ("stop", "stop"),
        ("best_of", None),
        ("messages and then some", None),
        ("x" * 500, None),
        (5, None),
        (None, None),
    ],
)
def test_a_parameter_is_named_as_the_client_knows_it(told: Any, wanted: str | None) -> None:
    assert refused(400, openai("Bad", None, INVALID, told)).param == wanted


@pytest.mark.parametrize(
    ("message", "header", "seconds"),
    [
        ("Slow down.", 7.5, 7.5),
        ("Please try again in 20s.", 7.5, 7.5),
        ("Please try again in 20s. Visit us.", None, 20.0),
        ("Please try again in 6m0.5s.", None, 360.5),
        ("Please try again in 120ms.", None, 0.12),
        ("Please retry in 34.07s.", None, 34.07),
        ("Slow down.", None, None),
    ],
)
def test_the_time_to_wait_is_the_headers_else_the_messages(message: str, header: Any, seconds: Any) -> None:
    assert refused(429, openai(message, "rate_limit_exceeded"), header).retry_after == seconds


def test_nobody_waits_for_what_will_not_change() -> None:
    assert refused(400, openai("Bad"), 5.0).retry_after is None
    assert refused(402, openai("Insufficient Balance"), 5.0).retry_after is None


def test_the_words_for_credentials_are_never_the_providers() -> None:
    error = refused(401, openai("Incorrect API key provided: my-secret. Ask bob.", "invalid_api_key"))
    assert "secret" not in error.message
    assert "bob" not in error.message


def test_the_owner_learns_what_the_provider_said_of_the_credentials_but_no_key() -> None:
    denied = refused(403, openai("Your plan does not hold gpt-5. Token 9f8e7d6c5b4a39281706 is of another one."))
    assert isinstance(denied, UpstreamRefused)
    assert denied.said == "Your plan does not hold gpt-5. Token [key] is of another one."
    told = refused(400, openai("Bad"))
    assert isinstance(told, UpstreamRefused)
    assert told.said is None


SECRETS = [
    "sk-proj-abcdefGHIJKL123456",
    "sk-ant-api03-abc_def-123",
    "sk-ab************wxyz",
    "Bearer abc.def-ghi",
    "AIzaSyA1234567890abcdefghij",
    "gsk_abcdef1234567890",
    "xai-abcdef1234567890",
    "csk-abcdef1234567890",
    "nvapi-abcdef1234567890",
    "pplx-abcdef1234567890",
    "hf_abcdef1234567890",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    "0123456789abcdef0123456789abcdef",
    "org-AbCdEf123456",
    "proj_AbCdEf123456",
    "user-AbCdEf123456",
    "123e4567-e89b-12d3-a456-426614174000",
    "projects/my-project-123/locations/eu",
    "arn:aws:bedrock:us-east-1:123456789012:model/x",
    "project_number:123456789012",
    "https://internal.example.com/v1?key=abc",
    "api.openai.com",
    "vllm.models.svc.cluster.local:8000",
    "localhost:11434",
    "10.0.0.12:8000",
    "[fd00::1]:8000",
    "gpu-node-3:8000",
    "bob.smith@example.co.uk",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "frame", ["{}", "Failed for {}.", "key={}, try again", "('{}', 5)", "`{}` is unknown", "a\n{}\nb"]
)
def test_nothing_that_names_an_account_or_a_machine_gets_through(secret: str, frame: str) -> None:
    for status in (400, 429, 500):
        message = refused(status, openai(frame.format(secret))).message
        assert secret not in message
        assert secret.removeprefix("Bearer ") not in message
        assert "[" in message


@pytest.mark.parametrize(
    "text",
    [
        "The model `llama-3.3-70b-versatile` does not exist or you do not have access to it.",
        "Invalid 'messages[3].tool_calls[0].id': string too long. Expected a string with maximum length 40.",
        "claude-sonnet-4-5-20250929 and meta-llama/Llama-3.1-8B-Instruct, gpt-oss:20b, gemini-2.5-flash",
        "data:image/png;base64 is not supported; use e.g. image/jpeg.",
        "temperature: 2.5 is above the maximum of 2.0, see tools.0.function.name",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert scrubbed(text) == text


def test_a_named_account_or_key_is_hidden_whatever_it_looks_like() -> None:
    assert scrubbed("limit for organization 'Acme Corp' reached") == "limit for organization [account] reached"
    assert scrubbed("Incorrect API key provided: hunter2.") == "Incorrect API key provided: [key]"


def test_messages_are_short_and_on_one_line() -> None:
    message = refused(400, openai("a b\r\n\t" * 5000)).message
    assert len(message) == LONGEST_MESSAGE
    assert message.isprintable()


def recorded() -> list[Any]:
    found: list[Any] = []
    for path in sorted(RECORDINGS.glob("*/*.json")):
        response = json.loads(path.read_text("utf-8"))["response"]
        if response["status"] >= 400:
            found.append(pytest.param(response, id=path.stem))
    return found


@pytest.mark.parametrize("response", recorded())
def test_recorded_refusals_are_understood(response: dict[str, Any]) -> None:
    error = refused(response["status"], response.get("body", response.get("text", "")))
    assert "answered with status" not in error.message
    assert error.status == {401: 502, 404: 400}.get(response["status"], response["status"])
    assert "://" not in error.message


def test_there_are_recorded_refusals() -> None:
    assert len(recorded()) > 15


NAMES = ["error", "errors", "message", "detail", "code", "type", "param", "status", "details", "metadata", "raw", "loc"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@given(st.integers(400, 599), st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_answer_is_some_refusal(status: int, body: bytes) -> None:
    error = refused(status, body)
    assert 400 <= error.status <= 599
    assert error.status not in (401, 403)
    assert error.type
    assert len(error.message) <= LONGEST_MESSAGE
