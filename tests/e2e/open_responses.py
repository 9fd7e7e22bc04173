"""What the Open Responses compliance suite holds true of everything that it is answered, as JSON Schema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator

from tests.e2e import schema

DATA: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
EVENTS: dict[str, str] = DATA["events"]
"""The events that the suite knows, and their schemas: any other fails it."""
EXAMPLE: dict[str, Any] = DATA["example"]
"""The suite's own example of an answer, whose messages have phases."""

Described = Literal["ResponseResource", "CompactResource", "WebSocketErrorEvent"]


def faults(value: object, described: Described) -> list[str]:
    """What is wrong with a decoded JSON value, one sentence each."""
    return _faults(value, described)


def event_faults(event: dict[str, Any]) -> list[str]:
    """What is wrong with a decoded event."""
    described = EVENTS.get(event["type"])
    return [f"{event['type']} is not among the events"] if described is None else _faults(event, described)


def _faults(value: object, described: str) -> list[str]:
    return schema.faults(value, _validator(described))


@cache
def _validator(described: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{described}", "$defs": DATA["$defs"]})
