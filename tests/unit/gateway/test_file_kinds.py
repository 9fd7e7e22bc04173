"""What a file is taken for."""

import pytest

from antiphon.gateway.file_kinds import family, named, told

UNKNOWN = "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.PDF", "application/pdf"),
        ("a.jsonl", "application/jsonl"),
        ("a.md", "text/markdown"),
        ("a.webp", "image/webp"),
        ("a.py", "text/x-python"),
        ("a.strange", None),
        ("Makefile", None),
    ],
)
def test_names_tell(name: str, media_type: str | None) -> None:
    assert named(name) == media_type


@pytest.mark.parametrize(
    ("said", "data", "media_type"),
    [
        (UNKNOWN, b"%PDF-1.7\n\xff", "application/pdf"),
        (UNKNOWN, b"\x89PNG\r\n\x1a\n", "image/png"),
        (UNKNOWN, b"RIFF0000WEBP", "image/webp"),
        (UNKNOWN, b"plain words", "text/plain"),
        (UNKNOWN, b"\xff\xfe\x00", UNKNOWN),
        (UNKNOWN, b"a\x00b", UNKNOWN),
        ("application/jsonl", b"{}\n", "text/plain"),
        ("text/x-python", b"pass", "text/plain"),
        ("application/json", b"{}", "text/plain"),
        ("application/zip", b"PK\x03\x04\xff", "application/zip"),
        ("image/svg+xml", b"<svg/>", "text/plain"),
        ("audio/mpeg", b"text?", "audio/mpeg"),
    ],
    ids=["pdf", "png", "webp", "words", "bytes", "nul", "jsonl", "python", "json", "zip", "svg", "audio"],
)
def test_models_are_told_what_it_is(said: str, data: bytes, media_type: str) -> None:
    assert told(said, data) == media_type


def test_families() -> None:
    kinds = ("image/png", "image/svg+xml", "text/html", "audio/wav", "video/mp4", "application/pdf")
    assert [family(kind) for kind in kinds] == ["image", "text", "text", "audio", "video", "file"]
