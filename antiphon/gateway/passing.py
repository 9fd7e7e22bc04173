"""What of a provider's own API may be asked for, and by whom: the allow-list of the way to it.

Law: a path is judged as the most credulous server would read it, decoded to the end; what could be read in two ways
that matter is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from antiphon.errors import BadRequest, Forbidden, NotFound
from antiphon.passing_protocols import Passing
from antiphon.passthrough_settings import PassingRuleSettings, PassthroughSettings

_CLOSED_WORDS: Final = """
account accounts admin apikey apikeys api-key api-keys api_key api_keys audit audit-logs audit_logs auth billing
certificates credits dashboard getiampolicy iam invite invites invoice invoices key keys login logout members oauth
oauth2 organisation organisations organization organizations payment payments permissions policies provisioning roles
secrets service-accounts service_accounts serviceaccounts setiampolicy sso subscription subscriptions
testiampermissions user users workspaces
"""
CLOSED: Final = frozenset(_CLOSED_WORDS.split())
"""Words of a path about the account rather than about models: only a pattern that spells one lets it through."""

_EVERYTHING: Final = ("/**",)
_ALL_OF: Final = "**"
_ONE: Final = "*"
_EVERYBODY: Final = "*"
_DEEPEST: Final = 4
_LONGEST: Final = 8192
_SEPARATOR: Final = re.compile(r"[/\\]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f�]")
_DEFAULT: Final = PassingRuleSettings()


class Passages:
    """The ways that are open."""

    def __init__(self, settings: PassthroughSettings, providers: Mapping[str, Passing]) -> None:
        """`providers` are those that have an API of their own to be passed on to."""
        self._settings = settings
        self._providers = providers

    def opened(self, tenant: str, provider: str, method: str, path: str) -> tuple[Passing, str]:
        """The way, and where the path leads on it. `path` begins with a slash and is encoded as it came.

        Raises Forbidden, NotFound, BadRequest.
        """
        settings = self._settings
        if not settings.enabled:
            raise Forbidden("Requests are not passed on here: the gateway's owner has switched that off.")
        if _EVERYBODY not in settings.tenants and tenant not in settings.tenants:
            raise Forbidden(
                "This key may not have requests passed on. The gateway's owner can add its tenant to"
                " `passthrough.tenants`."
            )
        passing = self._providers.get(provider)
        rule = settings.providers.get(provider, _DEFAULT)
        if passing is None or not rule.enabled:
            open_ones = ", ".join(sorted(self._open())) or "none"
            raise NotFound(
                f"Nothing is passed on to '{provider}'. Providers here: {open_ones}.", code="provider_not_found"
            )
        read(path)
        place = passing.place(path)
        if rule.methods is not None and method not in rule.methods:
            raise Forbidden(f"Of '{provider}', {method} is not let through: see `passthrough.providers.{provider}`.")
        segments = read(place)
        if not any(_matches(pattern.split("/")[1:], segments) for pattern in rule.paths or _patterns(rule)):
            raise Forbidden(f"Of '{provider}', this path is not let through: see `passthrough.providers.{provider}`.")
        return passing, place

    def _open(self) -> list[str]:
        rules = self._settings.providers
        return [name for name in self._providers if rules.get(name, _DEFAULT).enabled]


def _patterns(rule: PassingRuleSettings) -> Sequence[str]:
    return _EVERYTHING if rule.paths is None else ()


def read(path: str) -> list[str]:
    """The segments that a server may see in the path, in small letters.

    Raises BadRequest for a path that leads upwards, has empty segments or cannot be decoded.
    """
    plain = path
    for _ in range(_DEEPEST):
        before, plain = plain, unquote(plain)
        if plain == before:
            break
    else:
        raise _odd("is encoded again and again")
    if len(path) > _LONGEST or _CONTROL.search(plain):
        raise _odd("is too long, or holds what is no text")
    segments = [segment.partition(";")[0].strip().lower() for segment in _SEPARATOR.split(plain)[1:]]
    if segments and not segments[-1]:
        segments.pop()
    if any(set(segment) <= {"."} for segment in segments):  # empty ones too
        raise _odd("has segments that are empty or lead upwards")
    return segments


def _odd(what: str) -> BadRequest:
    return BadRequest(f"The path cannot be passed on: it {what}.", code="invalid_path")


def _matches(pattern: Sequence[str], segments: Sequence[str]) -> bool:
    """Whether the pattern stands for exactly these segments; wildcards never stand for a closed word."""
    if not pattern:
        return not segments
    first, rest = pattern[0].lower(), pattern[1:]
    if first == _ALL_OF:
        free = 0
        while free < len(segments) and not _is_closed(segments[free]):
            free += 1
        return any(_matches(rest, segments[taken:]) for taken in range(free + 1))
    if not segments:
        return False
    fits = segments[0] == first if first != _ONE else not _is_closed(segments[0])
    return fits and _matches(rest, segments[1:])


def _is_closed(segment: str) -> bool:
    """Verbs stand behind a colon at Google."""
    return not CLOSED.isdisjoint(segment.split(":"))
