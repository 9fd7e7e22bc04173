"""Query parameters, read strictly: what is not legal is told, never guessed."""

from __future__ import annotations

from typing import Final, get_args

from antiphon.conversation_protocols import Page
from antiphon.errors import BadRequest, NotFound
from antiphon.http.call import Call
from antiphon.wire.ids import is_well_formed
from antiphon.wire.requests import Include

INCLUDABLE: Final[tuple[str, ...]] = get_args(Include)
_TRUE: Final = frozenset({"true", "1"})
_FALSE: Final = frozenset({"false", "0", ""})
MAX_LIMIT: Final = 100
_MAX_NUMBER: Final = 2**53

Values = dict[str, list[str]]


def response_id(call: Call) -> str:
    """The id in the path. Raises NotFound for what cannot be anybody's id."""
    found = call.path_params["id"]
    if not is_well_formed(found):
        raise unknown_response(found)
    return found


def unknown_response(identifier: str) -> NotFound:
    """Unknown, deleted, expired and foreign ids are told alike."""
    return NotFound(f"Response with id '{identifier[:300]}' not found.", code="response_not_found")


def included(values: Values) -> frozenset[str]:
    """`include`, however a client spells a list. Raises BadRequest for a value that does not exist."""
    names = [name for value in values.get("include", ()) for name in value.split(",") if name]
    for name in names:
        if name not in INCLUDABLE:
            message = f"Invalid value: '{name[:100]}'. Supported values are: {', '.join(map(repr, INCLUDABLE))}."
            raise BadRequest(message, param="include", code="invalid_value")
    return frozenset(names)


def flag(values: Values, name: str) -> bool | None:
    """A boolean, None where it is absent."""
    if name not in values:
        return None
    value = values[name][-1].lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise BadRequest(f"Invalid value for '{name}': expected true or false.", param=name, code="invalid_value")


def number(values: Values, name: str, default: int, lowest: int, highest: int = _MAX_NUMBER) -> int:
    """An integer within bounds."""
    if name not in values:
        return default
    text = values[name][-1]
    value = int(text) if len(text) <= len(str(_MAX_NUMBER)) and text.isascii() and text.isdigit() else None
    if value is None or not lowest <= value <= highest:
        bounds = f"of at least {lowest}" if highest == _MAX_NUMBER else f"from {lowest} to {highest}"
        raise BadRequest(f"Invalid value for '{name}': expected an integer {bounds}.", param=name, code="invalid_value")
    return value


def page(values: Values) -> Page:
    """The paging parameters of a list."""
    order = values.get("order", ["desc"])[-1]
    if order not in ("asc", "desc"):
        raise BadRequest("Invalid value for 'order': expected 'asc' or 'desc'.", param="order", code="invalid_value")
    return Page(
        limit=number(values, "limit", 20, 1, MAX_LIMIT),
        order="asc" if order == "asc" else "desc",
        after=values["after"][-1] if values.get("after") else None,
        before=values["before"][-1] if values.get("before") else None,
    )
