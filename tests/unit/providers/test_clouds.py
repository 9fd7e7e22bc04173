"""Where requests to the clouds go, in which format, and what opens them."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.credential_settings import AwsSettings
from antiphon.errors import BadRequest, ConfigError
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.errands import Errands
from antiphon.providers.http import HttpUpstream
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.row import ROUTES
from antiphon.providers.signers import Signers
from tests.unit.providers.fakes import NamedDialect, ScriptedUpstream

DIALECTS = {name: NamedDialect(name) for name in ROUTES}
AWS = AwsSettings(access_key_id="AK", secret_access_key="secret")


def cloud(name: str, upstream: ScriptedUpstream | None = None, **settings: Any) -> ProviderInstance:
    client = HttpUpstream(Timeouts())
    signers = Signers(Errands(client, client), lambda: 1_790_000_000.0)
    return ProviderInstance(
        name, ProviderSettings(**settings), upstream or ScriptedUpstream(), DIALECTS, signers=signers
    )


async def sent(provider: ProviderInstance, upstream: ScriptedUpstream, model: str, *, streamed: bool = False) -> str:
    """The address that a request for a model goes to."""
    await provider.target(model).post(b"{}", streamed=streamed)
    return upstream.sent[-1][1]


def lines(headers: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in headers.decode().removesuffix("\r\n").split("\r\n"))


GOOGLE = "https://aiplatform.googleapis.com:443"
GEMINI = "https://generativelanguage.googleapis.com:443/v1beta"
RUNTIME = "https://bedrock-runtime.eu-west-1.amazonaws.com:443"
CLAUDE = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
MANTLE = "https://bedrock-mantle.us-east-1.api.aws:443"
EVERY = "https://mine.openai.azure.com:443"
WAYS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("anthropic", {}, "claude-opus-5", "messages", "https://api.anthropic.com:443/v1/messages"),
    ("gemini", {}, "gemini-3-pro", "gemini", f"{GEMINI}/models/gemini-3-pro:generateContent"),
    ("gemini", {"dialect": "chat"}, "gemini-3-pro", "chat", f"{GEMINI}/openai/chat/completions"),
    ("cohere", {}, "command-a", "cohere", "https://api.cohere.com:443/v2/chat"),
    (
        "vertex",
        {"project": "p1"},
        "gemini-3-pro",
        "gemini",
        f"{GOOGLE}/v1beta1/projects/p1/locations/global/publishers/google/models/gemini-3-pro:generateContent",
    ),
    (
        "vertex",
        {"project": "p1", "location": "us-east5", "api_version": "v1"},
        "gemini-3-pro",
        "gemini",
        (
            "https://us-east5-aiplatform.googleapis.com:443/v1/projects/p1/locations/us-east5/publishers/google/models/"
            "gemini-3-pro:generateContent"
        ),
    ),
    (
        "vertex",
        {"project": "p1", "location": "eu"},
        "claude-sonnet-4-5@20250929",
        "vertex-messages",
        (
            "https://aiplatform.eu.rep.googleapis.com:443/v1/projects/p1/locations/eu/publishers/anthropic/models/"
            "claude-sonnet-4-5%4020250929:rawPredict"
        ),
    ),
    (
        "vertex",
        {"project": "p1"},
        "meta/llama-4-maas",
        "chat",
        f"{GOOGLE}/v1/projects/p1/locations/global/endpoints/openapi/chat/completions",
    ),
    (
        "vertex",
        {"api_key": "k"},
        "gemini-3-pro",
        "gemini",
        f"{GOOGLE}/v1beta1/publishers/google/models/gemini-3-pro:generateContent",
    ),
    ("azure", {"resource": "mine"}, "gpt-5", "responses", f"{EVERY}/openai/v1/responses"),
    (
        "azure",
        {"resource": "mine", "api_version": "preview"},
        "gpt-5",
        "responses",
        f"{EVERY}/openai/v1/responses?api-version=preview",
    ),
    ("azure", {"resource": "mine"}, "DeepSeek-V4", "chat", f"{EVERY}/openai/v1/chat/completions"),
    ("azure", {"resource": "mine"}, "claude-opus-5", "messages", f"{EVERY}/anthropic/v1/messages"),
    (
        "azure",
        {"resource": "mine", "api_version": "2025-04-01-preview"},
        "gpt-5",
        "responses",
        f"{EVERY}/openai/responses?api-version=2025-04-01-preview",
    ),
    (
        "azure",
        {"resource": "mine", "api_version": "2024-10-21", "deployments": {"gpt-4o": "prod 4o"}},
        "gpt-4o",
        "chat",
        f"{EVERY}/openai/deployments/prod%204o/chat/completions?api-version=2024-10-21",
    ),
    (
        "bedrock",
        {"region": "eu-west-1"},
        "eu.amazon.nova-pro-v1:0",
        "converse",
        f"{RUNTIME}/model/eu.amazon.nova-pro-v1%3A0/converse",
    ),
    (
        "bedrock",
        {"region": "eu-west-1", "dialect": "bedrock-messages"},
        CLAUDE,
        "bedrock-messages",
        f"{RUNTIME}/model/{CLAUDE.replace(':', '%3A')}/invoke",
    ),
    ("bedrock", {"region": "eu-west-1"}, "openai.gpt-5.5", "responses", f"{RUNTIME}/openai/v1/responses"),
    (
        "bedrock",
        {"region": "eu-west-1"},
        CLAUDE,
        "converse",
        f"{RUNTIME}/model/{CLAUDE.replace(':', '%3A')}/converse",
    ),
    (
        "bedrock",
        {"region": "cn-north-1"},
        "x",
        "converse",
        "https://bedrock-runtime.cn-north-1.amazonaws.com.cn:443/model/x/converse",
    ),
    ("bedrock-mantle", {"region": "us-east-1"}, "openai.gpt-oss-120b", "chat", f"{MANTLE}/v1/chat/completions"),
    ("bedrock-mantle", {"region": "us-east-1"}, "openai.gpt-5.5", "responses", f"{MANTLE}/openai/v1/responses"),
    (
        "bedrock-mantle",
        {"region": "us-east-1"},
        "anthropic.claude-opus-5",
        "messages",
        f"{MANTLE}/anthropic/v1/messages",
    ),
]


@pytest.mark.parametrize(("name", "settings", "model", "dialect", "address"), WAYS)
async def test_a_model_is_asked_where_it_is(
    name: str, settings: dict[str, Any], model: str, dialect: str, address: str
) -> None:
    upstream = ScriptedUpstream()
    provider = cloud(name, upstream, **{"api_key": "k", **settings})
    assert await sent(provider, upstream, model) == address
    assert provider.target(model).dialect.name == dialect


@pytest.mark.parametrize(
    ("name", "settings", "model", "address"),
    [
        (
            "vertex",
            {"project": "p"},
            "claude-opus-5",
            f"{GOOGLE}/v1/projects/p/locations/global/publishers/anthropic/models/claude-opus-5:streamRawPredict",
        ),
        (
            "vertex",
            {"project": "p"},
            "gemini-3-pro",
            (
                f"{GOOGLE}/v1beta1/projects/p/locations/global/publishers/google/models/gemini-3-pro"
                ":streamGenerateContent?alt=sse"
            ),
        ),
        ("bedrock", {"region": "eu-west-1"}, "a.b", f"{RUNTIME}/model/a.b/converse-stream"),
        (
            "bedrock",
            {"region": "eu-west-1", "dialect": "bedrock-messages"},
            "anthropic.c",
            f"{RUNTIME}/model/anthropic.c/invoke-with-response-stream",
        ),
    ],
)
async def test_streams_have_places_of_their_own(name: str, settings: dict[str, Any], model: str, address: str) -> None:
    upstream = ScriptedUpstream()
    assert await sent(cloud(name, upstream, api_key="k", **settings), upstream, model, streamed=True) == address


@pytest.mark.parametrize(
    ("name", "settings", "model", "expected"),
    [
        ("anthropic", {}, "claude-x", {"x-api-key": "k", "anthropic-version": "2023-06-01"}),
        ("anthropic", {"dialect": "chat"}, "claude-x", {"Authorization": "Bearer k"}),
        ("gemini", {}, "gemini-x", {"x-goog-api-key": "k"}),
        ("gemini", {"dialect": "chat"}, "gemini-x", {"Authorization": "Bearer k"}),
        ("vertex", {}, "gemini-x", {"x-goog-api-key": "k"}),
        ("azure", {"resource": "r"}, "gpt-5", {"api-key": "k"}),
        ("azure", {"resource": "r"}, "claude-x", {"x-api-key": "k", "anthropic-version": "2023-06-01"}),
        ("bedrock", {"region": "r"}, "x", {"Authorization": "Bearer k"}),
        ("bedrock-mantle", {"region": "r"}, "anthropic.c", {"x-api-key": "k", "anthropic-version": "2023-06-01"}),
        ("cohere", {}, "command-x", {"Authorization": "Bearer k"}),
    ],
)
async def test_a_key_is_sent_as_the_provider_wants_it(
    name: str, settings: dict[str, Any], model: str, expected: dict[str, str]
) -> None:
    upstream = ScriptedUpstream()
    await sent(cloud(name, upstream, api_key="k", **settings), upstream, model)
    headers = lines(upstream.sent[0][2])
    keys = {name: value for name, value in headers.items() if value in ("k", "Bearer k") or "anthropic" in name}
    assert keys == {**expected, **({"anthropic-version": "2023-06-01"} if name == "anthropic" else {})}


async def test_without_a_key_each_request_is_signed_for_its_place() -> None:
    upstream = ScriptedUpstream()
    provider = cloud("bedrock", upstream, region="eu-west-1", aws=AWS)
    target = provider.target(CLAUDE)
    await target.post(b"{}", streamed=False, headers=b"x-more: 1\r\n")
    await target.post(b"{}", streamed=True, seconds=5.0)
    await target.post(b"{...}", streamed=True)
    first, second, third = (lines(headers) for _, _, headers, _ in upstream.sent)
    assert first["x-more"] == "1"
    assert first["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AK/")
    assert "/eu-west-1/bedrock/aws4_request" in first["Authorization"]
    assert len({each["Authorization"] for each in (first, second, third)}) == 3
    assert "secret" not in repr(target)


async def test_the_list_of_models_is_signed_and_asked_where_it_is() -> None:
    upstream = ScriptedUpstream()
    await cloud("bedrock", upstream, region="eu-west-1", aws=AWS).listing()
    [(method, url, headers, _)] = upstream.sent
    assert (method, url) == (
        "GET",
        "https://bedrock.eu-west-1.amazonaws.com:443/inference-profiles?maxResults=1000",
    )
    assert "AWS4-HMAC-SHA256" in lines(headers)["Authorization"]


@pytest.mark.parametrize(
    ("name", "settings", "path"),
    [
        ("bedrock", {"region": "eu-west-1"}, "/inference-profiles?maxResults=1000"),
        ("bedrock-mantle", {"region": "eu-west-1"}, "/v1/models"),
        ("anthropic", {}, "/v1/models?limit=1000"),
        ("gemini", {}, "/v1beta/models?pageSize=1000"),
        ("vertex", {"project": "p"}, "/v1beta1/publishers/google/models?pageSize=100"),
        ("cohere", {}, "/v1/models?page_size=1000&endpoint=chat"),
    ],
)
async def test_lists_are_long_and_stay_at_an_address_of_the_owners(
    name: str, settings: dict[str, Any], path: str
) -> None:
    upstream = ScriptedUpstream()
    await cloud(name, upstream, api_key="k", base_url="http://127.0.0.1:9", **settings).listing()
    assert upstream.sent[0][1] == f"http://127.0.0.1:9{path}"


@pytest.mark.parametrize(
    ("name", "url", "address"),
    [
        ("azure", "https://r.openai.azure.com/openai/v1/", "https://r.openai.azure.com:443/openai/v1/responses"),
        ("azure", "https://r.services.ai.azure.com/openai", "https://r.services.ai.azure.com:443/openai/v1/responses"),
        ("azure", "https://proxy/team/a", "https://proxy:443/team/a/openai/v1/responses"),
        ("bedrock-mantle", "https://h/v1", "https://h:443/v1/chat/completions"),
        ("gemini", "https://h/v1beta/openai", "https://h:443/v1beta/models/m:generateContent"),
        ("gemini", "https://h", "https://h:443/v1beta/models/m:generateContent"),
        ("cohere", "https://h/v2", "https://h:443/v2/chat"),
        ("anthropic", "https://h", "https://h:443/v1/messages"),
    ],
)
async def test_base_urls_are_understood_as_people_write_them(name: str, url: str, address: str) -> None:
    upstream = ScriptedUpstream()
    assert await sent(cloud(name, upstream, api_key="k", base_url=url), upstream, "m") == address


def test_named_deployments_are_all_there_are_where_nothing_lists_them() -> None:
    azure = cloud("azure", api_key="k", resource="r", deployments={"gpt-5": "prod"})
    assert azure.models == ("gpt-5",)
    assert not azure.lists_models
    target = azure.target("gpt-5")
    assert (target.name, target.model) == ("azure/gpt-5", "prod")
    bedrock = cloud("bedrock", api_key="k", region="r", deployments={"claude": "arn:aws:bedrock:r:1:x/anthropic.c"})
    assert bedrock.models is None
    assert bedrock.target("claude").model == "arn:aws:bedrock:r:1:x/anthropic.c"


@pytest.mark.parametrize(
    ("name", "settings", "model", "relayed"),
    [
        ("azure", {"resource": "r"}, "gpt-5", True),
        ("azure", {"resource": "r"}, "claude-x", False),
        ("bedrock", {"region": "r"}, "amazon.nova", False),
        ("bedrock", {"region": "r"}, "openai.gpt-5", True),
        ("vertex", {"project": "p"}, "gemini-x", False),
        ("vertex", {"project": "p"}, "meta/llama", True),
        ("anthropic", {}, "claude-x", False),
        ("anthropic", {"relays_chat": True}, "claude-x", True),
        ("gemini", {}, "gemini-x", False),
        ("cohere", {}, "command-x", False),
        ("cohere", {"relays_chat": True}, "command-x", True),
        ("cohere", {"dialect": "chat", "relays_chat": False}, "command-x", True),
        ("azure", {"resource": "r", "relays_chat": False}, "gpt-5", False),
    ],
)
def test_chat_completions_are_relayed_only_to_those_who_take_them(
    name: str, settings: dict[str, Any], model: str, *, relayed: bool
) -> None:
    assert ("chat" in cloud(name, api_key="k", **settings).target(model).relays) is relayed


@pytest.mark.parametrize(
    ("name", "model", "address"),
    [
        ("openai", "gpt-3.5-turbo-instruct", "https://api.openai.com:443/v1/completions"),
        ("openai", "ft:davinci-002:acme", "https://api.openai.com:443/v1/completions"),
        ("openai", "gpt-5", None),
        ("anthropic", "claude-x", None),
        ("deepseek", "deepseek-chat", "https://api.deepseek.com:443/beta/completions"),
        ("ollama", "qwen3", "http://localhost:11434/v1/completions"),
        ("openrouter", "a/b", "https://openrouter.ai:443/api/v1/completions"),
    ],
)
async def test_legacy_completions_are_relayed_to_models_that_take_them(
    name: str, model: str, address: str | None
) -> None:
    upstream = ScriptedUpstream()
    post = cloud(name, upstream, api_key="k").target(model).relays.get("completions")
    if post is not None:
        await post(b"{}", streamed=False)
    assert [each[1] for each in upstream.sent] == ([] if address is None else [address])


def test_what_a_place_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="'bedrock' needs a `region`"):
        cloud("bedrock", api_key="k")
    with pytest.raises(ConfigError, match="'azure' needs a `resource`"):
        cloud("azure", api_key="k")
    with pytest.raises(ConfigError, match="needs `region`"):
        cloud("bedrock", base_url="https://h")
    with pytest.raises(BadRequest, match="without the setting `project`"):
        cloud("vertex", api_key="k").target("claude-opus-5")


def test_a_format_that_is_not_spoken_here_is_passed_over() -> None:
    few = {name: DIALECTS[name] for name in ("chat", "responses", "converse")}
    settings = ProviderSettings(api_key="k", region="r")
    bedrock = ProviderInstance("bedrock", settings, ScriptedUpstream(), few)
    assert bedrock.target(CLAUDE).dialect.name == "converse"
    gemini = ProviderInstance("gemini", ProviderSettings(api_key="k"), ScriptedUpstream(), few)
    assert gemini.target("gemini-x").dialect.name == "chat"
