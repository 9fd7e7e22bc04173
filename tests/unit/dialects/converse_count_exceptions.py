"""Counts of tokens at Amazon: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "bedrock-count-tokens"
REQUESTS: dict[str, str] = {}
ANSWERS: dict[str, str] = {}
