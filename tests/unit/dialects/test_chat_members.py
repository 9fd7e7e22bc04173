"""Every member that occurs in a recorded chat completions answer is either read or named here with the reason why not.

Both halves are proved by changing the member in a recording: what is read must change what a client gets, what is not
must change nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from antiphon.quirks import Quirks
from antiphon.wire.requests import is_array, is_item
from tests.chat_streams import a_target, a_turn, answered, heard, stream

RECORDINGS = Path(__file__).parents[2] / "recordings"

READ = (
    r"id",
    r"choices\[\]\.index",
    r"choices\[\]\.finish_reason",
    r"choices\[\]\.(delta|message)\.(content|refusal|reasoning|reasoning_content)",
    r"choices\[\]\.(delta|message)\.content\[\]\.(text|type)",
    r"choices\[\]\.(delta|message)\.content\[\]\.thinking\[\]\.text",
    r"choices\[\]\.(delta|message)\.reasoning_details\[\]\..*",
    r"choices\[\]\.(delta|message)\.tool_calls\[\]\.(id|function\.name|function\.arguments)",
    r"choices\[\]\.message\.function_call\.(name|arguments)",
    r"choices\[\]\.message\.annotations\[\]\.(type|url_citation\.(url|title|start_index|end_index))",
    r"choices\[\]\.message\.extra_content\.google\.(thought_signature|thought)",
    r"choices\[\]\.delta\.executed_tools\[\]\.(type|arguments|search_results\.results\[\]\.url)",
    r"choices\[\]\.logprobs\.content\[\]\.(token|logprob|bytes\[\])",
    r"usage\..*",
    r"x_groq\.usage\.(?!completion_tokens_details).*",
    r"service_tier",
    r"citations\[\]",
    r"error\.(message|status_code|code|failed_generation)",
)
"""Members, as patterns of their paths, that reach the client in one form or another; all of `usage` in `raw_usage`."""

WHY_NOT = {
    r"object|created|created_at|request_id": "says of the answer what the response says of itself",
    r"model|model_id|model_version|system_fingerprint|provider": "the response names the model as the client did",
    r"choices\[\]\.(delta|message)\.role": "is always the assistant",
    r"choices\[\]\.(delta|message)\.tool_calls\[\]\.type": "follows from what the call holds",
    r"choices\[\]\.message\.tool_calls\[\]\.index": "is the call's place in its list",
    r"choices\[\]\.delta\.tool_calls\[\]\.index": "keeps the pieces of a call together, whatever it is",
    r"choices\[\]\.(delta|message)\.content\[\]\.thinking\[\]\.type": "is always text",
    r"choices\[\]\.message\.content\[\]\.closed": "a thought that has come is over",
    r"choices\[\]\.message\.thought_signature": "repeats extra_content.google.thought_signature",
    r"choices\[\]\.message\.annotations\[\]\.url_citation\.content": "a citation has no place for its source's text",
    r"choices\[\]\.message\.audio\.(data|expires_at|id)": "speech, which no request through the gateway asks for",
    r"choices\[\]\.delta\.channel": "says of the piece what the member that holds it says",
    r"choices\[\]\.delta\.executed_tools\[\]\.output": "of a search: the sources are told; what code printed is, too",
    r"choices\[\]\.delta\.executed_tools\[\]\.index": "is the tool's place; one told again is known by its words",
    r"choices\[\]\.delta\.executed_tools\[\]\.search_results\.results\[\]\.(title|content|score)": (
        "sources have addresses alone; what the search found is in its output, and in the thoughts after it"
    ),
    r"choices\[\]\.native_finish_reason": "is finish_reason in another vendor's words",
    r"choices\[\]\.(stop_reason|seed|token_ids|routed_experts|trace_details)": "tells of the server's work",
    r"choices\[\]\.(content_filter_results)\..*": "verdicts that let the text pass; one that does not is finish_reason",
    r"prompt_filter_results\[\].*": "verdicts that let the prompt pass; one that does not is an error",
    r"moderation\..*": "is told only to those who ask by `moderation`, which is reported as left out",
    r"choices\[\]\.obfuscation|obfuscation|p": "padding",
    r"time_info\..*|usage_breakdown.*|x_groq\.(id|seed|usage_breakdown.*)": "tells of the server's work",
    r"x_groq\.usage\.completion_tokens_details\..*": "repeats usage, which is in the same chunk",
    r"system\.warnings\[\]\..*": "the licence of the model",
    r"error\.type": "is said better by the code",
}
"""Patterns of paths, and why what is there does not reach the client."""

Found = dict[str, list[dict[str, Any]]]

_ENOUGH = 6


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every member that holds something that is no container and not null, by its path."""
    if is_item(value):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}" if path else name)
    elif is_array(value):
        for member in value:
            yield from leaves(member, f"{path}[]")
    elif value is not None:
        yield path, value


