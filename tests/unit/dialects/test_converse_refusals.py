"""Bedrock's errors as clients see them. The messages are those of AWS's documentation and of its users' reports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.errors import Retry, UpstreamRefused
from tests.converse_streams import a_target
from tests.unit.dialects.test_refusals import BAD, BUSY, CONTEXT, CREDENTIALS, FAILED, LIMIT, MODEL, SLOW, Shown, shown

FLAGGED: Shown = (400, "invalid_request_error", "invalid_prompt", "input", Retry.NEVER)


def refused(status: int, body: Any, retry_after: float | None = None) -> UpstreamRefused:
    error = a_target().dialect.refusal(status, json.dumps(body).encode(), retry_after)
    assert isinstance(error, UpstreamRefused)
    return error


def told(message: str) -> Any:
    return {"message": message}


@pytest.mark.parametrize(
    ("status", "body", "wanted"),
    [
        (429, told("Too many requests, please wait before trying again."), LIMIT),
        (429, told("Too many tokens, please wait before trying again."), LIMIT),
        (429, told("The model is not ready for inference. Try again later."), BUSY),
        (400, told("Input is too long for requested model."), CONTEXT),
        (400, told("The model returned the following errors: prompt is too long: 9 tokens > 5 maximum"), CONTEXT),
        (400, told("The model returned the following errors: max_tokens: must be greater than 0"), BAD),
        (400, told("A conversation must start with a user message."), BAD),
        (400, told("The provided model identifier is invalid."), MODEL),
        (
            400,
            told("Invocation of model ID anthropic.claude-x with on-demand throughput isn’t supported. Retry."),
            MODEL,
        ),
        (403, told("You don't have access to the model with the specified model ID."), MODEL),
        (404, told("This model version has reached the end of its life. Please refer to the docs."), MODEL),
        (404, told("Could not resolve the foundation model from the provided model identifier."), MODEL),
        (403, told("The security token included in the request is invalid."), CREDENTIALS),
        (403, {"Message": "User is not authorized to perform: bedrock:InvokeModel"}, CREDENTIALS),
        (403, told("The security token included in the request is expired"), CREDENTIALS),
        (400, told("The prompt was blocked by our content filter."), FLAGGED),
        (408, told("Model has timed out in processing the request. Try your request again."), SLOW),
        (424, told("The model returned an error."), FAILED),
        (500, told("The system encountered an unexpected error during processing."), FAILED),
        (503, told("Bedrock is unable to process your request."), BUSY),
        (400, {"__type": "com.amazon.coral.service#ThrottlingException", "message": "Rate exceeded"}, LIMIT),
        (400, {"__type": "ServiceQuotaExceededException", "message": "Your quota is exceeded."}, LIMIT),
        (400, {"__type": "UnknownOperationException"}, BAD),
        (502, "not an object", FAILED),
    ],
)
def test_an_exception_in_place_of_an_answer(status: int, body: Any, wanted: Shown) -> None:
    assert shown(refused(status, body)) == wanted


def test_a_header_tells_when_to_come_back() -> None:
    assert refused(429, told("Slow down."), 7.0).retry_after == 7.0


def test_no_account_gets_through() -> None:
    said = "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: bedrock:InvokeModel"
    assert "123456789012" not in refused(400, told(said)).message


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"[" * 10_000, b"<html></html>"])
def test_a_body_that_tells_nothing(body: bytes) -> None:
    error = a_target().dialect.refusal(503, body, None)
    assert error.status == 503
    assert error.message
