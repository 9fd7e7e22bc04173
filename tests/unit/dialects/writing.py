"""A writer for tests, and what it has written."""

import itertools
import json
from typing import Any

from antiphon.dialects.writer import ResponseWriter
from antiphon.wire.events import Event
from antiphon.wire.requests import parse_request
from antiphon.wire.responses import opened
from tests.grammar import check_stream

OPENING = opened(
    parse_request(b'{"model":"m","input":"Hi"}'), id="resp_1", created_at=1, provider="p", conversation=None
)


def a_writer(*, obfuscate: bool = False, silent: bool = False) -> ResponseWriter:
    count = itertools.count()
    return ResponseWriter(
        OPENING, lambda prefix: f"{prefix}_{next(count)}", lambda: 9.75, obfuscate=obfuscate, silent=silent
    )


def payloads(events: tuple[Event, ...]) -> list[dict[str, Any]]:
    check_stream(events)
    return [json.loads(event.data) for event in events]


def types(events: tuple[Event, ...]) -> list[str]:
    check_stream(events)
    return [event.type.removeprefix("response.") for event in events]


def output(writer: ResponseWriter) -> list[dict[str, Any]]:
    assert writer.outcome is not None
    return json.loads(writer.outcome.body)["output"]
