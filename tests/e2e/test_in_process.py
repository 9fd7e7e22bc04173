"""`antiphon.Gateway`: the gateway in this process, asked by the official clients without a socket, and mounted."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Mount

from antiphon import Gateway
from antiphon.embedded.exchange import Exchange, Request
from antiphon.errors import ConfigError
from antiphon.http.call import Receive, Scope, Send
from antiphon.passthrough_settings import PassthroughSettings
from antiphon.settings import Settings
from tests.e2e.background import PATIENCE
from tests.e2e.exchanges import chat_frames, chat_whole, message, native_frames, native_whole, words
from tests.e2e.gateway import CHAT_MODEL, KEY_A, KEY_B, NATIVE_MODEL, settings_for
from tests.e2e.upstream import Gate, Provider, Reply, stream, whole

TEXT = "one two three"


@pytest.fixture
def settings(tmp_path: Path, native: Provider, chat: Provider) -> Settings:
    return settings_for(tmp_path, native.url, chat.url, passthrough=PassthroughSettings(tenants=["a"]))


@pytest_asyncio.fixture
async def inside(settings: Settings) -> AsyncIterator[Gateway]:
    async with Gateway(settings) as opened:
        yield opened


async def test_an_answer_and_what_it_is_remembered_by(inside: Gateway, native: Provider) -> None:
    native.answer(native_whole(message(TEXT)))
    client = inside.client()
    made = await client.responses.create(model=NATIVE_MODEL, input="Hi")
    assert made.output_text == TEXT
    assert (await client.responses.retrieve(made.id)).output_text == TEXT
    with pytest.raises(openai.NotFoundError):
        await inside.client(api_key=KEY_B).responses.retrieve(made.id)


async def test_a_stream_comes_piece_by_piece_and_can_be_taken_up_again(inside: Gateway, native: Provider) -> None:
    gate, frames = Gate(), native_frames(message(TEXT))
    native.answer(stream(*frames[:5], gate, *frames[5:]))
    client = inside.client()
    told: list[Any] = []
    streamed = await client.responses.create(model=NATIVE_MODEL, input="Hi", stream=True)
    async for event in streamed:
        told.append(event)
        if len(told) == 4:  # the provider waits: all of this came before the rest was there
            gate.open()
    assert told[-1].type == "response.completed"
    after = told[5].sequence_number
    again = await client.responses.retrieve(told[0].response.id, stream=True, starting_after=after)
    assert [event.type async for event in again] == [event.type for event in told[6:]]


async def test_an_answer_in_the_background(inside: Gateway, chat: Provider) -> None:
    chat.answer(stream(*chat_frames(words(TEXT))))
    client = inside.client()
    later = await client.responses.create(model=CHAT_MODEL, input="Hi", background=True)
    followed = await client.responses.retrieve(later.id, stream=True)
    assert [event async for event in followed][-1].type == "response.completed"
    assert (await client.responses.retrieve(later.id)).output_text == TEXT


async def test_who_stops_reading_ends_the_providers_work(inside: Gateway, chat: Provider) -> None:
    gate, frames = Gate(), chat_frames(words(TEXT))
    chat.answer(stream(*frames[:2], gate))
    streamed = await inside.client().chat.completions.create(
        model=CHAT_MODEL, messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    await anext(aiter(streamed))
    await streamed.close()
    await asyncio.to_thread(gate.wait_until_left)


async def test_a_client_gives_up_after_its_timeout(inside: Gateway, chat: Provider) -> None:
    gate = Gate()
    chat.answer(Reply(pieces=[gate]))
    with pytest.raises(openai.APITimeoutError):
        await inside.client(timeout=0.2, max_retries=0).responses.create(model=CHAT_MODEL, input="Hi")
    await asyncio.to_thread(gate.wait_until_left)


async def test_anothers_client_and_bare_http(inside: Gateway, native: Provider, chat: Provider) -> None:
    chat.answer(chat_whole(TEXT))
    claude = anthropic.AsyncAnthropic(
        api_key=inside.key, base_url="http://antiphon", http_client=inside.http_client(), max_retries=0
    )
    said = await claude.messages.create(model=CHAT_MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
    assert said.content[0].model_dump()["text"] == TEXT
    native.answer(whole({"id": "f"}))

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    async with inside.http_client(api_key=KEY_A) as bare:
        assert (await bare.post("/p/native/v1/files?a=%20", content=pieces())).json() == {"id": "f"}
        assert (await bare.get("/v1/nothing")).status_code == 404
    assert native.seen[0].path == "/v1/files?a=%20"


async def test_threads_ask_too(inside: Gateway, native: Provider) -> None:
    native.answer(native_whole(message(TEXT)), stream(*native_frames(message(TEXT))))

    def ask() -> list[str]:
        client = inside.sync_client()
        first = client.responses.create(model=NATIVE_MODEL, input="Hi").output_text
        return [first, list(client.responses.create(model=NATIVE_MODEL, input="Hi", stream=True))[-1].type]

    assert await asyncio.to_thread(ask) == [TEXT, "response.completed"]
    with pytest.raises(RuntimeError, match="its own thread"):
        inside.sync_http_client().get("/health")


def test_a_program_without_an_event_loop(settings: Settings, native: Provider) -> None:
    gateway = Gateway(settings)
    for _ in range(2):
        native.answer(native_whole(message(TEXT)))
        with gateway as opened:
            client = opened.sync_client()
            assert client.responses.create(model=NATIVE_MODEL, input="Hi").output_text == TEXT
            unfinished = opened.sync_http_client().stream("GET", "/v1/models")
            unfinished.__enter__()
        with pytest.raises(openai.APIConnectionError):
            client.with_options(max_retries=0).models.list()
    with pytest.raises(RuntimeError, match="not open"):
        gateway.client()


async def test_closing_ends_what_still_streams(settings: Settings, chat: Provider) -> None:
    gate, frames = Gate(), chat_frames(words(TEXT))
    chat.answer(stream(*frames[:2], gate))
    async with Gateway(settings) as gateway:
        streamed = await gateway.client().chat.completions.create(
            model=CHAT_MODEL, messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        chunks = aiter(streamed)
        await anext(chunks)
    with pytest.raises(openai.APIConnectionError):
        _ = [chunk async for chunk in chunks]
    await asyncio.to_thread(gate.wait_until_left)


async def test_a_failure_of_the_owners_stays_what_it_is(settings: Settings) -> None:
    async def work() -> None:
        async with Gateway(settings) as gateway:
            with pytest.raises(RuntimeError, match="already"):
                await gateway.__aenter__()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await work()


async def test_logging_is_the_owners(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogger().handlers[:]
    with caplog.at_level(logging.INFO, "antiphon.requests"):
        async with Gateway(settings) as gateway, gateway.http_client() as bare:
            await bare.get("/v1/models")
    assert logging.getLogger().handlers == before
    [line] = [record for record in caplog.records if record.name == "antiphon.requests"]
    assert "GET /v1/models" in line.getMessage()


@pytest.mark.parametrize("source", ["mapping", "file"])
def test_a_configuration_is_a_mapping_or_a_file(source: str, tmp_path: Path) -> None:
    file = tmp_path / "any.yaml"
    file.write_text("database: {url: 'sqlite://'}\nmaster_key: sk-antiphon-0123456789\n")
    said = {"database": {"url": "sqlite://"}, "master_key": "sk-antiphon-0123456789"}
    with Gateway(said if source == "mapping" else file) as gateway:
        assert gateway.key == "sk-antiphon-0123456789"
        assert [model.id for model in gateway.sync_client().models.list()] == ["demo/echo"]


@pytest.mark.parametrize("said", [{"nonsense": 1}, {"database": object()}, "missing.yaml"])
def test_a_configuration_that_does_not_hold_is_told(said: Any) -> None:
    with pytest.raises(ConfigError), Gateway(said):
        pass


def mounted(gateway: Gateway, *, opening: bool = True) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        if opening:
            async with gateway:
                yield
        else:
            yield

    return Starlette(routes=[Mount("/ai", gateway.app)], lifespan=lifespan)


def bare(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host", timeout=PATIENCE)


async def test_mounted_below_a_path(settings: Settings, native: Provider) -> None:
    native.answer(native_whole(message(TEXT)), Reply(b"", 302, {"Location": "/v1/there"}))
    app = mounted(Gateway(settings))
    async with app.router.lifespan_context(app), bare(app) as wire:
        wire.headers["authorization"] = f"Bearer {KEY_A}"
        made = await wire.post("/ai/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi"})
        assert made.json()["output"][0]["content"][0]["text"] == TEXT
        assert (await wire.get("/ai/health")).status_code == 200
        assert (await wire.get("/ai/docs/")).headers["location"] == "../docs"
        assert (await wire.get("/v1/models")).status_code == 404
        assert (await wire.get("/ai/p/native/v1/here")).headers["location"] == "/ai/p/native/v1/there"


async def test_mounted_and_forgotten(settings: Settings) -> None:
    app = mounted(Gateway(settings), opening=False)
    async with app.router.lifespan_context(app), bare(app) as wire:
        answer = await wire.get("/ai/health")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "not_open")


async def lived(app: Any) -> list[str]:
    """What a server hears that runs the application's lifespan and stops at once."""
    said: list[str] = []
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        return {"type": next(messages)}

    async def send(message: Any) -> None:
        said.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return said


