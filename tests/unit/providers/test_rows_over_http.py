"""Every row, asked over a real connection in every dialect that it speaks: what must arrive does, where it must.

Rows whose addresses have gaps to fill are asked by tests of their own.
"""

from __future__ import annotations

import asyncio
import json
import os
from urllib.parse import quote, urlsplit

import pytest

from antiphon import __version__
from antiphon.app.upstreams import dialects_of
from antiphon.protocols import Built, UpstreamReply
from antiphon.provider_settings import Dialect, ProviderSettings
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.http import HttpUpstream
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import ROWS
from antiphon.sealing import Seals
from tests.listening import Asked, scripted
from tests.unit.dialects.chat_turns import turn_of

KEY = "key-of-the-test"
MODEL = "vendor/model-1"
GIVEN_PATH = "/accounts/7/v1"
"""The path of a base URL that only its owner can know."""


def has_gaps(row: ProviderRow, dialect: Dialect) -> bool:
    """Whether the address depends on more than the model."""
    return "{" in row.base_url + row.route(dialect).path.replace("{model}", "")


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
DIALECTS = dialects_of(Seals([os.urandom(32).hex()], os.urandom))
SPOKEN = [(row, dialect) for row in ROWS for dialect in row.dialects if not has_gaps(row, dialect)]

each_way = pytest.mark.parametrize(("row", "dialect"), SPOKEN, ids=[f"{row.name}-{dialect}" for row, dialect in SPOKEN])


def base_path(row: ProviderRow) -> str:
    return urlsplit(row.base_url).path if row.base_url else GIVEN_PATH


async def asked(row: ProviderRow, dialect: Dialect, *, streamed: bool) -> tuple[Asked, Built]:
    """What arrives when the row is asked, and what its dialect had built."""
    turn = turn_of({"model": MODEL, "input": "Say hello.", "stream": streamed, "store": False})
    upstream = HttpUpstream(Timeouts())
    try:
        async with scripted(ANSWER) as (origin, requests), asyncio.timeout(10):
            settings = ProviderSettings(api_key=KEY, base_url=origin + base_path(row), dialect=dialect)
            target = ProviderInstance(row.name, settings, upstream, DIALECTS).target(MODEL)
            assert target.dialect.name == dialect
            built = target.dialect.build(turn, target)
            reply: UpstreamReply = await target.post(built.body, streamed=streamed, headers=built.headers)
            assert await reply.read(1024) == b"{}"
            reply.release()
    finally:
        await upstream.close()
    [request] = requests
    return request, built


@each_way
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_request_arrives_where_the_row_says_with_its_key_and_in_its_words(
    row: ProviderRow,
    dialect: Dialect,
    streamed: bool,  # noqa: FBT001 - a case
) -> None:
    request, built = await asked(row, dialect, streamed=streamed)
    arrived_where_the_row_says(request, row, dialect, streamed=streamed)
    carries_its_key_and_the_headers_of_the_row(request, row)
    assert request.body == built.body
    body, route = json.loads(request.body), row.route(dialect)
    assert body.get("model") == (None if "{model}" in route.path else MODEL)
    assert not row.quirks.refused_fields & body.keys()
    if streamed and route.streamed is None:
        assert body["stream"] is True
    if streamed and dialect == "chat":
        assert ("stream_options" in body) is row.quirks.stream_usage


def arrived_where_the_row_says(request: Asked, row: ProviderRow, dialect: Dialect, *, streamed: bool) -> None:
    route = row.route(dialect)
    path = (route.streamed or route.path if streamed else route.path).replace("{model}", quote(MODEL, safe=""))
    beside = base_path(row).removesuffix(row.version_path) + path.removeprefix("~")
    assert request.method == "POST"
    assert request.target == (beside if path.startswith("~") else base_path(row) + path)


def carries_its_key_and_the_headers_of_the_row(request: Asked, row: ProviderRow) -> None:
    [header] = [name for name, value in request.headers.items() if value in (KEY, f"Bearer {KEY}")]
    assert header == "authorization" or request.headers[header] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"antiphon/{__version__}"
    assert request.headers["content-length"] == str(len(request.body))
    assert {name.lower(): value for name, value in row.headers.items()}.items() <= request.headers.items()
    assert KEY not in request.body.decode()
