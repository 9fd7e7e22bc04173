"""One gateway per module, before two scripted providers; every test starts with an empty script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from antiphon.records import RequestRecord
from tests.e2e.gateway import Gateway, running, settings_for
from tests.e2e.upstream import Provider, serving

OtherGateway = Callable[..., Gateway]


@pytest.fixture(scope="module")
def native_server() -> Iterator[Provider]:
    with serving() as provider:
        yield provider


@pytest.fixture(scope="module")
def chat_server() -> Iterator[Provider]:
    with serving() as provider:
        yield provider


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider
) -> Iterator[Gateway]:
    settings = settings_for(tmp_path_factory.mktemp("gateway"), native_server.url, chat_server.url)
    with running(settings) as started:
        yield started


@pytest.fixture
def native(native_server: Provider) -> Iterator[Provider]:
    """Speaks the Responses API."""
    yield native_server
    native_server.reset()


@pytest.fixture
def chat(chat_server: Provider) -> Iterator[Provider]:
    """Speaks chat completions."""
    yield chat_server
    chat_server.reset()


@pytest.fixture
def providers(native: Provider, chat: Provider) -> dict[str, Provider]:
    return {"native": native, "chat": chat}


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    """The official client, with the key of tenant a."""
    with gateway.client() as opened:
        yield opened


@pytest.fixture
def wire(gateway: Gateway) -> Iterator[httpx.Client]:
    """Bare HTTP, with the key of tenant a."""
    with gateway.wire() as opened:
        yield opened


@pytest.fixture
def other_gateway(tmp_path: Path, native: Provider, chat: Provider) -> Iterator[OtherGateway]:
    """Another gateway before the same providers, with other settings."""
    with ExitStack() as stack:

        def start(**changes: Any) -> Gateway:
            return stack.enter_context(running(settings_for(tmp_path, native.url, chat.url, **changes)))

        yield start


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[RequestRecord]:
    """What the log is told of requests during the test."""
    kept: list[RequestRecord] = []

    def keep(_: object, record: RequestRecord) -> None:
        kept.append(record)

    monkeypatch.setattr("antiphon.observe.logs.RequestLog.__call__", keep)
    return kept
