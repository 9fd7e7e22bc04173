"""Azure's tokens from services that play Entra, App Service and the machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from antiphon.credential_settings import AzureSettings
from antiphon.errors import CredentialsFailed
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.credentials import Credentials
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.signers import Signers
from antiphon.providers.table import TABLE
from tests.integration.credentials.services import NOW, Hands, Says, serving, signers

ENDPOINT = Endpoint.parse("https://mine.openai.azure.com/openai/v1/responses")
ENTRA = {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": "t1"}


def opened(who: Signers, **settings: Any) -> Credentials:
    made = who.credentials(TABLE["azure"], ProviderSettings(azure=AzureSettings(**settings)))
    assert made is not None
    return made


async def line(credentials: Credentials) -> bytes:
    return await credentials.headers(b"POST", ENDPOINT, b"{}")


async def test_a_client_secret_opens() -> None:
    async with serving({"/tenant/oauth2/v2.0/token": Says(ENTRA)}) as entra, signers(Hands()) as who:
        given = {"tenant_id": "tenant", "client_id": "app", "client_secret": "s3", "authority_url": entra.url + "/"}
        assert await line(opened(who, **given)) == b"Authorization: Bearer t1\r\n"
        assert (
            await line(opened(who, **given, scope="https://ai.azure.com/.default")) == b"Authorization: Bearer t1\r\n"
        )
    first, second = entra.seen
    assert first.form == {
        "grant_type": "client_credentials",
        "client_id": "app",
        "client_secret": "s3",
        "scope": "https://cognitiveservices.azure.com/.default",
    }
    assert second.form["scope"] == "https://ai.azure.com/.default"


async def test_a_workloads_token_opens_and_is_read_anew(tmp_path: Path) -> None:
    token, clock = tmp_path / "token", Hands()
    token.write_text("jwt-1")
    async with serving({"/t/oauth2/v2.0/token": Says(ENTRA)}) as entra, signers(clock) as who:
        credentials = opened(
            who, tenant_id="t", client_id="app", federated_token_file=str(token), authority_url=entra.url
        )
        await line(credentials)
        token.write_text("jwt-2")
        clock.now += 3400
        await line(credentials)
    assert [asked.form["client_assertion"] for asked in entra.seen] == ["jwt-1", "jwt-2"]
    assert entra.seen[0].form["client_assertion_type"].endswith(":jwt-bearer")


@pytest.mark.parametrize("client_id", [None, "user-assigned"])
async def test_app_service_gives_its_identity(client_id: str | None) -> None:
    told = {"access_token": "t2", "expires_on": str(int(NOW) + 3600), "resource": "r", "token_type": "Bearer"}
    async with serving({"/msi/token": Says(told)}) as service, signers(Hands()) as who:
        given = {"identity_url": f"{service.url}/msi/token", "identity_header": "h", "client_id": client_id}
        assert await line(opened(who, **given)) == b"Authorization: Bearer t2\r\n"
    [asked] = service.seen
    expected = {"api-version": "2019-08-01", "resource": "https://cognitiveservices.azure.com"}
    assert asked.query == expected | ({} if client_id is None else {"client_id": client_id})
    assert asked.headers["x-identity-header"] == "h"


async def test_the_machine_gives_its_identity() -> None:
    told = {"access_token": "t3", "expires_in": "86400", "expires_on": str(int(NOW) + 86400), "token_type": "Bearer"}
    path = "/metadata/identity/oauth2/token"
    async with serving({path: Says(told)}) as service, signers(Hands()) as who:
        assert await line(opened(who, metadata_url=service.url)) == b"Authorization: Bearer t3\r\n"
    assert service.seen[0].headers["metadata"] == "true"
    assert service.seen[0].query["api-version"] == "2018-02-01"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Says({"error": "invalid_client", "error_description": "hunter2"}, 401), "refused: status 401, invalid_client"),
        (
            Says({"error": "invalid_client", "error_codes": [7000215], "error_description": "hunter2"}, 401),
            "refused: status 401, invalid_client, AADSTS7000215",
        ),
        (Says("<html>hunter2", 502), "refused: status 502"),
        (Says({"token": "hunter2"}), "answered what is no credential"),
        (Says({"error": "hunter2 is no code"}, 400), "refused: status 400"),
    ],
    ids=["refused", "refused with a number", "broken", "no token", "strange"],
)
async def test_a_failure_is_told_without_what_was_said(answer: Says, said: str) -> None:
    async with serving({"/t/oauth2/v2.0/token": answer}) as entra, signers(Hands()) as who:
        with pytest.raises(CredentialsFailed) as failed:
            await line(opened(who, tenant_id="t", client_id="app", client_secret="hunter2", authority_url=entra.url))
    assert failed.value.message == f"Azure: Entra {said}"


async def test_a_secret_without_its_owner_is_told() -> None:
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="tenant_id"):
            await line(opened(who, client_secret="s"))


async def test_where_nobody_is_there_it_says_what_was_looked_for() -> None:
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed) as failed:
            await line(opened(who, metadata_url="http://127.0.0.1:1"))
    assert failed.value.message.startswith("Azure: no key, client secret or workload's token is set, and the machine's")
    assert "127.0.0.1" not in failed.value.message


async def test_a_failure_is_shared_by_all_who_wait_for_it() -> None:
    async with serving({}) as entra, signers(Hands()) as who:
        credentials = opened(who, tenant_id="t", client_id="app", client_secret="s", authority_url=entra.url)

        async def fail() -> None:
            with pytest.raises(CredentialsFailed, match="404, not_found"):
                await line(credentials)

        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(fail())
    assert len(entra.seen) == 1


async def test_with_a_key_nobody_signs() -> None:
    async with signers(Hands()) as who:
        assert who.credentials(TABLE["azure"], ProviderSettings(api_key="k")) is None
        assert who.credentials(TABLE["azure"], ProviderSettings(headers={"Authorization": "Bearer x"})) is None
        assert who.credentials(TABLE["azure"], ProviderSettings(headers={"Api-Key": "x"})) is None
        assert who.credentials(TABLE["openai"], ProviderSettings()) is None
