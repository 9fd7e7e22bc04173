"""Ids of items on their way to a provider that speaks the Responses API."""

from __future__ import annotations

import json
from dataclasses import replace

from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.providers.table import TABLE
from antiphon.wire.requests import Item
from tests.chat_streams import a_target, a_turn
from tests.fakes import SEALER, pseudonym


def test_a_provider_is_told_no_id_that_it_has_not_given() -> None:
    search: Item = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "x"}}
    code: Item = {"type": "code_interpreter_call", "code": "1", "container_id": "c", "status": "completed"}
    picture: Item = {"type": "image_generation_call", "result": "AAAA", "status": "completed"}
    approval: Item = {"type": "mcp_approval_request", "server_label": "s", "name": "n", "arguments": "{}"}
    said = [search | {"id": "srvtoolu_1"}, code | {"id": "item_1"}, approval | {"id": "mcpr_1"}]
    turn = a_turn(input=said)
    turn.input = said
    turn.history = [code | {"id": "ci_theirs"}, code | {"id": "ci_own"}, picture | {"id": "ig_unknown"}]
    turn.origins = {"ci_theirs": "gemini", "ci_own": "provider"}
    target = replace(a_target(TABLE["openai"].quirks), dialect=ResponsesUpstream(SEALER, pseudonym))
    told = json.loads(target.dialect.build(turn, target).body)["input"]
    ids = [None, "ci_own", "ig_unknown", None, None, "mcpr_1"]
    assert [item.get("id") for item in told] == ids
    assert told[3] == search


def test_a_call_and_its_output_share_an_id_that_is_short_enough() -> None:
    call: Item = {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c" * 65}
    output: Item = {"type": "function_call_output", "output": "1", "call_id": "c" * 65}
    turn = a_turn(input=[output])
    turn.input, turn.history = [output], [call | {"call_id": "c" * 64}, call | {"call_id": "d" * 65}, call]
    target = replace(a_target(TABLE["openai"].quirks), dialect=ResponsesUpstream(SEALER, pseudonym))
    told = json.loads(target.dialect.build(turn, target).body)["input"]
    ids = [item["call_id"] for item in told]
    assert ids[0] == "c" * 64
    assert ids[2] == ids[3]
    assert (len({*ids}), max(map(len, ids))) == (3, 64)
