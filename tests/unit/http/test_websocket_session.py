"""A connection on bare ASGI: what no server of ours does, and what changes while a connection lasts."""

import asyncio
import json
from typing import Any

from msgspec import structs
from typing_extensions import override

from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.errors import Unauthorized
from antiphon.gateway.flow import Gateway, Policy
from antiphon.http.auth import Keyring
from antiphon.http.call import Call
from antiphon.http.chains import ChainMemory
from antiphon.http.edge import Edge
from antiphon.http.routes import routing, standing_in
from antiphon.http.websocket import SocketParts
from antiphon.http.websocket_session import Sockets
from antiphon.protocols import Caller
from antiphon.records import RequestRecord
from tests.fakes import (
    SEALER,
    FixedRouter,
    MemoryResponses,
    ScriptedProvider,
    Step,
    no_conversations,
    pseudonym,
    stream_reply,
    surroundings,
    target,
)
from tests.grammar import check_stream


class ChangingKeyring(Keyring):
    """Its keys may be revoked, or given to somebody else."""

    def __init__(self) -> None:
        super().__init__([])
        self.known: Caller | None = Caller("tenant-a", "a")

    @override
    def caller(self, call: Call) -> Caller:
        if self.known is None:
            raise Unauthorized("Incorrect API key provided.")
        return self.known


def sse(kind: str, number: int, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **members})}\n\n".encode()


def answer() -> list[bytes]:
    item: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": []}
    body: dict[str, Any] = {"id": "resp_up", "status": "in_progress", "model": "m", "output": [], "usage": None}
    done = body | {"status": "completed", "output": [item], "usage": {"input_tokens": 1, "output_tokens": 1}}
    return [
        sse("response.created", 0, response=body),
        sse("response.output_item.added", 1, output_index=0, item=item | {"status": "in_progress"}),
        sse("response.output_item.done", 2, output_index=0, item=item),
        sse("response.completed", 3, response=done),
    ]


class Client:
    """An ASGI server with one client; it offers no way of writing directly."""

    def __init__(self, *replies: Any) -> None:
        provider = ScriptedProvider(*replies)
        self.provider = provider
        self.keyring = ChangingKeyring()
        self.records: list[RequestRecord] = []
        store = MemoryResponses()
        router = FixedRouter(target(ResponsesUpstream(SEALER, pseudonym), provider.post))
        gateway = Gateway(router, store, Policy(), surroundings(), no_conversations(store))
        parts = SocketParts(
            gateway=gateway,
            responses=store,
            keyring=self.keyring,
            memory=ChainMemory(1_000_000),
            record=self.records.append,
        )

        async def nothing(_: Call) -> None: ...

        handlers = structs.replace(standing_in(nothing), connect=Sockets(parts).connect)
        self._edge = Edge(routing(handlers, self.keyring), self.records.append, lambda: "req_1")
        self._in: asyncio.Queue[Any] = asyncio.Queue()
        self._out: asyncio.Queue[Any] = asyncio.Queue()
        self.gone = False

    async def run(self) -> None:
        scope: dict[str, Any] = {"type": "websocket", "path": "/v1/responses", "headers": [], "subprotocols": []}
        self._in.put_nowait({"type": "websocket.connect"})
        await self._edge.websocket(scope, self._in.get, self._send)

    async def _send(self, message: Any) -> None:
        if self.gone:
            raise OSError
        self._out.put_nowait(message)

    def create(self, **body: Any) -> None:
        frame = {"type": "response.create", "model": "m", "input": "Hi", "store": False, **body}
        self._in.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    def leave(self) -> None:
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def message(self) -> Any:
        async with asyncio.timeout(10):
            return await self._out.get()

    async def event(self) -> Any:
        message = await self.message()
        assert message["type"] == "websocket.send"
        return json.loads(message["text"])

    async def turn(self) -> Any:
        events: list[Any] = []
        while not events or events[-1]["type"] != "response.completed":
            events.append(await self.event())
        check_stream(events, relayed=True)
        return events[-1]["response"]


async def test_a_key_is_checked_again_for_every_request_and_a_chain_belongs_to_its_tenant() -> None:
    client = Client(stream_reply(*answer()), stream_reply(*answer()))
    async with asyncio.TaskGroup() as group:
        group.create_task(client.run())
        assert (await client.message())["type"] == "websocket.accept"
        client.create()
        made = await client.turn()
        owner, client.keyring.known = client.keyring.known, None
        client.create(previous_response_id=made["id"])
        refused = await client.event()
        assert (refused["status"], refused["error"]["code"]) == (401, "invalid_api_key")
        client.keyring.known = Caller("tenant-b", "b")
        client.create(previous_response_id=made["id"])
        assert (await client.event())["error"]["code"] == "previous_response_not_found"
        client.keyring.known = owner
        client.create()
        await client.turn()
        client.leave()
    assert len(client.provider.bodies) == 2
    assert [record.status for record in client.records] == [200, 401, 400, 200, 101]
    assert [record.tenant for record in client.records] == ["tenant-a", "tenant-a", "tenant-b", "tenant-a", "tenant-a"]


async def test_what_waits_when_the_client_leaves_is_logged_and_never_asked() -> None:
    client = Client(reply := stream_reply(*answer()[:2], Step(pause=True)))
    async with asyncio.TaskGroup() as group:
        group.create_task(client.run())
        await client.message()
        client.create()
        await reply.reached_pause.wait()
        client.create()
        client.leave()
    assert reply.released
    assert len(client.provider.bodies) == 1
    assert sorted(record.status for record in client.records) == [101, 499, 499]


async def test_a_client_that_is_gone_before_the_server_says_so_breaks_nothing() -> None:
    client = Client(stream_reply(*answer()))
    async with asyncio.TaskGroup() as group:
        group.create_task(client.run())
        await client.message()
        client.gone = True
        client.create()
        client.create(temperature=9)
        client.leave()
    assert client.records[-1].status == 101


async def test_a_wrong_key_is_answered_over_http() -> None:
    client = Client()
    client.keyring.known = None
    await client.run()
    start, body = await client.message(), await client.message()
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert body["type"] == "websocket.http.response.body"
    assert json.loads(body["body"])["error"]["code"] == "invalid_api_key"
