"""Numbers as text that Prometheus reads.

https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://prometheus.io/docs/specs/om/open_metrics_spec/ (2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from antiphon.tally import Counter, Family, Gauge, Histogram, Labels

TEXT: Final = b"text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS: Final = b"application/openmetrics-text; version=1.0.0; charset=utf-8"

_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})

Series = dict[str, list[tuple[Labels, list[float]]]]
"""By family what its cells hold, by labels."""


class Snapshot(Struct, frozen=True):
    """What one process has counted (`totals`) and how things stand there (`levels`), at a Unix time."""

    at: float
    totals: Series
    levels: Series


def snapshot(families: Iterable[Family], now: float, but: frozenset[str] = frozenset()) -> Snapshot:
    """This process's, without the families named in `but`."""
    totals: Series = {}
    levels: Series = {}
    for family in families:
        if family.name in but:
            continue
        if isinstance(family, Gauge):
            levels[family.name] = [(labels, [value]) for labels, value in family.read().items()]
        elif isinstance(family, Counter | Histogram):
            totals[family.name] = [(labels, [*cell]) for labels, cell in family.cells.items()]
    return Snapshot(now, totals, levels)


def together(parts: Iterable[Series]) -> dict[str, dict[Labels, list[float]]]:
    """The sums."""
    whole: dict[str, dict[Labels, list[float]]] = {}
    for part in parts:
        for name, cells in part.items():
            summed = whole.setdefault(name, {})
            for labels, values in cells:
                before = summed.get(labels)
                summed[labels] = values if before is None else [a + b for a, b in zip(before, values, strict=True)]
    return whole


def exposed(
    families: Iterable[Family], told: Mapping[str, Mapping[Labels, list[float]]], *, open_metrics: bool
) -> bytes:
    """The text. A family of which nothing is known is left out."""
    lines: list[str] = []
    for family in families:
        cells = told.get(family.name)
        if cells:
            lines += _head(family, open_metrics=open_metrics)
            for labels, values in cells.items():
                lines += _samples(family, labels, values)
    if open_metrics:
        lines.append("# EOF")
    return ("\n".join(lines) + "\n").encode()


def _head(family: Family, *, open_metrics: bool) -> list[str]:
    name = family.name.removesuffix("_total") if open_metrics and family.kind == "counter" else family.name
    about = family.about.replace("\\", r"\\").replace('"', r"\"" if open_metrics else '"')
    return [f"# HELP {name} {about}", f"# TYPE {name} {family.kind}"]


def _samples(family: Family, labels: Labels, values: list[float]) -> list[str]:
    named = [f'{name}="{str(value).translate(_ESCAPES)}"' for name, value in zip(family.labels, labels, strict=True)]
    if isinstance(family, Histogram):
        return _buckets(family, named, values)
    scale = family.scale if isinstance(family, Counter) else 1
    return [f"{family.name}{_braced(named)} {_number(values[0] * scale)}"]


def _buckets(family: Histogram, named: list[str], values: list[float]) -> list[str]:
    *counts, total = values
    lines: list[str] = []
    below = 0.0
    for bound, count in zip((*map(_number, family.bounds), "+Inf"), counts, strict=True):
        below += count
        edge = f'le="{bound}"'
        lines.append(f"{family.name}_bucket{_braced([*named, edge])} {_number(below)}")
    lines.append(f"{family.name}_sum{_braced(named)} {_number(total)}")
    lines.append(f"{family.name}_count{_braced(named)} {_number(below)}")
    return lines


def _braced(named: list[str]) -> str:
    return "{" + ",".join(named) + "}" if named else ""


def _number(value: float) -> str:
    """Bounds are told as floats, as OpenMetrics wants them."""
    return repr(float(value))
