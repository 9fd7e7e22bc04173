"""``antiphon env``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from antiphon.cli.addresses import checked_url
from antiphon.cli.agents import AGENTS
from antiphon.cli.configured import config_option
from antiphon.cli.listed import Listed
from antiphon.cli.nearby import Place, Wish, answers, checked_model, models_at, place, prepared
from antiphon.cli.shells import SHELLS, lines


@click.command("env")
@click.argument("tool", type=click.Choice(list(AGENTS)))
@click.option("--model", callback=checked_model, metavar="NAME", help="The model that the agent works with.")
@click.option("--small-model", callback=checked_model, metavar="NAME", help="The one for its small tasks.")
@click.option("--url", callback=checked_url, metavar="URL", help="The gateway; else the configured one.")
@click.option("--shell", type=click.Choice(list(SHELLS)), help="Whose language is printed; else that of $SHELL.")
@config_option
def command(
    tool: str, model: str | None, small_model: str | None, url: str | None, shell: str | None, config: Path | None
) -> None:
    """Print what an agent has to be told, so that it works on any model of the gateway when you start it yourself.

    The lines hold the key. They set variables, and for codex a function of that name with the arguments it needs.
    """
    wish = Wish(tool=tool, model=model, small_model=small_model, url=url, config=config)
    where = place(wish)
    offer = wish.offer(where.root, where.key, _models(where))
    said = {"--model": model, "--small-model": small_model, "--url": url, "--shell": shell}
    said["--config"] = None if config is None else str(config)
    options = [word for name, text in said.items() if text is not None for word in (name, text)]
    repeated = shlex.join(["antiphon", "env", tool, *options])
    setup = prepared(wish, offer, where.variables)
    shown = lines(shell or _shell(where.variables), repeated, wish.agent.program, setup)
    click.echo("\n".join(shown))


def _models(where: Place) -> Sequence[Listed]:
    """Those of the gateway, if it runs."""
    if answers(where.root):
        return models_at(where.root, where.key)
    click.echo(f"! no gateway answers at {where.root} yet: start one with `antiphon serve`", err=True)
    return ()


def _shell(variables: Mapping[str, str]) -> str:
    """The user's, as far as it is one of ours."""
    if sys.platform == "win32":
        return "powershell"
    name = Path(variables.get("SHELL", "")).name
    return {"fish": "fish", "pwsh": "powershell"}.get(name, "bash")
