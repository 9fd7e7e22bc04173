"""What every test stands on: the server's event loop, an environment that is nobody's, and one pace for hypothesis."""

import gc
import logging
import os
import re
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import certifi
import hypothesis
import pytest
import uvloop

from tests.postgres import postgres_database, postgres_server, postgres_url
from tests.redis import redis_server, redis_url, valkey_server, valkey_url

__all__ = [
    "postgres_database",
    "postgres_server",
    "postgres_url",
    "redis_server",
    "redis_url",
    "valkey_server",
    "valkey_url",
]

PERSONAL = re.compile(r"^ANTIPHON_|_(API_?KEY|ACCESS_KEY|SECRET_KEY|TOKEN|PAT|BASE_URL|PROXY)$", re.IGNORECASE)

# The same examples on every run, unless someone asks for the long search: HYPOTHESIS_PROFILE=nightly.
hypothesis.settings.register_profile("local", max_examples=150, deadline=None, derandomize=True)
hypothesis.settings.register_profile("nightly", max_examples=5_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "local"))


def pytest_collection() -> None:
    """The thousands of tests that are collected stay: looking among them for garbage would take a third of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a fifth of the time tests wait for processes and sockets."""
    return (os.cpu_count() or 1) + 1


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Tests run on the loop that the server runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Without the garbage collector, so that whatever is left over stays to be found."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _nobodys_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys, addresses and folders of the person who runs the tests never reach the code under test."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(PERSONAL.search, list(os.environ)):
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(home / name.removeprefix("XDG_").lower()))
        # Nor do its authorities: one of the world's is enough for gateways and clients that all read them.
        one = home / "authority.pem"
        one.write_text("".join(Path(certifi.where()).read_text("utf-8").partition("-----END CERTIFICATE-----")[:2]))
        patch.setenv("SSL_CERT_FILE", str(one))
        patch.setenv("SSL_CERT_DIR", str(home))
        yield


@pytest.fixture(autouse=True)
def _heard(request: pytest.FixtureRequest) -> None:
    """What is logged is there to be looked at, whatever level a gateway of another test has set in this process."""
    if "caplog" in request.fixturenames:
        caplog: pytest.LogCaptureFixture = request.getfixturevalue("caplog")
        caplog.set_level(logging.WARNING, logger="antiphon")
