import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from antiphon import __version__
from antiphon.cli import main
from antiphon.config.docs import page

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process, in a folder and with variables of its own."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str, stdin: str | None = None, **variables: str) -> Result:
        env = {"XDG_DATA_HOME": str(tmp_path / "data")} | variables
        return CliRunner().invoke(main, arguments, input=stdin, env=env)

    return ran


Started = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """The command in a process of its own; ended with the test."""
    running: list[subprocess.Popen[str]] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it does aside

    def start(*arguments: str, stdout: int = subprocess.PIPE, **variables: str) -> subprocess.Popen[str]:
        env: Mapping[str, str] = {
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "XDG_DATA_HOME": str(tmp_path / "data"),
        }
        command = [sys.executable, "-m", "antiphon", *arguments]
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**env, **variables}, stdout=stdout, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield start
    signal.signal(signal.SIGINT, before)
    for process in running:
        with process:
            process.kill()


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").output == f"antiphon {__version__}\n"


def test_help_names_every_command_and_imports_none(started: Started) -> None:
    process = started("--help", PYTHONPROFILEIMPORTTIME="1")
    out, imported = process.communicate()
    for name in ("serve", "check", "doctor", "providers", "models", "ask", "run", "env", "config", "db", "webhooks"):
        assert f"\n  {name} " in out
    for heavy in ("msgspec", "yaml", "starlette", "sqlalchemy"):
        assert f" {heavy}\n" not in imported


@pytest.mark.parametrize(
    "command",
    [
        *("serve", "worker", "health", "check", "doctor", "providers", "models"),
        *("ask", "run", "env", "config", "keys", "db", "webhooks"),
    ],
)
def test_every_command_has_help(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: antiphon {command}" in result.output.replace("Usage: main", "Usage: antiphon")
    assert "...\n" not in result.output.partition("Commands:")[2]


def test_a_misspelt_command_is_answered_with_the_right_one(run: Run) -> None:
    result = run("sevre")
    assert result.exit_code == 2
    assert "'serve'" in result.stderr


def test_check_prints_what_holds_without_its_secrets(run: Run, tmp_path: Path) -> None:
    (tmp_path / "antiphon.yaml").write_text("providers:\n  local: {base_url: 'http://h', api_key: '${LOCAL}'}\n")
    (tmp_path / ".env").write_text("GROQ_API_KEY=hidden-1\n")
    result = run("check", LOCAL="hidden-2", ANTIPHON_MASTER_KEY="hidden-3", ANTIPHON_PORT="9000", XAI_API_KEY="")
    assert result.exit_code == 0
    assert "hidden" not in result.output
    printed = yaml.safe_load(result.stdout)
    assert printed["server"]["port"] == 9000
    assert printed["master_key"] == "<secret>"
    assert printed["providers"]["local"]["type"] == "openai-compatible"
    lines = [line.split() for line in result.stdout.splitlines() if line.startswith("#")]
    assert ["#", str(tmp_path / "antiphon.yaml")] in lines
    assert ["#", "✓", "local", "http://h/v1", "antiphon.yaml:2:3"] in lines
    assert ["#", "✓", "groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", "(.env)"] in lines
    assert ["#", "✗", "xai", "XAI_API_KEY", "is", "set", "but", "empty"] in lines


def test_check_makes_nothing(run: Run, tmp_path: Path) -> None:
    assert run("check").exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_check_tells_everything_that_is_wrong_and_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "antiphon.yaml").write_text("server: {prot: 1}\nmodels: {fast: {targets: [grok/a]}}\n")
    result = run("check")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "antiphon.yaml:1:10: there is no setting `server.prot`; did you mean `port`?",
        "antiphon.yaml:2:26: `models.fast`: the target `grok/a` is at no provider that exists; did you mean `groq`?",
    ]


def test_check_warns_on_standard_error(run: Run) -> None:
    result = run("check", ANTIPHON_MASTERKEY="x")
    assert result.exit_code == 0
    assert result.stderr == "! ANTIPHON_MASTERKEY is no setting; did you mean `ANTIPHON_MASTER_KEY`?\n"


