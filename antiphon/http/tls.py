"""TLS at the gateway's own port, by certificates that are read again when their files change.

Law: a certificate that cannot be used takes the place of none that can.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from antiphon.errors import ConfigError
from antiphon.tls_settings import ServerTlsSettings

LOOK_SECONDS: Final = 10.0
"""How often the files are looked at, while anybody connects."""

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_logger: Final = logging.getLogger("antiphon.tls")


class ServerTls(Struct, frozen=True):
    """Makes the context, in whichever process it is called. For uvicorn's `ssl_context_factory`."""

    settings: ServerTlsSettings

    def __call__(self, _config: object = None, _usual: object = None) -> ssl.SSLContext:
        """Raises ConfigError."""
        return RenewingContext(self.settings).first


class RenewingContext:
    """Connections are accepted with `first`, and go on with the newest context from their first message on."""

    def __init__(self, settings: ServerTlsSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises ConfigError. `clock` tells when to look at the files again."""
        self.first = context_of(settings)
        self.first.sni_callback = self._named
        self._newest = self.first
        self._settings = settings
        self._clock = clock
        self._looked = clock()
        self._stamps = self._stamped()

    def _named(self, link: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look()
        if self._newest is not self.first:
            link.context = self._newest

    def _look(self) -> None:
        stamps = self._stamped()
        if stamps == self._stamps:
            return
        try:
            self._newest = context_of(self._settings)
        except ConfigError as error:
            _logger.error("The new certificate is not used: %s", error.message)  # noqa: TRY400 - it says all there is
        else:
            _logger.info("The certificate was read again: its files have changed.")
        self._stamps = stamps

    def _stamped(self) -> list[tuple[int, int]]:
        stamps: list[tuple[int, int]] = []
        for file in (self._settings.certificate, self._settings.key, self._settings.ca):
            with suppress(OSError):
                found = Path(file or "").stat()
                stamps.append((found.st_mtime_ns, found.st_size))
        return stamps


def context_of(settings: ServerTlsSettings) -> ssl.SSLContext:
    """Raises ConfigError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[settings.minimum]
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        context.load_cert_chain(settings.certificate, settings.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise _unusable("certificate", settings.certificate, error) from None
    if settings.ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(settings.ca)
        except (OSError, ValueError) as error:
            raise _unusable("ca", settings.ca, error) from None
    return context


def _no_password() -> str:
    raise ValueError("the private key has a password, which nobody could enter here")


def _unusable(name: str, file: str, error: Exception) -> ConfigError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ConfigError(f"server.tls.{name}: {Path(file)} cannot be used: {why}")
