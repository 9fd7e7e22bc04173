"""What fuzzing has found stays mended: every decoder takes its seeds, all findings, and much of the same.

`make fuzz` searches on; `tests/fuzz/findings.json` holds what it has found, by decoder, in base64.
"""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path

import pytest

from tools.fuzz.target import SECONDS_PER_INPUT, SlowError, Target, attempt, long_runs
from tools.fuzz.targets import TARGETS
from tools.fuzz.wire_targets import framed_message

FINDINGS: dict[str, list[str]] = json.loads(Path(__file__).with_name("findings.json").read_bytes())
BESIDE_ANSWERS = ("images-", "audio-", "embeddings-", "rerank-", "moderations-")
OF_ANSWERS = [name for name in TARGETS if not name.startswith(BESIDE_ANSWERS)]
FEW = 2
SOME = 8

DEEP = b'{"a":' * 5000
NESTED = (
    DEEP,
    b'{"model":"p/m","max_tokens":5,"input":' + DEEP,
    b'{"model":"p/m","max_tokens":5,"messages":' + DEEP,
    b"data: " + DEEP + b"\n\n",
    b'data: {"type":"response.completed","response":' + DEEP + b"\n\n",
    framed_message(b"\x0b:event-type\x07\x00\x05chunk", DEEP),
)


@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_takes_its_seeds(name: str) -> None:
    target = TARGETS[name]
    for seed in itertools.islice(target.seeds(), SOME if name in OF_ANSWERS else FEW):
        attempt(target, seed)


@pytest.mark.parametrize("name", FINDINGS)
def test_what_was_found_stays_mended(name: str) -> None:
    for each in FINDINGS[name]:
        attempt(TARGETS[name], base64.b64decode(each))


@pytest.mark.parametrize("name", OF_ANSWERS)
def test_what_is_nested_without_end_is_refused(name: str) -> None:
    for data in NESTED:
        attempt(TARGETS[name], b"\x00" + data)


@pytest.mark.parametrize("name", OF_ANSWERS)
def test_much_of_the_same_takes_no_more_than_its_share(name: str) -> None:
    for data in long_runs(6_000):
        attempt(TARGETS[name], b"\x00" + data, SECONDS_PER_INPUT / 4)


def test_what_a_decoder_may_not_do_is_a_finding() -> None:
    with pytest.raises(ZeroDivisionError):
        attempt(Target("broken", lambda _: 1 / 0, (ValueError,), tuple), b"")
    attempt(Target("refusing", int, (ValueError,), tuple), b"x")
    with pytest.raises(SlowError):
        attempt(Target("slow", lambda _: None, (), tuple), b"", seconds=-1.0)
