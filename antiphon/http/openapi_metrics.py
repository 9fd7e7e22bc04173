"""`paths` of numbers: a page of its own beside `openapi_paths.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import answer
from antiphon.http.openapi_paths import GATEWAY, Operation

_TEXT: Final[dict[str, Any]] = {"schema": {"type": "string"}}

METRICS_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("get", "/metrics"): Operation(
        id="metrics",
        tag=GATEWAY,
        summary="Metrics",
        description=(
            "Numbers for Prometheus, or in the format of OpenMetrics for who accepts it. From another machine, or"
            " through a proxy, only with `metrics.key` or the master key, unless the owner has opened them."
        ),
        answers={
            "200": answer("What was counted.", {"text/plain": _TEXT, "application/openmetrics-text": _TEXT}),
        },
        errors=(401, 404),
    ),
}
