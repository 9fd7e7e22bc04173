"""Google's tokens from services that play its token endpoints and the machine."""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from antiphon.credential_settings import GoogleSettings
from antiphon.errors import ConfigError, CredentialsFailed
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.credentials import Credentials
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.signers import Signers
from antiphon.providers.table import TABLE
from tests.integration.credentials.services import NOW, Hands, Says, serving, signers

ENDPOINT = Endpoint.parse("https://aiplatform.googleapis.com/v1/x")
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN = Says({"access_token": "t1", "expires_in": 3599, "token_type": "Bearer"})
BEARER = b"Authorization: Bearer t1\r\n"
MACHINE = "/computeMetadata/v1/instance/service-accounts/default/token"


@cache
def rsa_key() -> RSAPrivateKey:
    return generate_rsa_key(public_exponent=65537, key_size=2048)


def pem(key: PrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def service_account(url: str, key: str | None = None) -> dict[str, str]:
    return {
        "type": "service_account",
        "client_email": "gateway@mine.iam.gserviceaccount.com",
        "private_key_id": "kid-1",
        "private_key": pem(rsa_key()) if key is None else key,
        "token_uri": f"{url}/token",
    }


def opened(who: Signers, **settings: Any) -> Credentials:
    made = who.credentials(TABLE["vertex"], ProviderSettings(project="p", google=GoogleSettings(**settings)))
    assert made is not None
    return made


def with_key(who: Signers, key: Mapping[str, object]) -> Credentials:
    return opened(who, key=json.dumps(key))


async def lines(credentials: Credentials) -> bytes:
    return await credentials.headers(b"POST", ENDPOINT, b"{}")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


async def test_a_service_account_signs_a_claim() -> None:
    async with serving({"/token": TOKEN}) as google, signers(Hands()) as who:
        assert await lines(with_key(who, service_account(google.url))) == BEARER
    [asked] = google.seen
    assert asked.form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    text, _, signature = asked.form["assertion"].rpartition(".")
    header, claims = (json.loads(urlsafe_b64decode(part + "==")) for part in text.split("."))
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}
    assert claims == {
        "iss": "gateway@mine.iam.gserviceaccount.com",
        "scope": SCOPE,
        "aud": f"{google.url}/token",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
    }
    rsa_key().public_key().verify(urlsafe_b64decode(signature + "=="), text.encode(), PKCS1v15(), SHA256())


UNKNOWN = "-----BEGIN PRIVATE KEY-----\nMA0CAQAwBQYDKgMEBAEA\n-----END PRIVATE KEY-----\n"
"""A key of an algorithm that nobody has: its object identifier is 1.2.3.4."""


@pytest.mark.parametrize(
    "key", ["hunter2", pem(generate_private_key(SECP256R1())), UNKNOWN], ids=["garbage", "no rsa", "unknown"]
)
async def test_a_key_that_cannot_sign_is_told_without_it(key: str) -> None:
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="private key") as failed:
            await lines(with_key(who, service_account("http://127.0.0.1:1", key)))
    assert "hunter2" not in failed.value.message


async def test_without_the_extra_it_says_so_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    async with signers(Hands()) as who:
        with pytest.raises(ConfigError, match=r"make vertex"):
            with_key(who, service_account("http://127.0.0.1:1"))
        with_key(who, {"type": "authorized_user"})


async def test_a_user_that_gcloud_signed_in_is_found(home: Path) -> None:
    async with serving({"/token": TOKEN}) as google, signers(Hands()) as who:
        user = {
            "type": "authorized_user",
            "client_id": "id",
            "client_secret": "s",
            "refresh_token": "r",
            "token_uri": f"{google.url}/token",
            "quota_project_id": "payer",
        }
        folder = home / ".config" / "gcloud"
        folder.mkdir(parents=True)
        (folder / "application_default_credentials.json").write_text(json.dumps(user))
        assert await lines(opened(who)) == BEARER + b"x-goog-user-project: payer\r\n"
        (home / "key.json").write_text(json.dumps(user | {"quota_project_id": None}))
        assert await lines(opened(who, file=str(home / "key.json"))) == BEARER
    assert google.seen[0].form == {
        "grant_type": "refresh_token",
        "client_id": "id",
        "client_secret": "s",
        "refresh_token": "r",
    }


async def test_the_machine_gives_its_own() -> None:
    clock = Hands()
    async with serving({MACHINE: TOKEN}) as machine, signers(clock) as who:
        credentials = opened(who, metadata_host=f"127.0.0.1:{machine.port}")
        assert await lines(credentials) == BEARER
        assert await lines(credentials) == BEARER
        clock.now += 3400
        assert await lines(credentials) == BEARER
    assert len(machine.seen) == 2
    assert machine.seen[0].headers["metadata-flavor"] == "Google"


