"""Writes the page of compatibility, by asking: what `make docs` runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.e2e.pairs.matrix import matrix
from tests.e2e.pairs.page import PAGE, page_of


def main() -> None:
    """Asks every kind of upstream in every format."""
    with tempfile.TemporaryDirectory() as folder, matrix(Path(folder)) as found:
        PAGE.write_text(page_of(found), "utf-8")


if __name__ == "__main__":
    main()
