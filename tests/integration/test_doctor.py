"""`antiphon doctor`: what is wrong is found, what to do is said, and nothing secret is told."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from typing_extensions import override

from antiphon.app.content import reencrypted
from antiphon.cli import main
from antiphon.security_settings import SecuritySettings
from antiphon.settings import DatabaseSettings, Settings
from antiphon.store import upkeep
from tests.e2e.upstream import Provider, Reply, Seen, refusing, refusing_connections, served
from tests.integration.upstream.authority import Authority
from tests.redis import Server

KEY = "sk-hidden-0123456789"

Run = Callable[..., Result]


class Refusing(Provider):
    """Lets nobody see its models, and lives in another time."""

    @override
    def reply(self, request: Seen) -> Reply:
        return refusing("No.", 401, headers={"Date": "Mon, 06 Jul 2026 00:00:00 GMT"})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str, **variables: str) -> Result:
        own = {"XDG_DATA_HOME": str(tmp_path / "data"), "ANTIPHON_DATABASE_URL": "sqlite:///own.db"}
        return CliRunner().invoke(main, ["doctor", *arguments], env=own | variables)

    return ran


def found(result: Result) -> dict[str, dict[str, Any]]:
    return {each["about"]: each for each in json.loads(result.output)["findings"]}


def test_all_is_well(run: Run, tmp_path: Path) -> None:
    upkeep.upgrade(f"sqlite:///{tmp_path / 'own.db'}")
    with served(Provider()) as provider:
        (tmp_path / "antiphon.yaml").write_text(
            f"providers: {{box: {{type: openai-compatible, base_url: '{provider.url}', api_key: {KEY}}}}}"
        )
        result = run(ANTIPHON_PORT="0", ANTIPHON_MASTER_KEY=KEY)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    for about in ("versions", "configuration", "port", "database", "tables", "room", "writing", "keys", "provider box"):
        assert any(line.startswith(f"✓ {about}: ") for line in lines), about
    assert KEY not in result.output


def test_what_is_wrong_is_found_and_what_to_do_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.db").write_text("no database at all, and longer than a header " * 20)
    with socket.create_server(("127.0.0.1", 0)) as taken, refusing_connections() as down, served(Refusing()) as closed:
        told = {"down": down, "closed": closed.url, "lost": "https://nobody.invalid/v1"}
        providers = {name: {"type": "openai-compatible", "base_url": url, "api_key": KEY} for name, url in told.items()}
        (tmp_path / "antiphon.yaml").write_text(json.dumps({"providers": providers}))
        result = run("--json", ANTIPHON_PORT=str(taken.getsockname()[1]))
    assert result.exit_code == 1
    findings = found(result)
    wrong = {name for name, each in findings.items() if each["state"] == "failed"}
    assert wrong == {"port", "database", "provider down", "provider closed", "provider lost"}
    assert f"process {os.getpid()}" in findings["port"]["said"]
    assert "status 401" in findings["provider closed"]["said"]
    assert "DNS" in findings["provider lost"]["advice"]
    assert "was not reached" in findings["provider down"]["advice"]
    assert findings["provider closed: clock"]["state"] == "warning"
    assert all(each["advice"] for each in findings.values() if each["state"] != "ok")
    assert KEY not in result.output


def test_replicas_need_the_same_keys(run: Run, postgres_url: str) -> None:
    findings = found(run("--json", ANTIPHON_PORT="0", ANTIPHON_DATABASE_URL=postgres_url))
    assert findings["sealing"]["state"] == "failed"
    assert findings["server"]["said"].startswith("PostgreSQL 1")
    assert {findings[about]["state"] for about in ("database", "tables", "connections")} == {"ok"}
    assert "clock" not in findings


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_keys_that_content_is_encrypted_with_have_to_be_there(
    run: Run, tmp_path: Path, request: pytest.FixtureRequest, engine: str
) -> None:
    database = f"sqlite:///{tmp_path / 'own.db'}" if engine == "sqlite" else request.getfixturevalue("postgres_url")
    secret = "an-encryption-key-of-some-length-01234567"

    def encryption(**variables: str) -> dict[str, Any] | None:
        told = run("--json", ANTIPHON_PORT="0", ANTIPHON_DATABASE_URL=database, **variables)
        return found(told).get("encryption")

    upkeep.upgrade(database)
    assert encryption() is None
    settings = Settings(database=DatabaseSettings(url=database), security=SecuritySettings(encryption_keys=[secret]))
    asyncio.run(reencrypted(settings, lambda _table, _count: None, encrypts=True))
    lacking = encryption()
    assert lacking is not None
    assert lacking["state"] == "failed"
    there = encryption(ANTIPHON_SECURITY__ENCRYPTION_KEYS=secret)
    assert there is not None
    assert there["state"] == "ok"
    assert there["said"].rpartition(" ")[2] in lacking["said"]
    assert secret not in str([lacking, there])


def test_a_configuration_that_is_none_is_all_that_is_looked_at(run: Run, tmp_path: Path) -> None:
    (tmp_path / "antiphon.yaml").write_text("servre: {}")
    result = run()
    assert (result.exit_code, result.output.startswith("✗ configuration: antiphon.yaml:1:1")) == (1, True)
    (tmp_path / "antiphon.yaml").write_text(
        "providers: {x: {type: openai, api_key: sk-x, quirks: {chat_only_models: '('}}}"
    )
    result = run("--json", ANTIPHON_PORT="0")
    assert found(result)["configuration"]["state"] == "failed"


@pytest.mark.parametrize(
    ("days", "state", "said"), [(60, "ok", "59 days"), (9, "warning", "8 days"), (-1, "failed", "expired")]
)
def test_the_certificate_should_be_good_for_a_while(run: Run, tmp_path: Path, days: int, state: str, said: str) -> None:
    certificate, key = Authority(tmp_path).issued("DNS:localhost", days)
    told = run(
        "--json",
        ANTIPHON_PORT="0",
        ANTIPHON_SERVER__TLS__CERTIFICATE=str(certificate),
        ANTIPHON_SERVER__TLS__KEY=str(key),
        ANTIPHON_SERVER__TLS__CA=str(tmp_path / "ca.pem"),
    )
    finding = found(told)["certificate"]
    assert finding["state"] == state
    assert said in finding["said"]


def test_redis_is_asked(run: Run, redis_server: Server) -> None:
    assert "redis" not in found(run("--json", ANTIPHON_PORT="0"))
    there = found(run("--json", ANTIPHON_PORT="0", ANTIPHON_REDIS_URL=redis_server.url))["redis"]
    assert there["state"] == "ok"
    away = found(run("--json", ANTIPHON_PORT="0", ANTIPHON_REDIS_URL="redis://me:s3cret@127.0.0.1:1"))["redis"]
    assert away["state"] == "failed"
    assert "s3cret" not in str(away)
