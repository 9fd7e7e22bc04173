"""Chat completions and the API before them, wired."""

from __future__ import annotations

import random
import time

from antiphon.app.parts import Parts
from antiphon.gateway.chats import ChatShelf
from antiphon.gateway.flow import Gateway
from antiphon.gateway.relay import Relay
from antiphon.http.chat import ChatEndpoint
from antiphon.http.chat_routes import ChatHandlers
from antiphon.http.completions import CompletionsEndpoint
from antiphon.http.stored_chats import StoredChatEndpoints
from antiphon.http.streams import Heartbeat
from antiphon.store.chats import SqlChats


def chat_handlers(parts: Parts, gateway: Gateway, heartbeat: Heartbeat) -> ChatHandlers:
    """What answers at their paths."""
    settings = parts.settings
    most = settings.server.max_body_bytes
    chances = gateway.policy.retries, random.random, gateway.live
    chats = SqlChats(parts.database, time.time)
    shelf = ChatShelf(chats, parts.surroundings, settings.responses.retention_days)
    chat = ChatEndpoint(gateway, Relay("chat", gateway.router, *chances), shelf, heartbeat, most)
    stored = StoredChatEndpoints(shelf, most)
    legacy = CompletionsEndpoint(gateway, Relay("completions", gateway.router, *chances), heartbeat, most)
    return ChatHandlers(
        create=chat.create,
        list_chats=stored.list_chats,
        retrieve=stored.retrieve,
        update=stored.update,
        delete=stored.delete,
        messages=stored.messages,
        complete=legacy.create,
    )
