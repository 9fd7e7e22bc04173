"""``antiphon ask``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec

from antiphon.app import create_app
from antiphon.cli.answers import Answer
from antiphon.cli.configured import config_option, configured
from antiphon.cli.in_process import Request, exchange, private


@click.command("ask")
@click.argument("model")
@click.argument("prompt")
@click.option("--instructions", metavar="TEXT", help="What the model is told before the prompt.")
@click.option("--stream/--no-stream", default=True, help="Whether the answer is printed as it comes.")
@config_option
def command(model: str, prompt: str, instructions: str | None, *, stream: bool, config: Path | None) -> None:
    """Ask MODEL, and print its answer.

    PROMPT is what is asked; - reads it from standard input. Nothing is kept, and no server is needed.
    """
    text = sys.stdin.read() if prompt == "-" else prompt
    body: dict[str, object] = {"model": model, "input": text, "stream": stream, "store": False}
    if instructions is not None:
        body["instructions"] = instructions
    loaded, _ = configured(config)
    settings, key = private(loaded.settings)
    request = Request(method="POST", path="/v1/responses", key=key, body=msgspec.json.encode(body))
    answer = Answer(lambda piece: click.echo(piece, nl=False), streamed=stream)
    asyncio.run(exchange(create_app(settings), request, answer.read))
    answer.close()
    if answer.note:
        click.echo(answer.note, err=True)
    if answer.failure:
        click.echo(answer.failure, err=True)
        raise SystemExit(1)
