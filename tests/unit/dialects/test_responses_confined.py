"""What clients of other APIs ask for and the Responses API does not have, at providers that speak that API."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.errors import BadRequest
from antiphon.protocols import Built
from antiphon.providers.table import TABLE
from antiphon.quirks import Quirks
from antiphon.wire.requests import SEALED
from tests.chat_streams import a_target, a_turn
from tests.fakes import SEALER, pseudonym

OPENAI = TABLE["openai"].quirks


def built(model: str = "gpt-5.2", quirks: Quirks = OPENAI, **request: Any) -> Built:
    target = replace(a_target(quirks), model=model, dialect=ResponsesUpstream(SEALER, pseudonym))
    return target.dialect.build(a_turn(**request), target)


def sent(made: Built, *names: str) -> dict[str, Any]:
    body = json.loads(made.body)
    return {name: body[name] for name in names if name in body}


def test_members_of_other_apis_go_to_who_takes_them() -> None:
    members: dict[str, Any] = {"stop": ["x"], "top_k": 3, "seed": 0}
    made = built(**members)
    assert sent(made, *members) == {}
    assert len(made.warnings) == 3
    assert built(stop=None, logit_bias=None).warnings == ()
    assert built(logit_bias={"1": 1}).warnings == (
        "provider takes no 'logit_bias' in its Responses API; it was left out.",
    )
    taken = built(quirks=TABLE["vllm"].quirks, **members)
    assert (sent(taken, *members), taken.warnings) == (members, ())
    strict = a_turn(**members)
    strict.strict = True
    target = replace(a_target(OPENAI), dialect=ResponsesUpstream(SEALER, pseudonym))
    with pytest.raises(BadRequest):
        target.dialect.build(strict, target)


def test_fewer_tokens_than_a_provider_gives_are_rounded_up() -> None:
    turn = a_turn()
    turn.request = msgspec.structs.replace(turn.request, max_output_tokens=1)
    target = replace(a_target(OPENAI), dialect=ResponsesUpstream(SEALER, pseudonym))
    made = target.dialect.build(turn, target)
    assert sent(made, "max_output_tokens") == {"max_output_tokens": 16}
    assert len(made.warnings) == 1


@pytest.mark.parametrize(
    ("model", "reasoning", "told", "losses"),
    [
        ("gpt-4.1", {"effort": "high", "summary": "auto"}, None, 1),
        ("gpt-4o", {"effort": "none"}, None, 0),
        ("gpt-4o", {"summary": "auto"}, None, 0),
        ("gpt-5-mini", {"effort": "none", "summary": "auto"}, {"summary": "auto"}, 1),
        ("o3", {"effort": "low"}, {"effort": "low"}, 0),
        ("gpt-5.2", {"effort": "none"}, {"effort": "none"}, 0),
    ],
)
def test_models_that_do_not_reason_or_cannot_but_reason(
    model: str, reasoning: dict[str, Any], told: dict[str, Any] | None, losses: int
) -> None:
    made = built(model, reasoning=reasoning)
    assert sent(made, "reasoning").get("reasoning") == told
    assert len(made.warnings) == losses


def test_options_of_a_stream_are_told_with_a_stream_alone() -> None:
    options = {"include_obfuscation": False}
    assert sent(built(stream=True, stream_options=options), "stream_options") == {"stream_options": options}
    for whole in (None, False):
        made = built(stream=whole, stream_options=options)
        assert (sent(made, "stream_options"), made.warnings) == ({}, ())


@pytest.mark.parametrize(
    ("model", "quirks", "asked", "told"),
    [
        ("gpt-4.1", OPENAI, [SEALED], []),
        ("gpt-5-chat-latest", OPENAI, [SEALED], []),
        ("gpt-4o", OPENAI, [SEALED, "file_search_call.results"], ["file_search_call.results"]),
        ("gpt-5.2", OPENAI, ["file_search_call.results"], ["file_search_call.results", SEALED]),
        ("gpt-5.2", OPENAI, [SEALED], [SEALED]),
        ("some-deployment", TABLE["azure"].quirks, [SEALED], [SEALED]),
    ],
)
def test_reasoning_is_asked_for_in_a_seal_where_there_may_be_any(
    model: str, quirks: Quirks, asked: list[str], told: list[str]
) -> None:
    made = built(model, quirks, include=asked)
    assert sent(made, "include") == {"include": told}
    assert made.warnings == ()
