"""Rows of those whose models give no answers: what they make is for finding things."""

from __future__ import annotations

from typing import Final

from antiphon.providers.row import ProviderRow, Route, ServiceRow

RETRIEVAL: Final[tuple[ProviderRow, ...]] = (
    ProviderRow(
        name="voyage",
        title="Voyage AI",
        base_url="https://api.voyageai.com/v1",
        dialects=(),
        keys=("VOYAGEAI_API_KEY",),
        owns=r"^voyage-|^rerank-\d",
        models_path=None,
        services=(
            ServiceRow(service="embeddings", dialect="voyage", route=Route("/embeddings"), batch=1000),
            ServiceRow(service="rerank", dialect="voyage", route=Route("/rerank"), batch=1000),
        ),
        note="Embeddings and rankings alone. It lists no models.",
        sources=(
            "https://docs.voyageai.com/reference/embeddings-api",
            "https://docs.voyageai.com/reference/reranker-api",
            "recordings voyage.embeddings, voyage.rerank",
        ),
    ),
    ProviderRow(
        name="jina",
        title="Jina AI",
        base_url="https://api.jina.ai/v1",
        dialects=(),
        keys=("JINAAI_API_KEY", "JINA_AI_API_KEY"),
        owns=r"^jina-",
        models_path=None,
        services=(
            ServiceRow(service="embeddings", dialect="jina", route=Route("/embeddings")),
            ServiceRow(service="rerank", dialect="jina", route=Route("/rerank")),
        ),
        note="Embeddings and rankings alone. It lists no models.",
        sources=("https://api.jina.ai/redoc", "https://jina.ai/embeddings/", "https://jina.ai/reranker/"),
    ),
)
