"""No exception of sockets, TLS, HTTP or compression is forgotten, and none says where the provider is."""

import builtins
import socket
import ssl
import zlib
from collections.abc import Iterator
from types import ModuleType

import httptools
import pytest

from antiphon.errors import ConnectFailed, Retry, UpstreamBroke
from antiphon.providers.foreign import NO_CONNECTION, NOT_COMPRESSED, NOT_HTTP, broken, connect_failed

OURS = (*NO_CONNECTION, *NOT_HTTP, *NOT_COMPRESSED)


def raised_by(module: ModuleType) -> Iterator[type[Exception]]:
    for name, thing in vars(module).items():
        if isinstance(thing, type) and issubclass(thing, Exception) and not name.startswith("_"):
            yield thing


FOREIGN = sorted(
    {
        *(kind for kind in raised_by(builtins) if issubclass(kind, OSError)),
        *raised_by(httptools),
        *raised_by(socket),
        *raised_by(ssl),
        *raised_by(zlib),
    },
    key=lambda kind: kind.__qualname__,
)


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: kind.__qualname__)
def test_every_foreign_exception_is_caught_at_the_border(kind: type[Exception]) -> None:
    assert issubclass(kind, OURS)


@pytest.mark.parametrize(
    "kind", [kind for kind in FOREIGN if issubclass(kind, OSError)], ids=lambda kind: kind.__qualname__
)
def test_what_becomes_of_them_names_no_place(kind: type[OSError]) -> None:
    for error in (kind("secret.test"), kind(111, "Connect call failed ('10.1.2.3', 443)", "secret.test")):
        for ours in (connect_failed(error), broken("it broke", error)):
            assert "secret" not in ours.message
            assert "10.1.2.3" not in ours.message


def verification(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_code = code
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("error", "message", "retry"),
    [
        (ConnectionRefusedError(111, "secret"), "could not connect to the provider: connection refused", Retry.SAME),
        (OSError("Multiple exceptions: secret"), "could not connect to the provider: OSError", Retry.SAME),
        (
            socket.gaierror(socket.EAI_NONAME, "secret"),
            "the name of the provider's host is not known (DNS)",
            Retry.ELSEWHERE,
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "secret"),
            "the name of the provider's host cannot be resolved at the moment (DNS)",
            Retry.SAME,
        ),
        (UnicodeError("secret"), "the name of the provider's host is not known (DNS)", Retry.ELSEWHERE),
        (ssl.SSLError(1, "secret"), "TLS with the provider failed: cut short", Retry.SAME),
        (
            verification(62, "Hostname mismatch, certificate is not valid for 'secret'."),
            "TLS: the provider's certificate is not valid: it is for another host",
            Retry.ELSEWHERE,
        ),
        (
            verification(10, "certificate has expired"),
            "TLS: the provider's certificate is not valid: certificate has expired",
            Retry.ELSEWHERE,
        ),
    ],
)
def test_a_failure_to_connect_says_what_failed_and_where_to_try(
    error: OSError | UnicodeError, message: str, retry: Retry
) -> None:
    ours = connect_failed(error)
    assert (type(ours), ours.message, ours.retry) == (ConnectFailed, message, retry)


def test_a_broken_answer_says_how_it_broke() -> None:
    assert isinstance(broken("x"), UpstreamBroke)
    assert broken("cut", ConnectionResetError(104, "secret")).message == "cut: connection reset by peer"
    assert broken("cut", ssl.SSLError(1, "secret")).message == "cut: TLS: cut short"
    assert broken("cut", httptools.HttpParserError("secret")).message == "cut"
