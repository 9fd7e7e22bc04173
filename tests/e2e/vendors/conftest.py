"""One gateway per module before every vendor; a vendor forgets between tests what it has signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.gateway import Gateway, running, settings_for
from tests.e2e.upstream import Provider
from tests.e2e.vendors.bridge import Upstream, settings_with_vendors, vendors_serving
from tests.e2e.vendors.doors import DOORS

NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def vendor_servers() -> Iterator[dict[str, Provider]]:
    with vendors_serving() as servers:
        yield servers


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, vendor_servers: dict[str, Provider]) -> Iterator[Gateway]:
    base = settings_for(tmp_path_factory.mktemp("gateway"), NOWHERE, NOWHERE)
    with running(settings_with_vendors(base, vendor_servers)) as started:
        yield started


@pytest.fixture
def upstreams(vendor_servers: dict[str, Provider]) -> Iterator[dict[str, Upstream]]:
    """Every vendor. What one of them would have refused fails the test."""
    made = {kind: Upstream(DOORS[kind], server) for kind, server in vendor_servers.items()}
    yield made
    faults = [fault for each in made.values() for fault in each.faults]
    for each in made.values():
        each.provider.reset()
    assert faults == []


@pytest.fixture(params=list(DOORS))
def upstream(request: pytest.FixtureRequest, upstreams: dict[str, Upstream]) -> Upstream:
    """One vendor after the other."""
    return upstreams[request.param]


@pytest.fixture
def vendor_gateway(tmp_path: Path, vendor_servers: dict[str, Provider]) -> Iterator[Callable[..., Gateway]]:
    """Another gateway before the same vendors, with other settings."""
    with ExitStack() as stack:

        def start(**changes: Any) -> Gateway:
            base = settings_for(tmp_path, NOWHERE, NOWHERE)
            return stack.enter_context(running(settings_with_vendors(base, vendor_servers, **changes)))

        yield start
