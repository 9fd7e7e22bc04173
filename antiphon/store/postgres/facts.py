"""What is to be known of a PostgreSQL that something seems wrong with."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Final

from antiphon.store.postgres.link import address_of, opened

OLDEST: Final = 130_000
"""`server_version_num` of PostgreSQL 13."""

_FACTS: Final = (
    "current_setting('server_version_num')",
    "current_setting('server_version')",
    "pg_size_pretty(pg_database_size(current_database()))",
    "extract(epoch FROM clock_timestamp())",
    "current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int",
    "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')",
    "has_schema_privilege(current_schema(), 'CREATE')",
)


class Facts:
    """As the server tells them."""

    def __init__(self, url: str) -> None:
        """Asks. Raises ConfigError."""
        with closing(opened(address_of(url, wait_seconds=0))) as session:
            said = session.say(f"SELECT concat_ws('|', {', '.join(_FACTS)})".encode()) or ""
        number, self.version, self.size, clock, most, used, may = said.split("|")
        self.is_old = int(number) < OLDEST
        self.ahead_seconds = float(clock) - time.time()
        self.free = int(most) - int(used)
        self.may_create = may == "t"
