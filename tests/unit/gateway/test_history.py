"""What a turn inherits: the items of its chain, and whose those are that mean something to one provider alone."""

from __future__ import annotations

import json
from typing import Any

from antiphon.gateway.history import lineage_of
from antiphon.protocols import Ancestor


def answered(number: int, provider: str, *kinds: str) -> Ancestor:
    output: list[Any] = [{"id": f"{kind}_{number}", "type": kind} for kind in kinds]
    body = {"provider": provider, "output": output}
    return Ancestor(f"resp_{number}", None, "completed", b"[]", json.dumps(body).encode())


def test_a_chain_knows_who_made_what_means_something_to_its_maker_alone() -> None:
    lineage = lineage_of(
        [
            answered(1, "gemini", "code_interpreter_call", "message"),
            answered(2, "openai", "reasoning", "mcp_call", "function_call"),
        ]
    )
    assert [item["id"] for item in lineage.items] == [
        *("code_interpreter_call_1", "message_1", "reasoning_2", "mcp_call_2", "function_call_2"),
    ]
    assert lineage.origins == {
        "code_interpreter_call_1": "gemini",
        "reasoning_2": "openai",
        "mcp_call_2": "openai",
    }
