"""Counts of tokens at Anthropic: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "anthropic-count-tokens"
REQUESTS: dict[str, str] = {}
ANSWERS: dict[str, str] = {}
