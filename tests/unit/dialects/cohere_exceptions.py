"""Cohere's chat, version 2: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "cohere-v2"
REQUESTS: dict[str, str] = {}
ANSWERS: dict[str, str] = {}
ELSEWHERE = {
    "cohere.embed": "embeddings, which the tests of services replay",
    "cohere.rerank": "rankings, which the tests of services replay",
}
