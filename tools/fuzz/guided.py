"""Coverage-guided fuzzing of decoders by atheris (https://github.com/google/atheris), each in a process of its own.

    python -m tools.fuzz.guided FOLDER SECONDS SEED [TARGET...]

FOLDER/corpus/TARGET keeps the inputs that reached something new, for the next time. What a decoder may not do is a
finding: the shortest input for each place and kind of failure goes to FOLDER/findings/TARGET, its traceback beside it.
Ends with status 1 if there are any.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import re
import sys
import traceback
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, Final, NoReturn

atheris: Any = importlib.import_module("atheris")  # of the group `fuzz`, which checks need not have

with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["antiphon", "python_multipart"]):
    from tools.fuzz.target import Target, attempt
    from tools.fuzz.targets import TARGETS

_MAX_BYTES: Final = 4096
_RSS_MEGABYTES: Final = 1500
_HANG_SECONDS: Final = 20


class Finder:
    """Runs a decoder, and keeps what went wrong."""

    def __init__(self, target: Target, folder: Path) -> None:
        """`folder` is where findings go."""
        self._target = target
        self._folder = folder
        self._shortest: dict[str, int] = {}

    def __call__(self, data: bytes) -> None:
        """One input. Never raises: the search goes on."""
        try:
            attempt(self._target, data)
        except Exception as error:  # noqa: BLE001 - whatever it is, is a finding
            self._keep(data, error)

    def _keep(self, data: bytes, error: Exception) -> None:
        name = signature(error)
        if len(data) < self._shortest.get(name, sys.maxsize):
            self._shortest[name] = len(data)
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{name}.bin").write_bytes(data)
            (self._folder / f"{name}.txt").write_text("".join(traceback.format_exception(error)), "utf-8")


def signature(error: BaseException) -> str:
    """The same for failures of one kind at one place."""
    frames = traceback.extract_tb(error.__traceback__)
    place = next((frame for frame in reversed(frames) if "/antiphon/" in frame.filename), frames[-1])
    kind = type(error).__name__
    told = f"{kind} {place.filename.rpartition('/')[2]} {place.name} {place.line}"
    return f"{kind}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def main() -> None:
    """Fuzzes one target after the other. Instrumenting everything takes a while, and is done once for all of them."""
    folder, seconds, seed, *names = sys.argv[1:]
    place = Path(folder)
    (place / "logs").mkdir(parents=True, exist_ok=True)
    (place / "findings").mkdir(exist_ok=True)
    failed = False
    for name in names or TARGETS:
        log = place / "logs" / f"{name}.log"
        child = os.fork()
        if not child:
            _fuzz(TARGETS[name], place, log, (seconds, seed))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        found = sorted((place / "findings" / name).glob("*.txt"))
        failed = failed or bool(found) or status != 0
        text = log.read_text("utf-8", "replace")
        runs, peak = (_stat(text, each) for each in ("number_of_executed_units", "peak_rss_mb"))
        state = "" if status == 0 else f", ended with status {status}: see {log}"
        print(f"{name}: {runs} inputs, {peak} MB at most, {len(found)} findings{state}", flush=True)
    sys.exit(failed)


def _stat(text: str, name: str) -> str:
    found = re.search(rf"stat::{name}:\s*(\d+)", text)
    return found[1] if found else "?"


def _fuzz(target: Target, folder: Path, log: Path, limits: tuple[str, str]) -> NoReturn:
    """Never returns: libFuzzer ends the process."""
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(written, number)
    corpus = folder / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    for data in target.seeds():
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    seconds, seed = limits
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={_MAX_BYTES}",
        f"-rss_limit_mb={_RSS_MEGABYTES}",
        f"-timeout={_HANG_SECONDS}",
        f"-seed={seed}",
        f"-artifact_prefix={folder}/findings/{target.name}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    if target.dictionary:
        words = folder / "corpus" / f"{target.name}.dict"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.dictionary), "utf-8")
        options.append(f"-dict={words}")
    atheris.Setup([sys.argv[0], *options, str(corpus)], Finder(target, folder / "findings" / target.name))
    atheris.Fuzz()
    os._exit(0)


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main()
