"""A certificate authority that lives as long as a test run, made by the openssl command."""

import ssl
import subprocess
from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """Issues certificates, and is trusted by nobody who was not told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._serials = 0
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        self._run(
            "req", "-x509", *_NEW_KEY, "-subj", "/CN=test authority", "-keyout", self._key, "-out", self.certificate
        )

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def server(self, names: str) -> ssl.SSLContext:
        """For a server; `names` as in subjectAltName: `DNS:provider.test,IP:127.0.0.1`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issued(names))
        return context

    def issued(self, names: str, days: int = 30) -> tuple[Path, Path]:
        """The files of a certificate, whose serial number is one more than the last one's, and of its key."""
        self._serials += 1
        key, asked, issued, extra = (self._folder / f"{self._serials}.{kind}" for kind in ("key", "csr", "pem", "ext"))
        extra.write_text(f"subjectAltName={names}\n")
        self._run("req", *_NEW_KEY, "-subj", "/CN=server", "-keyout", key, "-out", asked)
        signing = ("-CA", self.certificate, "-CAkey", self._key, "-set_serial", str(self._serials), "-extfile", extra)
        lasting = ("-days", str(days))
        self._run("x509", "-req", "-in", asked, *signing, *lasting, "-out", issued)
        return issued, key

    def _run(self, *arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
