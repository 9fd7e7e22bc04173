"""What schemathesis is told before it reads the document (`SCHEMATHESIS_HOOKS`)."""

from __future__ import annotations

import importlib
from typing import Any

schemathesis: Any = importlib.import_module("schemathesis")  # of the group `fuzz`, which checks need not have

_EVENTS = "text/event-stream"


@schemathesis.hook
def before_load_schema(_context: object, raw_schema: dict[str, Any]) -> None:
    """Takes out the schemas of event streams.

    In OpenAPI 3.1 they describe the body; schemathesis holds each event against them, as 3.2's `itemSchema` would have
    it. Our own tests hold every recorded event against its schema.
    """
    for path in raw_schema["paths"].values():
        for operation in path.values():
            for answer in operation.get("responses", {}).values():
                answer.get("content", {}).get(_EVENTS, {}).pop("schema", None)
