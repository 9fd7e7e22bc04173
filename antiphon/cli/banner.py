"""What a person reads when the gateway starts: who answers, with which key, and a line to try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from antiphon.config.keeping import MasterKey
from antiphon.config.loading import Loaded
from antiphon.config.redact import redacted_address
from antiphon.config.resolve import Finding
from antiphon.providers.demo import MODEL as DEMO_MODEL
from antiphon.providers.demo import NAME as DEMO
from antiphon.settings import ServerSettings, Settings, WebhookSettings
from antiphon.version import __version__

_EVERY_INTERFACE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - told apart, not listened on


def banner(loaded: Loaded, kept: MasterKey | None) -> str:
    """All of it. The master key is shown only by the start that made it."""
    settings = loaded.settings
    url = base_url(settings.server)
    at = url.removesuffix("/v1") if settings.server.port else f"{settings.server.host}, on a port that is free"
    blocks = [f"Antiphon {__version__} at {at}", "\n".join(finding_lines(loaded.findings))]
    if loaded.warnings:
        blocks.append("\n".join(f"! {warning}" for warning in loaded.warnings))
    if kept is not None and kept.is_new:
        blocks.append(f"Your master key, made now and kept in {kept.file}:\n\n  {kept.key}")
        blocks.append(_snippets(url, kept.key, first_model(settings)))
    elif kept is not None:
        blocks.append(f"The master key is kept in {kept.file}")
    return "\n\n".join(blocks) + "\n"


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """A line per provider: a tick or a cross, its name, its address, and where it was found or why it was not.

    Those of whom nobody has said anything are only counted: four dozen crosses would hide the one that is a mistake.
    """
    everyone = list(findings)
    shown = [finding for finding in everyone if finding.is_found or finding.is_touched]
    names = max((len(finding.name) for finding in shown), default=0)
    urls = max((len(_address(finding)) for finding in shown), default=0)
    for finding in shown:
        sign = "✓" if finding.is_found else "✗"
        yield f"{sign} {finding.name:{names}}  {_address(finding):{urls}}  {finding.origin}"
    if len(everyone) > len(shown):
        yield f"  {len(everyone) - len(shown)} more are known: `antiphon providers` tells what switches each on"


def webhook_lines(webhooks: Iterable[WebhookSettings]) -> Iterator[str]:
    """One line per receiver: its address, and of what it is told."""
    for webhook in webhooks:
        whose = "every tenant" if webhook.tenants is None else ", ".join(webhook.tenants)
        yield f"→ {redacted_address(webhook.url)}  {', '.join(webhook.all_events)}  of {whose}"


def base_url(server: ServerSettings) -> str:
    """The address that a client on this machine gives to the OpenAI library."""
    return f"{'http' if server.tls is None else 'https'}://{_at(server)}/v1"


def first_model(settings: Settings) -> str:
    """A model to begin with: the first whose name is known, else the demo's."""
    for alias in settings.aliases:
        return alias
    for name, provider in settings.providers.items():
        if provider.enabled and provider.models:
            return f"{name}/{provider.models[0]}"
    return f"{DEMO}/{DEMO_MODEL}"


def _at(server: ServerSettings) -> str:
    host = "127.0.0.1" if server.host in _EVERY_INTERFACE else server.host
    return f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"


def _address(finding: Finding) -> str:
    return redacted_address(finding.base_url) if finding.is_found and finding.base_url else ""


def _snippets(url: str, key: str, model: str) -> str:
    return f"""\
Try it:

  curl {url}/responses \\
    -H "Authorization: Bearer {key}" \\
    -H "Content-Type: application/json" \\
    -d '{{"model": "{model}", "input": "Say hello."}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}", api_key="{key}")
  print(client.responses.create(model="{model}", input="Say hello.").output_text)"""
