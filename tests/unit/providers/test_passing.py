from typing import Any

import pytest

from antiphon.credential_settings import AwsSettings
from antiphon.errors import BadRequest, Forbidden
from antiphon.passing_protocols import Asked, Line
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.errands import Errands
from antiphon.providers.http import HttpUpstream
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.passing import PassThrough
from antiphon.providers.reply import UpstreamReply
from antiphon.providers.row import ROUTES
from antiphon.providers.signers import Signers
from antiphon.providers.uploading import Upload
from tests.unit.providers.fakes import NamedDialect, ScriptedUpstream, instance


class Sent(Exception):
    """What would have been sent."""


class Outbox:
    def lasting(self, seconds: float) -> Timeouts:
        return Timeouts(whole=seconds)

    async def send(
        self, method: bytes, endpoint: Endpoint, headers: bytes, body: bytes, timeouts: Timeouts
    ) -> UpstreamReply:
        raise Sent(endpoint.origin, endpoint.target.decode(), headers.decode())

    async def upload(
        self, method: bytes, endpoint: Endpoint, headers: bytes, length: int | None, timeouts: Timeouts
    ) -> Upload:
        raise Sent(endpoint.origin, endpoint.target.decode(), headers.decode())


def way(name: str, **settings: Any) -> PassThrough:
    return instance(name, **settings).passing(Outbox())


async def sent(passing: PassThrough, path: str, query: str = "", *headers: Line) -> tuple[str, str, str]:
    asked = Asked(method="POST", path=passing.place(path), query=query, headers=headers)
    with pytest.raises(Sent) as caught:
        await passing.ask(asked, b"{}", 60.0)
    origin, target, lines = caught.value.args
    return origin, target, lines


@pytest.mark.parametrize(
    ("provider", "path", "target"),
    [
        ("openai", "/v1/files", "/v1/files"),
        ("openai", "/files", "/v1/files"),
        ("openai", "/v1beta/x", "/v1beta/x"),
        ("openai", "/files/v1%2Fx", "/v1/files/v1%2Fx"),
        ("anthropic", "/v1/messages/batches", "/v1/messages/batches"),
        ("groq", "/openai/v1/models", "/openai/v1/models"),
        ("groq", "/v1/models", "/openai/v1/models"),
        ("groq", "/models", "/openai/v1/models"),
        ("gemini", "/v1beta/models/g:generateContent", "/v1beta/models/g:generateContent"),
        ("gemini", "/upload/v1beta/files", "/upload/v1beta/files"),
        ("cohere", "/v2/chat", "/v2/chat"),
    ],
)
async def test_a_path_is_where_the_providers_documentation_has_it(provider: str, path: str, target: str) -> None:
    _, found, _ = await sent(way(provider, api_key="sk-1"), path)
    assert found == target


@pytest.mark.parametrize(
    ("provider", "line"),
    [
        ("openai", "Authorization: Bearer sk-1"),
        ("anthropic", "x-api-key: sk-1"),
        ("gemini", "x-goog-api-key: sk-1"),
    ],
)
async def test_the_providers_key_takes_the_place_of_any_other(provider: str, line: str) -> None:
    name = line.partition(":")[0].lower().encode()
    _, _, lines = await sent(way(provider, api_key="sk-1"), "/v1/x", "", (name, b"mine"), (b"x-a", b"1"))
    assert line in lines.split("\r\n")
    assert "x-a: 1" in lines.split("\r\n")
    assert "mine" not in lines


async def test_the_clients_version_of_the_api_holds_over_the_rows() -> None:
    passing = way("anthropic", api_key="sk-1")
    _, _, usual = await sent(passing, "/v1/x")
    assert usual.lower().count("anthropic-version:") == 1
    _, _, said = await sent(passing, "/v1/x", "", (b"anthropic-version", b"2099-01-01"))
    assert "anthropic-version: 2099-01-01" in said
    assert said.lower().count("anthropic-version:") == 1


async def test_googles_doors_in_a_query_stay_closed() -> None:
    passing = way("gemini", api_key="sk-1")
    _, target, _ = await sent(passing, "/v1beta/files", "key=theirs&alt=sse&access%5Ftoken=x")
    assert target == "/v1beta/files?alt=sse"


@pytest.mark.parametrize("path", ["/v1/@elsewhere/x", "/v1//elsewhere", "/v1/x#y", "/v1/x?y", "/v1/\\elsewhere"])
async def test_no_path_leads_to_another_host(path: str) -> None:
    origin, _, _ = await sent(way("openai", api_key="sk-1", base_url="https://a.example:444/base/v1"), path)
    assert origin == "https://a.example:444"


@pytest.mark.parametrize("header", [(b"x-a", b"1\r\nx-b: 2"), (b"x a", b"1"), (b"x-a", b"\x00")])
async def test_a_header_that_would_be_more_than_one_is_refused(header: Line) -> None:
    passing = way("openai", api_key="sk-1")
    with pytest.raises(BadRequest):
        await passing.ask(Asked(method="GET", path="/v1/x", query="", headers=[header]), b"", 60.0)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/base/v1/files/1?a=b", "/v1/files/1?a=b"),
        ("https://a.example/base/v1/x", "/v1/x"),
        ("https://a.example:443/base/v1/x", "/v1/x"),
        ("https://a.example/other", None),
        ("https://a.example.evil/base/v1/x", None),
        ("http://a.example/base/v1/x", None),
        ("//evil.example/base/v1/x", None),
        ("files/1", None),
        ("/basement/x", None),
    ],
)
def test_only_the_providers_own_addresses_have_a_counterpart(address: str, path: str | None) -> None:
    assert way("openai", api_key="sk-1", base_url="https://a.example/base/v1").counterpart(address) == path


def test_of_google_cloud_only_the_configured_project_is_open() -> None:
    passing = way("vertex", project="mine", location="europe-west1", api_key="k")
    assert passing.place("/v1/projects/mine/locations/x")
    for path in (
        *("/v1/projects/yours/locations/x", "/v1/%70rojects/yours", "/v1/projects%2Fyours/locations/x"),
        *("/v1/projects%252Fyours", "/v1/a%5Cprojects%5Cyours", "/v1/Projects/yours", "/v1/projects;a/yours"),
    ):
        with pytest.raises(Forbidden):
            passing.place(path)


async def test_a_request_to_amazon_is_signed_as_a_whole() -> None:
    client = HttpUpstream(Timeouts())
    settings = ProviderSettings(region="eu-west-1", aws=AwsSettings(access_key_id="AK", secret_access_key="secret"))
    signers = Signers(Errands(client, client), lambda: 1_790_000_000.0)
    bedrock = ProviderInstance(
        "bedrock", settings, ScriptedUpstream(), {name: NamedDialect(name) for name in ROUTES}, signers=signers
    )
    passing = bedrock.passing(Outbox())
    assert passing.signs_bodies
    _, target, lines = await sent(passing, "/model/a.b-v1:0/converse", "", (b"x-amz-date", b"theirs"))
    assert target.startswith("/model/a.b-v1")
    assert "Authorization: AWS4-HMAC-SHA256 Credential=AK/" in lines
    assert "theirs" not in lines
    assert not way("openai", api_key="sk-1").signs_bodies
