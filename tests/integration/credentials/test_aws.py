"""AWS's search for keys against services that play STS, ECS and the machine."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from antiphon.credential_settings import AwsSettings
from antiphon.errors import CredentialsFailed
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.credentials import Credentials
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.signers import Signers
from antiphon.providers.sigv4 import Keys, signed
from antiphon.providers.table import TABLE
from tests.integration.credentials.services import NOW, Asked, Hands, Says, Service, always, serving, signers

ENDPOINT = Endpoint.parse("https://bedrock-runtime.us-east-1.amazonaws.com/model/a.b-v1%3A0/converse")
BODY = b'{"messages":[]}'
ROLE = "arn:aws:iam::123456789012:role/gateway"


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(NOW + seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def told(name: str, seconds: float = 3600.0) -> dict[str, str]:
    """Credentials as ECS and the machine tell them."""
    return {
        "AccessKeyId": f"AK{name}",
        "SecretAccessKey": f"secret-{name}",
        "Token": f"token-{name}",
        "Expiration": moment(seconds),
    }


def sts(action: str, name: str, seconds: float = 3600.0) -> str:
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
        f"<AccessKeyId>AK{name}</AccessKeyId><SecretAccessKey>secret-{name}</SecretAccessKey>"
        f"<SessionToken>token-{name}</SessionToken><Expiration>{moment(seconds)}</Expiration>"
        f"</Credentials></{action}Result></{action}Response>"
    )


def opened(who: Signers, **settings: Any) -> Credentials:
    said = ProviderSettings(region="us-east-1", aws=AwsSettings(metadata_disabled=True, **settings))
    made = who.credentials(TABLE["bedrock"], said)
    assert made is not None
    return made


def named(name: str) -> Keys:
    return Keys(f"AK{name}", f"secret-{name}", f"token-{name}")


async def check(credentials: Credentials, keys: Keys, at: float = NOW) -> None:
    """The request is signed with these keys."""
    assert await credentials.headers(b"POST", ENDPOINT, BODY) == signed(
        keys, ("us-east-1", "bedrock"), b"POST", ENDPOINT, BODY, at
    )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    return tmp_path / ".aws"


async def test_keys_that_are_set_sign_and_nobody_is_asked() -> None:
    async with signers(Hands()) as who:
        await check(opened(who, access_key_id="AKx", secret_access_key="secret-x", session_token="token-x"), named("x"))
        await check(opened(who, access_key_id="AKx", secret_access_key="s"), Keys("AKx", "s"))


async def test_half_a_key_is_told() -> None:
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="go together"):
            await opened(who, access_key_id="AKx").headers(b"POST", ENDPOINT, BODY)


@pytest.mark.parametrize(
    ("file", "section"),
    [("config", "profile work"), ("config", 'profile "work"'), ("config", "profile\t'work'"), ("credentials", "work")],
    ids=["config", "double quotes", "single quotes", "credentials"],
)
async def test_a_profile_is_found_in_either_shared_file(home: Path, file: str, section: str) -> None:
    (home / file).write_text(
        f"[{section}]\naws_access_key_id = AKw\naws_secret_access_key=secret-w\naws_session_token = token-w\n"
    )
    async with signers(Hands()) as who:
        await check(opened(who, profile="work"), named("w"))
        with pytest.raises(CredentialsFailed, match="'play' is in no shared file"):
            await opened(who, profile="play").headers(b"POST", ENDPOINT, BODY)


async def test_the_default_profile_is_used_unasked(home: Path) -> None:
    (home / "credentials").write_text("[default]\naws_access_key_id = AKd\naws_secret_access_key = s\n")
    async with signers(Hands()) as who:
        await check(opened(who), Keys("AKd", "s"))


async def test_a_profile_may_name_a_program(home: Path) -> None:
    printed = {"Version": 1, "AccessKeyId": "AKp", "SecretAccessKey": "secret-p", "SessionToken": "token-p"}
    program = home / "program.py"
    program.write_text(f"print({json.dumps(json.dumps(printed))})")
    (home / "config").write_text(f"[default]\ncredential_process = {sys.executable} '{program}'\n")
    async with signers(Hands()) as who:
        await check(opened(who), named("p"))


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raise SystemExit(3)", "ended with status 3"),
        ("print('hunter2')", "printed no credentials"),
    ],
)
async def test_a_program_that_fails_is_told_without_what_it_printed(home: Path, program: str, said: str) -> None:
    (home / "p.py").write_text(program)
    (home / "config").write_text(f"[default]\ncredential_process = {sys.executable} {home / 'p.py'}\n")
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match=said) as failed:
            await opened(who).headers(b"POST", ENDPOINT, BODY)
    assert "hunter2" not in failed.value.message


async def test_a_program_that_is_not_there_is_told(home: Path) -> None:
    (home / "config").write_text("[default]\ncredential_process = /nowhere/at/all\n")
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="cannot be started"):
            await opened(who).headers(b"POST", ENDPOINT, BODY)


async def test_a_web_identity_opens_a_role(home: Path) -> None:
    token = home / "token"
    token.write_text("jwt-1\n")
    async with serving({"/": Says(sts("AssumeRoleWithWebIdentity", "r"))}) as service, signers(Hands()) as who:
        given = {"web_identity_role_arn": ROLE, "web_identity_token_file": str(token), "sts_url": service.url}
        await check(opened(who, **given), named("r"))
    [asked] = service.seen
    assert "authorization" not in asked.headers
    assert asked.form == {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "antiphon",
        "WebIdentityToken": "jwt-1",
    }


async def test_the_token_of_a_web_identity_is_read_anew_each_time(home: Path) -> None:
    token, clock = home / "token", Hands()
    token.write_text("jwt-1")
    async with serving({"/": Says(sts("AssumeRoleWithWebIdentity", "r"))}) as service, signers(clock) as who:
        given = {"web_identity_role_arn": ROLE, "web_identity_token_file": str(token), "sts_url": service.url}
        credentials = opened(who, **given)
        await check(credentials, named("r"))
        token.write_text("jwt-2")
        clock.now += 3500
        await check(credentials, named("r"), clock.now)
    assert [asked.form["WebIdentityToken"] for asked in service.seen] == ["jwt-1", "jwt-2"]


async def test_a_role_is_taken_on_with_the_keys_that_were_found() -> None:
    async with serving({"/": Says(sts("AssumeRole", "r"))}) as service, signers(Hands()) as who:
        credentials = opened(
            who,
            access_key_id="AKx",
            secret_access_key="secret-x",
            session_token="token-x",
            role_arn=ROLE,
            role_session_name="me",
            external_id="word",
            sts_url=service.url,
        )
        await check(credentials, named("r"))
    [asked] = service.seen
    assert asked.form["RoleArn"] == ROLE
    assert (asked.form["RoleSessionName"], asked.form["ExternalId"]) == ("me", "word")
    assert asked.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKx/")
    assert "/us-east-1/sts/aws4_request" in asked.headers["authorization"]
    endpoint = Endpoint.parse(service.url + "/")
    lines = signed(named("x"), ("us-east-1", "sts"), b"POST", endpoint, asked.body, NOW).decode()
    assert f"Authorization: {asked.headers['authorization']}" in lines


async def test_a_profile_takes_a_role_on_with_another_profiles_keys(home: Path) -> None:
    (home / "config").write_text(
        f"[profile deep]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = word\nregion = eu-west-1\n"
    )
    (home / "credentials").write_text("[base]\naws_access_key_id = AKb\naws_secret_access_key = s\n")
    async with serving({"/": Says(sts("AssumeRole", "r"))}) as service, signers(Hands()) as who:
        await check(opened(who, profile="deep", sts_url=service.url), named("r"))
    assert "Credential=AKb/" in service.seen[0].headers["authorization"]
    assert "/eu-west-1/sts/" in service.seen[0].headers["authorization"]
    assert service.seen[0].form["ExternalId"] == "word"


async def test_profiles_that_go_in_a_circle_are_told(home: Path) -> None:
    (home / "config").write_text(
        f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\nrole_arn = {ROLE}\nsource_profile = a\n"
    )
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="circle"):
            await opened(who, profile="a").headers(b"POST", ENDPOINT, BODY)


async def test_sso_is_left_out_and_told(home: Path) -> None:
    (home / "config").write_text("[default]\nsso_session = me\nsso_account_id = 1\n")
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="credential_process"):
            await opened(who).headers(b"POST", ENDPOINT, BODY)


async def test_a_container_gives_its_own(home: Path) -> None:
    (home / "token").write_text("open-sesame\n")
    async with serving({"/v1/credentials": Says(told("c"))}) as service, signers(Hands()) as who:
        uri = f"{service.url}/v1/credentials"
        await check(opened(who, container_uri=uri, container_token_file=str(home / "token")), named("c"))
        await check(opened(who, container_uri=uri, container_token="given"), named("c"))
    assert [asked.headers["authorization"] for asked in service.seen] == ["open-sesame", "given"]


async def test_a_containers_token_goes_to_no_stranger_without_tls() -> None:
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="must not be sent"):
            await opened(who, container_uri="http://example.com/x", container_token="t").headers(
                b"POST", ENDPOINT, BODY
            )


def machine(role: Says, keys: Says) -> Callable[[Asked], Says]:
    """The metadata service, version 2 alone: without a session it tells nothing."""

    def answers(asked: Asked) -> Says:
        if asked.path == "/latest/api/token":
            assert asked.method == "PUT"
            assert asked.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
            return Says("session-1")
        if asked.headers.get("x-aws-ec2-metadata-token") != "session-1":
            return Says("", 401)
        return role if asked.path.endswith("/security-credentials/") else keys

    return answers


def on_machine(who: Signers, service: Service) -> Credentials:
    said = ProviderSettings(region="us-east-1", aws=AwsSettings(metadata_url=service.url))
    made = who.credentials(TABLE["bedrock"], said)
    assert made is not None
    return made


async def test_the_machine_gives_its_roles_keys() -> None:
    async with serving(machine(Says("my role\n"), Says(told("m")))) as service, signers(Hands()) as who:
        await check(on_machine(who, service), named("m"))
    assert service.seen[-1].target == "/latest/meta-data/iam/security-credentials/my"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (machine(Says("", 404), Says("")), "the machine has no role"),
        (machine(Says("r"), Says("hunter2")), "answered what is no credential"),
        (machine(Says("r"), Says("hunter2", 500)), "refused: status 500"),
        (always(Says("hunter2", 403)), "gives no session: status 403"),
    ],
    ids=["no role", "garbage", "broken", "no session"],
)
async def test_a_machine_that_gives_nothing_is_told(answers: Callable[[Asked], Says], said: str) -> None:
    async with serving(answers) as service, signers(Hands()) as who:
        with pytest.raises(CredentialsFailed) as failed:
            await on_machine(who, service).headers(b"POST", ENDPOINT, BODY)
    assert said in failed.value.message
    assert "hunter2" not in failed.value.message
    assert str(service.port) not in failed.value.message


async def test_everything_that_was_tried_is_told() -> None:
    async with signers(Hands()) as who:
        with pytest.raises(CredentialsFailed) as failed:
            await opened(who).headers(b"POST", ENDPOINT, BODY)
    assert failed.value.message == (
        "AWS: no credentials were found: no web identity is set; no shared file has a default profile; "
        "no container's service is set; the machine's metadata service is switched off"
    )


async def test_a_refusal_is_told_by_its_code_alone(home: Path) -> None:
    (home / "token").write_text("hunter2")
    refusal = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>hunter2</Message></Error></ErrorResponse>"
    async with serving({"/": Says(refusal, 403)}) as service, signers(Hands()) as who:
        given = {
            "web_identity_role_arn": ROLE,
            "web_identity_token_file": str(home / "token"),
            "sts_url": service.url,
        }
        with pytest.raises(CredentialsFailed) as failed:
            await opened(who, **given).headers(b"POST", ENDPOINT, BODY)
    assert failed.value.message == "AWS: AWS's token service (STS) refused: status 403, AccessDenied"


async def test_many_who_ask_at_once_cause_one_question() -> None:
    async with serving(machine(Says("r"), Says(told("m")))) as service, signers(Hands()) as who:
        credentials = on_machine(who, service)
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(check(credentials, named("m")))
    assert len(service.seen) == 3


async def test_keys_are_renewed_before_their_end_while_others_go_on() -> None:
    clock = Hands()
    async with serving(machine(Says("r"), Says(told("1")))) as service, signers(clock) as who:
        credentials = on_machine(who, service)
        await check(credentials, named("1"))
        clock.now += 3400
        service.answers, service.gate = machine(Says("r"), Says(told("2", 7200))), asyncio.Event()
        service.arrived.clear()
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(check(credentials, named("2"), clock.now))
            await service.arrived.wait()
            await check(credentials, named("1"), clock.now)
            assert not renewing.done()
            service.gate.set()
        await check(credentials, named("2"), clock.now)


async def test_keys_that_have_lapsed_by_our_clock_alone_are_used_and_not_asked_for_by_each_request() -> None:
    answers = {"/keys": Says(told("1", -60.0))}
    clock = Hands()
    async with serving(answers) as container, signers(clock) as who:
        credentials = opened(who, container_uri=f"{container.url}/keys")
        for _ in range(3):
            await check(credentials, named("1"))
        assert len(container.seen) == 1
        clock.now += 5.0
        await check(credentials, named("1"), clock.now)
        assert len(container.seen) == 2


@pytest.mark.parametrize("member", ["AccessKeyId", "Token"])
async def test_keys_that_no_header_can_carry_are_not_used(member: str) -> None:
    async with serving({"/keys": Says(told("1") | {member: "a\r\nx-other: 1"})}) as container, signers(Hands()) as who:
        with pytest.raises(CredentialsFailed, match="no header can carry"):
            await opened(who, container_uri=f"{container.url}/keys").headers(b"POST", ENDPOINT, BODY)


async def test_a_failed_renewal_costs_nobody_anything_until_the_end() -> None:
    clock = Hands()
    async with serving(machine(Says("r"), Says(told("1")))) as service, signers(clock) as who:
        credentials = on_machine(who, service)
        await check(credentials, named("1"))
        service.answers = always(Says("", 500))
        clock.now += 3400
        await check(credentials, named("1"), clock.now)
        asked = len(service.seen)
        await check(credentials, named("1"), clock.now + 0)
        assert len(service.seen) == asked
        clock.now += 300
        with pytest.raises(CredentialsFailed, match="gives no session: status 500"):
            await credentials.headers(b"POST", ENDPOINT, BODY)
        service.answers = machine(Says("r"), Says(told("2", 7200)))
        clock.now += 10
        await check(credentials, named("2"), clock.now)
