from pathlib import Path

import pytest

from antiphon.config.references import References, has_reference, interpolated
from antiphon.errors import ConfigError


def resolved(text: str, folder: Path = Path(), **variables: str) -> str:
    return References(variables, folder).resolved(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("${A}", "1"),
        ("x${A}y${A}", "x1y1"),
        ("${A:-2}", "1"),
        ("${B:-2}", "2"),
        ("${EMPTY:-2}", "2"),
        ("${EMPTY}", ""),
        ("${B:-}", ""),
        ("${B:-http://h:1/v1}", "http://h:1/v1"),
        ("$A and 5$", "$A and 5$"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("plain", "plain"),
    ],
)
def test_a_reference_is_replaced_by_what_it_means(text: str, meant: str) -> None:
    assert resolved(text, A="1", EMPTY="") == meant


def test_what_a_variable_holds_is_not_looked_at_again() -> None:
    assert resolved("${A}", A="${B}", B="2") == "${B}"


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ConfigError, match="the variable NOWHERE is not set"):
        resolved("x${NOWHERE}")


@pytest.mark.parametrize("text", ["${", "${}", "${A", "${A:2}", "${1A}", "${A-B}", "${A B}"])
def test_a_malformed_reference_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="begins a reference"):
        resolved(text, A="1")


def test_a_file_is_read_relative_to_the_folder_and_stripped(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("  sk-1\n\n")
    assert resolved("file:key", tmp_path) == "sk-1"
    assert resolved(f"file:{tmp_path}/key", Path("/nowhere")) == "sk-1"
    assert resolved(f"file://{tmp_path}/key", Path("/nowhere")) == "sk-1"
    assert resolved("file:${NAME}", tmp_path, NAME="key") == "sk-1"
    assert resolved("${WHERE:-file:key}", tmp_path) == "sk-1"


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"a" * (1 << 20) + b"b")
    for name, reason in {
        "missing": "No such file",
        "empty": "is empty",
        "binary": "not a file of UTF-8 text",
        "large": "too large",
        ".": "cannot be read",
        "nul\0byte": "cannot be read",
        "~nobody-of-this-name/x": "cannot be read",
    }.items():
        with pytest.raises(ConfigError, match=reason):
            resolved(f"file:{name}", tmp_path)


def test_what_refers_to_something_is_told_from_what_does_not() -> None:
    assert has_reference("${A}")
    assert has_reference("file:x")
    assert has_reference("$${A}")
    assert not has_reference("$A")
    assert not has_reference("a file: x")


def test_in_a_dotenv_file_nothing_is_an_error() -> None:
    assert interpolated("${A}/${B}/${C:-3}/${", {"A": "1"}) == "1//3/${"
