"""Decoders of the endpoints beside answers: embeddings, rankings, moderations, pictures and sounds, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.app.media import media_dialects
from antiphon.app.upstreams import service_dialects
from antiphon.errors import CallerError, UpstreamError
from antiphon.http.media_forms import members_of
from antiphon.media_protocols import MediaAsked, MediaDialect, MediaPlan, Reply, Upload
from antiphon.service_protocols import Answer, Asked, At, MediaService, Service, ServiceDialect
from antiphon.wire.events import split_object
from antiphon.wire.faults import UNDECODABLE
from tests.e2e.media import DRAWN, GOOGLES, WAV
from tools.fuzz.recorded import answers_of, refusals_of, requests_of
from tools.fuzz.target import LawError, Target, chosen, pieces, split

SERVICES: Final = tuple(service_dialects().items())
MEDIA: Final = tuple(media_dialects().items())

_SERVICE_BODIES: Final = (
    b'{"model":"m","input":["a","b"],"encoding_format":"base64","dimensions":8}',
    b'{"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true}',
    b'{"model":"m","input":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}',
    b'{"model":"m","input":[[1,2],[3]],"input_type":"query","truncate":"END"}',
)
_MEDIA_BODIES: Final = (
    b'{"model":"m","prompt":"a cat","n":2,"size":"1024x1024","quality":"high","response_format":"b64_json"}',
    b'{"model":"m","prompt":"a cat","image":"data:image/png;base64,iVBORw0KGgo=","mask":"https://x/y","stream":true}',
    b'{"model":"m","input":"Hello","voice":"alloy","response_format":"mp3","speed":1.25,"stream_format":"sse"}',
    b'{"model":"m","response_format":"verbose_json","timestamp_granularities":["word"],"language":"en","stream":"true"}',
)
_LONGEST_ANSWER: Final = 6000
_FILES: Final = (
    Upload("file", "a.wav", "audio/wav", WAV),
    Upload("image", "a.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(24)),
)


def _service(pair: tuple[tuple[Service, str], ServiceDialect], data: bytes) -> None:
    """A request, and an answer behind a NUL: planned, told."""
    (service, _), dialect = pair
    choice, data = split(data)
    body, _, answer = data.partition(b"\0")
    asked = Asked(
        service=service,
        id="req_1",
        model="p/m",
        members=split_object(body),
        v2=bool(choice & 1),
        translated=bool(choice & 2),
    )
    dialect.refusal(400 + choice, answer, None)
    plan = dialect.plan(asked, At("p", "m", 2 if choice & 4 else None))
    for sent in plan.bodies:
        msgspec.json.decode(sent)
    told = plan.tell([Answer(answer or b"{}", 5 if choice & 8 else None)] * len(plan.bodies))
    msgspec.json.decode(told.body)


def _media(pair: tuple[tuple[MediaService, str], MediaDialect], data: bytes) -> None:
    """A request as JSON or as a form, and an answer behind a NUL, whole and in pieces."""
    (service, _), dialect = pair
    choice, data = split(data)
    body, _, answer = data.partition(b"\0")
    asked = _asked(service, body, as_form=bool(choice & 1))
    at = At("p", "m", 2 if choice & 4 else None)
    dialect.refusal(400 + choice, answer, None)
    dialect.addresses(asked, at)
    plan = dialect.plan(asked, at)
    for sent in plan.sent:
        if b"\n" in sent.headers.replace(b"\r\n", b"") or not sent.tail.isascii():
            raise LawError("a header or an address that says more than one thing")
    _tell(plan, answer, choice)


def _asked(service: MediaService, body: bytes, *, as_form: bool) -> MediaAsked:
    members: dict[str, Raw] = split_object(body)
    if not as_form:
        return MediaAsked(service=service, id="req_1", model="p/m", members=members, created=1, files=())
    fields = tuple((name[:64], bytes(value).decode("latin-1")) for name, value in members.items())
    return MediaAsked(
        service=service, id="req_1", model="p/m", members=members_of(fields), created=1, fields=fields, files=_FILES
    )


def _tell(plan: MediaPlan, answer: bytes, choice: int) -> None:
    kinds: Sequence[str] = ("application/json", "audio/mpeg", "text/event-stream", "image/png", "")
    kind = kinds[(choice >> 3) % len(kinds)]
    if plan.passing is not None and (passing := plan.passing(kind)) is not None:
        try:
            for piece in pieces(answer, choice):
                passing.feed(piece)
            passing.close()
        except UpstreamError as error:
            passing.broken(error)
    made = plan.tell([Reply(answer, kind)] * len(plan.sent))
    if made.finish is not None:
        made.finish({})


def _service_seeds(service: Service) -> Iterable[bytes]:
    formats = {"embeddings": ("openai-embeddings", "gemini", "cohere-v2"), "rerank": ("rerank", "cohere-v2")}
    names = formats.get(service, ("openai-moderations",))
    answers = answers_of(*names, framing="whole")[:6] + refusals_of(*names)[:2]
    bodies = [*_SERVICE_BODIES, *requests_of(*names)[:4]]
    return chosen(0, [body + b"\0" + answer for body in bodies for answer in answers if len(answer) < _LONGEST_ANSWER])


def _media_seeds() -> Iterable[bytes]:
    told: list[Any] = [DRAWN, GOOGLES, {"text": "Hi", "language": "en", "duration": 1.5, "words": [], "segments": []}]
    answers = [*map(msgspec.json.encode, told), WAV, b"data: {}\n\n", *answers_of("openai-audio", framing="whole")]
    return chosen(0, [body + b"\0" + answer for body in _MEDIA_BODIES for answer in answers])


TARGETS: Final = (
    *(
        Target(
            f"{pair[0][0]}-{pair[0][1]}",
            partial(_service, pair),
            (CallerError, UpstreamError, *UNDECODABLE),
            partial(_service_seeds, pair[0][0]),
        )
        for pair in SERVICES
    ),
    *(
        Target(
            f"{pair[0][0].replace('/', '-')}-{pair[0][1]}",
            partial(_media, pair),
            (CallerError, UpstreamError, *UNDECODABLE),
            _media_seeds,
        )
        for pair in MEDIA
    ),
)
