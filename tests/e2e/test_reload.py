"""New settings put in force while everything goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import msgspec
import pytest
from typing_extensions import override

from antiphon.config.source import Source
from antiphon.settings import KeySettings, ServerSettings, Settings
from tests.e2e.background import PATIENCE
from tests.e2e.exchanges import message, native_frames, native_whole
from tests.e2e.gateway import KEY_A, KEY_B, NATIVE_MODEL, Gateway, running, settings_for
from tests.e2e.sockets import opened
from tests.e2e.sse import terminal
from tests.e2e.upstream import Gate, Provider, serving, stream

TEXT = "one two three four"
KEY_NEW = "sk-antiphon-of-somebody-new"


class Reloaded:
    """A gateway, and the file that its settings are in."""

    def __init__(self, gateway: Gateway, settings: Settings, file: Path, settled: Queue[None]) -> None:
        self.gateway = gateway
        self.settings = settings
        self._file = file
        self._settled = settled

    def write(self, text: bytes) -> None:
        self._file.write_bytes(text)

    def change(self, **sections: object) -> None:
        """Returns once the change is in force."""
        self.settings = msgspec.structs.replace(self.settings, **sections)
        self.write(msgspec.json.encode(self.settings))
        self._settled.get(timeout=PATIENCE)


@pytest.fixture(scope="module")
def reloaded(
    tmp_path_factory: pytest.TempPathFactory, native_server: Provider, chat_server: Provider
) -> Iterator[Reloaded]:
    folder = tmp_path_factory.mktemp("reloaded")
    settings = settings_for(folder, native_server.url, chat_server.url)
    file = folder / "antiphon.yaml"
    file.write_bytes(msgspec.json.encode(settings))
    settled: Queue[None] = Queue()
    settings, _ = Source(file).read()
    assert isinstance(settings, Settings)
    with running(settings, Source(file), lambda: settled.put(None)) as gateway:
        settled.get(timeout=PATIENCE)
        yield Reloaded(gateway, settings, file, settled)


class _Told(logging.Handler):
    """What is logged, whatever becomes of the handlers above."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def told() -> Iterator[list[str]]:
    handler, logger = _Told(), logging.getLogger("antiphon.reload")
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield handler.lines
    logger.setLevel(level)
    logger.removeHandler(handler)


def test_running_turns_end_as_they_began_and_new_ones_are_served_anew(
    reloaded: Reloaded, native: Provider, told: list[str]
) -> None:
    gateway = reloaded.gateway
    frames, gate = native_frames(message(TEXT)), Gate()
    native.answer(stream(*frames[:6], gate, *frames[6:]))
    body = {"model": NATIVE_MODEL, "input": "Hi", "stream": True}
    with (
        ThreadPoolExecutor() as pool,
        gateway.wire(KEY_A) as old,
        gateway.wire(KEY_NEW) as new,
        opened(gateway) as socket,
    ):
        running_turn = pool.submit(old.post, "/v1/responses", json=body)
        gate.wait_until_reached()
        assert new.get("/v1/models").status_code == 401
        with serving() as elsewhere:
            providers = reloaded.settings.providers
            moved = msgspec.structs.replace(providers["native"], base_url=elsewhere.url)
            reloaded.change(
                keys=[KeySettings(name="new", key=KEY_NEW), KeySettings(name="b", key=KEY_B)],
                providers={**providers, "native": moved},
                server=ServerSettings(port=1),
            )
            elsewhere.answer(native_whole(message("from elsewhere")))
            answer = new.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"}).json()
            assert answer["output"][0]["content"][0]["text"] == "from elsewhere"
            assert old.get("/v1/models").status_code == 401, "a key that was taken away opens nothing"
            closed = socket.end()
            assert closed.rcvd is not None
            assert closed.rcvd.code == 1012
            gate.open()
            ended = terminal(running_turn.result(PATIENCE).content)
    assert ended["status"] == "completed"
    said = "\n".join(told)
    assert "server.port: 8080 -> 1 takes effect at the next start" in said
    assert '~ keys[0].name: "a" -> "new"' in said
    assert "~ providers.native.base_url: " in said
    assert KEY_NEW not in said
    with gateway.wire(KEY_NEW) as new:
        assert new.get(f"/v1/responses/{answer['id']}").status_code == 200
