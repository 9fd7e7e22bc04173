"""Anthropic's Messages API: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "anthropic-messages"
REQUESTS = {
    "ollama-messages.cf0be7f9e2eb.0.0934fb63": "it asks nothing at all, and Ollama refuses it",
}
ANSWERS: dict[str, str] = {}
