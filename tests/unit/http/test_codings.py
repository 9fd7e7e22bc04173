import gzip
import zlib
from contextlib import suppress
from typing import Final

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import BadRequest, BodyTooLarge, UnsupportedMediaType
from antiphon.http.call import Call, Message
from antiphon.http.codings import decoded
from antiphon.http.errors import reply_error

LIMIT: Final = 100_000
TEXT: Final = b'{"input": "' + b"hear me " * 1_000 + b'"}'
SKIPPED: Final = b"\x50\x2a\x4d\x18\x04\0\0\0note"
"""A frame of zstd's that says nothing (RFC 8878, 3.1.2)."""


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS: Final = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}

GOOD: Final = {
    "gzip in two members": (b"gzip", gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:])),
    "gzip with padding": (b"gzip", gzip.compress(TEXT) + bytes(512)),
    "deflate without its frame": (b"deflate", bare(TEXT)),
    "zstd in two frames": (b"zstd", zstd.compress(TEXT[:9]) + zstd.compress(TEXT[9:])),
    "zstd with a note before it": (b"zstd", SKIPPED + zstd.compress(TEXT)),
    "zstd with a note behind it": (b"zstd", zstd.compress(TEXT) + SKIPPED),
    "capitals": (b"ZStd", zstd.compress(TEXT)),
    "nothing done": (b"identity", TEXT),
    "nothing named": (b" , ", TEXT),
    "four times": (b"gzip,deflate,\tgzip , zstd", zstd.compress(gzip.compress(zlib.compress(gzip.compress(TEXT))))),
}

DAMAGED: Final = {
    "nothing in gzip": (b"gzip", b""),
    "nothing in deflate": (b"deflate", b""),
    "nothing in zstd": (b"zstd", b""),
    "plain text in gzip": (b"gzip", TEXT),
    "plain text in deflate": (b"deflate", TEXT),
    "plain text in zstd": (b"zstd", TEXT),
    "gzip cut short": (b"gzip", gzip.compress(TEXT)[:-1]),
    "deflate cut short": (b"deflate", zlib.compress(TEXT)[:-1]),
    "zstd cut short": (b"zstd", zstd.compress(TEXT)[:-1]),
    "something behind gzip": (b"gzip", gzip.compress(TEXT) + b"more"),
    "something behind zstd": (b"zstd", zstd.compress(TEXT) + b"more"),
    "a second frame cut short": (b"zstd", zstd.compress(TEXT) * 2 + zstd.compress(TEXT)[:-1]),
    "more members than anybody makes": (b"gzip", gzip.compress(b"") * 70_000),
    "a window of 128 megabytes": (b"zstd", b"\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00"),
    "the wrong order": (b"zstd, gzip", zstd.compress(gzip.compress(TEXT))),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_body_is_read_whatever_was_done_to_it(case: str) -> None:
    coding, body = GOOD[case]
    assert decoded(body, [coding], LIMIT) == TEXT


def test_several_headers_are_one_list() -> None:
    assert decoded(zstd.compress(gzip.compress(TEXT)), [b"gzip", b"zstd"], LIMIT) == TEXT


@pytest.mark.parametrize("case", DAMAGED)
def test_a_body_that_cannot_be_read_is_the_callers_fault(case: str) -> None:
    coding, body = DAMAGED[case]
    with pytest.raises(BadRequest):
        decoded(body, [coding], LIMIT)


@pytest.mark.parametrize("coding", PACKERS)
def test_the_limit_is_that_of_the_plain_body(coding: str) -> None:
    packed = PACKERS[coding](bytes(LIMIT))
    assert decoded(packed, [coding.encode()], LIMIT) == bytes(LIMIT)
    for bomb in (PACKERS[coding](bytes(LIMIT + 1)), PACKERS[coding](bytes(LIMIT * 500))):
        with pytest.raises(BodyTooLarge):
            decoded(bomb, [coding.encode()], LIMIT)


def test_members_share_the_limit() -> None:
    with pytest.raises(BodyTooLarge):
        decoded(zstd.compress(bytes(LIMIT // 2)) * 2 + zstd.compress(b"1"), [b"zstd"], LIMIT)


@pytest.mark.parametrize("coding", [b"br", b"compress", b"gzip, br", b"\xff", b"gzip;q=1", b"gzip," * 4 + b"gzip"])
async def test_a_coding_that_is_not_known_is_refused_with_those_that_are(coding: bytes) -> None:
    with pytest.raises(UnsupportedMediaType) as refused:
        decoded(b"", [coding], LIMIT)
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await reply_error(Call({"headers": []}, receive, send, "req_1"), refused.value)
    assert sent[0]["status"] == 415
    assert (b"accept-encoding", b"zstd, gzip, deflate") in sent[0]["headers"]


@settings(max_examples=100)
@given(st.binary(max_size=300), st.lists(st.sampled_from([name.encode() for name in PACKERS]), max_size=3), st.data())
def test_whatever_is_packed_comes_out_and_nothing_else_breaks(
    body: bytes, codings: list[bytes], data: st.DataObject
) -> None:
    packed = body
    for coding in codings:
        packed = PACKERS[coding.decode()](packed)
    assert decoded(packed, codings, 300) == body
    cut = data.draw(st.integers(0, len(packed)))
    with suppress(BadRequest, BodyTooLarge):
        decoded(packed[:cut] + data.draw(st.binary(max_size=20)), codings, 300)
