"""The real Codex and Claude Code, each through a tool call of every kind it has, over four kinds of upstream.

They are large, so that `make agents` installs them and not `make test`; without them these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from antiphon.cli.agents import AGENTS, Offer
from antiphon.cli.listed import listed
from tests.e2e.background import PATIENCE
from tests.e2e.coding import DONE, Coder, Step, coders, kinds, newest_kinds
from tests.e2e.gateway import KEY_A, Gateway

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".agents-dev"
PATCH = "*** Begin Patch\n*** Add File: patched.txt\n+héllo\n*** End Patch\n"

pytestmark = pytest.mark.skipif(
    not (INSTALLED / ".installed").exists() or shutil.which("node") is None,
    reason="no agents: `make agents` installs them where there is Node 20, npm and a network",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, dict[str, Coder]]]:
    with coders(tmp_path_factory.mktemp("gateway")) as opened:
        yield opened


def program(pattern: str) -> str:
    """The agent's own binary, which the package for this platform has, without the script in front of it."""
    found = next(iter((INSTALLED / "node_modules").glob(pattern)), None)
    if found is None:
        pytest.skip("the agent has no program for this platform")
    return str(found)


def work(
    gateway: Gateway, coder: Coder, name: str, command: list[str], folder: Path, variables: Mapping[str, str]
) -> str:
    """What the agent says in the end."""
    cards = httpx.get(f"{gateway.root}/v1/models", headers={"authorization": f"Bearer {KEY_A}"}).content
    setup = AGENTS[name].setup(Offer(root=gateway.root, key=KEY_A, model=coder.model, models=listed(cards)))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), **variables, **setup.variables}
    (folder / "home").mkdir()
    ran = subprocess.run(
        [command[0], *setup.arguments, *command[1:]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert coder.refused == []
    assert not coder.steps
    return ran.stdout


def codex(world: tuple[Gateway, dict[str, Coder]], kind: str, folder: Path, *steps: Step) -> None:
    gateway, by_kind = world
    by_kind[kind].will(*steps)
    command = [program("@openai/codex-*/vendor/*/bin/codex"), "exec", "--skip-git-repo-check"]
    command += ["--dangerously-bypass-approvals-and-sandbox", "Make files."]
    (folder / "codex").mkdir()
    said = work(gateway, by_kind[kind], "codex", command, folder, {"CODEX_HOME": str(folder / "codex")})
    assert said.strip() == DONE


@kinds
def test_codex(world: tuple[Gateway, dict[str, Coder]], kind: str, tmp_path: Path) -> None:
    shell = Step("exec_command", {"cmd": "printf 'one\\n' > made.txt; cat made.txt"})
    codex(world, kind, tmp_path, shell, Step("apply_patch", {"input": PATCH}), Step("get_goal", {}))
    assert (tmp_path / "made.txt").read_text() == "one\n"
    assert (tmp_path / "patched.txt").read_text() == "héllo\n"


@newest_kinds
def test_codex_with_the_tools_of_its_newest_models(
    world: tuple[Gateway, dict[str, Coder]], kind: str, tmp_path: Path
) -> None:
    script = "const made = await tools.exec_command({cmd: 'echo héllo > made.txt'}); text(made.output)"
    codex(world, kind, tmp_path, Step("exec", {"input": script}))
    assert (tmp_path / "made.txt").read_text() == "héllo\n"


@kinds
def test_claude_code(world: tuple[Gateway, dict[str, Coder]], kind: str, tmp_path: Path) -> None:
    gateway, by_kind = world
    coder = by_kind[kind]
    (tmp_path / "given.txt").write_text("secret 4711\n")
    coder.will(
        Step("Read", {"file_path": str(tmp_path / "given.txt")}),
        Step("Write", {"file_path": str(tmp_path / "made.txt"), "content": "héllo 4711\n"}),
        Step("Bash", {"command": "wc -l < made.txt", "description": "Count the lines"}),
    )
    command = [program("@anthropic-ai/claude-code-*/claude"), "-p", "Make a file."]
    command += ["--permission-mode", "bypassPermissions"]
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "IS_SANDBOX": "1"}
    said = work(gateway, coder, "claude", command, tmp_path, quiet)
    assert said.strip() == DONE
    assert (tmp_path / "made.txt").read_text() == "héllo 4711\n"
    assert "secret 4711" in str(coder.bodies[1])
