"""`antiphon run` and `antiphon env` with an agent that tells how it was started."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from antiphon.cli import main
from tests.e2e.gateway import KEY_A, Gateway, running, settings_for
from tests.e2e.upstream import serving

AGENT = """#!/bin/sh
printf '%s\\n' "$@" > arguments
env > variables
[ -z "$ASK" ] || exec "$PYTHON" -c '
import os, urllib.request
print(urllib.request.urlopen(os.environ["ANTHROPIC_BASE_URL"] + "/health").read())' > health
[ -z "$WAIT" ] || { trap 'exit 9' TERM; echo waiting; read line; }
[ -z "$DIE" ] || kill -KILL $$
exit "${STATUS:-0}"
"""
CONFIG = "server: {port: %d}\nproviders: {lab: {base_url: 'http://127.0.0.1:9/v1', models: [one]}}\n"

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an agent on the path, and a gateway's configuration whose port nobody listens on."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("codex", "claude", "gemini"):
        (programs / name).write_text(AGENT)
        (programs / name).chmod(0o755)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    (tmp_path / "antiphon.yaml").write_text(CONFIG % port)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def surroundings(folder: Path) -> dict[str, str]:
    return {
        "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "PYTHON": sys.executable,
        "SHELL": "/bin/bash",
    }


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    """The command in this process. What the agent writes goes to files: its standard output is this process's."""

    def ran(*arguments: str, **variables: str) -> Result:
        return CliRunner().invoke(main, arguments, env=surroundings(folder) | variables)

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield ran
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving() as provider:
        provider.listed = [{"id": "gpt-5-mini", "object": "model"}, {"id": "other", "object": "model"}]
        settings = settings_for(tmp_path_factory.mktemp("gateway"), provider.url, provider.url)
        with running(settings) as started:
            yield started


def variables_in(folder: Path) -> dict[str, str]:
    lines = (folder / "variables").read_text().splitlines()
    return {name: text for name, equals, text in (line.partition("=") for line in lines) if equals}


def test_a_gateway_of_its_own_is_there_while_the_agent_runs(run: Run, folder: Path) -> None:
    result = run("run", "claude", "--model", "lab/one", "--", "-p", "Hi there", ASK="1", ANTHROPIC_API_KEY="sk-ant")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (folder / "arguments").read_text().splitlines() == ["-p", "Hi there"]
    assert '"status":"ok"' in (folder / "health").read_text()
    seen = variables_in(folder)
    assert seen["ANTHROPIC_AUTH_TOKEN"] == (folder / "data/antiphon/master-key").read_text().strip()
    assert seen["ANTHROPIC_MODEL"] == "lab/one"
    assert "ANTHROPIC_API_KEY" not in seen
    assert result.stderr.startswith("No gateway runs at the configured address")
    assert "GET /v1/models" in (folder / "data/antiphon/run.log").read_text()
    port = int(seen["ANTHROPIC_BASE_URL"].rpartition(":")[2])
    with socket.socket() as attempt:
        assert attempt.connect_ex(("127.0.0.1", port)) != 0, "it ended with the agent"


def test_the_gateway_that_runs_is_taken(run: Run, folder: Path, gateway: Gateway) -> None:
    result = run("run", "codex", "--url", f"{gateway.root}/v1/", "--", "exec", ANTIPHON_API_KEY=KEY_A, STATUS="7")
    assert (result.exit_code, result.output) == (7, "")
    arguments = (folder / "arguments").read_text().splitlines()
    assert arguments[-1] == "exec"
    assert f"model_providers.antiphon.base_url='{gateway.root}/v1'" in arguments
    assert variables_in(folder)["ANTIPHON_API_KEY"] == KEY_A
    assert not (folder / "data/antiphon/run.log").exists()


def test_the_configured_address_is_looked_at_first(run: Run, folder: Path, gateway: Gateway) -> None:
    (folder / "antiphon.yaml").write_text(CONFIG % int(gateway.root.rpartition(":")[2]))
    result = run("run", "codex", ANTIPHON_MASTER_KEY=KEY_A)
    assert (result.exit_code, result.output) == (0, "")
    assert f"model_providers.antiphon.base_url='{gateway.root}/v1'" in (folder / "arguments").read_text().splitlines()


def test_what_is_no_gateway_is_passed_by(run: Run, folder: Path) -> None:
    with serving() as stranger:
        (folder / "antiphon.yaml").write_text(CONFIG % int(stranger.url.rpartition(":")[2]))
        result = run("run", "claude", "--model", "lab/one")
        assert result.exit_code == 0
        assert variables_in(folder)["ANTHROPIC_BASE_URL"] != stranger.url
        assert [seen.headers.get("authorization") for seen in stranger.seen] == [None], "it was told no key"


