"""What one model is called where: the names to look under for what is known of it, the likeliest first.

Law: the name itself comes first, so what is said of one snapshot is never taken for another's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

VENDORS: Final[Mapping[str, str]] = {
    "ai21": "ai21",
    "alibaba": "dashscope",
    "amazon": "bedrock",
    "anthropic": "anthropic",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "google": "gemini",
    "minimax": "minimax",
    "mistral": "mistral",
    "mistralai": "mistral",
    "moonshotai": "moonshot",
    "openai": "openai",
    "perplexity": "perplexity",
    "qwen": "dashscope",
    "x-ai": "xai",
    "xai": "xai",
    "z-ai": "zai",
    "zai": "zai",
}
"""The rows of those who make the models, by what those who resell them write before the slash."""

RESELLERS: Final = frozenset({"openrouter", "vercel"})
"""The rows whose ``vendor/model`` is the vendor's own model, only with another price."""

_PATHS: Final = re.compile(
    r"^(?:arn:[^/]+/|models/|publishers/[^/]+/models/|accounts/[^/]+/(?:models|deployments)/|tunedModels/)"
)
"""An Amazon Resource Name (https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html), and
what Google and Fireworks write before a name."""

_REGIONS: Final = re.compile(r"^(?:us-gov|us|eu|apac|ap|jp|au|ca|sa|global)\.(?=[a-z0-9]+\.)")
"""Which part of the world an inference profile of Bedrock's stays in."""

_ENDS: Final = (
    re.compile(r":(?:free|nitro|floor|online|exacto|extended|thinking|beta)$"),  # how OpenRouter is to route
    re.compile(r"@(?:default|latest|[0-9]{8})$"),  # Vertex
    re.compile(r"(?:-v[0-9]+)?:[0-9]+(?::[0-9]+k)?$"),  # Bedrock's version, and a variant by context
    re.compile(r"-[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    re.compile(r"-20[0-9]{6}$"),
    re.compile(r"-latest$"),
    re.compile(r":latest$"),
)


def names_of(model: str) -> Iterator[str]:
    """The name as it stands, then without what says where it runs, then without what says which snapshot it is."""
    seen: set[str] = set()
    for name in (model, _PATHS.sub("", model)):
        for placed in (name, _REGIONS.sub("", name)):
            for each in _shorter(placed):
                if each not in seen:
                    seen.add(each)
                    yield each


def resold(row: str, model: str) -> tuple[str, str] | None:
    """The vendor's row, and the name there, of a model that `row` resells as ``vendor/model``."""
    vendor, slash, name = model.partition("/")
    own = VENDORS.get(vendor) if row in RESELLERS else None
    return (own, name) if slash and own is not None else None


def _shorter(name: str) -> Iterator[str]:
    yield name
    for end in _ENDS:
        shorter = end.sub("", name)
        if shorter != name and shorter:
            name = shorter
            yield name
