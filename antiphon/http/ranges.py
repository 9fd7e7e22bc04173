"""Parts of a content that are asked for alone (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import Final

from antiphon.errors import RangeNotSatisfiable
from antiphon.http.call import Call

_RANGE: Final = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")


def range_of(call: Call, size: int, tag: bytes) -> range | None:
    """The bytes that are wanted of so many, None for all of them. Raises RangeNotSatisfiable.

    What is no range of bytes, or several of them, is passed over, as the RFC allows; so is one that is wanted of
    another content than `tag` names.
    """
    found = _RANGE.fullmatch((call.header(b"range") or b"").replace(b" ", b""))
    if found is None or found.groups() == (b"", b"") or call.header(b"if-range") not in (None, tag):
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= stop:
        raise RangeNotSatisfiable(f"The file has {size} bytes: there is nothing in this range.")
    return range(start, stop)
