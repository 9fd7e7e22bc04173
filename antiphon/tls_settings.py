"""The settings of TLS: of the gateway's own port, and towards providers."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from antiphon.setting_types import FilePath


class ServerTlsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS at the gateway's own port."""

    certificate: Annotated[
        FilePath,
        Meta(description="The certificate and those up to its authority, as PEM; read again when it changes."),
    ]
    key: Annotated[
        FilePath | None, Meta(description="The private key, as PEM without a password; in `certificate` when absent.")
    ] = None
    ca: Annotated[
        FilePath | None,
        Meta(description="Authorities, as PEM, one of which has signed each client's certificate; none when absent."),
    ] = None
    minimum: Annotated[Literal["1.2", "1.3"], Meta(description="The oldest version of TLS that is spoken.")] = "1.2"


class UpstreamTlsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS towards a provider, whose certificate is always checked."""

    ca: Annotated[
        FilePath | None,
        Meta(description="Authorities, as PEM, that are believed beside the system's; those alone when absent."),
    ] = None
    certificate: Annotated[
        FilePath | None, Meta(description="The certificate that the gateway shows, as PEM; none when absent.")
    ] = None
    key: Annotated[
        FilePath | None, Meta(description="Its private key, as PEM without a password; in `certificate` when absent.")
    ] = None
