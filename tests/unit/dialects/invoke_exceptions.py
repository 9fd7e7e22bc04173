"""Claude in Amazon's wrapping: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "bedrock-invoke-anthropic"
REQUESTS: dict[str, str] = {}
ANSWERS: dict[str, str] = {}
