"""Other people's exceptions become ours: the one border towards sockets, TLS, HTTP and compression.

Law: no message names the provider's host, address or key; the cause is chained for whoever reads a traceback.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import zlib
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade

from antiphon.errors import ConnectFailed, OutOfDescriptors, Retry, UpstreamBroke

NOT_HTTP: Final = (HttpParserError, HttpParserUpgrade)
"""What the parser raises; both are roots of their own."""

NO_CONNECTION: Final = (OSError, UnicodeError)
"""Name, route, refusal and TLS: ssl's and the resolver's errors are OSErrors; a name IDNA refuses is a UnicodeError."""

NOT_COMPRESSED: Final = (zlib.error,)

_OTHER_HOST: Final = {62, 64}
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH: their text names the host."""


def connect_failed(error: OSError | UnicodeError) -> ConnectFailed:
    """What a failed attempt to connect becomes; what another attempt cannot mend is to be tried elsewhere."""
    match error:
        case ssl.SSLCertVerificationError():
            return _elsewhere(f"TLS: the provider's certificate is not valid: {_verification(error)}")
        case ssl.SSLError():
            return ConnectFailed(f"TLS with the provider failed: {_tls_reason(error)}")
        case socket.gaierror(errno=socket.EAI_AGAIN):
            return ConnectFailed("the name of the provider's host cannot be resolved at the moment (DNS)")
        case socket.gaierror() | UnicodeError():
            return _elsewhere("the name of the provider's host is not known (DNS)")
        case OSError(errno=errno.EMFILE | errno.ENFILE):
            return OutOfDescriptors("the gateway has no file descriptor left for a connection", retry_after=1)
        case _:
            return ConnectFailed(f"could not connect to the provider: {_reason(error)}")


def broken(what: str, error: Exception | None = None) -> UpstreamBroke:
    """The answer went wrong: `what` says how; the reason the operating system or TLS gave, if any, is added."""
    match error:
        case ssl.SSLError():
            return UpstreamBroke(f"{what}: TLS: {_tls_reason(error)}")
        case OSError():
            return UpstreamBroke(f"{what}: {_reason(error)}")
        case _:
            return UpstreamBroke(what)


def _elsewhere(message: str) -> ConnectFailed:
    failed = ConnectFailed(message)
    failed.retry = Retry.ELSEWHERE
    return failed


def _reason(error: OSError) -> str:
    """The errno's own text: an OSError's message may hold the address."""
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__


def _tls_reason(error: ssl.SSLError) -> str:
    """OpenSSL's name for it; an error that Python itself raises has none."""
    return getattr(error, "reason", None) or "cut short"


def _verification(error: ssl.SSLCertVerificationError) -> str:
    if getattr(error, "verify_code", None) in _OTHER_HOST:
        return "it is for another host"
    return getattr(error, "verify_message", None) or "no reason given"