def test_config_is_the_file_that_every_command_reads(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("oops: 1")
    for command in (
        ["check"],
        ["providers"],
        ["models"],
        ["ask", "m", "p"],
        ["db", "status"],
        ["db", "upgrade"],
        ["serve"],
    ):
        result = run(*command, "--config", "a.yaml")
        assert result.exit_code == 1
        assert result.stderr.startswith("a.yaml:1:1: there is no setting `oops`")


def test_the_schema_is_json(run: Run) -> None:
    assert json.loads(run("config", "schema").stdout)["title"] == "antiphon.yaml"


def test_the_reference_can_be_printed(run: Run) -> None:
    assert run("config", "docs").stdout == page()


def test_the_database_is_looked_at_and_upgraded(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/antiphon/antiphon.db"
    assert run("db", "status").stdout.startswith(f"{url}: at nothing, to be upgraded to ")
    assert not (tmp_path / "data").exists()
    assert run("db", "upgrade").stdout.startswith(f"{url}: upgraded from nothing to ")
    assert run("db", "upgrade").stdout.startswith(f"{url}: nothing to do, it is at ")
    assert run("db", "status").stdout.endswith(", which is the newest\n")


def test_a_database_that_is_not_known_is_an_error_without_its_password(run: Run) -> None:
    for command in ("status", "upgrade"):
        result = run("db", command, ANTIPHON_DATABASE_URL="mysql://me:hidden@h/d")
        assert result.exit_code == 1
        assert len(result.stderr.splitlines()) == 1
        assert "hidden" not in result.output


def test_models_are_listed(run: Run) -> None:
    assert run("models").stdout == "MODEL      CONTEXT  OUTPUT  $ IN  $ OUT  CAN\ndemo/echo\n"
    assert [model["id"] for model in json.loads(run("models", "--json").stdout)["data"]] == ["demo/echo"]


@pytest.mark.parametrize("option", ["--stream", "--no-stream"])
def test_a_model_is_asked(run: Run, tmp_path: Path, option: str) -> None:
    result = run("ask", "demo/echo", "Where is the sea?", option)
    assert result.exit_code == 0
    assert result.stdout.endswith("Where is the sea?\n")
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_prompt_can_come_from_standard_input(run: Run) -> None:
    assert "Where is the sea?" in run("ask", "demo/echo", "-", stdin="Where is the sea?\n").stdout


def test_instructions_go_with_the_prompt(run: Run) -> None:
    assert run("ask", "demo/echo", "Sea?", "--instructions", "Be short.").exit_code == 0


def test_a_model_that_does_not_exist_is_one_line(run: Run) -> None:
    result = run("ask", "demo/ehco", "Sea?")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "demo/echo" in result.stderr


def test_a_provider_that_is_not_there_is_one_line(run: Run) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = run("ask", "vllm/m", "Sea?", VLLM_BASE_URL=url, ANTIPHON_RETRIES__ATTEMPTS_PER_TARGET="1")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_an_answer_can_be_interrupted(started: Started) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = started("ask", "vllm/m", "Sea?", VLLM_BASE_URL=url, VLLM_MODELS="m")
        with closing(listener.accept()[0]) as connection:
            assert connection.recv(4)
            process.send_signal(signal.SIGINT)
            out, told = process.communicate()
    assert (process.returncode, out, told) == (130, "", "")


def test_an_answer_can_be_ended_from_outside(started: Started) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = started("ask", "vllm/m", "Sea?", VLLM_BASE_URL=url, VLLM_MODELS="m")
        with closing(listener.accept()[0]) as connection:
            assert connection.recv(4)
            process.terminate()
            out, told = process.communicate(timeout=20)
    assert (process.returncode, out, told) == (-signal.SIGTERM, "", "")


def test_an_answer_nobody_reads_ends_quietly(started: Started) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = started("ask", "demo/echo", "Sea?", stdout=writing)
    os.close(writing)
    _, told = process.communicate()
    assert process.returncode == 1
    assert told == ""


def banner_of(process: subprocess.Popen[str]) -> str:
    """What is told on standard error before the server runs: it ends with an empty line after its last block."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if "output_text)" in line or "master key is kept" in line:
            break
    return "".join(lines)


def test_the_first_start_makes_a_key_and_the_next_one_keeps_it(started: Started, tmp_path: Path) -> None:
    first = started("serve", "--port", "0", GROQ_API_KEY="gsk")
    text = banner_of(first)
    key = (tmp_path / "data" / "antiphon" / "master-key").read_text().strip()
    assert text.count(key) == 3
    assert "✓ groq" in text
    assert "more are known" in text
    first.terminate()
    assert first.stdout is not None
    assert first.stdout.read() == ""
    again = started("serve", "--port", "0")
    text = banner_of(again)
    assert key not in text
    assert str(tmp_path / "data" / "antiphon" / "master-key") in text


def test_a_configured_key_leaves_nothing_behind(started: Started, tmp_path: Path) -> None:
    process = started("serve", "--port", "70000", ANTIPHON_MASTER_KEY="sk-mine")
    _, told = process.communicate()
    assert process.returncode == 1
    assert told.startswith("--port: `server.port`: expected an integer from 0 up to 65535, got `70000`")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken_is_told_before_anything_is_made(run: Run, tmp_path: Path, workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = run("serve", "--port", port, "--workers", workers)
    assert told.exit_code == 1
    assert told.stderr.startswith(f"127.0.0.1:{port} is taken by ")
    assert told.stderr.endswith("Stop it, or choose another port: `server.port`.\n")
    assert not (tmp_path / "data").exists()


def test_an_address_that_is_no_machines_is_told_so(run: Run) -> None:
    told = run("serve", "--host", "nowhere.invalid")
    assert told.exit_code == 1
    assert told.stderr.startswith("nowhere.invalid:8080 cannot be had: ")
