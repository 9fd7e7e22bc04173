"""The input file of a batch, read as a stream: https://platform.openai.com/docs/guides/batch, read 2026-11.

Law: lines and faults are the same however the bytes were cut, and no more of a file is in memory than one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from antiphon.errors import BadRequest
from antiphon.wire.batch_values import NewLine
from antiphon.wire.faults import UNDECODABLE, missing, told

MOST_FAULTS: Final = 100
"""So many are told, and then the file is not read on."""

MAX_CUSTOM_ID: Final = 512
_BOM: Final = b"\xef\xbb\xbf"


class Limits(Struct, frozen=True):
    """What a file may hold."""

    lines: int = 50_000
    bytes: int = 209_715_200
    line_bytes: int = 104_857_600


class Fault(Struct, frozen=True, omit_defaults=False):
    """What is wrong with a file, in the members of the API's `errors.data`; `line` counts from 1."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class _Line(Struct, frozen=True):
    custom_id: str
    body: Raw
    method: str = "POST"
    url: str | UnsetType = UNSET


class _Body(Struct, frozen=True):
    model: str | None = None
    stream: bool | None = None
    background: bool | None = None


_line: Final = msgspec.json.Decoder(_Line).decode
_body: Final = msgspec.json.Decoder(_Body).decode


class InputReader:
    """Takes a file piece by piece and gives its requests. `faults` says what is wrong with it."""

    def __init__(self, endpoint: str, limits: Limits, *, needs_model: bool = True) -> None:
        """`needs_model` is false where the gateway has a default."""
        self.faults: list[Fault] = []
        self.models: set[str | None] = set()
        self.count = 0
        self._endpoint = endpoint
        self._limits = limits
        self._needs_model = needs_model
        self._seen: dict[str, int] = {}
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._read = 0
        self._number = 0
        self._over = False

    @property
    def model(self) -> str | None:
        """The model of all requests, None where there are several."""
        return next(iter(self.models)) if len(self.models) == 1 else None

    def feed(self, data: bytes) -> list[NewLine]:
        """The requests that `data` completes."""
        if self._over:
            return []
        self._read += len(data)
        if self._read > self._limits.bytes:
            self._stop("file_too_large", f"The file is larger than the {self._limits.bytes} bytes that a batch may be.")
            return []
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = b"".join((*self._pieces, lines[0]))
            self._pieces.clear()
            self._waiting = 0
        if rest:
            self._pieces.append(rest)
            self._waiting += len(rest)
        found = [request for text in lines for request in self._requests(text)]
        if self._waiting > self._limits.line_bytes:
            self._number += 1
            self._too_long()
        return found

    def finish(self) -> list[NewLine]:
        """The request that waits at the end of the file, and a fault if there was none in all of it."""
        found: list[NewLine] = []
        if self._pieces and not self._over:
            text = b"".join(self._pieces)
            self._pieces.clear()
            found = list(self._requests(text))
        if not self.count and not self.faults:
            self.faults.append(Fault("empty_file", "The input file holds no request."))
        return found

    def _requests(self, text: bytes) -> Iterator[NewLine]:
        if self._over:
            return
        if not self._number:
            text = text.removeprefix(_BOM)
        self._number += 1
        text = text.strip()
        if not text:
            return
        if self.count >= self._limits.lines:
            most = self._limits.lines
            self._stop("too_many_requests", f"The file holds more than the {most} requests that a batch may have.")
            return
        if len(text) > self._limits.line_bytes:
            self._too_long()
            return
        self.count += 1
        try:
            yield self._request(text)
        except BadRequest as error:
            self._blame(error.code or "invalid_request", error.message, error.param)

    def _request(self, text: bytes) -> NewLine:
        """Raises BadRequest."""
        try:
            line = _line(text)
        except UNDECODABLE as error:
            raise _about_line(error) from None
        self._check_line(line)
        body = bytes(line.body)
        try:
            said = _body(body)
        except UNDECODABLE as error:
            problem = told(error)
            raise BadRequest(problem.message, param=_within(problem.param), code=problem.code) from None
        _check_body(said, needs_model=self._needs_model)
        self.models.add(said.model)
        self._seen[line.custom_id] = self._number
        return NewLine(self._number, line.custom_id, body)

    def _check_line(self, line: _Line) -> None:
        if not line.custom_id or len(line.custom_id) > MAX_CUSTOM_ID:
            message = f"A `custom_id` has 1 to {MAX_CUSTOM_ID} characters."
            raise BadRequest(message, param="custom_id", code="invalid_custom_id")
        earlier = self._seen.get(line.custom_id)
        if earlier is not None:
            message = f"The custom_id '{line.custom_id[:64]}' is that of line {earlier} already; each must be its own."
            raise BadRequest(message, param="custom_id", code="duplicate_custom_id")
        if line.method != "POST":
            message = f"The method '{line.method[:16]}' is not possible here: only POST is."
            raise BadRequest(message, param="method", code="invalid_method")
        if line.url is UNSET:
            raise missing("url")
        if line.url.rstrip("/") != self._endpoint:
            message = f"The URL '{line.url[:64]}' is not the endpoint of the batch, which is '{self._endpoint}'."
            raise BadRequest(message, param="url", code="invalid_url")

    def _too_long(self) -> None:
        self._stop("line_too_long", f"A request is longer than the {self._limits.line_bytes} bytes that one may be.")

    def _stop(self, code: str, message: str) -> None:
        self._blame(code, message, None)
        self._over = True
        self._pieces.clear()
        self._waiting = 0

    def _blame(self, code: str, message: str, param: str | None) -> None:
        self.faults.append(Fault(code, message, param, self._number or None))
        if len(self.faults) >= MOST_FAULTS:
            self._over = True


def check_request(body: bytes) -> str | None:
    """The model of a request that came in a body rather than a file. Raises BadRequest."""
    try:
        said = _body(body)
    except UNDECODABLE as error:
        raise told(error) from None
    _check_body(said, needs_model=True)
    return said.model


def _check_body(said: _Body, *, needs_model: bool) -> None:
    if needs_model and not said.model:
        raise missing("body.model")
    if said.stream:
        message = "A request of a batch cannot be streamed: leave 'stream' out."
        raise BadRequest(message, param="body.stream", code="invalid_value")
    if said.background:
        message = "A request of a batch waits for its answer anyway: leave 'background' out."
        raise BadRequest(message, param="body.background", code="invalid_value")


def _about_line(error: Exception) -> BadRequest:
    problem = told(error)
    if isinstance(error, msgspec.ValidationError) and problem.code != "invalid_json":
        return problem
    return BadRequest("This line is not a JSON object.", code="invalid_json_line")


def _within(param: str | None) -> str:
    return f"body.{param}" if param else "body"
