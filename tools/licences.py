"""The licences of what is shipped, as its distributions tell them, and which of them we take: ``make audit``."""

from __future__ import annotations

import re
from importlib.metadata import metadata

PERMISSIVE = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "MIT-0",
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "Zlib",
    }
)

TAKEN_ALL_THE_SAME = {
    "certifi": ("MPL-2.0", "a list of certificates, passed on as it is"),
    "psycopg": ("LGPL-3.0-only", "of the extra `postgres` alone; imported, unchanged, and can be replaced"),
    "psycopg-binary": ("LGPL-3.0-only", "as psycopg"),
}
"""What is not permissive, with the reason why it may be shipped."""

_BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_BY_WORDS = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
}


def licence_of(name: str) -> str:
    """The licence of an installed distribution, as an SPDX expression; as it says it where that is no expression.

    Raises PackageNotFoundError.
    """
    about = metadata(name)
    if "License-Expression" in about:
        return about["License-Expression"]
    classified = [each.rpartition(" :: ")[2] for each in about.get_all("Classifier", []) if each.startswith("License ")]
    known = sorted({_BY_CLASSIFIER[each] for each in classified if each in _BY_CLASSIFIER})
    if known:
        return " OR ".join(known)
    words = about["License"].strip().partition("\n")[0] if "License" in about else "UNKNOWN"
    return _BY_WORDS.get(words, words)


def is_permissive(expression: str) -> bool:
    """Whether one of the ways in which it may be used asks for nothing but its name."""
    ways = re.split(r"\s+OR\s+", expression.replace("(", "").replace(")", ""))
    return any(all(part in PERMISSIVE for part in re.split(r"\s+AND\s+", way)) for way in ways)


def objections(names: list[str]) -> list[str]:
    """A line for each distribution that we may not ship so."""
    lines: list[str] = []
    for name in names:
        licence = licence_of(name)
        taken = TAKEN_ALL_THE_SAME.get(name)
        if not is_permissive(licence) and (taken is None or taken[0] != licence):
            lines.append(f"{name}: {licence} is neither permissive nor taken all the same (tools/licences.py)")
    return lines
