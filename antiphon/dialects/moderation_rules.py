"""`local/moderation-rules`: a short list of patterns, used only where it is asked for by name.

Law: it is no classifier, and says so wherever it speaks. A pattern knows neither context nor irony nor other languages
than English; it finds words, and not finding any means nothing. Personal data is told beside OpenAI's categories, which
have none for it, and flags nothing.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import Struct

from antiphon.dialects.moderations import moderated, verdict
from antiphon.dialects.refusals import refusal
from antiphon.dialects.service_members import encode, unsaid
from antiphon.errors import BadRequest, UpstreamError
from antiphon.service_protocols import MODERATION_RULES, Asked, At, Plan, Told

MAX_CHARACTERS: Final = 1_000_000
NOTICE: Final = "Patterns, not a classifier: a text that is not flagged was not judged harmless."

_WHOM: Final = r"(?:you|him|her|them|someone|somebody|everyone|everybody|people|my \w+|your \w+|the \w+)"
_INTENT: Final = r"\bI(?:'m| am|'ll| will| want to| am going to|'m going to)"


class Rule(Struct, frozen=True):
    """A pattern, and the categories that it stands for."""

    categories: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(pattern: str, *categories: str) -> Rule:
    return Rule(categories, re.compile(pattern, re.IGNORECASE))


RULES: Final = (
    _rule(
        r"\b(?:suicide|suicidal|self[- ]harm(?:ing)?|kill(?:ing)? myself|end(?:ing)? my (?:own )?life)\b", "self-harm"
    ),
    _rule(r"\b(?:cut(?:ting)?|hurt(?:ing)?|hang(?:ing)?) myself\b|\bwant to die\b", "self-harm"),
    _rule(rf"{_INTENT} (?:kill(?:ing)? myself|end(?:ing)? my life|(?:commit )?suicid\w{{1,3}})\b", "self-harm/intent"),
    _rule(
        r"\bhow (?:do I|to|can I) (?:kill|hang|hurt|cut) (?:myself|yourself)\b", "self-harm", "self-harm/instructions"
    ),
    _rule(rf"\b(?:kill|murder|shoot|stab|strangle|behead|torture|beat up) {_WHOM}\b", "violence"),
    _rule(
        rf"{_INTENT} (?:going to )?(?:kill|murder|shoot|stab|strangle|behead|hurt|beat) (?:you|him|her|them)\b",
        "violence",
        "harassment/threatening",
    ),
    _rule(r"\b(?:how to|build|make) (?:a |an )?(?:pipe |nail |car )?bomb\b", "illicit/violent"),
)

_PERSONAL: Final = {
    "email": re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,4}\b"),
    "phone": re.compile(r"(?<![\w+])\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2}\b"),
    "us_ssn": re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"),
}
_CARD: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_APPLIED: Final = tuple(dict.fromkeys(category for rule in RULES for category in rule.categories))


class RuleModerations:
    """Implements `ServiceDialect`: nobody is asked."""

    def plan(self, asked: Asked, at: At) -> Plan:
        """No body. Raises BadRequest for a text that is longer than patterns are tried on."""
        texts = moderated(asked, at.provider)
        if sum(map(len, texts)) > MAX_CHARACTERS:
            message = f"Invalid 'input': {MODERATION_RULES} reads at most {MAX_CHARACTERS} characters."
            raise BadRequest(message, param="input", code="invalid_value")
        return Plan((), lambda _: _told(asked, texts), unsaid(asked, at, {"input"}))

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `refusals.refusal`; nobody refuses."""
        return refusal(status, body, retry_after)


def _told(asked: Asked, texts: list[str]) -> Told:
    results = [judged(text) for text in texts]
    return Told(encode({"id": f"modr-{asked.id}", "model": MODERATION_RULES, "notice": NOTICE, "results": results}))


def judged(text: str) -> dict[str, Any]:
    """What the patterns find. A pattern has no degrees: a score is 0 or 1."""
    found = {category: True for rule in RULES if rule.pattern.search(text) for category in rule.categories}
    personal = {f"pii/{name}": pattern.search(text) is not None for name, pattern in _PERSONAL.items()}
    personal["pii/card"] = any(_is_card(number[0]) for number in _CARD.finditer(text))
    return {
        **verdict(found, dict.fromkeys(found, 1.0), _APPLIED),
        "provider_categories": personal,
        "provider_category_scores": {name: float(there) for name, there in personal.items()},
    }


def _is_card(written: str) -> bool:
    """Whether the last digit is the one that ISO/IEC 7812 makes of the others."""
    digits = [int(each) for each in reversed(written) if each.isdigit()]
    doubled = (each * 2 - 9 if each > 4 else each * 2 for each in digits[1::2])  # noqa: PLR2004 - two digits' sum
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
