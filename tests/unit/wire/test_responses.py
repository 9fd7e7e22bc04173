"""One response object for every client."""

import json
from typing import Any

import msgspec
import pytest

from antiphon.wire.native import Opening
from antiphon.wire.requests import parse_request
from antiphon.wire.responses import ResponseObject, encoded, opened

SUPERSET = frozenset(ResponseObject.__struct_fields__) - {"input_transformations", "prompt", "stop_sequence"}


def opening(**body: Any) -> Opening:
    request = parse_request(msgspec.json.encode({"model": "openai/m", **body}))
    return Opening(request, id="resp_1", created_at=7, provider="openai", conversation="conv_1")


def merged_with(upstream: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(
        msgspec.json.encode(opening(**body).merged(json.dumps(upstream).encode()).members)
    )
    return answer


def test_an_opened_response_has_every_member_that_any_client_reads() -> None:
    request = parse_request(b'{"model":"m","reasoning":{"effort":"low"},"text":{"verbosity":"high"}}')
    body = json.loads(encoded(opened(request, id="resp_1", created_at=7, provider="p", conversation=None)))
    assert body.keys() >= SUPERSET
    assert body["reasoning"] == {"effort": "low", "summary": None, "generate_summary": None}
    assert body["text"] == {"format": {"type": "text"}, "verbosity": "high"}
    assert body["temperature"] == 1.0
    assert body["output"] == []


def test_a_provider_that_says_little_is_completed() -> None:
    answer = merged_with(
        {"id": "x", "status": "completed", "output": [], "temperature": None, "text": {}, "tools": None}
    )
    assert answer.keys() >= SUPERSET
    assert answer["id"] == "resp_1"
    assert answer["temperature"] == 1.0
    assert answer["text"] == {"format": {"type": "text"}, "verbosity": "medium"}
    assert answer["tools"] == []


def test_what_a_provider_says_beyond_the_known_stays() -> None:
    answer = merged_with({"id": "x", "billing": {"payer": "developer"}, "reasoning": {"effort": "high", "mode": "pro"}})
    assert answer["billing"] == {"payer": "developer"}
    assert answer["reasoning"]["mode"] == "pro"
    assert answer["reasoning"]["summary"] is None


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"input_tokens": 5, "output_tokens": 2},
        {"input_tokens": 5, "input_tokens_details": None, "output_tokens": 2, "output_tokens_details": None},
        {"input_tokens": 5.0, "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": None, "new": 1}},
        "many",
    ],
)
def test_usage_is_always_integers_with_all_details(usage: Any) -> None:
    told = merged_with({"id": "x", "usage": usage})["usage"]
    assert isinstance(told["input_tokens"], int)
    assert told["total_tokens"] == told["input_tokens"] + told["output_tokens"]
    assert isinstance(told["input_tokens_details"]["cached_tokens"], int)
    assert isinstance(told["output_tokens_details"]["reasoning_tokens"], int)
    assert "prompt_tokens" not in told
    if usage and isinstance(usage, dict):
        assert told["raw_usage"] == usage


def test_secrets_of_tools_are_never_echoed() -> None:
    tool = {"type": "mcp", "server_label": "s", "authorization": "secret", "headers": {"x": "secret"}}
    answer = merged_with({"id": "x", "tools": [tool]}, tools=[tool])
    assert "secret" not in json.dumps(answer)
    assert answer["tools"] == [{"type": "mcp", "server_label": "s"}]


def test_functions_are_echoed_with_all_their_keys() -> None:
    answer = json.loads(msgspec.json.encode(opening(tools=[{"type": "function", "name": "f"}]).members))
    assert answer["tools"] == [
        {"type": "function", "name": "f", "description": None, "parameters": None, "strict": False}
    ]
