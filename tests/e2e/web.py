"""A web server with pages that a test gives it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from typing_extensions import override

Page = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


class Web:
    """Counts what it is asked for."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self.asked: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                status, headers, body = pages[self.path]
                self.send_response(status)
                for name, value in ({"content-length": str(len(body))} | headers).items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def serving_pages(pages: Mapping[str, Page]) -> Generator[Web]:
    """A running server."""
    served = Web(pages)
    thread = threading.Thread(target=served.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        served.server.shutdown()
        thread.join()
        served.server.server_close()
