"""Moderations at OpenAI, relayed, and at Mistral, told in OpenAI's categories as far as they correspond.

https://platform.openai.com/docs/api-reference/moderations and https://docs.mistral.ai/studio/conversations/moderation
(the second read 2026-11; no recording of Mistral). What Mistral says in its own categories stands beside, whole, in
`provider_categories` and `provider_category_scores`. A category of OpenAI's that it has no word for is false, and
applies to no kind of input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from antiphon.dialects.refusals import refusal
from antiphon.dialects.service_members import broken, encode, filled, read, understood, unsaid
from antiphon.errors import BadRequest, UpstreamError
from antiphon.service_protocols import Answer, Asked, At, Plan, Told
from antiphon.wire.requests import Item
from antiphon.wire.texts import mended

CATEGORIES: Final = (
    "harassment",
    "harassment/threatening",
    "sexual",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm/intent",
    "self-harm/instructions",
    "self-harm",
    "sexual/minors",
    "violence",
    "violence/graphic",
)

_MISTRALS: Final[Mapping[str, str]] = {
    "sexual": "sexual",
    "hate_and_discrimination": "hate",
    "violence_and_threats": "violence",
    "dangerous_and_criminal_content": "illicit",
    "dangerous": "illicit",
    "criminal": "illicit",
    "selfharm": "self-harm",
}
"""Mistral's categories by OpenAI's. Its others, such as `pii`, `health` and `jailbreaking`, have none."""


class _Moderation(Struct, frozen=True):
    input: str | list[str | Item]


class _Verdict(Struct):
    flagged: bool


class _Verdicts(Struct):
    results: list[_Verdict]


class OpenAIModerations:
    """Implements `ServiceDialect`."""

    def plan(self, asked: Asked, at: At) -> Plan:
        """The body as it is, but for the model's name. Raises BadRequest where there is nothing to judge."""
        read(asked, _Moderation)
        body = encode({**asked.members, "model": at.model})
        return Plan([body], lambda answers: _relayed(answers[0], at))

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `refusals.refusal`."""
        return refusal(status, body, retry_after)


class _Result(Struct):
    categories: dict[str, bool]
    category_scores: dict[str, float] = {}


class _Answer(Struct):
    results: list[_Result]
    id: str | None = None


class MistralModerations:
    """Implements `ServiceDialect`."""

    def plan(self, asked: Asked, at: At) -> Plan:
        """One body with every text."""
        texts = moderated(asked, at.provider)
        body = filled({"model": at.model, "input": texts})
        return Plan(
            [body], lambda answers: _translated(answers[0], asked, at, len(texts)), unsaid(asked, at, {"input"})
        )

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `refusals.refusal`."""
        return refusal(status, body, retry_after)


def moderated(asked: Asked, provider: str) -> list[str]:
    """The texts to be judged, each by itself; parts are one input together, as OpenAI has it. Raises BadRequest."""
    said = read(asked, _Moderation).input
    if isinstance(said, str):
        return [said]
    if not said:
        raise BadRequest("Invalid 'input': it is empty.", param="input", code="invalid_value")
    texts = [each for each in said if isinstance(each, str)]
    if len(texts) == len(said):
        return texts
    parts: list[str] = []
    for number, each in enumerate(said):
        text: Any = each if isinstance(each, str) else each.get("text")
        if not isinstance(text, str):
            message = f"{provider} judges texts alone: 'input[{number}]' is none."
            raise BadRequest(message, param=f"input[{number}]", code="unsupported_value")
        parts.append(text)
    return ["\n".join(parts)]


def verdict(flags: Mapping[str, bool], scores: Mapping[str, float], applied: Sequence[str]) -> dict[str, Any]:
    """One result in OpenAI's words; `applied` are the categories that were judged at all."""
    return {
        "flagged": any(flags.values()),
        "categories": {name: flags.get(name, False) for name in CATEGORIES},
        "category_scores": {name: scores.get(name, 0.0) for name in CATEGORIES},
        "category_applied_input_types": {name: ["text"] if name in applied else [] for name in CATEGORIES},
    }


def _relayed(answer: Answer, at: At) -> Told:
    """The provider's own bytes. Raises UpstreamBroke where they hold no verdicts."""
    if not understood(answer, at, _Verdicts).results:
        raise broken(at)
    return Told(mended(answer.body))


def _translated(answer: Answer, asked: Asked, at: At, count: int) -> Told:
    read_answer = understood(answer, at, _Answer)
    if len(read_answer.results) != count:
        raise broken(at)
    results = [_result(each) for each in read_answer.results]
    return Told(encode({"id": read_answer.id or f"modr-{asked.id}", "model": at.model, "results": results}))


def _result(result: _Result) -> dict[str, Any]:
    flags: dict[str, bool] = {}
    scores: dict[str, float] = {}
    for theirs, ours in _MISTRALS.items():
        if theirs in result.categories:
            flags[ours] = flags.get(ours, False) or result.categories[theirs]
            scores[ours] = max(scores.get(ours, 0.0), result.category_scores.get(theirs, 0.0))
    return {
        **verdict(flags, scores, [*flags]),
        "provider_categories": result.categories,
        "provider_category_scores": result.category_scores,
    }
