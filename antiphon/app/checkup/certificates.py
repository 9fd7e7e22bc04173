"""The certificate at the gateway's own port: how long it is good."""

from __future__ import annotations

import ssl
import time
from typing import Final

from antiphon.app.checkup.finding import Finding
from antiphon.errors import ConfigError
from antiphon.http.tls import context_of
from antiphon.settings import Settings
from antiphon.tls_settings import ServerTlsSettings

_SOON_DAYS: Final = 14
_SECONDS_PER_DAY: Final = 86_400
_RENEW: Final = "Renew it: the files of `server.tls` are read again when they change, without a restart."


async def certificate_findings(settings: Settings) -> list[Finding]:
    """Nothing where there is none, or where it cannot be used: the configuration has a finding of its own then."""
    tls = settings.server.tls
    if tls is None:
        return []
    try:
        ends = _ends(tls)
    except ConfigError:
        return []
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or str(error)
        return [Finding("certificate", "failed", f"{tls.certificate}: {why}", _RENEW)]
    days = int(ends - time.time()) // _SECONDS_PER_DAY
    said = f"{tls.certificate} is good for {days} days more"
    return [
        Finding("certificate", "warning", said, _RENEW) if days < _SOON_DAYS else Finding("certificate", "ok", said)
    ]


def _ends(tls: ServerTlsSettings) -> float:
    """When it ends, in Unix time: OpenSSL tells it to a client that believes it, so one is made.

    Raises ConfigError, or SSLError for one that has expired or is not good yet.
    """
    believing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    believing.check_hostname = False
    believing.load_verify_locations(tls.certificate)
    believing.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = believing.wrap_bio(back, there)
    server = context_of(tls).wrap_bio(there, back, server_side=True)
    for link in (client, server, client):  # which is all that the client needs to see of it
        try:
            link.do_handshake()
        except ssl.SSLWantReadError:
            continue
    found = client.getpeercert() or {}
    return ssl.cert_time_to_seconds(str(found["notAfter"]))
