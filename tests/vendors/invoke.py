"""Anthropic's models behind Amazon's InvokeModel: the same rules, an envelope of Amazon's, and its binary frames.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html, read 2026-11.
"""

from __future__ import annotations

import base64

from typing_extensions import override

from tests.vendors.anthropic import Anthropic
from tests.vendors.converse import frame
from tests.vendors.vendor import Body, Plan, need


class Invoke(Anthropic):
    """Implements `vendor.Vendor`."""

    name = "bedrock"
    dialect = "bedrock-messages"

    def __init__(self, model: str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0") -> None:
        super().__init__(model)

    @override
    def take(self, body: Body) -> None:
        need(body.get("anthropic_version") == "bedrock-2023-05-31", "no version in the body")
        need(not {"model", "stream"} & body.keys(), "extraneous keys: the address says what they say")
        super().take(body | {"model": self.model})

    @override
    def stream(self, plan: Plan) -> bytes:
        lines = super().stream(plan).splitlines()
        return b"".join(framed(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: "))


def framed(event: bytes) -> bytes:
    """One of the model's own events in a frame of Amazon's."""
    return frame("chunk", {"bytes": base64.b64encode(event).decode(), "p": "abcdef"})
