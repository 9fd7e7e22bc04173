"""Who is asking: a key in `Authorization` (with or without `Bearer`), `api-key`, `x-api-key` or `x-goog-api-key`.

Google's clients may put it into the query of the paths that are theirs, as `key`. Where a WebSocket is opened, a
subprotocol may be the key too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from antiphon.errors import Unauthorized
from antiphon.http.call import Call
from antiphon.key_digests import digest_of, read
from antiphon.protocols import Caller

_SCHEME: Final = b"bearer"
_HEADERS: Final = (b"api-key", b"x-api-key", b"x-goog-api-key")
_KEY_PROTOCOL: Final = "openai-insecure-api-key."


class Keyring:
    """The keys that are accepted, held and looked up as digests: no comparison tells how much of a key fits."""

    def __init__(self, keys: Iterable[tuple[str, Caller]]) -> None:
        """`keys` pairs every key, or the digest that stands for it, with the caller it stands for."""
        self._callers: dict[bytes, Caller] = {}
        self._salted: dict[bytes, dict[bytes, Caller]] = {}
        for key, caller in keys:
            salted = read(key)
            if salted is None:
                self._callers[_digest(key.encode())] = caller
            else:
                self._salted.setdefault(salted.salt, {})[salted.digest] = caller

    def caller(self, call: Call) -> Caller:
        """Who the request's key belongs to. Raises Unauthorized."""
        key = _key_of(call) or _key_among(call.scope.get("subprotocols", ()))
        if key is None:
            message = "You didn't provide an API key. Send it as 'Authorization: Bearer YOUR_KEY'."
            raise Unauthorized(message, code="missing_api_key")
        caller = self._of(key)
        if caller is None:
            raise Unauthorized("Incorrect API key provided. Check the key, or ask the gateway's owner for one.")
        return caller

    def opens(self, key: bytes) -> bool:
        """Whether somebody would be let in with this."""
        return self._of(key) is not None

    def _of(self, key: bytes) -> Caller | None:
        """A key that stands by a salted digest is known by its plain one once it was seen: as many as there are."""
        digest = _digest(key)
        caller = self._callers.get(digest)
        if caller is None and self._salted:
            found = (callers.get(digest_of(salt, key)) for salt, callers in self._salted.items())
            caller = next(filter(None, found), None)
            if caller is not None:
                self._callers[digest] = caller
        return caller


def _digest(key: bytes) -> bytes:
    return hashlib.blake2s(key).digest()


def key_protocol(subprotocol: str) -> bool:
    """Whether what a client calls a subprotocol is a key: browsers cannot set the header for a WebSocket."""
    return subprotocol.startswith(_KEY_PROTOCOL)


def _key_among(subprotocols: Iterable[str]) -> bytes | None:
    for subprotocol in subprotocols:
        if key_protocol(subprotocol):
            return subprotocol.removeprefix(_KEY_PROTOCOL).encode() or None
    return None


def _key_of(call: Call) -> bytes | None:
    found = call.header(b"authorization")
    if found is not None:
        scheme, _, key = found.strip().partition(b" ")
        if scheme.lower() == _SCHEME:
            return key.strip() or None
        return found.strip() or None
    return next((key for name in _HEADERS if (key := call.header(name))), None) or _key_in_query(call)


def _key_in_query(call: Call) -> bytes | None:
    given = call.query().get("key") if call.tongue == "google" else None
    return given[-1].encode() or None if given else None
