"""Files as vendors take them, read by a parser of forms that is not ours; and what vendors answer."""

import pytest

from antiphon.http.multipart import FormLimits
from antiphon.wire.file_forms import Manner, Told, form_of, told_of
from antiphon.wire.files import is_own, names_own, plain_name, type_of
from tests.unit.http.forms import Field, call_with, read

OWN = "file_0" + "a" * 47
DATA = b"a,b\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("manner", "fields"),
    [
        ("openai", [("purpose", "p"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "604800")]),
        ("xai", [("purpose", "p"), ("expires_after", "604800")]),
        ("anthropic", []),
    ],
)
async def test_a_form_holds_the_file_and_what_is_said_of_it(manner: Manner, fields: list[Field]) -> None:
    form = form_of(manner, "p", 'ü"\r\n.csv', "text/csv", DATA, "edge")
    told = await read(call_with([form.body], content_type=form.content_type), FormLimits(body_bytes=10_000))
    assert told == [*fields, ("file", ('ü"\r\n.csv', "text/csv", DATA))]


def test_googles_form_is_related_parts() -> None:
    form = form_of("google", "", "a.csv", "text/csv", DATA, "edge")
    assert form.content_type == "multipart/related; boundary=edge"
    told, data = form.body.removesuffix(b"\r\n--edge--\r\n").split(b"\r\n--edge\r\n")
    assert told.endswith(b'\r\n\r\n{"file":{"displayName":"a.csv"}}')
    assert data == b"Content-Type: text/csv\r\n\r\n" + DATA


@pytest.mark.parametrize(
    ("manner", "body", "told"),
    [
        ("openai", b'{"id":"file-1","expires_at":5}', Told("file-1", 5)),
        ("anthropic", b'{"id":"file_1","expires_at":null}', Told("file_1")),
        ("anthropic", b'{"id":"f","expires_at":"1970-01-01T00:01:00Z"}', Told("f", 60)),
        (
            "google",
            b'{"file":{"name":"files/a","state":"PROCESSING","expirationTime":"1970-01-01T00:01:00.5Z"}}',
            Told("files/a", 60, ready=False),
        ),
        ("google", b'{"name":"files/a","state":"ACTIVE"}', Told("files/a")),
        ("google", b'{"name":"files/a","state":"FAILED"}', None),
        ("openai", b'{"id":"f","expires_at":"soon"}', Told("f")),
        ("openai", b'{"id":"../models"}', None),
        ("google", b'{"name":"files/../models"}', None),
        ("openai", b"{}", None),
        ("openai", b"[", None),
        ("openai", b'{"id":5}', None),
        ("openai", b"\xff", None),
    ],
)
def test_what_a_vendor_answers(manner: Manner, body: bytes, told: Told | None) -> None:
    assert told_of(manner, body) == told


def test_ids_of_ours_are_known_by_their_form() -> None:
    assert is_own(OWN)
    for other in ("file-abc123", "file_011CNha8iCJcU1wXNR6q4V8w", OWN[:-1], OWN + "0", "files/abc"):
        assert not is_own(other)
    assert names_own(f'{{"file_id": "{OWN}"}}'.encode())
    assert not names_own(b'{"file_id":"file_011CNha8iCJcU1wXNR6q4V8w"}')


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a.txt", "a.txt"),
        ("../a.txt", "a.txt"),
        ("..\\b", "b"),
        ("\x00\n", "unnamed"),
        ("", "unnamed"),
        ("a" * 999, "a" * 512),
    ],
    ids=["plain", "folder", "backslash", "control", "none", "long"],
)
def test_names_are_kept_harmless(said: str, kept: str) -> None:
    assert plain_name(said, "unnamed") == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Text/Plain; charset=utf-8", "text/plain"),
        ("application/vnd.ms-excel", "application/vnd.ms-excel"),
        ("nonsense", "application/octet-stream"),
        ("text/plain\r\nx: y", "application/octet-stream"),
    ],
    ids=["parameters", "vendor", "nonsense", "line"],
)
def test_types_are_kept_harmless(said: str, kept: str) -> None:
    assert type_of(said) == kept
