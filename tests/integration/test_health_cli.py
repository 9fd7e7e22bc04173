"""``antiphon health``, asked of a gateway and of servers that are none."""

import socket
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result
from typing_extensions import override

from antiphon.cli import main

BODIES = {
    "/health": (200, b'{"status":"ok"}'),
    "/health/ready": (200, b'{"status":"ready"}'),
    "/broken/health": (200, b'{"status":"ok"}'),
    "/broken/health/ready": (503, b'{"status":"unavailable","checks":{"database":"gone"}}'),
}


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = BODIES[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def health(folder: Path, *options: str, **variables: str) -> Result:
    env = {"XDG_DATA_HOME": str(folder), "http_proxy": "http://127.0.0.1:9"} | variables
    return CliRunner().invoke(main, ["health", *options], env=env)


def test_the_configured_gateway_is_asked(port: int, tmp_path: Path) -> None:
    result = health(tmp_path, ANTIPHON_HOST="0.0.0.0", ANTIPHON_PORT=str(port))  # noqa: S104 - not listened on
    assert (result.exit_code, result.stdout) == (0, '{"status":"ready"}\n')


def test_the_gateway_of_another_file_is_asked(port: int, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(f"server: {{port: {port}}}")
    result = health(tmp_path, "--config", str(tmp_path / "other.yaml"))
    assert (result.exit_code, result.stdout) == (0, '{"status":"ready"}\n')


def test_a_gateway_that_cannot_serve_says_why(port: int, tmp_path: Path) -> None:
    result = health(tmp_path, "--url", f"http://127.0.0.1:{port}/broken")
    assert result.exit_code == 1
    assert '"database":"gone"' in result.stderr


def test_a_process_may_be_alive_all_the_same(port: int, tmp_path: Path) -> None:
    result = health(tmp_path, "--alive", "--url", f"http://127.0.0.1:{port}/broken/v1")
    assert (result.exit_code, result.stdout) == (0, '{"status":"ok"}\n')


def test_nobody_there_is_said_in_a_line(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        free = taken.getsockname()[1]
    result = health(tmp_path, ANTIPHON_PORT=str(free))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"nothing answers at http://127.0.0.1:{free}: ")


def test_a_port_that_nobody_knows_has_to_be_said(tmp_path: Path) -> None:
    result = health(tmp_path, ANTIPHON_PORT="0")
    assert result.exit_code == 1
    assert "--url" in result.stderr


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://h", "http://", "http://h:x", "http://h:65536", "http://[::1"])
def test_an_address_that_is_none_is_said_in_a_line(tmp_path: Path, url: str) -> None:
    result = health(tmp_path, "--url", url)
    assert result.exit_code == 2
    assert "Invalid value for '--url'" in result.stderr
