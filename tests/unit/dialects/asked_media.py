"""Requests for pictures and sounds, and their dialects, as tests of those need them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from antiphon.app.media import media_dialects
from antiphon.http.media_forms import members_of
from antiphon.media_protocols import Made, MediaAsked, MediaPlan, Reply, Upload
from antiphon.service_protocols import At, MediaService
from antiphon.wire.events import split_object

DIALECTS = media_dialects()
AT = At("vendor", "m")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20)


def asked(service: MediaService, **members: Any) -> MediaAsked:
    """A request in JSON."""
    split = split_object(json.dumps({"model": "alias", **members}).encode())
    return MediaAsked(service=service, id="req_1", model="alias", members=split, created=7)


def with_files(service: MediaService, *files: Upload, **fields: str | list[str]) -> MediaAsked:
    """A form."""
    said: list[tuple[str, str]] = []
    for name, value in fields.items():
        said += [(name, value)] if isinstance(value, str) else [(f"{name}[]", each) for each in value]
    fields_said = tuple(said)
    members = members_of(fields_said)
    return MediaAsked(
        service=service, id="req_1", model="alias", members=members, created=7, fields=fields_said, files=files
    )


def recording(service: MediaService = "audio/transcriptions", **fields: str | list[str]) -> MediaAsked:
    return with_files(service, Upload("file", "a.wav", "audio/wav", WAV), **fields)


def usual(service: MediaService, **members: Any) -> MediaAsked:
    """A request that every dialect of the service takes."""
    match service:
        case "images/generations":
            return asked(service, prompt="A cat", **members)
        case "images/edits" | "images/variations":
            return with_files(service, Upload("image", "a.png", "image/png", PNG), prompt="A cat")
        case "audio/speech":
            return asked(service, input="Hi", voice="alloy", **members)
        case _:
            return recording(service)


def planned(dialect: str, request: MediaAsked, at: At = AT) -> MediaPlan:
    return DIALECTS[request.service, dialect].plan(request, at)


def told(plan: MediaPlan, *answers: Any) -> Made:
    """The answer made of these bodies of JSON, or bytes with their media type."""
    return plan.tell([_reply(each) for each in answers])


def body_of(plan: MediaPlan) -> Any:
    """The one body of JSON that is sent."""
    [sent] = plan.sent
    return json.loads(sent.body)


def events(data: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in data.split(b"\n") if line.startswith(b"data: ")]


def passed(plan: MediaPlan, media_type: str, pieces: Sequence[bytes]) -> bytes:
    """What a client gets of an answer in these pieces."""
    assert plan.passing is not None
    passing = plan.passing(media_type)
    assert passing is not None
    return b"".join(passing.feed(piece) for piece in pieces) + passing.close()


def _reply(answer: Any) -> Reply:
    return answer if isinstance(answer, Reply) else Reply(json.dumps(answer).encode(), "application/json")
