"""Every provider that is known by name. A provider is a row of data until it proves otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from antiphon.errors import ConfigError
from antiphon.providers.row import ProviderRow
from antiphon.providers.table_clouds import CLOUDS
from antiphon.providers.table_engines import ENGINES
from antiphon.providers.table_hosts import HOSTS
from antiphon.providers.table_inference import INFERENCE
from antiphon.providers.table_local import COMPATIBLE, LOCAL
from antiphon.providers.table_makers import MAKERS
from antiphon.providers.table_media import MEDIA
from antiphon.providers.table_platforms import PLATFORMS
from antiphon.providers.table_retrieval import RETRIEVAL
from antiphon.providers.table_vendors import VENDORS

ROWS: Final[tuple[ProviderRow, ...]] = (
    *(*VENDORS, *CLOUDS, *MAKERS, *RETRIEVAL, *MEDIA, *PLATFORMS),
    *(*HOSTS, *INFERENCE, *ENGINES, *LOCAL),
)

TABLE: Final[Mapping[str, ProviderRow]] = {row.name: row for row in ROWS}


def row_for(name: str, kind: str | None) -> ProviderRow:
    """The row of the provider that is configured as `name` with the type `kind`.

    A name that is in no row, without a type, is some OpenAI-compatible server. Raises ConfigError for a type that is in
    no row.
    """
    row = TABLE.get(kind or name)
    if row is not None:
        return row
    if kind is None:
        return TABLE[COMPATIBLE]
    near = get_close_matches(kind, TABLE, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else f" Use '{COMPATIBLE}' for a server that is not listed."
    raise ConfigError(f"Provider '{name}' has the type '{kind}', which is not known.{hint}")
