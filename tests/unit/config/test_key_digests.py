"""Digests of keys: what they are made of, who they let in, and what the command line says of them."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Callable

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.cli import main
from antiphon.config.loading import Loaded
from antiphon.errors import Unauthorized
from antiphon.http.auth import Keyring
from antiphon.http.call import Call
from antiphon.key_digests import hashed, read
from antiphon.protocols import Caller

KEY = "sk-antiphon-0123456789abcdef"
SALT = b"0123456789abcdef"
ANN, BOB = Caller("ann", "ann"), Caller("bob", "bob")
KEYS = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=24, max_size=100)


@settings(max_examples=40)
@given(key=KEYS, other=KEYS, salt=st.binary(min_size=16, max_size=16))
def test_a_digest_fits_its_key_and_no_other(key: str, other: str, salt: bytes) -> None:
    made = hashed(key, salt)
    assert read(made.written()) == made
    assert made.fits(key)
    assert made.fits(other) is (other == key)
    assert key not in made.written()


def test_it_is_sha_256_of_the_salt_and_the_key() -> None:
    _, salt, digest = hashed(KEY, SALT).written().split(":")
    assert urlsafe_b64decode(salt + "==") == SALT
    assert urlsafe_b64decode(digest + "=") == hashlib.sha256(SALT + KEY.encode()).digest()


@pytest.mark.parametrize("half", ["sha256:", "sha256:abc:def", hashed(KEY, SALT).written()[:-1]])
def test_half_a_digest_is_none(half: str) -> None:
    with pytest.raises(ValueError, match="antiphon keys hash"):
        read(half)


def test_a_key_that_could_be_found_by_trying_gets_none() -> None:
    with pytest.raises(ValueError, match="fewer than 24"):
        hashed("password", SALT)


def asking(key: str) -> Call:
    async def receive() -> dict[str, object]:
        return {}

    async def send(_: object) -> None:
        pass

    headers = [(b"authorization", f"Bearer {key}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    return Call(scope, receive, send, "req_1")


def test_a_keyring_of_both_kinds_lets_in_whom_it_knows() -> None:
    ring = Keyring([(hashed(KEY, SALT).written(), ANN), ("sk-of-bob", BOB)])
    for _ in range(2):
        assert ring.caller(asking(KEY)) == ANN
        assert ring.caller(asking("sk-of-bob")) == BOB
        for wrong in (KEY[:-1], KEY + "x", hashed(KEY, SALT).written(), ""):
            assert not ring.opens(wrong.encode())
    with pytest.raises(Unauthorized):
        ring.caller(asking("sk-of-nobody"))


def test_a_keyring_holds_no_key() -> None:
    ring = Keyring([(KEY, ANN), (hashed(KEY[::-1], SALT).written(), BOB)])
    assert ring.opens(KEY[::-1].encode())
    assert KEY not in repr(vars(ring))
    assert KEY[::-1] not in repr(vars(ring))


def test_strangers_leave_nothing_behind_in_a_keyring() -> None:
    ring = Keyring([(hashed(KEY, SALT).written(), ANN)])
    before = repr(vars(ring))
    for number in range(100):
        assert not ring.opens(b"%d" % number)
    assert repr(vars(ring)) == before


def test_the_command_makes_a_key_and_its_digest() -> None:
    made = CliRunner().invoke(main, ["keys", "new", "--name", "ann"])
    key = made.stdout.strip()
    digest = made.stderr.rpartition("key: ")[2].strip()
    found = read(digest)
    assert found is not None
    assert found.fits(key)
    assert len(key) > 40
    again = CliRunner().invoke(main, ["keys", "hash"], input=key + "\n").stdout.strip()
    assert again != digest, "each has a salt of its own"
    other = read(again)
    assert other is not None
    assert other.fits(key)


@pytest.mark.parametrize("name", ["ann", "1", "null", "2026-11-22", "on"])
def test_what_the_command_shows_can_be_copied_into_the_configuration(name: str) -> None:
    made = CliRunner().invoke(main, ["keys", "new", "--name", name])
    shown = yaml.safe_load(made.stderr[made.stderr.index("keys:") :])
    assert [each["name"] for each in shown["keys"]] == [name]


@pytest.mark.parametrize("name", ["a: b", "Ann", "", "a" * 65])
def test_a_name_that_the_configuration_would_refuse_is_refused_at_once(name: str) -> None:
    made = CliRunner().invoke(main, ["keys", "new", "--name", name])
    assert (made.exit_code, made.stdout) == (2, "")


@pytest.mark.parametrize("key", ["short", "two words that are long enough", "ünicode-that-is-long-enough"])
def test_the_command_takes_no_key_that_is_none(key: str) -> None:
    assert CliRunner().invoke(main, ["keys", "hash"], input=key + "\n").exit_code == 1


def test_the_configuration_takes_digests(given: Callable[..., Loaded]) -> None:
    digest = hashed(KEY, SALT).written()
    assert given(f"keys: [{{name: ann, key: '{digest}'}}]").settings.keys[0].key == digest


@pytest.mark.parametrize(
    ("yaml", "line"),
    [
        ("keys: [{name: a, key: 'sha256:abc:def'}]", "`keys[0].key`: it begins like the digest of a key"),
        (f"master_key: {KEY}\nkeys: [{{name: a, key: '{hashed(KEY, SALT).written()}'}}]", "the same key is here twice"),
        (f"master_key: '{hashed(KEY, SALT).written()}'", "`master_key` cannot be a digest"),
    ],
    ids=["half", "twice", "master"],
)
def test_the_configuration_says_what_is_no_digest(refused: Callable[..., list[str]], yaml: str, line: str) -> None:
    assert line in "\n".join(refused(yaml))
