"""What Cohere's models differ in, by name.

https://docs.cohere.com/docs/reasoning, https://docs.cohere.com/docs/models, https://docs.cohere.com/docs/command-a-plus
(read 2026-11): models that reason do so unless told not to; how much is best left to them, and where it is not, a
thousand tokens must remain for the answer; they answer with at most 32,000.
"""

from __future__ import annotations

import re
from typing import Final

from antiphon.wire.requests import Effort

_REASONING: Final = re.compile(r"(?i)reasoning|command-a-plus|north")

_BUDGETS: Final[dict[Effort, int]] = {"minimal": 512, "low": 2_048, "medium": 8_192}
"""The most tokens to think with; efforts that are not here set no limit."""

_ANSWER: Final = 1_000
"""Tokens that are to be left for the answer."""


def reasons(model: str) -> bool:
    """Whether the model can reason, and be told how much."""
    return _REASONING.search(model) is not None


def thinking(effort: Effort, limit: int | None) -> dict[str, str | int]:
    """`thinking` for an effort; `limit` is how many tokens the answer may have, thoughts included."""
    if effort == "none":
        return {"type": "disabled"}
    budget = _BUDGETS.get(effort)
    if limit is not None:
        room = max(limit - _ANSWER, limit // 2, 1)
        budget = room if budget is None else min(budget, room)
    return {"type": "enabled"} if budget is None else {"type": "enabled", "token_budget": budget}
