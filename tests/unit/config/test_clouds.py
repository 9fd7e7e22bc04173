"""What the clouds' own variables do: complete what is there, and switch on only what they plainly mean."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from antiphon.config.loading import Loaded
from antiphon.config.redact import redacted

Given = Callable[..., Loaded]
Refused = Callable[..., list[str]]

AWS = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_REGION": "eu-west-1"}
EU = "https://bedrock-runtime.eu-west-1.amazonaws.com"


def found(loaded: Loaded) -> dict[str, str]:
    return {each.name: each.origin for each in loaded.findings if each.is_found and each.name != "demo"}


def why_not(loaded: Loaded, name: str) -> str:
    return next(each.origin for each in loaded.findings if each.name == name and not each.is_found)


@pytest.mark.parametrize(
    ("variables", "name", "url"),
    [
        ({"ANTHROPIC_API_KEY": "k"}, "anthropic", "https://api.anthropic.com/v1"),
        ({"GEMINI_API_KEY": "k"}, "gemini", "https://generativelanguage.googleapis.com/v1beta"),
        ({"GOOGLE_API_KEY": "k"}, "gemini", "https://generativelanguage.googleapis.com/v1beta"),
        ({"COHERE_API_KEY": "k"}, "cohere", "https://api.cohere.com"),
        ({"CO_API_KEY": "k"}, "cohere", "https://api.cohere.com"),
        ({"VERTEX_API_KEY": "k"}, "vertex", "https://aiplatform.googleapis.com"),
        ({"VERTEX_PROJECT": "p"}, "vertex", "https://aiplatform.googleapis.com"),
        (
            {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_APPLICATION_CREDENTIALS": "/k", "GOOGLE_CLOUD_LOCATION": "us-east5"},
            "vertex",
            "https://us-east5-aiplatform.googleapis.com",
        ),
        (
            {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/"},
            "azure",
            "https://r.openai.azure.com",
        ),
        ({"AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/"}, "azure", "https://r.openai.azure.com"),
        ({"AZURE_API_KEY": "k", "AZURE_RESOURCE_NAME": "r"}, "azure", "https://r.openai.azure.com"),
        ({"AWS_BEARER_TOKEN_BEDROCK": "k", "AWS_REGION": "eu-west-1"}, "bedrock", EU),
        ({"AWS_BEARER_TOKEN_BEDROCK": "k", "AWS_DEFAULT_REGION": "eu-west-1"}, "bedrock", EU),
        ({"BEDROCK_REGION": "eu-west-1"}, "bedrock", EU),
        ({"BEDROCK_MANTLE_REGION": "us-east-1"}, "bedrock-mantle", "https://bedrock-mantle.us-east-1.api.aws"),
    ],
)
def test_the_usual_variables_are_enough(given: Given, variables: dict[str, str], name: str, url: str) -> None:
    loaded = given(**variables)
    assert list(found(loaded)) == [name]
    provider = loaded.settings.providers[name]
    assert (provider.type, provider.base_url, provider.enabled) == (name, url, True)


@pytest.mark.parametrize(
    "variables",
    [
        AWS,
        AWS | {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t"},
        {"GOOGLE_CLOUD_PROJECT": "p"},
        {"GOOGLE_APPLICATION_CREDENTIALS": "/k"},
        {"AZURE_CLIENT_ID": "a", "AZURE_TENANT_ID": "b", "AZURE_CLIENT_SECRET": "c"},
        {"AZURE_OPENAI_API_KEY": "k"},
        {"AWS_BEARER_TOKEN_BEDROCK": "k"},
        {"ANTHROPIC_FOUNDRY_API_KEY": "k"},
        {"ANTHROPIC_BEDROCK_BASE_URL": "https://x", "ANTHROPIC_VERTEX_BASE_URL": "https://x"},
    ],
    ids="+".join,
)
def test_who_merely_uses_a_cloud_gets_no_provider(given: Given, variables: dict[str, str]) -> None:
    loaded = given(**variables)
    assert found(loaded) == {}
    assert [name for name in loaded.settings.providers if name != "demo"] == []


def test_what_is_missing_is_named(given: Given) -> None:
    assert why_not(given(AWS_BEARER_TOKEN_BEDROCK="k"), "bedrock") == "neither BEDROCK_REGION nor AWS_REGION is set"
    assert (
        why_not(given(AZURE_OPENAI_API_KEY="k"), "azure") == "neither AZURE_RESOURCE nor AZURE_OPENAI_ENDPOINT is set"
    )
    assert why_not(given(), "bedrock") == "BEDROCK_REGION is not set"


def test_the_clouds_variables_complete_a_provider_that_is_configured(given: Given) -> None:
    loaded = given("providers: {bedrock: {}, east: {type: bedrock, region: us-east-1}}", **AWS)
    bedrock, east = loaded.settings.providers["bedrock"], loaded.settings.providers["east"]
    assert (bedrock.region, bedrock.base_url) == ("eu-west-1", EU)
    assert (east.region, east.base_url) == ("us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com")
    for provider in (bedrock, east):
        assert provider.aws is not None
        assert (provider.aws.access_key_id, provider.aws.secret_access_key) == ("AK", "hunter2")
    assert "hunter2" not in redacted(loaded.settings)
    assert "hunter2" not in repr(loaded.settings.providers["bedrock"]) + repr(bedrock.aws)


def test_what_the_owner_says_of_a_group_is_not_mixed_with_variables(given: Given) -> None:
    loaded = given(
        "providers: {bedrock: {region: us-east-1, aws: {profile: work, role_session_name: me}}}",
        **AWS,
        AWS_ROLE_SESSION_NAME="other",
        AWS_WEB_IDENTITY_TOKEN_FILE="/token",
        AWS_ROLE_ARN="arn",
    )
    aws = loaded.settings.providers["bedrock"].aws
    assert aws is not None
    said = {name: value for name, value in msgspec.structs.asdict(aws).items() if value not in (None, False)}
    assert said == {
        "profile": "work",
        "role_session_name": "me",
        "web_identity_token_file": "/token",
        "web_identity_role_arn": "arn",
    }


def test_a_clouds_token_goes_to_no_further_instance(given: Given) -> None:
    yaml = "providers: {east: {type: bedrock, region: us-east-1}, bedrock-mantle: {region: us-east-1}}"
    loaded = given(yaml, AWS_BEARER_TOKEN_BEDROCK="k", AWS_REGION="eu-west-1")
    assert loaded.settings.providers["east"].api_key is None
    assert loaded.settings.providers["bedrock-mantle"].api_key == "k"
    assert loaded.settings.providers["bedrock"].api_key == "k"


def test_own_variables_overrule_and_make_instances(given: Given) -> None:
    loaded = given(
        "providers: {bedrock: {region: us-east-1}}",
        BEDROCK_REGION="eu-west-1",
        BEDROCK_WEST_API_KEY="w",
        BEDROCK_WEST_REGION="us-west-2",
        AZURE_TEAM_API_KEY="t",
        AZURE_TEAM_BASE_URL="https://team.openai.azure.com",
        AZURE_TEAM_API_VERSION="2024-10-21",
    )
    providers = loaded.settings.providers
    assert providers["bedrock"].region == "eu-west-1"
    assert providers["bedrock-west"].base_url == "https://bedrock-runtime.us-west-2.amazonaws.com"
    assert providers["azure-team"].api_version == "2024-10-21"


def test_references_and_long_names_work_below_a_provider(given: Given) -> None:
    loaded = given(
        "providers: {azure: {resource: r, azure: {client_secret: '${MY_SECRET}', client_id: a}}}",
        MY_SECRET="s3",
        ANTIPHON_PROVIDERS__AZURE__AZURE__TENANT_ID="t",
        ANTIPHON_PROVIDERS__AZURE__DEPLOYMENTS="{gpt-5: prod}",
    )
    azure = loaded.settings.providers["azure"]
    assert azure.azure is not None
    assert (azure.azure.client_secret, azure.azure.client_id, azure.azure.tenant_id) == ("s3", "a", "t")
    assert azure.deployments == {"gpt-5": "prod"}


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("providers: {bedrock: {}}", "`providers.bedrock` needs a `region`"),
        ("providers: {azure: {api_key: k}}", "`providers.azure` needs a `resource`"),
        ("providers: {bedrock: {base_url: 'https://h'}}", "`providers.bedrock` needs a `region` to sign for"),
        ("providers: {bedrock: {region: 'eu west'}}", "`providers.bedrock.region`: expected a part of an address"),
        ("providers: {bedrock: {region: r, aws: {profil: x}}}", "did you mean `profile`"),
        ("providers: {vertex: {google: {key: hunter2}}}", "`providers.vertex.google.key`: expected a JSON object"),
    ],
)
def test_what_is_wrong_is_told_and_no_secret_with_it(refused: Refused, yaml: str, said: str) -> None:
    lines = refused(yaml)
    assert any(said in line for line in lines), lines
    assert "hunter2" not in "".join(lines)


def test_a_key_file_may_stand_in_the_settings(given: Given) -> None:
    key = '{"type": "authorized_user", "refresh_token": "hunter2"}'
    loaded = given("providers: {vertex: {project: p, google: {key: '${KEY}'}}}", KEY=key)
    google = loaded.settings.providers["vertex"].google
    assert google is not None
    assert google.key == key
    assert "hunter2" not in redacted(loaded.settings)


def test_what_changes_nothing_is_told(given: Given) -> None:
    loaded = given(
        """
        providers:
          groq: {api_key: k, region: eu, aws: {profile: p}}
          bedrock: {region: eu-west-1, aws: {profile: p}}
          vertex: {project: p, location: eu, api_version: v1, google: {file: /k}}
          own: {base_url: http://h, dialect: vertex-messages, project: p, location: eu}
        """,
        AWS_REGION="eu-west-1",
    )
    assert loaded.warnings == (
        "antiphon.yaml:3:38: `providers.groq.region` changes nothing at `groq`",
        "antiphon.yaml:3:47: `providers.groq.aws` changes nothing at `groq`",
    )
