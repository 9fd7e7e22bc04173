"""What error answers say, read out of every shape that providers and the proxies before them use."""

from __future__ import annotations

from typing import Any, Final, TypeGuard

import msgspec
from msgspec import Struct

from antiphon.wire.requests import is_item

_MOST_BYTES: Final = 256 * 1024
_DEEPEST: Final = 3
"""Errors are wrapped in errors, as JSON text too; further in than this nobody looks."""

_GENERIC: Final = ("provider returned error", "upstream error", "error from provider")


class Told(Struct, frozen=True):
    """A provider's own words, not scrubbed. `names` are all codes, types and statuses, in lower case."""

    message: str = ""
    code: str | None = None
    param: str | None = None
    names: frozenset[str] = frozenset()


def told_by(body: bytes) -> Told:
    """Reads an answer's body, JSON or not. A web page says nothing."""
    body = body[:_MOST_BYTES]
    try:
        return _told(msgspec.json.decode(body), 0)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = body.decode(errors="ignore").strip()
        return Told() if text.startswith("<") else Told(text)


def _told(value: Any, depth: int) -> Told:
    if _is_list(value):
        value = value[0] if value else None
    if isinstance(value, str):
        return Told(value)
    if not is_item(value):
        return Told()
    inner, outer = _innermost(value), value
    message, param = _message(inner)
    if message and (wrote := _text(inner.get("failed_generation"))):
        message = f"{message.rstrip()} The model wrote: {wrote}"  # Groq tells of it where a call came out wrong
    told = Told(message, _text(inner.get("code")), _text(inner.get("param")) or param, _names(inner, outer))
    nested = _nested(inner, message) if depth < _DEEPEST else None
    if nested is None:
        return told
    deeper = _told(nested, depth + 1)
    return Told(
        deeper.message or told.message,
        deeper.code or told.code,
        deeper.param or told.param,
        deeper.names | told.names,
    )


def _innermost(value: dict[str, Any]) -> dict[str, Any]:
    """The object that holds the message."""
    for name in ("error", "errors", "detail", "base_resp"):
        inner = value.get(name)
        if _is_list(inner) and name == "errors" and inner:
            inner = inner[0]
        if is_item(inner):
            return inner
        if isinstance(inner, str) and inner:
            return {"message": inner} | {key: value[key] for key in ("code", "type", "param") if key in value}
    return value


def _message(inner: dict[str, Any]) -> tuple[str, str | None]:
    """The message, and the parameter that a list of faults blames in FastAPI's manner."""
    for name in ("message", "msg", "detail", "status_msg", "err_msg", "error_description", "title"):
        words: Any = inner.get(name)
        if is_item(words):
            words = words.get("detail") or words.get("message")
        if isinstance(words, str) and words:
            return words, None
        if _is_list(words):
            faults = [fault for fault in words if is_item(fault)]
            if faults:
                return "; ".join(map(_fault, faults[:8])), ".".join(_location(faults[0])) or None
    return "", None


def _fault(fault: dict[str, Any]) -> str:
    words, where = _text(fault.get("msg")) or "invalid", ".".join(_location(fault))
    return f"{where}: {words}" if where else words


def _location(fault: dict[str, Any]) -> list[str]:
    location: Any = fault.get("loc")
    return [str(step) for step in location if step != "body"] if _is_list(location) else []


def _names(inner: dict[str, Any], outer: dict[str, Any]) -> frozenset[str]:
    named = [source.get(key) for source in (inner, outer) for key in ("code", "type", "status", "error_type")]
    details: Any = inner.get("details")
    if _is_list(details):
        named += [detail.get("reason") for detail in details if is_item(detail)]
    return frozenset(name.lower() for name in named if isinstance(name, str) and name != "error")


def _nested(inner: dict[str, Any], message: str) -> Any:
    """The error that this one only passes on: JSON in its message, or what OpenRouter keeps under `metadata.raw`."""
    metadata: Any = inner.get("metadata")
    raw: Any = metadata.get("raw") if is_item(metadata) else None
    if not message or message.lower().startswith(_GENERIC):
        found = raw
    else:
        found = message if message.lstrip().startswith("{") else None
    if isinstance(found, str):
        try:
            return msgspec.json.decode(found)
        except (msgspec.DecodeError, RecursionError):
            return None if found is message else found
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