async def test_as_the_application_of_a_server_it_opens_itself(settings: Settings) -> None:
    gateway = Gateway(settings)
    started, ended = "lifespan.startup.complete", "lifespan.shutdown.complete"
    assert await lived(gateway.app) == [started, ended]
    async with gateway, gateway.http_client() as inner:
        assert await lived(gateway.app) == [started, ended]
        assert (await inner.get("/health")).status_code == 200  # whoever opened it closes it
    assert gateway.app is gateway.app
    assert await lived(Gateway({"nonsense": 1}).app) == ["lifespan.startup.failed"]


async def test_the_applications_answer_waits_for_its_reader() -> None:
    sent: list[int] = []

    async def endless(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while len(sent) < 1000:
            sent.append(1)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})

    async def nothing() -> AsyncIterator[bytes]:
        return
        yield

    exchange = Exchange(Request("GET", b"/", "/", [], nothing()))
    async with asyncio.TaskGroup() as group:
        group.create_task(exchange.run(endless))
        assert (await exchange.head())[0] == 200
        assert await exchange.piece() == b"x"
        assert len(sent) < 50
        exchange.close()
    assert len(sent) == 1000


def test_without_openais_client_the_gateway_opens_and_says_what_is_missing() -> None:
    program = """
import sys
sys.modules.update({"openai": None, "httpx2": None, "httpx": None})
from antiphon import Gateway
assert not [name for name in sys.modules if name.startswith(("sqlalchemy", "starlette", "antiphon.app"))]
with Gateway({"database": {"url": "sqlite://"}}) as gateway:
    for made in (gateway.client, gateway.sync_client, gateway.http_client, gateway.sync_http_client):
        try:
            made()
        except ImportError as error:
            assert "pip install openai" in str(error), error
        else:
            raise SystemExit(made)
"""
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "HOME": str(Path.home())}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
