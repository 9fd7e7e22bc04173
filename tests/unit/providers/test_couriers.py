"""Files on their way to a provider: who takes which, what is said, and what comes back."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.errors import Retry, UpstreamBroke, UpstreamRefused
from antiphon.file_protocols import FileCopy, StoredFile
from antiphon.providers import couriers
from antiphon.providers.couriers import ProviderFiles
from tests.unit.providers.fakes import ScriptedUpstream, instance

MIB = 1_048_576
FILE = StoredFile(
    id="file_1", tenant="t", filename="a.mp4", purpose="user_data", created_at=1, media_type="video/mp4", bytes=3
)
UPLOAD = "/upload/v1beta/files?uploadType=multipart"
ACTIVE = b'{"name":"files/a","state":"ACTIVE","expirationTime":"2100-01-01T00:00:00Z"}'


def courier(name: str, upstream: ScriptedUpstream | None = None, **settings: Any) -> ProviderFiles:
    found = instance(name, upstream, **({"api_key": "sk-1"} | settings)).courier()
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "_POLL_SECONDS", 0)


async def test_a_file_that_is_worked_on_is_waited_for() -> None:
    upstream = ScriptedUpstream(
        {UPLOAD: b'{"file":{"name":"files/a","state":"PROCESSING"}}', "/v1beta/files/a": ACTIVE}
    )
    copy = await courier("gemini", upstream).send(FILE, "video/mp4", b"xyz")
    assert [sent[:2] for sent in upstream.sent] == [
        ("POST", f"https://generativelanguage.googleapis.com:443{UPLOAD}"),
        ("GET", "https://generativelanguage.googleapis.com:443/v1beta/files/a"),
    ]
    assert b"x-goog-api-key: sk-1\r\n" in upstream.sent[1][2]
    assert (copy.file_id, copy.provider, copy.vendor_id) == ("file_1", "gemini", "files/a")
    assert copy.expires_at == 4_102_444_800 - 3600


@pytest.mark.parametrize(
    "states",
    [[b'{"file":{"name":"files/a","state":"PROCESSING"}}', b'{"name":"files/a","state":"FAILED"}'], [b"<html>", b""]],
    ids=["failed", "no-answer"],
)
async def test_a_file_that_nobody_can_use_is_none(states: list[bytes]) -> None:
    upstream = ScriptedUpstream({UPLOAD: states[0], "/v1beta/files/a": states[1]})
    with pytest.raises(UpstreamBroke):
        await courier("gemini", upstream).send(FILE, "video/mp4", b"xyz")


async def test_a_file_that_is_never_ready_is_given_up() -> None:
    working = b'{"name":"files/a","state":"PROCESSING"}'
    upstream = ScriptedUpstream({UPLOAD: working, "/v1beta/files/a": working})
    with pytest.raises(UpstreamBroke, match="in time"):
        await courier("gemini", upstream).send(FILE, "video/mp4", b"xyz")


@pytest.mark.parametrize(("status", "retry"), [(500, Retry.SAME), (429, Retry.SAME), (401, Retry.ELSEWHERE)])
async def test_a_refusal_says_where_to_try_again(status: int, retry: Retry) -> None:
    with pytest.raises(UpstreamRefused) as caught:
        await courier("openai", ScriptedUpstream({"/v1/files": b"secret"}, status)).send(FILE, "video/mp4", b"x")
    assert (caught.value.status, caught.value.retry) == (502, retry)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(("status", "fails"), [(200, False), (404, False), (500, True)])
async def test_what_is_gone_need_not_be_removed(status: int, fails: bool) -> None:  # noqa: FBT001
    upstream = ScriptedUpstream(status=status)
    copy = FileCopy(file_id="file_1", provider="openai", account="a", vendor_id="file-a")
    if fails:
        with pytest.raises(UpstreamRefused):
            await courier("openai", upstream).forget(copy)
    else:
        await courier("openai", upstream).forget(copy)
    assert upstream.sent[0][:2] == ("DELETE", "https://api.openai.com:443/v1/files/file-a")


def test_an_account_is_told_by_its_key_and_its_place() -> None:
    accounts = {
        courier("openai").account,
        courier("openai", api_key="sk-2").account,
        courier("openai", base_url="https://other.example/v1").account,
        courier("openai", headers={"OpenAI-Organization": "org"}).account,
    }
    assert len(accounts) == 4
    assert courier("openai", headers={"User-Agent": "me"}).account == courier("openai").account
    assert not any("sk-1" in account for account in accounts)


@pytest.mark.parametrize(
    ("name", "dialect", "media_type", "size", "inline", "lends"),
    [
        ("openai", "responses", "application/pdf", 32 * MIB, 0, False),
        ("openai", "responses", "application/pdf", 32 * MIB, 1, True),
        ("openai", "chat", "application/pdf", 33 * MIB, 0, True),
        ("openai", "chat", "image/png", 33 * MIB, 0, False),
        ("openai", "responses", "application/pdf", 513 * MIB, 0, False),
        ("anthropic", "messages", "image/png", 21 * MIB, 0, True),
        ("anthropic", "chat", "application/pdf", 21 * MIB, 0, False),
        ("xai", "responses", "text/plain", 1, 0, True),
        ("xai", "responses", "image/png", 1, 0, False),
    ],
)
def test_who_is_lent_what(name: str, dialect: str, media_type: str, size: int, inline: int, lends: bool) -> None:  # noqa: FBT001
    assert courier(name).lends(dialect, media_type, size, inline) is lends


def test_most_providers_keep_no_files() -> None:
    assert instance("groq", api_key="k").courier() is None
