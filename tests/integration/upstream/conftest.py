"""These tests run on both event loops: the client's care for sockets must not rest on one loop's habits."""

import asyncio
import ssl
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping

import pytest
import uvloop

from tests.integration.upstream.authority import Authority


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="package")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="package")
def ours(authority: Authority) -> ssl.SSLContext:
    """For a server that is what it says."""
    return authority.server("DNS:localhost,DNS:provider.test,IP:127.0.0.1")