def said_in(exchange: dict[str, Any]) -> list[Any]:
    response = exchange["response"]
    if not response.get("sse"):
        return [response["body"]]
    lines = [line[5:].strip() for line in response["sse"].splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def occurrences() -> Found:
    """For every path the shortest recordings that have it, those of failures last."""
    found: Found = {}
    answers: list[tuple[bool, int, Any]] = []
    for file in sorted(RECORDINGS.glob("*/*.json")):
        exchange = json.loads(file.read_bytes())
        if exchange["dialect"] == "openai-chat" and exchange["response"]["status"] == 200:
            answers.append(("stream_error" in exchange["tags"], file.stat().st_size, exchange))
    for _, _, exchange in sorted(answers, key=itemgetter(0, 1)):
        for path in {path for said in said_in(exchange) for path, value in leaves(said) if value != ""}:
            if len(found.setdefault(path, [])) < _ENOUGH:
                found[path].append(exchange)
    return found


FOUND = occurrences()
UNCHANGED = {"finish_reason": "length", "type": "odd", "status_code": 429}
"""Other values for members of which not every change is one of meaning."""


def changed(value: Any, name: str) -> Any:
    if name in UNCHANGED:
        return UNCHANGED[name]
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}x"


def change(value: Any, path: str, at: str = "") -> Any:
    """`value` with every member at `path` changed that says something."""
    if is_item(value):
        return {name: change(member, path, f"{at}.{name}" if at else name) for name, member in value.items()}
    if is_array(value):
        return [change(member, path, f"{at}[]") for member in value]
    return changed(value, path.rpartition(".")[2]) if at == path and value not in (None, "") else value


def told(exchange: dict[str, Any], said: list[Any]) -> Any:
    """What a client gets that asks for everything."""
    turn = a_turn(
        store=False,
        include=["message.output_text.logprobs", "reasoning.encrypted_content", "web_search_call.action.sources"],
    )
    target = a_target(Quirks(reasoning_outside_completion=exchange["provider"] == "xai"))
    if not exchange["response"].get("sse"):
        return answered(json.dumps(said[0]).encode(), turn, target), said[0]["id"]
    answer = heard(stream(*said), turn, target)
    if answer.outcome is None:
        error: Any = answer.error
        return error.message, error.status, error.code, error.param, answer.events
    return answer.body, answer.outcome.upstream_id


def matches(patterns: Any, path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in patterns)


def test_every_member_is_read_or_named() -> None:
    assert len(FOUND) > 200
    nowhere = [path for path in FOUND if not matches(READ, path) and not matches(WHY_NOT, path)]
    assert nowhere == []
    assert [path for path in FOUND if matches(READ, path) and matches(WHY_NOT, path)] == []


@pytest.mark.parametrize("pattern", [*READ, *WHY_NOT])
def test_nothing_is_named_that_does_not_occur(pattern: str) -> None:
    assert any(re.fullmatch(pattern, path) for path in FOUND)


def matters(exchange: dict[str, Any], path: str) -> bool:
    said = said_in(exchange)
    return told(exchange, [change(each, path) for each in said]) != told(exchange, said)


@pytest.mark.parametrize("path", sorted(FOUND))
def test_a_member_that_is_read_matters_and_another_does_not(path: str) -> None:
    assert any(matters(exchange, path) for exchange in FOUND[path]) is matches(READ, path)
