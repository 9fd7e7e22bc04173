"""Chat completions: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "openai-chat"
REQUESTS: dict[str, str] = {}
ANSWERS: dict[str, str] = {}
