"""Decoders of what comes over wires: framings, compression, HTTP, and what is sealed."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from backports import zstd
from httptools import HttpParserError, HttpParserUpgrade

from antiphon.errors import BadRequest, BodyTooLarge, UnsupportedMediaType, UpstreamBroke
from antiphon.http.codings import decoded
from antiphon.providers.answer import Answer
from antiphon.providers.inflate import Inflate
from antiphon.sealing import Seals
from antiphon.wire.aws_frames import MessageSplitter
from antiphon.wire.compactions import opened_item
from antiphon.wire.envelope import MARK, unpacked
from antiphon.wire.foreign_usage import UsageWatch
from antiphon.wire.ndjson import LineSplitter
from antiphon.wire.sse import FrameSplitter
from tools.fuzz.recorded import answers_of
from tools.fuzz.target import Target, chosen, pieces, same, split

SEALS: Final = Seals(["a-secret-for-fuzzing-alone"], lambda size: b"\x07" * size)
TENANT: Final = "tenant"

_LIMIT: Final = 1 << 20
_DIALECTS: Final = ("openai-responses", "openai-chat", "anthropic-messages", "gemini")


def _by_pieces(feed: Callable[[bytes], Iterable[Any]], finish: Callable[[], Iterable[Any]], cut: list[bytes]) -> Any:
    """All that comes out, or the name of the failure."""
    found: list[Any] = []
    try:
        for piece in cut:
            found += feed(piece)
        found += finish()
    except UpstreamBroke:
        return "broke"
    return found


def _sse(data: bytes) -> None:
    choice, data = split(data)
    readings: list[Any] = []
    for cut in ([data], pieces(data, choice)):
        splitter = FrameSplitter()
        found = _by_pieces(splitter.feed, splitter.finish, cut)
        readings.append([(frame.event, frame.data) for frame in found])
    same(readings, "frames")


def _lines(data: bytes) -> None:
    choice, data = split(data)
    readings: list[Any] = []
    for cut in ([data], pieces(data, choice)):
        splitter = LineSplitter()
        readings.append(_by_pieces(splitter.feed, splitter.finish, cut))
    same(readings, "lines")


def _aws(data: bytes) -> None:
    choice, data = split(data)
    MessageSplitter().only(data)
    readings: list[Any] = []
    for cut in ([data], pieces(data, choice)):
        splitter = MessageSplitter()
        found: list[Any] = []
        try:
            for piece in cut:
                for message in splitter.feed(piece):
                    found.append((dict(message.headers), message.payload))  # noqa: PERF401 - what came before a fault counts
        except UpstreamBroke:
            found.append("broke")
        readings.append(found)
    same(readings, "messages")


def framed_message(headers: bytes, payload: bytes) -> bytes:
    """Any headers and any payload, in a frame whose lengths and checksums are right."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


def _aws_headers(data: bytes) -> None:
    """What is inside a frame that is right from outside."""
    size, data = split(data)
    list(MessageSplitter().feed(framed_message(data[: size * 8], data[size * 8 :])))


def _http_answer(data: bytes) -> None:
    choice, data = split(data)
    readings: list[Any] = []
    for cut in ([data], pieces(data, choice)):
        answer = Answer()
        answer.expect()
        failed = False
        for piece in cut:
            try:
                answer.feed(piece)
            except (HttpParserError, HttpParserUpgrade):
                failed = True
                break
        answer.between_chunks(data)
        answer.head_size()
        readings.append(
            (failed, answer.status, answer.headers, b"".join(answer.body), answer.done, answer.ends_by_close())
        )
    if not any(reading[0] for reading in readings):  # how much of a body is given before a fault is nobody's promise
        same(readings, "answers")


