"""Whom providers' certificates have to be signed by, and the certificate that the gateway shows.

Law: what a provider shows is always checked, and no setting turns that off.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi

from antiphon.errors import ConfigError
from antiphon.tls_settings import UpstreamTlsSettings


def default_trust() -> ssl.SSLContext:
    """The system's authorities and certifi's. Takes tens of milliseconds, so it is made when first needed."""
    trust = ssl.create_default_context()
    trust.load_verify_locations(certifi.where())
    trust.set_alpn_protocols(["http/1.1"])
    return trust


def trust_of(provider: str, settings: UpstreamTlsSettings) -> ssl.SSLContext:
    """As `default_trust`, with what the settings add. Raises ConfigError."""
    trust = default_trust()
    try:
        if settings.ca is not None:
            trust.load_verify_locations(settings.ca)
        if settings.certificate is not None:
            trust.load_cert_chain(settings.certificate, settings.key, password=_no_password)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        files = ", ".join(str(Path(file)) for file in (settings.ca, settings.certificate, settings.key) if file)
        raise ConfigError(f"providers.{provider}.tls: {files} cannot be used: {why}") from None
    return trust


def _no_password() -> str:
    raise ValueError("the private key has a password, which nobody could enter here")
