"""Where Google's clients look for its methods: AI Studio's paths and Vertex AI's, in any version, come to one.

https://ai.google.dev/api and https://docs.cloud.google.com/vertex-ai/docs/reference/rest (read 2026-11).
"""

from __future__ import annotations

import re
from typing import Final

METHODS: Final = (
    "generateContent",
    "streamGenerateContent",
    "countTokens",
    "embedContent",
    "batchEmbedContents",
    "predict",
)

_METHOD: Final = re.compile(
    r"/v\d+(?:(?:alpha|beta)\d*)?/(?:(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/([^/]+)/)?models/)?"
    rf"(.+:(?:{'|'.join(METHODS)}))"
)
_CARDS: Final = re.compile(
    r"/v\d+(?:(?:alpha|beta)\d*)?/(?:projects/[^/]+/locations/[^/]+/)?(publishers/[^/]+/models(?:/.+)?)"
)
_OWN: Final = ("/v1beta", "/v1alpha", "/v1/projects/", "/v1/publishers/")
_PREFIX: Final = "/gemini/"


def google_path(path: str) -> str:
    """The path as it is routed, unchanged unless it is that of a method, or of models at Vertex AI.

    A publisher other than Google is a provider: so Google's clients spell a model's name with a slash at Vertex AI. The
    AI SDK leaves out `models/` before such a name.
    """
    found = _METHOD.fullmatch(path)
    if found is None:
        cards = _CARDS.fullmatch(path)
        return path if cards is None else f"/v1beta1/{cards[1]}"
    publisher = found[1] or "google"
    return f"/v1beta/models/{found[2]}" if publisher == "google" else f"/v1beta/models/{publisher}/{found[2]}"


def is_googles(path: str, routed: str) -> bool:
    """Whether only Google's clients come to the path, as it came and as it is `routed`."""
    return path.startswith(_PREFIX) or routed.startswith(_OWN)