def workload(url: str, source: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/sts",
        "credential_source": source,
    }


async def test_a_workloads_token_from_a_file_is_exchanged(home: Path) -> None:
    (home / "token").write_text("jwt-1\n")
    async with serving({"/sts": TOKEN}) as google, signers(Hands()) as who:
        key = workload(google.url, {"file": str(home / "token")})
        assert await lines(with_key(who, key)) == BEARER
    assert google.seen[0].form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": key["audience"],
        "scope": SCOPE,
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token": "jwt-1",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    }


async def test_a_workloads_token_from_an_address_opens_a_service_account() -> None:
    impersonated = {"accessToken": "t9", "expireTime": "2026-09-21T15:00:00Z"}
    answers = {"/oidc": Says({"value": "jwt-2"}), "/sts": TOKEN, "/sa:generateAccessToken": Says(impersonated)}
    async with serving(answers) as google, signers(Hands()) as who:
        source = {
            "url": f"{google.url}/oidc",
            "headers": {"Authorization": "bearer x"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        }
        key = workload(google.url, source)
        key["service_account_impersonation_url"] = f"{google.url}/sa:generateAccessToken"
        assert await lines(with_key(who, key)) == b"Authorization: Bearer t9\r\n"
    oidc, sts, account = google.seen
    assert (oidc.method, oidc.headers["authorization"]) == ("GET", "bearer x")
    assert sts.form["subject_token"] == "jwt-2"
    assert account.headers["authorization"] == "Bearer t1"
    assert account.json == {"scope": [SCOPE], "lifetime": "3600s"}


async def test_an_impersonated_account_is_opened_by_a_user() -> None:
    impersonated = {"accessToken": "t9", "expireTime": "2026-09-21T15:00:00Z"}
    async with serving({"/token": TOKEN, "/sa": Says(impersonated)}) as google, signers(Hands()) as who:
        user = {"type": "authorized_user", "refresh_token": "r", "token_uri": f"{google.url}/token"}
        key = {
            "type": "impersonated_service_account",
            "source_credentials": user,
            "service_account_impersonation_url": f"{google.url}/sa",
        }
        assert await lines(with_key(who, key)) == b"Authorization: Bearer t9\r\n"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"type": "gdch_service_account"}, "of a type that is not supported"),
        (workload("http://x", {"environment_id": "aws1", "url": "http://127.0.0.1:1"}), "a file or an address gives"),
        (workload("http://x", {"executable": {"command": "x"}}), "a file or an address gives"),
        (workload("http://x", {"file": "/nowhere/at/all"}), "the workload's token cannot be read"),
        ({"no": "type"}, "not of a form that is known"),
    ],
    ids=["type", "aws", "program", "no file", "no key"],
)
async def test_what_is_left_out_is_told(key: Mapping[str, object], said: str) -> None:
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match=said):
            await lines(with_key(who, key))


async def test_a_refusal_is_told_by_its_code_alone() -> None:
    refusal = Says({"error": "invalid_grant", "error_description": "hunter2"}, 400)
    async with serving({"/token": refusal}) as google, signers(Hands()) as who:
        with pytest.raises(CredentialsFailed) as failed:
            await lines(with_key(who, service_account(google.url)))
    assert failed.value.message == "Google Cloud: Google's token service refused: status 400, invalid_grant"


@pytest.mark.parametrize("folder", ["~nobody-of-this-name", "f" * 400], ids=["no home", "too long"])
async def test_a_folder_that_cannot_be_looked_into_holds_no_file(folder: str) -> None:
    async with serving({MACHINE: TOKEN}) as machine, signers(Hands()) as who:
        made = opened(who, gcloud_folder=folder, metadata_host=machine.url.removeprefix("http://"))
        assert await lines(made) == BEARER


@pytest.mark.parametrize(("token", "project"), [("t1\r\nx-other: 1", "p"), ("t1", "p\r\nx-other: 1"), ("t\u00e9", "p")])
async def test_what_no_header_can_carry_is_not_sent(token: str, project: str) -> None:
    async with serving({"/token": Says({"access_token": token})}) as google, signers(Hands()) as who:
        key = service_account(google.url) | {"quota_project_id": project}
        with pytest.raises(CredentialsFailed, match="cannot be sent"):
            await lines(with_key(who, key))


async def test_where_nobody_is_there_it_says_what_was_looked_for() -> None:
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="no key file is set, gcloud has left none, and the machine's"):
            await lines(opened(who, metadata_host="127.0.0.1:1"))
        with pytest.raises(CredentialsFailed, match="switched off"):
            await lines(opened(who, metadata_disabled=True))
