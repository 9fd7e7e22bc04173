"""Anthropic's models at other hosts: the same rules in another envelope, at Amazon's InvokeModel in binary frames.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html, read 2026-11.
"""

from __future__ import annotations

import base64

from typing_extensions import override

from tests.vendors.anthropic import Anthropic
from tests.vendors.converse import frame
from tests.vendors.vendor import Body, Plan, need


class Elsewhere(Anthropic):
    """Implements `vendor.Vendor` where the address names the model, and the body the version of the API."""

    version = ""

    @override
    def take(self, body: Body) -> None:
        need(body.get("anthropic_version") == self.version, "no version in the body")
        need("model" not in body, "an extraneous key: the address says which model")
        super().take(body | {"model": self.model})


class Vertex(Elsewhere):
    """Implements `vendor.Vendor`. Google's, whose streams are Anthropic's own.

    https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai, read 2026-11.
    """

    name = "vertex"
    dialect = "vertex-messages"
    version = "vertex-2023-10-16"


class Invoke(Elsewhere):
    """Implements `vendor.Vendor`."""

    name = "bedrock"
    dialect = "bedrock-messages"
    version = "bedrock-2023-05-31"

    def __init__(self, model: str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0") -> None:
        super().__init__(model)

    @override
    def take(self, body: Body) -> None:
        need("stream" not in body, "an extraneous key: the address says whether a stream is wanted")
        super().take(body)

    @override
    def stream(self, plan: Plan) -> bytes:
        lines = super().stream(plan).splitlines()
        return b"".join(framed(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: "))


def framed(event: bytes) -> bytes:
    """One of the model's own events in a frame of Amazon's."""
    return frame("chunk", {"bytes": base64.b64encode(event).decode(), "p": "abcdef"})
