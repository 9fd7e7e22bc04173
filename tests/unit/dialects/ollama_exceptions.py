"""Ollama's own chat: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "ollama"
REQUESTS: dict[str, str] = {}
ANSWERS: dict[str, str] = {}
ELSEWHERE = {
    "ollama.generate": "prompts without a chat are never sent; their answers are read as those of a chat",
}
