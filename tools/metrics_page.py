"""docs/reference/metrics.md, made from `antiphon/metrics.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from antiphon.metrics import EVERY
from antiphon.tally import Family, Histogram

_HEAD: Final = """\
# Metrics

<!-- Made by `make docs` from antiphon/metrics.py and tools/metrics_page.py: edit those. -->

`GET /metrics` tells Prometheus what a process has counted since it was started, in the text format, or in OpenMetrics
for who accepts it. `metrics.enabled: false` switches it off.

Who may read it is decided by `metrics.access`:

- `machine`, the default: without a key who asks from the same machine and not through a proxy (a request that names
  one, in `X-Forwarded-For`, `Forwarded`, `X-Real-IP` or `Via`, is taken for a stranger's), everybody else with a key;
- `key`: nobody without a key;
- `open`: everybody who gets there, for networks that only the owner's own machines are in.

The key is `metrics.key`, or the master key, as `Authorization: Bearer KEY`:

```yaml
# antiphon.yaml
metrics:
  key: ${ANTIPHON_METRICS_KEY}
```

```yaml
# prometheus.yml
scrape_configs:
  - job_name: antiphon
    authorization:
      credentials_file: /etc/prometheus/antiphon.key
    static_configs:
      - targets: ["antiphon-0:8080", "antiphon-1:8080"]
```

Whichever worker of `--workers N` is asked answers for all of them, with what the others had counted half a second
before. What a worker that died had counted still counts. Each replica on a machine of its own is asked by itself; the
numbers below that are said to be of the whole database are the same at each, so take their `max`.

`antiphon worker` serves no requests, and tells its numbers at `metrics.worker_port`, where one is set.

No tenant, key, response or text is ever told. A label holds what a client chose only where it is the name of a model,
and of those only names that the configuration or a provider's own list has; the others are `other` together. Every
other label has few values.

"""

_TAIL: Final = """
## Questions to Prometheus

| Question | Expression |
|---|---|
| Requests a second, by route | `sum by (route) (rate(antiphon_requests_total[5m]))` |
| Failures a second | `sum(rate(antiphon_requests_total{status=~"5.."}[5m]))` |
| Answers a second that fail once they have begun | `sum(rate(antiphon_answers_failed_total{status=~"5.."}[5m]))` |
| Half of all streams begin within | `histogram_quantile(0.5, rate(antiphon_first_output_seconds_bucket[5m]))` |
| Tokens a minute, by model | `60 * sum by (model, kind) (rate(antiphon_tokens_total[5m]))` |
| Dollars an hour | `3600 * sum(rate(antiphon_cost_dollars_total[1h]))` |
| Providers that fail | `sum by (provider, outcome) (rate(antiphon_upstream_attempts_total{outcome!="ok"}[5m]))` |
| Background answers that wait | `max(antiphon_jobs{state="waiting"})` |
| Workers that die | `increase(antiphon_jobs_claimed_total{claim="again"}[1h])` |
| Answers to a commit | `rate(antiphon_store_group_size_sum[5m]) / rate(antiphon_store_group_size_count[5m])` |
| A process that does too much | `histogram_quantile(0.99, rate(antiphon_event_loop_lag_seconds_bucket[5m])) > 0.1` |
| Streams that lost the short way | `rate(antiphon_chunks_total{kind="rendered"}[5m])` |
"""


def page() -> str:
    """The page."""
    return _HEAD + "\n".join(_rows()) + "\n" + _TAIL


def _rows() -> Iterator[str]:
    yield "| Metric | Kind | Labels | Meaning |"
    yield "|---|---|---|---|"
    for family in EVERY:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.name}` | {family.kind} | {labels} | {family.about} |"
    yield "\n## Buckets\n"
    for family in EVERY:
        if isinstance(family, Histogram):
            yield f"- `{family.name}`: {_bounds(family)}"


def _bounds(family: Family) -> str:
    return ", ".join(f"{bound:g}" for bound in family.bounds) if isinstance(family, Histogram) else ""
