"""Log lines: for people on a terminal, as JSON elsewhere. Keys and contents never reach them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final, TextIO

import msgspec
from typing_extensions import override

from antiphon.protocols import Clock
from antiphon.records import RequestRecord

_encode: Final = msgspec.json.Encoder().encode
_FLUSH_SECONDS: Final = 0.1
_logger: Final = logging.getLogger(__name__)
_requests: Final = logging.getLogger("antiphon.requests")

_FAULT: Final = 500
_PROBED: Final = frozenset({"/health", "/health/ready", "/metrics"})
"""What machines ask for every few seconds: of that, only what goes wrong is worth a line."""

_LEVELS: Final = {logging.DEBUG: "debug", logging.INFO: "info", logging.ERROR: "error"}

Line = Callable[[float, RequestRecord], str]
"""The text of a record that ended at a moment in Unix time, without its line end."""


class RequestLog:
    """Writes a line per request, gathered for a tenth of a second so that a line costs no system call of its own."""

    def __init__(self, stream: TextIO, line: Line, clock: Clock, *, least: int) -> None:
        """Writes nothing yet, and never what is less severe than `least`, a level of `logging`."""
        self._stream = stream
        self._clock = clock
        self._line = line
        self._least = least
        self._waiting: list[tuple[float, RequestRecord]] = []
        self._lost = 0

    def __call__(self, record: RequestRecord) -> None:
        """Takes a record."""
        if severity_of(record) < self._least:
            return
        if not self._waiting:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        self._waiting.append((self._clock(), record))

    def flush(self) -> None:
        """Writes what is waiting. What cannot be written is lost and, once something can be, counted."""
        if self._waiting:
            lines = [self._line(at, record) for at, record in self._waiting]
            self._waiting.clear()
            try:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()
            except OSError:  # a full disk, or nobody who reads
                self._lost += len(lines)
            else:
                self._tell_of_lost()

    def _tell_of_lost(self) -> None:
        lost, self._lost = self._lost, 0
        if lost:
            _logger.warning("up to %d lines of requests before these could not be written and are lost", lost)


def severity_of(record: RequestRecord) -> int:
    """The level of `logging` at which a record is told: an error is what was not the client's fault."""
    status = record.status
    if status >= _FAULT or record.error_status >= _FAULT:
        return logging.ERROR
    return logging.DEBUG if record.route in _PROBED and status < HTTPStatus.BAD_REQUEST else logging.INFO


def json_line(at: float, record: RequestRecord) -> str:
    """The record as one JSON object, its time in ISO 8601."""
    level = _LEVELS[severity_of(record)]
    head = f'{{"time":"{_iso(at)}","level":"{level}","event":"request",'
    return head + _encode(record).decode()[1:]


def human_line(at: float, record: RequestRecord) -> str:
    """The record as a person reads it."""
    clock = datetime.fromtimestamp(at, tz=UTC).astimezone().strftime("%H:%M:%S")
    path = record.path if record.path.isprintable() else ascii(record.path)
    parts = [clock, str(record.status), f"{record.method} {path}", f"{record.seconds * 1000:.0f} ms"]
    if record.target is not None:
        parts.append(record.target if record.target == record.model else f"{record.model} -> {record.target}")
    if record.input_tokens is not None:
        parts.append(f"{record.input_tokens} in, {record.output_tokens} out")
    if record.cost_nanos is not None:
        parts.append(f"${record.cost_nanos / 1e9:.6f}")
    parts += [
        word
        for word, said in (("streamed", record.stream), (f"{record.attempts} attempts", record.attempts > 1))
        if said
    ]
    if record.response_id is not None:
        parts.append(record.response_id)
    if record.error is not None and record.upstream_request_id is not None:
        parts.append(f"upstream request {record.upstream_request_id!r}")
    if record.error is not None:
        parts.append(f"{record.error_code or 'error'}: {record.error}")
    if record.upstream_error is not None:
        parts.append(f"the provider said: {record.upstream_error}")
    parts += [f"warning: {warning}" for warning in record.warnings]
    return "  ".join(parts)


class JsonFormatter(logging.Formatter):
    """Any other log line as one JSON object."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """The line, with the traceback where there is one."""
        members = {
            "time": _iso(record.created),
            "level": record.levelname.lower(),
            "event": "log",
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            members["traceback"] = self.formatException(record.exc_info)
        return _encode(members).decode()


def told_to_logging(record: RequestRecord) -> None:
    """The record as a line of the logger `antiphon.requests`, for a process whose logging is somebody else's."""
    level = severity_of(record)
    if _requests.isEnabledFor(level):
        _requests.log(level, "%s", human_line(time.time(), record), extra={"record": record})


def configure(stream: TextIO, *, level: str, as_json: bool) -> RequestLog:
    """Sets up logging for the whole process and returns the log of requests."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter("%(levelname)s  %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    line = json_line if as_json else human_line
    return RequestLog(stream, line, time.time, least=_requests.getEffectiveLevel())


def _iso(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1000):03d}Z"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
