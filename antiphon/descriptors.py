"""How many file descriptors the process may have: each connection, each file and each thread's database takes one."""

from __future__ import annotations

import resource
from typing import Final

_SPARE: Final = 128
"""For databases, logs, listeners and connections that are being closed."""

_FOR_EACH: Final = 2
"""A client's connection, and the one to the provider that answers it."""

_FEWEST: Final = 16
_WITHOUT_LIMIT: Final = 65_536
"""What is asked for where there is no limit, since some systems that say so still have one."""


def raise_limit() -> None:
    """Lets this process, and those that it starts, have as many as the system permits without asking its owner."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WITHOUT_LIMIT if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # what there is will have to do
            return


def connections_at_once() -> int:
    """How many clients this process has descriptors for."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        soft = _WITHOUT_LIMIT
    return max(_FEWEST, (soft - _SPARE) // _FOR_EACH)
