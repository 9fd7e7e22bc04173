"""Forms with files in them: any cut of the bytes gives the same parts, and what is no form is refused."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import AntiphonError, BadRequest, BodyTooLarge, CallerError, UnsupportedMediaType
from antiphon.http.call import ClientGone
from antiphon.http.multipart import UNKNOWN_TYPE, FormLimits, parts
from tests.unit.http.forms import BOUNDARY, FORM, Field, call_with, cut, form, part, read

LIMITS = FormLimits(body_bytes=10_000, field_bytes=100, parts=4)
WHOLE = form(
    part("purpose", b"vision"),
    part("image[]", b"\x89PNG\r\n\r\n--" + BOUNDARY.encode()[:-1], "a%22b.png", "image/png"),
    part("image[]", b"", "ünï.bin"),
    part("empty", b""),
)
READ: list[Field] = [
    ("purpose", "vision"),
    ("image[]", ('a"b.png', "image/png", b"\x89PNG\r\n\r\n--" + BOUNDARY.encode()[:-1])),
    ("image[]", ("ünï.bin", UNKNOWN_TYPE, b"")),
    ("empty", ""),
]


@given(st.lists(st.integers(1, len(WHOLE)), max_size=12))
def test_any_cut_of_the_bytes_gives_the_same_form(places: list[int]) -> None:
    assert asyncio.run(read(call_with(cut(WHOLE, places)), LIMITS)) == READ


def test_the_bytes_one_by_one_give_the_same_form() -> None:
    assert asyncio.run(read(call_with(cut(WHOLE, range(len(WHOLE)))), LIMITS)) == READ


@given(st.binary(max_size=300))
def test_whatever_a_file_holds_comes_out_of_it(data: bytes) -> None:
    if b"\r\n--" + BOUNDARY.encode() not in data:
        found = asyncio.run(read(call_with(cut(form(part("file", data, "f")), range(0, 400, 7))), LIMITS))
        assert found == [("file", ("f", UNKNOWN_TYPE, data))]


@given(st.binary(max_size=200), st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)))
def test_what_is_no_form_ends_in_an_error_of_ours(noise: bytes, start: int, end: int) -> None:
    body = WHOLE[: min(start, end)] + noise + WHOLE[max(start, end) :]
    with suppress(CallerError):
        asyncio.run(read(call_with([body]), LIMITS))


async def test_a_broken_form_is_told_to_its_client_and_to_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(BadRequest, match="no whole multipart form"):
        await read(call_with([b"no form at all"]), LIMITS)
    assert not caplog.records


async def test_what_nobody_reads_of_a_part_is_passed_over() -> None:
    names: list[str] = []
    async for each in parts(call_with(cut(WHOLE, range(0, 400, 11))), LIMITS):
        names.append(each.name)
        if each.name == "image[]":
            async for _ in each:
                break
    assert names == ["purpose", "image[]", "image[]", "empty"]


async def test_a_form_that_breaks_off_is_refused() -> None:
    for end in range(len(WHOLE) - 4):
        with pytest.raises(BadRequest) as caught:
            await read(call_with([WHOLE[:end]]), LIMITS)
        assert caught.value.code == "invalid_form"


async def test_a_client_that_leaves_is_noticed() -> None:
    with pytest.raises(ClientGone):
        await read(call_with([WHOLE[:100]], gone=True), LIMITS)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (form(part("file", b"x" * 10_000, "f")), 413),
        (form(part("field", b"x" * 101)), 400),
        (form(part("field", b"\xff\xfe")), 400),
        (form(*(part(f"f{number}", b"") for number in range(5))), 400),
        (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\nX: {"y" * 17_000}\r\n\r\n'.encode(), 400),
    ],
    ids=["body", "field", "not-text", "parts", "headers"],
)
async def test_limits_hold(body: bytes, status: int) -> None:
    limits = FormLimits(body_bytes=20_000, field_bytes=100, parts=4) if status == 400 else LIMITS
    with pytest.raises(AntiphonError) as caught:
        await read(call_with(cut(body, range(0, len(body), 4096))), limits)
    assert caught.value.status == status


async def test_a_length_that_is_told_is_refused_before_anything_is_read() -> None:
    with pytest.raises(BodyTooLarge):
        await read(call_with([], content_length="10001"), LIMITS)


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "", "multipart/mixed; boundary=a"])
async def test_what_does_not_say_that_it_is_a_form_is_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        await read(call_with([WHOLE], content_type=content_type), LIMITS)


async def test_a_compressed_form_is_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        await read(call_with([WHOLE], content_type=FORM, content_encoding="gzip"), LIMITS)
