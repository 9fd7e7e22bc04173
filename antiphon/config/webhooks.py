"""What no type can say of webhooks: addresses that may be asked, secrets that sign, tenants that exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from antiphon.config.tree import Node, Problems, did_you_mean, found_at
from antiphon.providers.egress import Egress
from antiphon.providers.endpoint import Endpoint
from antiphon.settings import MASTER, Settings, WebhookSettings
from antiphon.wire.webhooks import key_of

_MAKE: Final = "echo whsec_$(openssl rand -base64 32)"


def check_webhooks(settings: Settings, tree: Node, problems: Problems) -> None:
    """Every receiver can be sent to, can tell who sent it, and is here once."""
    tenants = {key.tenant or key.name for key in settings.keys} | {MASTER}
    seen: set[str] = set()
    for index, webhook in enumerate(settings.webhooks):
        place = _place(tree, index)
        for problem in (*_address(webhook), *_secrets(webhook), *_tenants(webhook, tenants)):
            problems.add(place, f"`webhooks[{index}]{problem}")
        # A secret that was refused has been reported, and is here as none.
        if not webhook.all_secrets and not problems.found:
            problems.add(place, f"`webhooks[{index}]` needs a `secret`; make one with: {_MAKE}")
        if webhook.url in seen:
            problems.add(place, f"`webhooks[{index}].url`: another webhook has the same address")
        seen.add(webhook.url)


def _address(webhook: WebhookSettings) -> Iterator[str]:
    try:
        endpoint = Endpoint.parse(webhook.url)
    except ValueError as error:
        yield f".url`: {error}"
        return
    egress = Egress(allow_http=webhook.allow_http, allow_private=webhook.allow_private)
    objection = egress.objection(endpoint)
    if objection is not None:
        switch = "allow_http" if endpoint.scheme == "http" and not webhook.allow_http else "allow_private"
        yield f".url` may not be asked: {objection}; set `{switch}: true` if that is meant"


def _secrets(webhook: WebhookSettings) -> Iterator[str]:
    for secret in webhook.all_secrets:
        try:
            key_of(secret)
        except ValueError as error:
            yield f".secret`: {error}"


def _tenants(webhook: WebhookSettings, known: set[str]) -> Iterator[str]:
    for tenant in webhook.tenants or ():
        if tenant not in known:
            yield f".tenants`: no key has the tenant `{tenant}`{did_you_mean(tenant, known)}"


def _place(tree: Node, index: int) -> str:
    listed = found_at(tree, ("webhooks",))
    if listed is None:
        return ""
    return listed.value[index].origin if isinstance(listed.value, list) else listed.origin
