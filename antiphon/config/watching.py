"""Whether files have changed, by looking at them now and then."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from antiphon.config.source import Fingerprint, fingerprint

SECONDS: Final = 1.0
"""Between two looks: a look costs a few microseconds for each file."""


class Watch:
    """Looks at files, there or not. A change counts once a second look finds it as it was: editors write in steps."""

    def __init__(self, files: Iterable[Path]) -> None:
        """What is there now is nothing new."""
        self._known: Fingerprint = fingerprint(files)
        self._last = self._known

    def changed(self) -> bool:
        """Whether something is other than it was, and has been so for a look."""
        found = fingerprint(self._known)
        settled, self._last = found == self._last, found
        if not settled or found == self._known:
            return False
        self._known = found
        return True

    def mark(self) -> None:
        """They are about to be read: what changes from now on is new."""
        self._known = self._last = fingerprint(self._known)

    def follow(self, files: Iterable[Path]) -> None:
        """From now on these, as they are now where they are new."""
        self._last = fingerprint(files)
        self._known = {file: self._known.get(file, mark) for file, mark in self._last.items()}
