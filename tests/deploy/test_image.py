import re
import tomllib

import pytest

from tests.deploy.ours import PORT, check_command, check_variable
from tests.deploy.tools import ran, tool
from tests.shape.repository import ROOT

FILE = ROOT / "Dockerfile"
UNPRIVILEGED = re.compile(r"[1-9][0-9]*:[1-9][0-9]*")

Instruction = tuple[str, str]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, with what they say."""
    text = re.sub(r"(?m)^\s*#.*\n", "", FILE.read_text("utf-8"))
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    found: list[list[Instruction]] = []
    for line in filter(None, lines):
        name, _, words = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, words.strip()))
    return found


def said(name: str, stage: int = -1) -> list[str]:
    return [words for instruction, words in stages()[stage] if instruction == name]


def exec_form(words: str) -> list[str]:
    return [word.strip(' "') for word in words[words.index("[") + 1 : words.rindex("]")].split(",")]


def test_hadolint_has_nothing_to_say() -> None:
    assert ran(tool("hadolint"), FILE) == ""


def test_nobody_is_root() -> None:
    (user,) = said("USER")
    assert UNPRIVILEGED.fullmatch(user)


def test_what_starts_is_a_command_of_ours() -> None:
    (entry,) = said("ENTRYPOINT")
    (command,) = said("CMD")
    assert exec_form(entry) == ["antiphon"]
    check_command(exec_form(command))


def test_health_is_asked_by_a_command_of_ours() -> None:
    (check,) = said("HEALTHCHECK")
    program, *words = exec_form(check)
    assert program == "antiphon"
    check_command(words)
    assert words[-1] == f"http://127.0.0.1:{PORT}"


def test_the_port_is_the_gateways() -> None:
    assert said("EXPOSE") == [str(PORT)]


def test_every_variable_of_ours_means_something() -> None:
    ours = [name for words in said("ENV") for name in re.findall(r"(ANTIPHON_\w+)=", words)]
    assert "ANTIPHON_HOST" in ours
    for name in ours:
        check_variable(name)


def test_the_last_stage_gets_no_compiler_and_keeps_no_installer() -> None:
    commands = " ".join(said("RUN"))
    assert "apt" not in commands
    assert "pip uninstall" in commands
    assert {words.split(" ")[0] for words in said("COPY")} == {"--from=filled"}


def test_everything_is_installed_by_its_hash() -> None:
    assert said("RUN", 0) == ["PROJECT=copy PYTHON=python tools/venv.sh /opt/antiphon constraints/container.txt"]
    installing = [line for line in (ROOT / "tools" / "venv.sh").read_text().splitlines() if "--requirement" in line]
    assert installing
    assert all("--require-hashes" in line for line in installing)


@pytest.mark.parametrize("source", [word for words in said("COPY", 0) for word in words.split(" ")[:-1]])
def test_what_is_copied_is_there_and_let_in(source: str) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert (ROOT / source).exists()
    assert "*" in lines
    assert f"!{source}" in lines


def test_nothing_else_is_let_in() -> None:
    copied = {word for words in said("COPY", 0) for word in words.split(" ")[:-1]}
    assert {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    } == copied


def test_the_base_can_run_it() -> None:
    told = re.search(r"ARG PYTHON=(\d+)\.(\d+)-slim", FILE.read_text())
    assert told is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"Programming Language :: Python :: {told[1]}.{told[2]}" in project["classifiers"]
