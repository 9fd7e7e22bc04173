"""Anthropic's Messages API: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "anthropic-messages"
REQUESTS = {
    "ollama-messages.cf0be7f9e2eb.0.0934fb63": "it holds no message at all, which the gateway refuses before Ollama does",
}
ANSWERS: dict[str, str] = {}
