"""What is behind the paths of Google's API."""

from __future__ import annotations

import random

from antiphon.app.parts import Parts
from antiphon.gateway.relay import Relay
from antiphon.gateway.services import Services
from antiphon.http.gemini import GeminiEndpoint
from antiphon.http.gemini_embeddings import GeminiEmbeddings
from antiphon.http.gemini_routes import GeminiHandlers
from antiphon.http.streams import Heartbeat


def gemini_handlers(parts: Parts, services: Services, heartbeat: Heartbeat) -> GeminiHandlers:
    """One handler per method."""
    gateway, most = parts.gateway, parts.settings.server.max_body_bytes
    relay = Relay("gemini", gateway.router, gateway.policy.retries, random.random, gateway.live)
    endpoint = GeminiEndpoint(gateway, relay, heartbeat, most)
    embeddings = GeminiEmbeddings(services, parts.tasks, most)
    return GeminiHandlers(
        generate=endpoint.generate,
        stream=endpoint.stream,
        count=gateway.live.ending(endpoint.count),
        embed=embeddings.embed,
        embed_batch=embeddings.embed_batch,
        predict=embeddings.predict,
    )
