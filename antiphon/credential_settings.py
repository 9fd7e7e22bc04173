"""The settings of who signs requests to the large clouds, where that is no plain key."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from typing_extensions import override

from antiphon.setting_types import Address, FilePath, Identifier, JsonText, Key


class AwsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs requests to AWS. Without any of it: what the machine, its container or the shared files say."""

    access_key_id: Annotated[Key | None, Meta(description="A fixed access key's id; `AWS_ACCESS_KEY_ID`.")] = None
    secret_access_key: Annotated[Key | None, Meta(description="Its secret; `AWS_SECRET_ACCESS_KEY`.")] = None
    session_token: Annotated[
        Key | None, Meta(description="Its token, where it is one that lapses; `AWS_SESSION_TOKEN`.")
    ] = None
    profile: Annotated[
        Identifier | None, Meta(description="The profile of the shared files; `AWS_PROFILE`, else `default`.")
    ] = None
    config_file: Annotated[
        FilePath | None, Meta(description="The shared configuration; `AWS_CONFIG_FILE`, else `~/.aws/config`.")
    ] = None
    credentials_file: Annotated[
        FilePath | None,
        Meta(description="The shared keys; `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`."),
    ] = None
    role_arn: Annotated[
        Identifier | None, Meta(description="A role that is taken on with the credentials that were found.")
    ] = None
    role_session_name: Annotated[
        Identifier | None,
        Meta(description="What AWS's records call the gateway in a role; `AWS_ROLE_SESSION_NAME`, else `antiphon`."),
    ] = None
    external_id: Annotated[
        Identifier | None, Meta(description="What the owner of `role_arn` asks for beside the credentials.")
    ] = None
    web_identity_role_arn: Annotated[
        Identifier | None, Meta(description="The role that a web identity's token opens; `AWS_ROLE_ARN`.")
    ] = None
    web_identity_token_file: Annotated[
        FilePath | None, Meta(description="Where that token is; `AWS_WEB_IDENTITY_TOKEN_FILE`.")
    ] = None
    container_uri: Annotated[
        FilePath | None,
        Meta(
            description="Where a container's credentials are: an address, or a path at ECS's own;"
            " `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `AWS_CONTAINER_CREDENTIALS_FULL_URI`."
        ),
    ] = None
    container_token: Annotated[
        Key | None, Meta(description="What opens that; `AWS_CONTAINER_AUTHORIZATION_TOKEN`.")
    ] = None
    container_token_file: Annotated[
        FilePath | None, Meta(description="Where that is written; `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`.")
    ] = None
    metadata_url: Annotated[
        Address | None,
        Meta(description="The machine's metadata service, if elsewhere; `AWS_EC2_METADATA_SERVICE_ENDPOINT`."),
    ] = None
    metadata_disabled: Annotated[
        bool, Meta(description="Whether the machine's metadata service is left alone; `AWS_EC2_METADATA_DISABLED`.")
    ] = False
    sts_url: Annotated[
        Address | None,
        Meta(description="Where roles are taken on, if not at the region's own address; `AWS_ENDPOINT_URL_STS`."),
    ] = None

    @override
    def __repr__(self) -> str:
        """Without anything secret."""
        return f"AwsSettings(profile={self.profile!r})"


class GoogleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs requests to Google Cloud. Without any of it: application default credentials."""

    key: Annotated[
        JsonText | None,
        Meta(description="The content of a key file: a service account, a user or a workload identity."),
    ] = None
    file: Annotated[
        FilePath | None,
        Meta(description="A key file; `GOOGLE_APPLICATION_CREDENTIALS`, else the one that `gcloud auth` wrote."),
    ] = None
    gcloud_folder: Annotated[
        FilePath | None, Meta(description="Where `gcloud` keeps its files; `CLOUDSDK_CONFIG`, else its usual place.")
    ] = None
    metadata_host: Annotated[
        Identifier | None, Meta(description="The machine's metadata service, if elsewhere; `GCE_METADATA_HOST`.")
    ] = None
    metadata_disabled: Annotated[
        bool, Meta(description="Whether the machine's metadata service is left alone; `NO_GCE_CHECK`.")
    ] = False

    @override
    def __repr__(self) -> str:
        """Without the key."""
        return f"GoogleSettings(file={self.file!r})"


class AzureSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks Entra for tokens. Without any of it: the machine's managed identity."""

    tenant_id: Annotated[Identifier | None, Meta(description="The directory; `AZURE_TENANT_ID`.")] = None
    client_id: Annotated[
        Identifier | None, Meta(description="The application, or the managed identity; `AZURE_CLIENT_ID`.")
    ] = None
    client_secret: Annotated[Key | None, Meta(description="The application's secret; `AZURE_CLIENT_SECRET`.")] = None
    federated_token_file: Annotated[
        FilePath | None, Meta(description="The token of a workload identity; `AZURE_FEDERATED_TOKEN_FILE`.")
    ] = None
    authority_url: Annotated[
        Address | None, Meta(description="Entra's address, if not the public one; `AZURE_AUTHORITY_HOST`.")
    ] = None
    identity_url: Annotated[
        Address | None, Meta(description="The identity service of App Service; `IDENTITY_ENDPOINT`.")
    ] = None
    identity_header: Annotated[Key | None, Meta(description="What opens that; `IDENTITY_HEADER`.")] = None
    metadata_url: Annotated[
        Address | None,
        Meta(description="The machine's metadata service, if elsewhere; `AZURE_POD_IDENTITY_AUTHORITY_HOST`."),
    ] = None
    scope: Annotated[
        Identifier | None,
        Meta(description="What a token is for; `https://cognitiveservices.azure.com/.default` when absent."),
    ] = None

    @override
    def __repr__(self) -> str:
        """Without anything secret."""
        return f"AzureSettings(client_id={self.client_id!r})"
