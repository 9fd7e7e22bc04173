"""What is counted is read by Prometheus's own parsers as it was counted."""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Final

from prometheus_client import Metric, parser

from antiphon.metrics import EVERY
from antiphon.observe.exposition import exposed, snapshot, together
from antiphon.tally import Counter, Gauge, Histogram

READERS: Final[dict[bool, Callable[[str], Iterable[Metric]]]] = {
    False: parser.text_string_to_metric_families,
    True: import_module("prometheus_client.openmetrics.parser").text_string_to_metric_families,
}

WORDS = Counter("words_total", 'Words, "quoted" and with a \\.', ("text",))
TENTHS = Counter("tenths_total", "Tenths.", scale=0.1)
SIZES = Histogram("sizes", "Sizes.", ("of",), (1.0, 2.0))
STATE = Gauge("state", "A state.", ("of",))
USED = Gauge("used_total", "Use.", grows=True)
FAMILIES = (WORDS, TENTHS, SIZES, STATE, USED)

ODD = 'a "b"\n\\c'

WORDS.add((ODD,), 3)
TENTHS.add(by=25)
for value in (0.5, 1.0, 1.5, 7.0):
    SIZES.observe(value, ("x",))


def told(*, open_metrics: bool, copies: int = 1) -> str:
    with STATE.told_by(lambda: {("y",): 2}), STATE.told_by(lambda: {("y",): 3, ("z",): 1}), USED.counts(lambda: 4):
        said = snapshot(FAMILIES, 0.0)
    cells = together([said.totals, said.levels] * copies)
    return exposed(FAMILIES, cells, open_metrics=open_metrics).decode()


def numbers(text: str, *, open_metrics: bool) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in READERS[open_metrics](text)
        for sample in family.samples
    }


def test_both_formats_say_the_same() -> None:
    text = numbers(told(open_metrics=False), open_metrics=False)
    assert text == numbers(told(open_metrics=True), open_metrics=True)
    assert text == {
        f"words_total{[('text', ODD)]}": 3,
        "tenths_total[]": 2.5,
        "sizes_bucket[('le', '1.0'), ('of', 'x')]": 2,
        "sizes_bucket[('le', '2.0'), ('of', 'x')]": 3,
        "sizes_bucket[('le', '+Inf'), ('of', 'x')]": 4,
        "sizes_sum[('of', 'x')]": 10,
        "sizes_count[('of', 'x')]": 4,
        "state[('of', 'y')]": 5,
        "state[('of', 'z')]": 1,
        "used_total[]": 4,
    }


def test_several_processes_are_summed() -> None:
    once = numbers(told(open_metrics=False), open_metrics=False)
    assert numbers(told(open_metrics=False, copies=3), open_metrics=False) == {
        name: 3 * value for name, value in once.items()
    }


def test_kinds_and_sentences_survive() -> None:
    families = {family.name: family for family in READERS[False](told(open_metrics=False))}
    assert families["words"].documentation == WORDS.about
    assert {name: family.type for name, family in families.items()} == {
        "words": "counter",
        "tenths": "counter",
        "sizes": "histogram",
        "state": "gauge",
        "used": "counter",
    }


def test_names_are_what_prometheus_asks_for() -> None:
    names = [family.name for family in EVERY]
    assert len(names) == len(set(names))
    for family in EVERY:
        assert family.name.startswith(("antiphon_", "process_"))
        assert (family.kind == "counter") == family.name.endswith("_total")
        assert family.about.endswith(".")
