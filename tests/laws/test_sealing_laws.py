"""What is sealed can be opened by whom it was sealed for, as it was, and by nobody else and in no other way."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from antiphon.errors import BadRequest
from antiphon.sealing import Seals

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= .\n"
OTHERS = "A-é\ud800"


def counting() -> Callable[[int], bytes]:
    count = itertools.count()
    return lambda size: hashlib.shake_256(b"%d" % next(count)).digest(size)


SEALS = Seals(["new secret", "old secret"], counting())
OLD = Seals(["old secret"], counting())
FOREIGN = Seals(["another secret"], counting())
printable = st.characters(exclude_categories=["C", "Z"], include_characters=" ")
tenants = st.text(printable, max_size=12)
pairs = st.lists(tenants, min_size=2, max_size=2, unique=True)
payloads = st.binary(max_size=300)


def refuses(seals: Seals, tenant: str, text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        seals.open(tenant, text)
    assert refused.value.code == "invalid_encrypted_content"
    assert refused.value.param == "input"


@given(tenants, payloads)
def test_what_is_sealed_opens_as_it_was(tenant: str, payload: bytes) -> None:
    blob = SEALS.seal(tenant, payload)
    assert blob.startswith("ant1.")
    assert SEALS.open(tenant, blob) == payload
    assert SEALS.seal(tenant, payload) != blob, "nobody can see that two blobs hold the same"


@given(tenants, payloads, st.integers(0), st.sampled_from(LETTERS))
def test_a_blob_that_was_changed_anywhere_is_refused(tenant: str, payload: bytes, place: int, letter: str) -> None:
    blob = SEALS.seal(tenant, payload)
    place %= len(blob)
    assume(blob[place] != letter)
    refuses(SEALS, tenant, blob[:place] + letter + blob[place + 1 :])


@given(tenants, payloads, st.integers(0), st.text(OTHERS, min_size=1, max_size=3))
def test_a_blob_that_was_cut_or_grew_is_refused(tenant: str, payload: bytes, place: int, more: str) -> None:
    blob = SEALS.seal(tenant, payload)
    place %= len(blob)
    refuses(SEALS, tenant, blob[:place])
    refuses(SEALS, tenant, blob[:place] + more + blob[place:])


@given(st.text(max_size=80))
def test_what_was_never_sealed_is_refused(text: str) -> None:
    refuses(SEALS, "a", text)
    refuses(SEALS, "a", "ant1." + text)


@given(pairs, payloads)
def test_a_blob_of_another_tenant_is_refused(pair: list[str], payload: bytes) -> None:
    tenant, other = pair
    refuses(SEALS, other, SEALS.seal(tenant, payload))


@given(tenants, payloads)
def test_older_secrets_still_open_and_foreign_ones_do_not(tenant: str, payload: bytes) -> None:
    assert SEALS.open(tenant, OLD.seal(tenant, payload)) == payload
    refuses(OLD, tenant, SEALS.seal(tenant, payload))
    refuses(SEALS, tenant, FOREIGN.seal(tenant, payload))


@given(pairs, st.text(printable, max_size=40))
def test_a_word_has_one_pseudonym_per_tenant_and_secret(pair: list[str], word: str) -> None:
    tenant, other = pair
    name = SEALS.pseudonym(tenant, word)
    assert name == SEALS.pseudonym(tenant, word)
    assert len(name) == 64
    assert name not in {SEALS.pseudonym(other, word), FOREIGN.pseudonym(tenant, word)}
    assert name not in {hashlib.sha256(each.encode()).hexdigest() for each in (word, tenant + word, f"{tenant}:{word}")}