def test_a_proxy_does_not_come_between(run: Run, folder: Path, gateway: Gateway) -> None:
    said = {"HTTPS_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "NO_PROXY": "corp.example"}
    result = run("run", "codex", "--url", gateway.root, ANTIPHON_API_KEY=KEY_A, **said)
    assert result.exit_code == 0
    assert variables_in(folder)["NO_PROXY"] == "corp.example,127.0.0.1,localhost"


def test_an_agent_that_was_killed_gives_a_shells_status(run: Run, gateway: Gateway) -> None:
    result = run("run", "codex", "--url", gateway.root, ANTIPHON_API_KEY=KEY_A, DIE="1")
    assert result.exit_code == 128 + signal.SIGKILL


def test_signals_are_passed_on(folder: Path, gateway: Gateway) -> None:
    variables = {"ANTIPHON_API_KEY": KEY_A, "WAIT": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "antiphon", "run", "codex", "--url", gateway.root]
    variables |= surroundings(folder)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=variables, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.terminate()
        assert process.wait() == 9


def test_who_is_not_installed_is_told_how_to(run: Run, folder: Path) -> None:
    result = run("run", "opencode", PATH="/nowhere")
    assert result.exit_code == 127
    assert result.stderr == "opencode is not installed here. To install it: npm install -g opencode-ai\n"
    assert not (folder / "data/antiphon/run.log").exists()


def test_who_cannot_be_started_is_told_why(run: Run, folder: Path, gateway: Gateway) -> None:
    (folder / "bin/codex").write_text("echo 'What a shell alone would run.'\n")
    result = run("run", "codex", "--url", gateway.root, ANTIPHON_API_KEY=KEY_A)
    assert result.exit_code == 126
    assert "/bin/codex cannot be started: Exec format error. To install it: npm install" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["--url", "{root}"], {"ANTIPHON_API_KEY": "wrong"}, "does not take the key; say with ANTIPHON_API_KEY"),
        (["--url", "http://127.0.0.1:9"], {"ANTIPHON_API_KEY": "k"}, "no gateway answers at http://127.0.0.1:9"),
        (["--url", "https://gateway.example"], {}, "is another machine: say with ANTIPHON_API_KEY"),
        (["--url", "ftp://x"], {}, "begins with http:// or https://"),
        (["--model", "a'b"], {}, "this is no model's name"),
        (["--config", "absent.yaml"], {}, "absent.yaml"),
    ],
    ids=["wrong-key", "nobody-there", "key-of-here", "odd-url", "odd-model", "no-file"],
)
def test_what_does_not_go_is_told_and_no_agent_starts(
    run: Run, folder: Path, gateway: Gateway, arguments: list[str], variables: dict[str, str], told: str
) -> None:
    result = run("run", "codex", *(word.format(root=gateway.root) for word in arguments), **variables)
    assert result.exit_code in (1, 2)
    assert told in result.stderr
    assert not (folder / "arguments").exists()


def test_an_agent_whose_own_models_nobody_has_needs_a_name(run: Run, gateway: Gateway) -> None:
    result = run("run", "claude", "--url", gateway.root, ANTIPHON_API_KEY=KEY_A)
    assert result.exit_code == 1
    assert "say which with --model: native/gpt-5-mini, native/other" in result.stderr


def test_a_model_that_nobody_lists_is_doubted_and_asked_for(run: Run, folder: Path, gateway: Gateway) -> None:
    said = ("run", "codex", "--url", gateway.root, "--model")
    result = run(*said, "native/gpt5-mini", ANTIPHON_API_KEY=KEY_A)
    assert result.stderr == "! nobody lists the model native/gpt5-mini; did you mean native/gpt-5-mini?\n"
    assert "model='native/gpt5-mini'" in (folder / "arguments").read_text().splitlines()
    assert run(*said, "gpt-5-mini", ANTIPHON_API_KEY=KEY_A).stderr == ""
    told = run("env", *said[1:], "nothing/alike", ANTIPHON_API_KEY=KEY_A).stderr
    assert told == "! nobody lists the model nothing/alike; it is asked for all the same\n"


def test_a_gateway_that_does_not_start_is_told_with_its_log(run: Run, folder: Path) -> None:
    (folder / "antiphon.db").mkdir()
    result = run("run", "claude", "--model", "lab/one", ANTIPHON_DATABASE_URL=f"sqlite:///{folder / 'antiphon.db'}")
    assert result.exit_code == 1
    assert result.stderr == f"the gateway did not start; {folder}/data/antiphon/run.log tells why\n"
    assert (folder / "data/antiphon/run.log").read_text()


def test_gemini_cli_gets_a_home_where_the_users_own_would_not_do(run: Run, folder: Path) -> None:
    result = run("env", "gemini", "--model", "lab/one")
    home = folder / "data/antiphon/gemini"
    assert f"export GEMINI_CLI_HOME={home}" in result.stdout
    assert '"selectedType":"gemini-api-key"' in (home / ".gemini/settings.json").read_text()
    (folder / ".gemini").mkdir()
    (folder / ".gemini/settings.json").write_text('{"security": {"auth": {"selectedType": "gemini-api-key"}}}')
    assert "GEMINI_CLI_HOME" not in run("env", "gemini").stdout


def test_env_sets_up_a_shell(run: Run, folder: Path) -> None:
    result = run("env", "codex", "--model", "lab/one")
    assert result.exit_code == 0
    assert result.stderr.startswith("! no gateway answers at http://127.0.0.1:")
    script = result.stdout + '\ncodex exec "Mend the tests"'
    subprocess.run(["bash", "-c", script], check=True, env=surroundings(folder), cwd=folder)
    arguments = (folder / "arguments").read_text().splitlines()
    assert "model='lab/one'" in arguments
    assert arguments[-2:] == ["exec", "Mend the tests"]
    key = (folder / "data/antiphon/master-key").read_text().strip()
    assert variables_in(folder)["ANTIPHON_API_KEY"] == key


def test_env_speaks_the_users_shell(run: Run, gateway: Gateway) -> None:
    said = ("env", "claude", "--model", "native/other", "--url", gateway.root)
    assert "set -gx ANTHROPIC_MODEL 'native/other'" in run(*said, ANTIPHON_API_KEY=KEY_A, SHELL="/usr/bin/fish").stdout
    assert "$env:ANTHROPIC_MODEL = " in run(*said, "--shell", "powershell", ANTIPHON_API_KEY=KEY_A).stdout
