import re
import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest

from tests.deploy.ours import SHUTDOWN_SECONDS, check_command
from tests.deploy.tools import DEPLOY, ran, tool

UNITS = ("antiphon", "antiphon-worker")
FOLDER = DEPLOY / "systemd"
MOST_EXPOSED = 20
"""In tenths of systemd's own measure, which goes to 10: a service that nothing confines has 9.6."""


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue] - documented so
    parser.read(FOLDER / f"{name}.service")
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    """As far as it can tell on a machine without the user and without the program."""
    text = (FOLDER / f"{name}.service").read_text()
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
    text = re.sub(r"(?m)^(User|Group)=.*", r"\1=root", text)
    file = tmp_path / f"{name}.service"
    file.write_text(text)
    assert ran(tool("systemd-analyze"), "verify", "--man=no", file) == ""


@pytest.mark.parametrize("name", UNITS)
def test_it_is_confined(name: str) -> None:
    unit_file = FOLDER / f"{name}.service"
    ran(tool("systemd-analyze"), "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", unit_file)


@pytest.mark.parametrize("name", UNITS)
def test_what_starts_is_a_command_of_ours(name: str) -> None:
    program, *words = shlex.split(unit(name)["Service"]["ExecStart"])
    assert program.endswith("/bin/antiphon")
    check_command(words)


@pytest.mark.parametrize("name", UNITS)
def test_running_answers_are_not_cut(name: str) -> None:
    assert int(unit(name)["Service"]["TimeoutStopSec"]) > SHUTDOWN_SECONDS + 5


@pytest.mark.parametrize("name", UNITS)
def test_it_is_told_to_read_its_configuration_again(name: str) -> None:
    assert unit(name)["Service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_both_may_do_the_same() -> None:
    first, second = (dict(unit(name)["Service"]) for name in UNITS)
    assert first.pop("ExecStart") != second.pop("ExecStart")
    assert first == second


def test_the_user_and_the_folders_are_made() -> None:
    service = unit("antiphon")["Service"]
    user, folder = service["User"], service["WorkingDirectory"]
    assert f"u {user} " in (FOLDER / "antiphon.sysusers").read_text()
    folders = (FOLDER / "antiphon.tmpfiles").read_text()
    assert f"d {folder} 0750 root {user} " in folders
    assert service["EnvironmentFile"].removeprefix("-") in folders
    assert service["Environment"] == f"XDG_DATA_HOME={Path('/var/lib')}"
    assert service["StateDirectory"] == "antiphon"
