"""``antiphon webhooks test`` and what ``antiphon check`` says, against a receiver in a thread."""

import base64
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result
from openai import OpenAI
from typing_extensions import override

from antiphon.cli import main

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Hooks(HTTPServer):
    """Answers with the status that stands in the path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.received: list[tuple[bytes, dict[str, str]]] = []


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Hooks)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((body, dict(self.headers.items())))
        self.send_response(int(self.path.removeprefix("/")))
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with Hooks() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(folder: Path, *urls: str) -> None:
    lines = [f"  - {{url: '{url}', secret: {SECRET}, allow_http: true, allow_private: true}}" for url in urls]
    (folder / "antiphon.yaml").write_text("\n".join(["webhooks:", *lines]) + "\n")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_test_event_is_signed_and_its_answer_is_printed(hooks: Hooks, folder: Path) -> None:
    configured(folder, f"http://127.0.0.1:{hooks.server_port}/202")
    result = run("webhooks", "test")
    assert result.exit_code == 0
    assert result.stdout.startswith("✓ 127.0.0.1  202  ")
    ((body, headers),) = hooks.received
    with OpenAI(api_key="none", webhook_secret=SECRET) as client:
        event = client.webhooks.unwrap(body, headers)
    assert event.id.startswith("evt_test_")
    assert event.type == "response.completed"
    assert event.data.id == "resp_" + "0" * 48


def test_a_receiver_that_fails_is_told_of_and_ends_with_status_1(hooks: Hooks, folder: Path) -> None:
    at = f"http://127.0.0.1:{hooks.server_port}"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = taken.getsockname()[1]
    configured(folder, f"{at}/500", f"{at}/200", f"http://localhost:{nobody}/")
    result = run("webhooks", "test")
    assert result.exit_code == 1
    signs = [line.split()[:3] for line in result.stdout.splitlines()]
    assert signs[0] == ["✗", "127.0.0.1", "500"]
    assert signs[1] == ["✓", "127.0.0.1", "200"]
    assert signs[2][:2] == ["✗", "localhost"]
    assert "could not connect to the receiver: connection refused" in result.stdout
    assert SECRET not in result.output


def test_without_receivers_there_is_nothing_to_test() -> None:
    result = run("webhooks", "test")
    assert result.exit_code == 1
    assert result.stderr == "No webhooks are configured.\n"


def test_check_lists_receivers_without_their_secrets(folder: Path) -> None:
    (folder / "antiphon.yaml").write_text(
        f"keys: [{{name: ann, key: k}}]\n"
        f"webhooks:\n"
        f"  - {{url: 'https://hooks.example/a?token=hidden', secret: {SECRET}}}\n"
        f"  - {{url: 'https://b.example', secrets: [{SECRET}], events: [response.failed], tenants: [ann]}}\n"
    )
    result = run("check")
    assert result.exit_code == 0
    events = ", ".join(
        f"{kind}.{ending}"
        for kind, last in (("response", "incomplete"), ("batch", "expired"))
        for ending in ("completed", "cancelled", "failed", last)
    )
    assert f"# → https://hooks.example/a?<secret>  {events}  of every tenant\n" in result.stdout
    assert "# → https://b.example  response.failed  of ann\n" in result.stdout
    assert SECRET not in result.output
    assert "hidden" not in result.output
