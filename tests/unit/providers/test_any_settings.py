"""Whatever an owner sets and whatever services answer: a provider works, or says by our own errors why it does not."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.config.environment import Environment
from antiphon.config.loading import load
from antiphon.config.redact import redacted
from antiphon.errors import BadRequest, ConfigError, ConnectFailed, UpstreamError
from antiphon.provider_settings import Dialect, ProviderSettings
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.errands import Errands
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.row import ROUTES
from antiphon.providers.signers import Signers
from antiphon.providers.table import TABLE
from tests.fakes import ScriptedReply, Step
from tests.unit.providers.fakes import NamedDialect

DIALECTS = {name: NamedDialect(name) for name in ROUTES}
CLOUDS = ("bedrock", "bedrock-mantle", "vertex", "azure")
MODELS = ["m", "a/b", "claude-x", "arn:aws:bedrock:us-east-1::inference-profile/eu.anthropic.y", "..", "é", "a?b#c"]
DEEP = b'{"a":' * 3000

WORDS = st.sampled_from(["eu-west-1", "cn-north-1", "us", "global", "a:b", "x.y", "p1", "2024-05-01", "v1", "preview"])
URLS = st.sampled_from(
    ["http://h", "https://h/v1", "http://[", "https://h:abc", "https://h:99999", "https://..", "http://é"]
)
PATHS = st.sampled_from(["/nowhere", "/", "~nobody-of-this-name/x", "f" * 400, "/dev/null", "/path", "http://[::1"])
TEXTS = st.sampled_from(["k", "arn:x", "default", "../..", "h:1", "[", "a@b"])
SOURCES: list[object] = [
    {"url": "http://["},
    {"url": "http://localhost", "headers": {"a b": "c"}},
    {"file": "a\0b"},
    {},
]
KEYS = st.sampled_from(
    [
        {},
        {"type": 3},
        {"type": "service_account", "private_key": "x"},
        {"type": "authorized_user", "token_uri": "http://["},
        {"type": "authorized_user", "token_uri": "http://h", "quota_project_id": "a\r\nb"},
        {"type": "authorized_user", "service_account_impersonation_url": "http://["},
        *({"type": "external_account", "token_url": "http://h", "credential_source": each} for each in SOURCES),
    ]
).map(json.dumps) | st.just(DEEP.decode() + "}")

TOKENS = [
    {"access_token": token, "expires_in": seconds} for token in ("t", "a\r\nb", "é") for seconds in (1, -1, "1e400")
]
TOLD = [
    {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": token, "Expiration": end}
    for token in ("t", "a\nb")
    for end in ("2030-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "soon")
]
BODIES = [b"", b"[]", b"null", b"role", b"\xff", b'{"error":{"code":1e30}}', b'{"Code":3}', DEEP, b"<Code>x</Code>"]
ANSWERS = st.tuples(
    st.sampled_from([200, 400]), st.sampled_from([*BODIES, *(json.dumps(each).encode() for each in (*TOKENS, *TOLD))])
)


class Services:
    """Answer in turn whatever they are asked, then nobody is there."""

    def __init__(self, answers: list[tuple[int, bytes]]) -> None:
        self.answers = answers
        self.sent: list[bytes] = []

    async def post(self, endpoint: Endpoint, headers: bytes, body: bytes, *_: object, **__: object) -> ScriptedReply:
        return await self.get(endpoint, headers)

    async def put(self, endpoint: Endpoint, headers: bytes) -> ScriptedReply:
        return await self.get(endpoint, headers)

    async def get(self, endpoint: Endpoint, headers: bytes, *_: object) -> ScriptedReply:
        self.sent.append(headers)
        if not self.answers:
            raise ConnectFailed("nobody is there")
        status, body = self.answers.pop(0)
        return ScriptedReply([Step(body)], status, {})

    async def delete(self, endpoint: Endpoint, headers: bytes) -> ScriptedReply:
        return await self.get(endpoint, headers)

    def lasting(self, seconds: float) -> Timeouts:
        return Timeouts(whole=seconds)


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


AWS = some(
    access_key_id=TEXTS, secret_access_key=TEXTS, profile=TEXTS, config_file=PATHS, role_arn=TEXTS,
    web_identity_role_arn=TEXTS, web_identity_token_file=PATHS, container_uri=PATHS, container_token=TEXTS,
    container_token_file=PATHS, metadata_url=URLS, metadata_disabled=st.booleans(), sts_url=URLS,
)  # fmt: skip
GOOGLE = some(key=KEYS, file=PATHS, gcloud_folder=PATHS, metadata_host=TEXTS, metadata_disabled=st.booleans())
AZURE = some(
    tenant_id=TEXTS, client_id=TEXTS, client_secret=TEXTS, federated_token_file=PATHS, authority_url=URLS,
    identity_url=URLS, identity_header=TEXTS, metadata_url=URLS, scope=TEXTS,
)  # fmt: skip
PLACES = some(region=WORDS, project=WORDS, location=WORDS, resource=WORDS, api_version=WORDS)
REST = some(
    base_url=URLS, api_key=TEXTS, models=st.lists(st.sampled_from(MODELS), max_size=2), proxy=URLS,
    dialect=st.sampled_from(get_args(Dialect)), headers=st.dictionaries(TEXTS, TEXTS, max_size=2),
    deployments=st.dictionaries(st.just("m"), st.sampled_from(MODELS)),
    quirks=st.dictionaries(st.sampled_from(["chat_only_models", "efforts", "temperature_max"]), TEXTS, max_size=1),
)  # fmt: skip
PROVIDERS = st.one_of(
    st.tuples(st.sampled_from(CLOUDS[:2]), AWS.map(lambda said: {"region": "eu-west-1", "aws": said})),
    st.tuples(st.just("vertex"), GOOGLE.map(lambda said: {"project": "p1", "google": said})),
    st.tuples(st.just("azure"), AZURE.map(lambda said: {"resource": "r", "azure": said})),
)
FEW = settings(max_examples=settings().max_examples // 4)


def made(name: str, said: ProviderSettings, services: Services, provider: Services) -> ProviderInstance:
    signers = Signers(Errands(services, services), lambda: 1_790_000_000.0)
    return ProviderInstance(name, said, provider, DIALECTS, signers=signers)


async def use(provider: ProviderInstance) -> None:
    """Asks the provider for everything that it may be asked for."""
    for model in MODELS:
        with suppress(BadRequest):
            target = provider.target(model)
            for post in (target.post, *target.relays.values(), target.post_count, target.post_compact):
                if post is not None:
                    with suppress(UpstreamError):
                        await post(b"{}", streamed=True)
    with suppress(UpstreamError):
        await provider.listing()


@settings(max_examples=settings().max_examples // 2)
@given(PROVIDERS, st.lists(ANSWERS, max_size=4))
async def test_whoever_signs_gives_header_lines_or_says_why_not(
    signing: tuple[str, dict[str, object]], answers: list[tuple[int, bytes]]
) -> None:
    name, said = signing
    provider = Services([])
    with suppress(ConfigError):
        await use(made(name, msgspec.convert(said, ProviderSettings), Services(answers), provider))
    for headers in provider.sent:
        lines = headers.decode("ascii").removesuffix("\r\n").split("\r\n")
        assert all(line[0] not in "bx" or line.startswith(("x-amz-", "x-goog-user-project: ")) for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


@FEW
@given(st.sampled_from([*TABLE, *CLOUDS * 4, "own"]), PLACES, REST)
async def test_a_provider_that_was_configured_can_be_asked(
    folder: Path, name: str, places: dict[str, object], rest: dict[str, object]
) -> None:
    (folder / "antiphon.yaml").write_text(json.dumps({"providers": {name: {**places, **rest}}}))
    with suppress(ConfigError):
        loaded = load(Environment({}, folder), config=Path("antiphon.yaml")).settings
        assert redacted(loaded)
        said = loaded.providers[name]
        if said.enabled:
            await use(made(name, said, Services([]), Services([])))
