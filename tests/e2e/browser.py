"""Debian's Chromium without a window, driven over a pipe (https://chromedevtools.github.io/devtools-protocol)."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_SECONDS = 20
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-pipe",
)
# What a page on its way elsewhere answers to a question that it was still thinking about.
_LEFT = (
    "Inspected target navigated or closed",
    "Execution context was destroyed.",
    "Cannot find default execution context",
)
_COMPLAINTS = ("Log.entryAdded", "Runtime.exceptionThrown")


class Refused(Exception):
    """The browser's answer to a command that it could not carry out."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Browser:
    """One browser. Its protocol is read at descriptor 3 and written at 4, each message ended by a NUL."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._count = 0
        self._unread = b""
        self._told: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        its_input, self._to = os.pipe()
        self._from, its_output = os.pipe()
        script = f'exec "$@" 3<&{its_input} 4>&{its_output}'
        command = ["bash", "-c", script, "bash", self._program, *_OPTIONS, f"--user-data-dir={self._folder}"]
        silent = subprocess.DEVNULL
        self._process = subprocess.Popen(command, pass_fds=(its_input, its_output), stdout=silent, stderr=silent)
        os.close(its_input)
        os.close(its_output)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ask("Browser.close")
        self._process.wait(PATIENCE_SECONDS)
        os.close(self._to)
        os.close(self._from)

    def page(self, url: str, *, width: int = 1280, dark: bool = False) -> Page:
        """A page that is on its way to `url`."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        for domain in ("Log", "Runtime", "Page"):
            page.ask(f"{domain}.enable")
        page.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.ask("Emulation.setEmulatedMedia", features=[scheme])
        page.ask("Page.navigate", url=url)
        return page

    def ask(self, method: str, session: str | None = None, /, **params: Any) -> Any:
        """The result of one command."""
        self._count += 1
        command = {"id": self._count, "method": method, "params": params}
        os.write(self._to, json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0")
        while (message := self._next()).get("id") != self._count:
            self._told.append(message)
        if "error" in message:
            raise Refused(message["error"]["message"])
        return message["result"]

    def complaints(self, session: str) -> list[str]:
        """What the page's console was told of errors and of everything that its policy forbade."""
        told = [each for each in self._told if each.get("sessionId") == session and each["method"] in _COMPLAINTS]
        entries = [each["params"].get("entry") or each["params"]["exceptionDetails"] for each in told]
        return [entry["text"] for entry in entries if entry.get("level", "error") in ("error", "warning")]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from], [], [], 2 * PATIENCE_SECONDS)
            data = os.read(self._from, 1 << 16) if ready else b""
            assert data, "the browser fell silent"
            self._unread += data
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


class Page:
    """One tab."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def ask(self, method: str, **params: Any) -> Any:
        return self._browser.ask(method, self._session, **params)

    def until(self, expression: str) -> Any:
        """The expression's value as soon as it is there and true; an error is a value that is not there yet."""
        looking = f"""new Promise((done, failed) => {{
            const deadline = Date.now() + {PATIENCE_SECONDS * 1000};
            const look = () => {{
                let found, error; try {{ found = {expression} }} catch (raised) {{ error = raised }}
                if (found) done(found);
                else if (Date.now() > deadline) failed(error ?? new Error(`it stayed ${{found}}`));
                else setTimeout(look, 20);
            }};
            look();
        }})"""
        while (answer := self._evaluated(looking)) is None:
            pass
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"]["value"]

    def _evaluated(self, expression: str) -> Any:
        """What the page answers, or None if it left for another page before it had answered."""
        try:
            return self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        except Refused as refused:
            if refused.message in _LEFT:
                return None
            raise

    def complaints(self) -> list[str]:
        return self._browser.complaints(self._session)
