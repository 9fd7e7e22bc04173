"""`POST /v1/completions`, the API before chat: relayed where the model's provider has it, else asked as a chat."""

from __future__ import annotations

from antiphon.dialects.client_completions_answer import CompletionTold
from antiphon.dialects.client_completions_request import AskedByCompletion, asked_by_completion
from antiphon.gateway.flow import Gateway
from antiphon.gateway.relay import Relay
from antiphon.http.call import Call
from antiphon.http.chat import broken
from antiphon.http.relaying import relay_to
from antiphon.http.several import Several, opened
from antiphon.http.streams import Heartbeat


class CompletionsEndpoint:
    """The handler."""

    def __init__(self, gateway: Gateway, relay: Relay, heartbeat: Heartbeat, max_body_bytes: int) -> None:
        """`gateway` answers what `relay` cannot pass on."""
        self._gateway = gateway
        self._relay = relay
        self._heartbeat = heartbeat
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """Answers one request."""
        body = await call.body(self._max_body_bytes)
        relayed = await self._relay.read(body)
        if relayed is None:
            await self._translate(call, asked_by_completion(body))
            return
        await relay_to(call, self._relay, relayed, self._heartbeat, broken)

    async def _translate(self, call: Call, asked: AskedByCompletion) -> None:
        """Has every prompt answered, as often as is asked for."""
        requests = [request for request in asked.requests for _ in range(asked.choices)]
        echoes = tuple(prompt if asked.echo else "" for prompt in asked.prompts for _ in range(asked.choices))
        turns = await opened(call, self._gateway, requests, asked.notes)
        turn = turns[0]
        told = CompletionTold(turn.id, turn.created_at, turn.request.model or "", echoes, asked.includes_usage)
        await Several(call, self._gateway, self._heartbeat, told, None).answer(turns)
