"""The command line. A command is imported when it is asked for, so that none waits for what another needs."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click
from typing_extensions import override

from antiphon.errors import AntiphonError
from antiphon.version import __version__

_INTERRUPTED: Final = 130
"""What shells give for a program that Ctrl-C has ended."""

_COMMANDS: Final[Mapping[str, str]] = {
    "serve": "Serve the API.",
    "worker": "Give answers in the background.",
    "health": "Ask a gateway whether it can serve.",
    "check": "Check the configuration, and print what holds.",
    "doctor": "Look at everything that can be wrong.",
    "providers": "List the providers that are known, and what each can do.",
    "models": "List the models that can be asked for.",
    "ask": "Ask a model, and print its answer as it comes.",
    "run": "Start an agent on any model: codex, claude, gemini, opencode.",
    "env": "Print what such an agent has to be told.",
    "config": "Describe the configuration: schema, docs.",
    "keys": "Make keys for clients: new, hash.",
    "db": "Look after the database: upgrade, status, backup, restore, copy, reencrypt.",
    "webhooks": "Look after the receivers of webhooks: test.",
}


class _Commands(click.Group):
    """Each command is `command` in the module of its name."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are wanted."""
        return list(_COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports it."""
        return import_module(f"{__name__}.{cmd_name}").command if cmd_name in _COMMANDS else None

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    @override
    def invoke(self, ctx: click.Context) -> object:
        """Errors that are meant for people are lines on standard error, and no traceback."""
        try:
            return super().invoke(ctx)
        except AntiphonError as error:
            click.echo(error.message, err=True)
            return ctx.exit(1)
        except KeyboardInterrupt:
            return ctx.exit(_INTERRUPTED)


@click.group(
    cls=_Commands,
    commands={name: click.Command(name) for name in _COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="antiphon", message="%(prog)s %(version)s")
def main() -> None:
    """An AI gateway: a durable, resumable /v1/responses over any model."""
