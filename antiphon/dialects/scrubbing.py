"""Texts of providers made fit for a client's eyes: no keys, accounts, addresses or hosts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

LONGEST_MESSAGE: Final = 1_000
_LONGEST_READ: Final = 8_192
"""More of a text than this is not even looked at."""

_KEYS: Final = re.compile(
    r"""(?xi)
    \b bearer \s+ [^\s"',;]+
    | \b (?: sk | rk | pk | ak ) - [\w*.…-]{4,}
    | \b (?: gsk | csk | hf | r8 | fw | tgp_v1 | nvapi | pplx | xai | ghp | glpat ) [_-] [\w*-]{6,}
    | \b AIza [\w-]{10,}
    | \b ya29\. [\w-]{10,}
    | \b (?: AKIA | ASIA ) [0-9A-Z]{12,}
    | \b eyJ [\w-]{8,} (?: \. [\w-]+ ){0,2}
    | \b [0-9a-f]{32} (?: [0-9a-f]{8} | [0-9a-f]{32} )? \b
    """
)
_NAMED_KEY: Final = re.compile(r"(?i)(\bapi[ _-]?key\b[^\n:=]{0,40}[:=]\s*)[\"'`]?[^\s\"'`,;]+")
_ACCOUNTS: Final = re.compile(
    r"(?i)\b(?:org|proj|user|team|acct|account|workspace|tenant|ws)[-_](?=[\w-]*\d)[\w-]{6,}"
    r"|\b(?:org|proj)[-_][a-z0-9]{6,}|\bprojects?/[\w:.-]+|\bproject_number:\d+|\barn:aws[\w:/.-]+"
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
)
_NAMED_ACCOUNT: Final = re.compile(r"(?i)(\b(?:organization|organisation|project|team|tenant)\s+)([\"'`])[^\"'`\n]+\2")
_EMAILS: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_URLS: Final = re.compile(r"(?i)\b(?:https?|wss?|grpcs?)://[^\s\"'<>)\]}]+")
_HOSTS: Final = re.compile(
    r"""(?xi)
    (?<![\w@.-]) (?:
        (?: [a-z0-9] [a-z0-9-]{0,62} \. ){1,8}
        (?: com | net | org | io | ai | dev | app | cloud | co | cn | eu | de | us | uk | fr | tech | xyz | run | local
          | internal | lan | svc | cluster ) (?: : \d{1,5} )?
        | localhost (?: : \d{1,5} )?
        | \d{1,3} (?: \. \d{1,3} ){3} (?: : \d{1,5} )?
        | \[ [0-9a-f:]{2,39} \] (?: : \d{1,5} )?
        | [a-z0-9]+ (?: - [a-z0-9]+ ){1,8} : \d{4,5}
    ) (?! [\w-] )
    """
)
_SHORTEST_OWN: Final = 8
"""A secret shorter than this may be a word, which texts are full of."""

_own: set[str] = set()
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]+")


def hide(secrets: Iterable[str]) -> None:
    """From now on these are put out of sight too, whatever they look like: all that opens a provider's door, or ours.

    The one thing that is kept here for the whole process: whoever knows the secrets is nowhere near a provider's text.
    """
    _own.update(secret for secret in secrets if len(secret) >= _SHORTEST_OWN)


def masked(data: bytes) -> bytes:
    """Bytes of a provider's, of the same length, with asterisks over the secrets that `hide` was told of."""
    for secret in _own:
        word = secret.encode()
        data = data.replace(word, b"*" * len(word))
    return data


def scrubbed(text: str) -> str:
    """`text` in one bounded line, with whatever may identify an account, a key or a machine put out of sight."""
    text = text[:_LONGEST_READ]
    for secret in _own:
        text = text.replace(secret, "[key]")
    text = _CONTROL.sub(" ", text).strip()
    text = _URLS.sub("[address]", text)
    text = _EMAILS.sub("[address]", text)
    text = _KEYS.sub("[key]", text)
    text = _NAMED_KEY.sub(r"\1[key]", text)
    text = _ACCOUNTS.sub("[account]", text)
    text = _NAMED_ACCOUNT.sub(r"\1[account]", text)
    text = _HOSTS.sub("[host]", text)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"