def _inflate(data: bytes) -> None:
    choice, data = split(data)
    inflate = Inflate((b"gzip", b"deflate")[choice & 1])
    size = 0
    for piece in pieces(data, choice >> 1):
        if piece:
            inflate.feed(piece)
        while plain := inflate.take():
            size += len(plain)
            if size > 64 * _LIMIT:
                return
    inflate.finish()


def _codings(data: bytes) -> None:
    choice, data = split(data)
    lines: Sequence[bytes] = ((b"gzip",), (b"deflate",), (b"zstd",), (b"gzip, zstd",), (b"deflate", b"x-gzip"))[
        choice % 5
    ]
    plain = decoded(data, lines, _LIMIT)
    if len(plain) > _LIMIT:
        raise AssertionError("more than the limit came out")


def _sealed(data: bytes) -> None:
    """Any text as a blob, and any payload in a whole one."""
    text = MARK + data.decode("latin-1")
    try:
        SEALS.open(TENANT, text)
    except BadRequest:
        pass
    else:
        raise AssertionError("a blob was made by chance")
    payload = SEALS.open(TENANT, SEALS.seal(TENANT, data))
    same((payload, data), "payloads")
    unpacked(payload)
    opened_item({"id": "cmp_1", "encrypted_content": "x"}, lambda _: data, {})


def _usage(data: bytes) -> None:
    choice, data = split(data)
    kinds = (b"text/event-stream", b"application/json", b"application/x-ndjson", b"")
    watch = UsageWatch(kinds[choice % 4], encoded=False, model=None if choice & 8 else "m")
    for piece in pieces(data, choice >> 4):
        watch.feed(piece)
    watch.close()
    _ = watch.counts


def _answers(framing: Any) -> list[bytes]:
    return answers_of(*_DIALECTS, framing=framing)[::4]


def _aws_seeds() -> list[bytes]:
    return answers_of("bedrock-converse", "bedrock-invoke-anthropic", "bedrock-invoke-nova", framing="aws")


_HEADS: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 X\r\nRetry-After: 1\r\nConnection: close\r\n\r\n",
    b"HTTP/1.0 200\nServer: x\n\nwithout end",
    b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
)
_PLAIN: Final = (b"", b"{}", b'{"model":"m","input":"Hi"}' * 20, b"\x00" * 5000)


def _packed() -> list[bytes]:
    found = [pack(plain) for plain in _PLAIN for pack in (gzip.compress, zlib.compress, zstd.compress)]
    return [*found, found[0] + found[3], zlib.compress(b"x" * 100_000)[2:-4]]


TARGETS: Final = (
    Target("sse", _sse, (), lambda: chosen(0, _answers("sse"))),
    Target(
        "ndjson",
        _lines,
        (),
        lambda: chosen(0, [b'{"a":1}\n\n{"b":2}\r\n{"c"', *answers_of("ollama", framing="ndjson")]),
    ),
    Target("aws-frames", _aws, (), lambda: chosen(0, _aws_seeds())),
    Target(
        "aws-headers",
        _aws_headers,
        (UpstreamBroke,),
        lambda: [b"\x02\x0b:event-type\x07\x00\x05chunk{}", b"\x01\x01a\x08" + bytes(8)],
        (":event-type", ":message-type", ":exception-type"),
    ),
    Target(
        "http-answer", _http_answer, (), lambda: chosen(0, _HEADS), ("Transfer-Encoding", "chunked", "Content-Length")
    ),
    Target("inflate", _inflate, (UpstreamBroke,), lambda: chosen(0, _packed())),
    Target("codings", _codings, (BadRequest, BodyTooLarge, UnsupportedMediaType), lambda: chosen(0, _packed())),
    Target(
        "sealed",
        _sealed,
        (BadRequest,),
        lambda: [b'{"p":"a","m":"b","d":"c","k":"anthropic","items":[],"t":1}', b'{"v":1,"k":"compaction","p":"a"}'],
    ),
    Target("usage", _usage, (), lambda: chosen(0, [*_answers("sse"), *_answers("whole")])),
)
