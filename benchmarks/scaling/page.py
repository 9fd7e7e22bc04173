"""What docs/scaling.md says that is executed: its DDL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "scaling.md"


def ddl(title: str) -> bytes:
    """The SQL below a heading of the page. Raises ValueError where there is none."""
    section = PAGE.read_text("utf-8").partition(f"\n### {title}\n")[2]
    found = re.search(r"```sql\n(.*?)```", section, re.DOTALL)
    if found is None:
        raise ValueError(f"{PAGE} has no SQL below {title!r}")
    return found.group(1).encode()
