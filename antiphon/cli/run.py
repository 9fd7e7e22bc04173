"""``antiphon run``."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

import click
import msgspec

from antiphon.cli.addresses import checked_url, is_here
from antiphon.cli.agents import AGENTS, Setup
from antiphon.cli.configured import config_option
from antiphon.cli.nearby import Place, Wish, answers, checked_model, models_at, place, prepared
from antiphon.config.keeping import data_folder, prepare
from antiphon.errors import ConfigError
from antiphon.server import serving_beside
from antiphon.settings import Settings

_NOT_STARTED: Final = 126
_NOT_FOUND: Final = 127
_KILLED: Final = 128
"""What shells give for a program that does not start, for one that is not there, and, with the signal's number added,
for one that was ended."""

_LOG: Final = "run.log"
_LONGEST_LOG: Final = 8_388_608
_PASSED_ON: Final = tuple(
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if isinstance(number := getattr(signal, name, None), signal.Signals)
)
_FROM_A_TERMINAL: Final = frozenset({signal.SIGINT, *(number for number in _PASSED_ON if number.name == "SIGQUIT")})
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy"})
_NO_PROXY: Final = ("NO_PROXY", "no_proxy")


@click.command("run")
@click.argument("tool", type=click.Choice(list(AGENTS)))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--model", callback=checked_model, metavar="NAME", help="The model that the agent works with.")
@click.option("--small-model", callback=checked_model, metavar="NAME", help="The one for its small tasks.")
@click.option("--url", callback=checked_url, metavar="URL", help="The gateway; else the configured one.")
@config_option
def command(
    tool: str,
    arguments: tuple[str, ...],
    model: str | None,
    small_model: str | None,
    url: str | None,
    config: Path | None,
) -> None:
    """Start an agent that works on any model of the gateway.

    What follows -- goes to the agent: antiphon run codex --model groq/openai/gpt-oss-120b -- exec "Mend the tests".
    If no gateway answers at the configured address, one is started for as long as the agent runs. The key is
    ANTIPHON_API_KEY if that is set, else the gateway's own. Status and signals are the agent's.
    """
    wish = Wish(tool=tool, model=model, small_model=small_model, url=url, config=config)
    where = place(wish)
    program = shutil.which(wish.agent.program, path=where.variables.get("PATH"))
    if program is None:
        click.echo(f"{wish.agent.program} is not installed here. To install it: {wish.agent.install}", err=True)
        raise SystemExit(_NOT_FOUND)
    with _gateway(where) as root:
        offer = wish.offer(root, where.key, models_at(root, where.key))
        setup = prepared(wish, offer, where.variables)
        try:
            status = _ran([program, *setup.arguments, *arguments], _surroundings(where.variables, setup, root))
        except OSError as error:
            click.echo(f"{program} cannot be started: {error.strerror}. To install it: {wish.agent.install}", err=True)
            status = _NOT_STARTED
    raise SystemExit(status)


@contextmanager
def _gateway(where: Place) -> Generator[str]:
    """The address of the one that runs, or of one that runs as long as the block."""
    if answers(where.root):
        yield where.root
        return
    if where.settings is None:
        raise ConfigError(f"no gateway answers at {where.root}")
    with _own_gateway(where.settings, where.variables) as root:
        yield root


@contextmanager
def _own_gateway(settings: Settings, variables: Mapping[str, str]) -> Generator[str]:
    """What it has to say goes to a file: the terminal is the agent's."""
    folder = data_folder(variables)
    prepare(folder)
    log = folder / _LOG
    readable = "human" if settings.logging.format == "auto" else settings.logging.format
    quiet = msgspec.structs.replace(settings, logging=msgspec.structs.replace(settings.logging, format=readable))
    with ExitStack() as stack:
        stream = stack.enter_context(_opened(log))
        try:
            with redirect_stderr(stream):
                root = stack.enter_context(serving_beside(quiet))
        except ConfigError as error:
            raise ConfigError(f"{error.message}; {log} tells why") from None
        click.echo(
            f"No gateway runs at the configured address: this one is for the run alone. Its log: {log}", err=True
        )
        yield root


def _opened(log: Path) -> TextIO:
    """The log, begun anew when it has grown long. Raises ConfigError."""
    try:
        mode = "w" if log.exists() and log.stat().st_size > _LONGEST_LOG else "a"
        return log.open(mode, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"the log {log} cannot be written: {error.strerror}") from None


def _surroundings(variables: Mapping[str, str], setup: Setup, root: str) -> dict[str, str]:
    """What the agent is started with: ours, with its own; and no proxy between it and a gateway on this machine."""
    kept = {name: text for name, text in variables.items() if name not in setup.removed}
    kept |= setup.variables
    if is_here(root) and any(name.lower() in _PROXIES for name in kept):
        for name in _NO_PROXY:
            kept[name] = ",".join(filter(None, (kept.get(name), "127.0.0.1", "localhost")))
    return kept


def _ran(command_line: list[str], variables: Mapping[str, str]) -> int:
    """The status of the program. What a terminal sends, it sends to the program too; other signals are passed on."""
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _stack: FrameType | None) -> None:
        if not (number in _FROM_A_TERMINAL and sys.stdin.isatty()):
            for process in started:
                process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        with subprocess.Popen(command_line, env=variables) as process:  # noqa: S603 - the agent that was asked for
            started.append(process)
            status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return _KILLED - status if status < 0 else status
