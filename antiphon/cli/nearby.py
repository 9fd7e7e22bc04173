"""The gateway that an agent is to work with: one that runs, and the key to it.

Law: a key that is kept here is sent to no other machine.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec import Struct

from antiphon.cli.addresses import is_here
from antiphon.cli.agents import AGENTS, KEY_VARIABLE, Agent, Offer, Setup, can_work, needs_model
from antiphon.cli.answers import failure_in
from antiphon.cli.banner import base_url
from antiphon.cli.configured import configured
from antiphon.cli.listed import Listed, listed
from antiphon.config.keeping import data_folder, prepare, with_kept_keys
from antiphon.errors import ConfigError
from antiphon.key_digests import MARK
from antiphon.settings import Settings

_SOON_SECONDS: Final = 3.0
_LIST_SECONDS: Final = 30.0
"""Its providers are asked for their lists, and not all of them are quick."""

_UNAUTHORIZED: Final = 401
_SHOWN_MODELS: Final = 8


class Wish(Struct, frozen=True, kw_only=True):
    """What the command line says."""

    tool: str
    model: str | None
    small_model: str | None
    url: str | None
    config: Path | None

    @property
    def agent(self) -> Agent:
        """The agent that is meant."""
        return AGENTS[self.tool]

    def offer(self, root: str, key: str, models: Sequence[Listed]) -> Offer:
        """What the agent is told of. Raises ConfigError when it would ask for a model that nobody has."""
        offer = Offer(root=root, key=key, model=self.model, small_model=self.small_model, models=models)
        if needs_model(self.agent, offer):
            able = [model.id for model in models if can_work(model)]
            shown = ", ".join(able[:_SHOWN_MODELS]) + (", …" if len(able) > _SHOWN_MODELS else "")
            message = f"nothing here goes by the name of a model of {self.tool}'s own; say which with --model: {shown}"
            raise ConfigError(message)
        for name in filter(None, (self.model, self.small_model)):
            if doubt := _doubt(name, models):
                click.echo(doubt, err=True)
        return offer


def _doubt(name: str, models: Sequence[Listed]) -> str:
    """That a model is not listed, though models are; empty where it is, with its provider or without."""
    ids = [model.id for model in models]
    if not ids or any(each == name or each.partition("/")[2] == name for each in ids):
        return ""
    near = get_close_matches(name, ids, n=1)
    return f"! nobody lists the model {name}; " + (
        f"did you mean {near[0]}?" if near else "it is asked for all the same"
    )


class Place(Struct, frozen=True, kw_only=True):
    """Where a gateway should be, with a key to it. `settings` are those of one on this machine."""

    root: str
    key: str
    settings: Settings | None
    variables: dict[str, str]
    """What this process was started with; not what a `.env` file adds, which is the gateway's alone."""


def place(wish: Wish) -> Place:
    """Where to look. Raises ConfigError: for a gateway elsewhere, a key has to be given."""
    loaded, environment = configured(wish.config)
    variables = {name: text for name, text in environment.variables.items() if name not in environment.from_file}
    given = environment.variables.get(KEY_VARIABLE)
    settings = None
    if wish.url is None:
        settings, _ = with_kept_keys(loaded.settings, environment.variables)
        root = base_url(settings.server).removesuffix("/v1")
    else:
        root = wish.url.rstrip("/").removesuffix("/v1")
        if not given and not is_here(root):
            raise ConfigError(f"{root} is another machine: say with {KEY_VARIABLE} which key to send there")
    key = given or _own_key(settings or with_kept_keys(loaded.settings, environment.variables)[0])
    return Place(root=root, key=key, settings=settings, variables=variables)


def _own_key(settings: Settings) -> str:
    known = [settings.master_key, *(key.key for key in settings.keys)]
    found = next((key for key in known if key is not None and not key.startswith(MARK)), None)
    if found is None:
        raise ConfigError(f"the configuration has digests of keys alone: say with {KEY_VARIABLE} which key to use")
    return found


def prepared(wish: Wish, offer: Offer, variables: Mapping[str, str]) -> Setup:
    """The setup of the agent; where it wants a home of its own, that is made. Raises ConfigError."""
    setup = wish.agent.setup(offer)
    home = setup.home
    if home is None or home.variable in variables or home.suffices(_read(Path.home() / home.file)):
        return setup
    folder = data_folder(variables) / wish.tool
    file = folder / home.file
    prepare(file.parent)
    try:
        if not home.suffices(_read(file)):
            file.write_text(home.text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from None
    return msgspec.structs.replace(setup, variables={**setup.variables, home.variable: str(folder)})


def _read(file: Path) -> bytes:
    """What is in the file; nothing where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def answers(root: str) -> bool:
    """Whether a gateway of ours is there, and not just anybody."""
    try:
        body = _got(f"{root}/", {"accept": "application/json"}, _SOON_SECONDS)
        return msgspec.json.decode(body, type=_Landing).name == "Antiphon"
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return False


def models_at(root: str, key: str) -> Sequence[Listed]:
    """What can be asked for there. Raises ConfigError: the gateway does not take the key, or does not answer."""
    try:
        return listed(_got(f"{root}/v1/models", {"authorization": f"Bearer {key}"}, _LIST_SECONDS))
    except urllib.error.HTTPError as error:
        if error.code != _UNAUTHORIZED:
            raise ConfigError(failure_in(error.read(), error.code)) from None
        message = f"the gateway at {root} does not take the key; say with {KEY_VARIABLE} which it takes"
        raise ConfigError(message) from None
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        raise ConfigError(f"the gateway at {root} does not tell its models") from None


class _Landing(Struct, frozen=True):
    name: str = ""


def _got(url: str, headers: dict[str, str], timeout: float) -> bytes:
    """The body of a successful answer; what is on this machine is asked without the proxy."""
    proxies = urllib.request.ProxyHandler({}) if is_here(url) else urllib.request.ProxyHandler()
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - `--url` takes http and https alone
    with urllib.request.build_opener(proxies).open(request, timeout=timeout) as answer:
        return answer.read()


def checked_model(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """A model's name, which has to pass through shells and configuration files. Raises BadParameter."""
    if value is not None and (not value or not value.isprintable() or any(sign in value for sign in "'\"\\ ")):
        raise click.BadParameter("this is no model's name")
    return value
