"""The settings of providers: who they are, how they are reached and with what key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field
from typing_extensions import override

from antiphon.credential_settings import AwsSettings, AzureSettings, GoogleSettings
from antiphon.setting_types import Address, HeaderName, HeaderValue, Key, ModelName, Name, Part
from antiphon.tls_settings import UpstreamTlsSettings

Dialect = Literal[
    "responses", "chat", "messages", "vertex-messages", "bedrock-messages", "gemini", "converse", "cohere", "ollama"
]
"""The APIs that providers speak: OpenAI's two, Anthropic's Messages (as it is, in Google's and in Amazon's wrapping),
Google's generateContent, Amazon's Converse, and the chats of Cohere (v2) and of Ollama."""


class ProviderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who answers. Clients address its models as `name/model`."""

    type: Annotated[
        Name | None,
        Meta(
            description="Which known provider it is; the one its name begins with, or `openai-compatible`, when absent."
        ),
    ] = None
    base_url: Annotated[
        Address | None,
        Meta(description="Where its API is, with or without the version path; the provider's own when absent."),
    ] = None
    api_key: Annotated[Key | None, Meta(description="The key it is called with.")] = None
    models: Annotated[
        Annotated[list[ModelName], Meta(max_length=10_000)] | None,
        Meta(description="The only models that are offered; what the provider lists when absent."),
    ] = None
    dialect: Annotated[
        Dialect | None,
        Meta(description="The API that is spoken to it, of those that it has; the one that suits it best when absent."),
    ] = None
    relays_chat: Annotated[
        bool | None,
        Meta(
            description="Whether chat completions are passed on as they are to chat completions that it has beside"
            " another API, not translated into that; when absent, only if the other is the Responses API."
        ),
    ] = None
    headers: Annotated[
        dict[HeaderName, HeaderValue], Meta(description="Headers that are added to every call.", max_length=64)
    ] = field(default_factory=dict[str, str])
    proxy: Annotated[Address | None, Meta(description="HTTP proxy through which it is reached; none when absent.")] = (
        None
    )
    tls: Annotated[
        UpstreamTlsSettings | None, Meta(description="Who is believed beside the system's authorities, and as whom.")
    ] = None
    region: Annotated[
        Part | None, Meta(description="AWS's region, such as `eu-central-1`; `AWS_REGION` when absent.")
    ] = None
    project: Annotated[Part | None, Meta(description="Google Cloud's project; `GOOGLE_CLOUD_PROJECT` when absent.")] = (
        None
    )
    location: Annotated[
        Part | None,
        Meta(description="Google Cloud's location; `GOOGLE_CLOUD_LOCATION`, else `global`, when absent."),
    ] = None
    resource: Annotated[Part | None, Meta(description="Azure's name for the resource, in place of a `base_url`.")] = (
        None
    )
    api_version: Annotated[
        Part | None,
        Meta(
            description="The version of the API where one is asked for; at Azure a date chooses what was before its v1,"
            " and `OPENAI_API_VERSION` holds when absent."
        ),
    ] = None
    deployments: Annotated[
        dict[ModelName, ModelName],
        Meta(
            description="What the provider calls a model that clients call otherwise, by their name.", max_length=1000
        ),
    ] = field(default_factory=dict[str, str])
    aws: Annotated[AwsSettings | None, Meta(description="Who signs requests to AWS.")] = None
    google: Annotated[GoogleSettings | None, Meta(description="Who signs requests to Google Cloud.")] = None
    azure: Annotated[AzureSettings | None, Meta(description="Who asks for tokens at Azure.")] = None
    quirks: Annotated[
        dict[str, Any] | None,
        Meta(description="How it departs from the API it speaks, over what is known of its type."),
    ] = None
    enabled: Annotated[bool, Meta(description="Whether it is used at all.")] = True

    @override
    def __repr__(self) -> str:
        """Without key, headers and addresses."""
        return f"ProviderSettings(type={self.type!r}, enabled={self.enabled!r})"
