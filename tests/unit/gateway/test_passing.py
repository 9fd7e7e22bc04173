from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from antiphon.errors import AntiphonError, BadRequest, Forbidden, NotFound
from antiphon.gateway.passing import CLOSED, Passages, read
from antiphon.passing_protocols import Asked, Passing, Reply, Upload
from antiphon.passthrough_settings import PassingRuleSettings, PassthroughSettings
from antiphon.wire.counts import Counts

WORDS = st.sampled_from(
    ["v1", "files", "a.b", "x%20y", "models:run", "..", ".", "%2e%2e", "%252E.", "", "keys", "Users"]
)


class Somewhere(Passing):
    name = "some"

    @property
    @override
    def signs_bodies(self) -> bool:
        return False

    @override
    def place(self, path: str) -> str:
        return path

    @override
    def counterpart(self, address: str) -> str | None:
        return None

    @override
    async def ask(self, asked: Asked, body: bytes, seconds: float) -> Reply:
        raise AssertionError(asked)

    @override
    async def upload(self, asked: Asked, length: int | None, seconds: float) -> Upload:
        raise AssertionError(asked)

    @override
    def cost_nanos(self, model: str, counts: Counts) -> int | None:
        return None


def opened(
    path: str, method: str = "GET", *, tenant: str = "master", tenants: Sequence[str] = ("master",), **rule: Any
) -> str:
    """`rule` are the provider's settings."""
    allowed = PassthroughSettings(tenants=list(tenants), providers={"some": PassingRuleSettings(**rule)})
    return Passages(allowed, {"some": Somewhere()}).opened(tenant, "some", method, path)[1]


@settings(max_examples=100)
@given(st.lists(WORDS, min_size=1, max_size=5))
def test_no_path_leads_upwards_or_to_the_account(words: list[str]) -> None:
    path = "/" + "/".join(words)
    try:
        assert opened(path) == path
    except (BadRequest, Forbidden):
        return
    assert not {"..", ".", "%2e%2e", "%252E.", "keys", "Users"} & set(words)
    assert "" not in words[:-1]


@settings(max_examples=100)
@given(st.sampled_from(sorted(CLOSED)), st.integers(1, 3))
def test_a_closed_word_is_closed_however_it_is_spelled(word: str, times: int) -> None:
    spelled = "".join(f"%{ord(letter):02X}" for letter in word)
    for _ in range(times - 1):
        spelled = quote(spelled, safe="")
    for path in (f"/v1/{spelled}", f"/v1/{word.upper()}/x", f"/v1/{word};a=b", f"/v1/x:{word}", f"/v1\\{word}"):
        with pytest.raises(Forbidden):
            opened(path)
    assert opened(f"/v1/{word}", paths=[f"/v1/{word}"])


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/v1/files/**", "/v1/files", True),
        ("/v1/files/**", "/v1/files/a/b", True),
        ("/v1/files/**", "/v1/filesystem", False),
        ("/v1/*/content", "/v1/a/content", True),
        ("/v1/*/content", "/v1/a/b/content", False),
        ("/v1/**/content", "/v1/a/b/content", True),
        ("/v1/**", "/v1/users/1", False),
        ("/v1/users/*", "/v1/users/1", True),
        ("/V1/Files", "/v1/files/", True),
        ("/**", "/", True),
        ("/v1", "/", False),
    ],
)
def test_patterns(pattern: str, path: str, *, fits: bool) -> None:
    try:
        opened(path, paths=[pattern])
    except Forbidden:
        assert not fits
    else:
        assert fits


def test_a_list_without_paths_lets_nothing_through() -> None:
    with pytest.raises(Forbidden):
        opened("/v1/files", paths=[])


@pytest.mark.parametrize(
    "path", ["/a%00b", "/" + "a" * 9000, "/a%ff", "/%25252525252E", "/a//b", "/a/../b", "/...", "/a%5C..%5Cb"]
)
def test_what_cannot_be_read_in_one_way_is_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        read(path)


def test_methods_tenants_and_switches() -> None:
    assert opened("/v1/x", "POST", methods=["POST"])
    assert opened("/v1/x", tenant="a", tenants=["a"])
    assert opened("/v1/x", tenant="a", tenants=["*"])
    refused: list[tuple[type[AntiphonError], dict[str, Any]]] = [
        (Forbidden, {"methods": ["GET"], "method": "POST"}),
        (Forbidden, {"tenant": "a"}),
        (NotFound, {"enabled": False}),
    ]
    for kind, words in refused:
        with pytest.raises(kind):
            opened("/v1/x", **words)
    with pytest.raises(Forbidden):
        Passages(PassthroughSettings(enabled=False), {}).opened("master", "some", "GET", "/v1/x")
    with pytest.raises(NotFound, match="Providers here: some"):
        Passages(PassthroughSettings(), {"some": Somewhere()}).opened("master", "other", "GET", "/v1/x")
