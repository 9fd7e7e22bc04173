"""Real receivers on real sockets: those that work, and those that fail in every way that a receiver can."""

import asyncio
import base64
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from msgspec import structs
from openai import BadRequestError, OpenAI

from antiphon.app import wired
from antiphon.app.receivers import webhook_receivers
from antiphon.notices import Notice, Subscription
from antiphon.settings import DatabaseSettings, KeySettings, Settings, WebhookSettings
from antiphon.store.database import SqlDatabase
from antiphon.store.outbox import SqlOutbox
from antiphon.webhooks.patience import PAUSES, TRIES
from antiphon.webhooks.receiver import Answered, Receiver, name_of
from antiphon.webhooks.sender import LEASE_SECONDS, Sender
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock
from tests.e2e.gateway import MASTER_KEY, running
from tests.integration.upstream.origin import PATIENCE, Origin, Peer, Request, Script, serving

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(24))).decode()
DONE = "response.completed"


def status(code: int, *headers: str) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {code} Whatever\r\n{lines}Content-Length: 0\r\n\r\n".encode()


class Inbox:
    """A receiver's script that keeps what it is sent. Answers are given in turn, the last one from then on."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[Request] = []
        self.came = asyncio.Event()
        self._answers = answers or (status(204),)

    async def __call__(self, peer: Peer) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                self.requests.append(await peer.request())
                self.came.set()
                await peer.say(self._answers[min(len(self.requests), len(self._answers)) - 1])

    def ids(self) -> list[str]:
        return [request.headers[b"webhook-id"].decode() for request in self.requests]


def webhook(origin: Origin, **more: object) -> WebhookSettings:
    made = WebhookSettings(
        url=f"http://127.0.0.1:{origin.port}/hook?a=b", secret=SECRET, allow_http=True, allow_private=True
    )
    return structs.replace(made, **more)


class Gateway:
    """An outbox with one receiver, and a sender under a clock that the test holds."""

    def __init__(self, database: SqlDatabase, clock: HandClock, receiver: Receiver) -> None:
        everything = frozenset({f"response.{ending}" for ending in ("completed", "failed", "cancelled", "incomplete")})
        self.clock = clock
        self.receiver = receiver
        self.sender = Sender([receiver], clock, lambda: 0.5)
        self.outbox = SqlOutbox(database, clock, [Subscription(receiver.name, everything, None)], self.sender.wake)
        self._database = database

    async def announce(self, response_id: str = "resp_1") -> None:
        announcement = self.outbox.announce(MINE, response_id, DONE, int(self.clock.now))
        assert announcement is not None
        await self._database.write(announcement)

    async def send_due(self) -> int:
        return await self.sender.send_due(self.receiver, self.outbox)

    async def due_at(self) -> int | None:
        return await self.outbox.due_at(self.receiver.name)


@asynccontextmanager
async def gateway(origin: Origin, url: str = "sqlite://", clock: HandClock | None = None) -> AsyncGenerator[Gateway]:
    async with SqlDatabase.open(url) as database, AsyncExitStack() as stack:
        (receiver,) = webhook_receivers(Settings(webhooks=[webhook(origin)]), stack)
        yield Gateway(database, clock or HandClock(), receiver)


async def test_a_receiver_gets_what_openai_s_client_understands() -> None:
    inbox = Inbox()
    async with serving(inbox) as origin, gateway(origin) as here:
        here.clock.now = time.time()
        await here.announce("resp_1")
        assert await here.send_due() == 1
        assert await here.due_at() is None
    (request,) = inbox.requests
    assert request.line == b"POST /hook?a=b HTTP/1.1"
    assert request.headers[b"content-type"] == b"application/json"
    assert request.headers[b"user-agent"].startswith(b"antiphon/")
    with OpenAI(api_key="none", webhook_secret=SECRET) as client:
        event = client.webhooks.unwrap(
            request.body, {name.decode(): value.decode() for name, value in request.headers.items()}
        )
    assert event.type == DONE
    assert event.data.id == "resp_1"
    assert event.id == inbox.ids()[0]
    assert event.created_at == int(here.clock.now)


def asked_in_the_background(root: str, *, cancelled: bool) -> str:
    with OpenAI(api_key=MASTER_KEY, base_url=f"{root}/v1", max_retries=0) as client:
        born = client.responses.create(model="demo/echo", input="Hi", background=True)
        if cancelled:
            with suppress(BadRequestError):
                client.responses.cancel(born.id)
        with client.responses.retrieve(born.id, stream=True) as following:
            for _ in following:
                pass
        return f"response.{client.responses.retrieve(born.id).status}"


@pytest.mark.parametrize("cancelled", [False, True])
async def test_the_end_of_an_answer_in_the_background_is_told(tmp_path: Path, *, cancelled: bool) -> None:
    inbox = Inbox()
    async with serving(inbox) as origin:
        database = DatabaseSettings(url=f"sqlite:///{tmp_path / 'antiphon.db'}")
        settings = Settings(master_key=MASTER_KEY, database=database, webhooks=[webhook(origin)])
        with running(settings) as gateway:
            ending = await asyncio.to_thread(asked_in_the_background, gateway.root, cancelled=cancelled)
            async with asyncio.timeout(PATIENCE):
                await inbox.came.wait()
    with OpenAI(api_key="none", webhook_secret=SECRET) as client:
        request = inbox.requests[0]
        headers = {name.decode(): value.decode() for name, value in request.headers.items()}
        assert client.webhooks.unwrap(request.body, headers).type == ending
    assert len(inbox.requests) == 1


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
async def test_any_success_is_a_success(code: int) -> None:
    async with serving(Inbox(status(code))) as origin, gateway(origin) as here:
        await here.announce()
        assert await here.send_due() == 1
        assert await here.due_at() is None


@pytest.mark.parametrize("code", [301, 307, 308, 400, 401, 404, 409, 429, 500, 503])
async def test_anything_else_is_tried_again_and_a_redirect_is_not_followed(code: int) -> None:
    inbox = Inbox(status(code, "Location: /elsewhere"), status(200))
    async with serving(inbox) as origin, gateway(origin) as here:
        await here.announce()
        assert await here.send_due() == 1
        assert await here.due_at() == NOW + PAUSES[0]
        here.clock.now += PAUSES[0]
        assert await here.send_due() == 1
        assert await here.due_at() is None
    first, second = inbox.requests
    assert first.line == second.line
    assert first.body == second.body
    assert first.headers[b"webhook-id"] == second.headers[b"webhook-id"]
    assert int(second.headers[b"webhook-timestamp"]) == NOW + PAUSES[0]
    assert first.headers[b"webhook-signature"] != second.headers[b"webhook-signature"]


async def test_hope_is_given_up_after_three_days(caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox(status(500))
    caplog.set_level(logging.INFO, "antiphon")
    async with serving(inbox) as origin, gateway(origin) as here:
        await here.announce()
        for pause in PAUSES:
            assert await here.send_due() == 1
            assert await here.send_due() == 0
            here.clock.now += pause
        assert await here.send_due() == 1
        assert await here.due_at() is None
        here.clock.now += 1e6
        assert await here.send_due() == 0
    assert len(inbox.requests) == TRIES
    assert len(set(inbox.ids())) == 1
    assert "given up" in caplog.messages[-1]
    assert [record.levelname for record in caplog.records] == ["WARNING"] * len(PAUSES) + ["ERROR"]


async def test_who_is_gone_is_told_nothing_more_until_a_restart(caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox(status(410), status(200))
    async with serving(inbox) as origin, gateway(origin) as here:
        await here.announce("resp_1")
        assert await here.send_due() == 1
        await here.announce("resp_2")
        assert await here.send_due() == 0
        assert "gone" in caplog.messages[-1]
        after_a_restart = Sender([here.receiver], here.clock, lambda: 0.5)
        assert await after_a_restart.send_due(here.receiver, here.outbox) == 1
    assert len(inbox.requests) == 2


async def hanging(peer: Peer) -> None:
    await peer.request()
    await peer.gone()


async def leaving(peer: Peer) -> None:
    await peer.request()


async def resetting(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def babbling(peer: Peer) -> None:
    """Says no end of nothing: what comes after the head is not read."""
    await peer.request()
    with suppress(ConnectionError):
        await peer.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.say(b"10000\r\n" + bytes(65536) + b"\r\n")


async def no_http(peer: Peer) -> None:
    await peer.request()
    await peer.say(b"220 mail.example ESMTP\r\n")


def notice() -> Notice:
    return Notice("evt_1", 1, NOW, DONE, "resp_1")


async def told(script: Script, seconds: float = PATIENCE) -> Answered:
    async with serving(script) as origin, AsyncExitStack() as stack:
        (receiver,) = webhook_receivers(Settings(webhooks=[webhook(origin)]), stack)
        return await receiver.tell(notice(), NOW, seconds)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (leaving, "the receiver closed the connection without an answer"),
        (resetting, "the receiver closed the connection without an answer"),
        (no_http, "the receiver's answer is not HTTP"),
    ],
)
async def test_a_receiver_that_breaks_off_is_a_problem_and_no_more(script: Script, problem: str) -> None:
    answered = await told(script)
    assert not answered.has_arrived
    assert answered.words.startswith(problem)


async def test_a_receiver_that_hangs_is_left_in_time() -> None:
    answered = await told(hanging, 0.05)
    assert answered.words == "no answer within 0.05 s"


async def test_a_receiver_that_talks_for_ever_is_not_listened_to() -> None:
    assert (await told(babbling)).has_arrived


async def test_an_address_in_a_private_network_is_refused_unless_it_was_allowed() -> None:
    async with serving(Inbox()) as origin, AsyncExitStack() as stack:
        hooks = [
            webhook(origin, allow_private=False),
            webhook(origin, allow_http=False),
            webhook(origin, url=f"http://localhost:{origin.port}/", allow_private=False),
        ]
        for receiver in webhook_receivers(Settings(webhooks=hooks), stack):
            answered = await receiver.tell(notice(), NOW)
            assert answered.status is None
            assert "may not be asked" in answered.problem
        assert origin.connections == 0


async def test_a_receiver_that_hangs_holds_up_no_other() -> None:
    """And whoever is woken sends at once: nothing here waits for a clock."""
    inbox = Inbox()
    async with (
        serving(hanging) as slow,
        serving(inbox) as quick,
        SqlDatabase.open("sqlite://") as database,
        AsyncExitStack() as stack,
    ):
        receivers = webhook_receivers(Settings(webhooks=[webhook(slow), webhook(quick)]), stack)
        sender = Sender(receivers, time.time, lambda: 0.5)
        everything = [Subscription(each.name, frozenset({DONE}), None) for each in receivers]
        outbox = SqlOutbox(database, time.time, everything, sender.wake)
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            running = group.create_task(sender.run(outbox))
            for number in range(3):
                announcement = outbox.announce(MINE, f"resp_{number}", DONE, NOW)
                assert announcement is not None
                await database.write(announcement)
                await inbox.came.wait()
                inbox.came.clear()
            running.cancel()
    assert len(inbox.requests) == 3


async def test_two_processes_on_one_database_send_each_event_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    inbox = Inbox()
    url = f"sqlite:///{tmp_path_factory.mktemp('shared') / 'store.db'}"
    async with serving(inbox) as origin, gateway(origin, url) as one, gateway(origin, url) as other:
        for number in range(30):
            await one.announce(f"resp_{number}")
        async with asyncio.TaskGroup() as group:
            sent = [group.create_task(each.send_due()) for each in (one, other)]
        assert sum(task.result() for task in sent) == 30
    assert len(inbox.requests) == len(set(inbox.ids())) == 30


async def test_what_a_dead_process_had_in_hand_is_sent_by_another(tmp_path_factory: pytest.TempPathFactory) -> None:
    inbox, clock = Inbox(), HandClock()
    url = f"sqlite:///{tmp_path_factory.mktemp('shared') / 'store.db'}"
    async with serving(inbox) as origin, gateway(origin, url, clock) as dead, gateway(origin, url, clock) as alive:
        await dead.announce()
        assert len(await dead.outbox.claim(dead.receiver.name, 8, LEASE_SECONDS)) == 1
        assert await alive.send_due() == 0
        clock.now += LEASE_SECONDS
        assert await alive.send_due() == 1
    assert len(inbox.requests) == 1


async def test_a_line_of_the_log_tells_what_happened_and_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "antiphon")
    async with serving(Inbox(status(503), status(204))) as origin, gateway(origin) as here:
        await here.announce("resp_1")
        for _ in range(2):
            await here.send_due()
            here.clock.now += PAUSES[0]
    failed, arrived = [record.getMessage() for record in caplog.records]
    assert f"({DONE} of resp_1) to 127.0.0.1: 503, try 1 of 10, " in failed
    assert failed.endswith("next try in 5 s")
    assert "204, try 2 of 10, " in arrived
    assert "/hook" not in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in repr(here.receiver)


async def test_the_gateway_sends_what_another_process_left_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The whole application: settings in, a signed event out, as soon as it is open."""
    inbox = Inbox()
    url = f"sqlite:///{tmp_path_factory.mktemp('whole') / 'store.db'}"
    async with serving(inbox) as origin:
        hook = webhook(origin, secret=None, secrets=[SECRET, OTHER], tenants=[MINE])
        settings = Settings(
            master_key="sk-m",
            keys=[KeySettings(name="ann", key="k", tenant=MINE)],
            database=DatabaseSettings(url=url),
            webhooks=[hook],
        )
        subscription = Subscription(name_of(hook.url), frozenset(hook.all_events), frozenset({MINE}))
        async with SqlDatabase.open(url) as database:
            outbox = SqlOutbox(database, time.time, [subscription], lambda _receiver: None)
            assert outbox.announce(THEIRS, "resp_1", DONE, NOW) is None
            announcement = outbox.announce(MINE, "resp_2", DONE, NOW)
            assert announcement is not None
            await database.write(announcement)
        async with wired(settings), asyncio.timeout(PATIENCE):
            await inbox.came.wait()
    (request,) = inbox.requests
    with OpenAI(api_key="none") as client:
        for secret in (SECRET, OTHER):
            headers = {name.decode(): value.decode() for name, value in request.headers.items()}
            event = client.webhooks.unwrap(request.body, headers, secret=secret)
            assert event.type == DONE
            assert event.data.id == "resp_2"
