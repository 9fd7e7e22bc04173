"""`/v1/models`: what can be asked for."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import openai
import pytest

from antiphon.model_settings import ModelSettings, PriceSettings
from antiphon.provider_settings import ProviderSettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import said
from tests.e2e.gateway import BOTH, Gateway
from tests.e2e.upstream import Provider

LISTED = (
    {"id": "gpt-5-mini", "object": "model", "created": 1_700_000_000, "owned_by": "openai"},
    {"id": "org/with-slash", "object": "model", "created": 1_700_000_001, "owned_by": "org", "context_window": 8192},
)


@pytest.fixture
def listing(other_gateway: OtherGateway, native: Provider, chat: Provider) -> Iterator[Gateway]:
    """A gateway whose one provider lists models, and whose other one is limited to a single one."""
    native.listed = LISTED
    yield other_gateway(
        providers={
            "native": ProviderSettings(type="openai", base_url=native.url, api_key="k"),
            "chat": ProviderSettings(base_url=chat.url, dialect="chat", models=["llama-4"]),
            "demo": ProviderSettings(enabled=False),
        },
        models={BOTH: ModelSettings(targets=["native/gpt-5-mini", "chat/llama-4"])},
    )
    native.listed = ()


def test_models_are_listed_as_openai_lists_them(listing: Gateway) -> None:
    with listing.client() as client:
        models = list(client.models.list())
    ids = [model.id for model in models]
    assert ids[:2] == ["native/gpt-5-mini", "native/org/with-slash"]
    assert "chat/llama-4" in ids
    assert len(set(ids)) == len(ids)
    assert {model.object for model in models} == {"model"}
    assert all(isinstance(model.created, int) and model.owned_by for model in models)


def test_a_model_is_retrieved_by_the_name_that_is_listed(listing: Gateway) -> None:
    with listing.client() as client:
        for model in client.models.list():
            assert client.models.retrieve(model.id) == model


def test_what_is_known_of_a_model_is_shown(listing: Gateway) -> None:
    with listing.wire() as wire:
        card = wire.get("/v1/models/native/org/with-slash").json()
    assert card["context_window"] == 8192
    assert card["created"] == 1_700_000_001


def test_what_a_model_costs_is_shown(listing: Gateway) -> None:
    with listing.wire() as wire:
        card = wire.get("/v1/models/native/gpt-5-mini").json()
        alias = wire.get(f"/v1/models/{BOTH}").json()
    assert (card["context_window"], card["max_output_tokens"]) == (400_000, 128_000)
    assert card["usd_per_million_tokens"]["input"] == "0.25"
    assert card["usd_per_million_tokens"]["output"] == "2"
    assert alias["usd_per_million_tokens"] == card["usd_per_million_tokens"]


def test_what_the_owner_knows_is_shown(other_gateway: OtherGateway, native: Provider) -> None:
    native.listed = LISTED
    gateway = other_gateway(
        providers={"native": ProviderSettings(type="openai", base_url=native.url, api_key="k")},
        models={
            "native/org/*": ModelSettings(context_window=4096, price=PriceSettings(input=0.1, output=0.3)),
        },
    )
    with gateway.wire() as wire:
        card = wire.get("/v1/models/native/org/with-slash").json()
        ids = [model["id"] for model in wire.get("/v1/models").json()["data"]]
    native.listed = ()
    assert card["context_window"] == 4096
    assert card["usd_per_million_tokens"] == {"input": "0.1", "output": "0.3"}
    assert "native/org/*" not in ids


def test_an_alias_is_a_model(listing: Gateway) -> None:
    with listing.client() as client:
        assert BOTH in [model.id for model in client.models.list()]
        assert client.models.retrieve(BOTH).id == BOTH


def test_every_listed_model_can_be_asked(listing: Gateway, native: Provider, chat: Provider) -> None:
    native.answer(*[said("native", "x", streamed=False)] * 2)
    chat.answer(said("chat", "x", streamed=False))
    with listing.client() as client:
        for id_ in ("native/gpt-5-mini", "native/org/with-slash", "chat/llama-4"):
            assert client.responses.create(model=id_, input="Hi").model == id_
    assert [request.json["model"] for request in (*native.seen, *chat.seen)] == [
        "gpt-5-mini",
        "org/with-slash",
        "llama-4",
    ]


def test_a_bare_name_is_found_where_it_is_listed(listing: Gateway, native: Provider, chat: Provider) -> None:
    native.answer(*[said("native", "x", streamed=False)] * 2)
    chat.answer(said("chat", "x", streamed=False))
    with listing.client() as client:
        for id_ in ("gpt-5-mini", "org/with-slash", "llama-4"):
            assert client.responses.create(model=id_, input="Hi").output_text == "x"


def test_a_model_that_does_not_exist_is_told_with_what_was_meant(listing: Gateway) -> None:
    with listing.client() as client:
        client.models.list()
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("nobody/none")
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model="lama-4", input="Hi")
    assert refused.value.code == "model_not_found"
    assert refused.value.param == "model"
    assert "'lama-4' does not exist" in refused.value.message
    assert "'chat/llama-4'" in refused.value.message


def test_a_provider_that_lists_nothing_hides_nobody_else(listing: Gateway, native: Provider) -> None:
    native.listed = ()
    with listing.wire() as wire:
        answer: httpx.Response = wire.get("/v1/models")
    assert answer.status_code == 200
    assert "chat/llama-4" in [model["id"] for model in answer.json()["data"]]


def test_codex_is_told_in_its_own_shape_and_only_once(listing: Gateway) -> None:
    with listing.wire() as wire:
        first = wire.get("/v1/models", params={"client_version": "0.169.0"})
        again = wire.get("/models", params={"client_version": "9"}, headers={"if-none-match": first.headers["etag"]})
    slugs = [model["slug"] for model in first.json()["models"]]
    assert slugs[:2] == ["native/gpt-5-mini", "native/org/with-slash"]
    assert BOTH in slugs
    assert (again.status_code, again.content) == (304, b"")
