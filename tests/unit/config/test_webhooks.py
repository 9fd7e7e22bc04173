import base64

import pytest

from antiphon.config.redact import redacted
from antiphon.settings import WebhookSettings
from tests.unit.config.conftest import Given, Refused

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(24))).decode()


def test_an_address_and_a_secret_are_enough(given: Given) -> None:
    settings = given(f"webhooks: [{{url: 'https://hooks.example/a', secret: {SECRET}}}]").settings
    assert settings.webhooks == [WebhookSettings(url="https://hooks.example/a", secret=SECRET)]
    (webhook,) = settings.webhooks
    assert webhook.all_events == (
        "response.completed",
        "response.cancelled",
        "response.failed",
        "response.incomplete",
        *(f"batch.{ending}" for ending in ("completed", "cancelled", "failed", "expired")),
    )
    assert webhook.events is webhook.tenants is None
    assert webhook.all_secrets == [SECRET]


def test_everything_can_be_said(given: Given) -> None:
    (webhook,) = given(
        "keys: [{name: ann, key: k1}, {name: bob, key: k2, tenant: team}]\n"
        "webhooks:\n"
        "  - url: http://10.0.0.1:9999/a?b=c\n"
        f"    secrets: [{SECRET}, '${{OTHER}}']\n"
        "    events: [response.failed]\n"
        "    tenants: [ann, team, master]\n"
        "    allow_http: true\n"
        "    allow_private: true\n",
        OTHER=OTHER,
    ).settings.webhooks
    assert webhook.all_secrets == [SECRET, OTHER]
    assert webhook.events == ["response.failed"]
    assert webhook.tenants == ["ann", "team", "master"]


def test_they_can_be_said_by_a_variable(given: Given) -> None:
    said = f"[{{url: 'https://hooks.example', secret: {SECRET}, events: response.failed}}]"
    (webhook,) = given(ANTIPHON_WEBHOOKS=said).settings.webhooks
    assert webhook.events == ["response.failed"]


def test_what_is_shown_holds_no_secret(given: Given) -> None:
    url = "https://hooks.example/a?token=hidden"
    settings = given(f"webhooks: [{{url: '{url}', secret: {SECRET}, secrets: [{OTHER}]}}]").settings
    shown = redacted(settings)
    assert "hidden" not in shown
    assert SECRET not in shown
    assert OTHER not in shown
    assert "hooks.example" in shown


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{url: 'https://h.example'}", "`webhooks[0]` needs a `secret`; make one with: echo whsec_$(openssl"),
        (f"{{secret: {SECRET}}}", "`webhooks[0].url` is missing"),
        (f"{{url: 'http://h.example', secret: {SECRET}}}", "it is not https; set `allow_http: true` if that is meant"),
        (f"{{url: 'https://h.example:25', secret: {SECRET}}}", "set `allow_private: true` if that is meant"),
        (f"{{url: 'https://192.168.1.1', secret: {SECRET}}}", "in a private or reserved network; set `allow_private"),
        (f"{{url: 'https://u:p@h.example', secret: {SECRET}}}", "a URL holds no user and password"),
        ("{url: 'https://h.example', secret: whsec_c2hvcnQ=}", "a signing secret is 24 to 64 bytes in base64"),
        ("{url: 'https://h.example', secret: plain}", "`webhooks[0].secret`: expected a signing secret"),
        (f"{{url: 'https://h.example', secret: {SECRET}, tenants: [an]}}", "no key has the tenant `an`; did you mean"),
        (f"{{url: 'https://h.example', secret: {SECRET}, event: []}}", "did you mean `events`?"),
        (
            f"{{url: 'https://h.example', secret: {SECRET}, events: [response.done]}}",
            "expected one of `batch.cancelled`",
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_place(refused: Refused, said: str, told: str) -> None:
    (line,) = refused(f"keys: [{{name: ann, key: k}}]\nwebhooks: [{said}]")
    assert line.startswith("antiphon.yaml:2:")
    assert told in line
    assert SECRET not in line
    assert "plain" not in line


def test_a_secret_in_the_place_of_a_list_is_not_shown(refused: Refused) -> None:
    (line,) = refused(f"webhooks: [{{url: 'https://h.example', secrets: {SECRET}}}]")
    assert "`webhooks[0].secrets`: expected a list" in line
    assert SECRET not in line


def test_an_address_is_told_once(refused: Refused) -> None:
    one = f"{{url: 'https://h.example', secret: {SECRET}}}"
    (line,) = refused(f"webhooks: [{one}, {one}]")
    assert line.endswith("`webhooks[1].url`: another webhook has the same address")
