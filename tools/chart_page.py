"""Writes the chart's README from values.yaml and its comments: part of `make docs`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml

CHART: Final = Path(__file__).resolve().parents[1] / "deploy" / "helm" / "antiphon"
PAGE: Final = CHART / "README.md"

_HEAD: Final = """\
# The chart `antiphon`

<!-- Made by `make docs` from values.yaml: edit that. -->

Antiphon on Kubernetes: replicas of the gateway, workers for answers in the background, and a job that brings the
tables up to date before each install and upgrade. PostgreSQL is yours, and so is Redis or Valkey if you want one. How
to go about it: [docs/howto/kubernetes.md](../../../docs/howto/kubernetes.md).

```console
$ kubectl create secret generic antiphon-keys \\
    --from-literal=ANTIPHON_MASTER_KEY="$(openssl rand -hex 32)" --from-literal=OPENAI_API_KEY="$OPENAI_API_KEY"
$ kubectl create secret generic antiphon-database --from-literal=url="$DATABASE_URL"
$ helm install antiphon deploy/helm/antiphon --set image.repository=registry.example/antiphon \\
    --set existingSecret=antiphon-keys --set database.existingSecret=antiphon-database
$ helm test antiphon
```

## Values

| Value | Default | What it is |
|---|---|---|
"""


Value = dict[str, "Value"] | list["Value"] | str | int | bool | None


def described() -> dict[str, str]:
    """What the comments say, by the dotted names of values."""
    said: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in (CHART / "values.yaml").read_text("utf-8").splitlines():
        if found := re.match(r" *# (-- )?(.*)", line):
            comment = [found[2]] if found[1] else [*comment, found[2]]
        elif found := re.match(r"( *)([A-Za-z]+):", line):
            depth = len(found[1])
            path = [*(step for step in path if step[0] < depth), (depth, found[2])]
            if comment:
                said[".".join(name for _, name in path)] = " ".join(comment)
            comment = []
        else:
            comment = []
    return said


def defaults(values: Mapping[str, Value], said: Mapping[str, str], above: str = "") -> Iterator[tuple[str, Value]]:
    """Every value that has a comment, and every one at the ends of those that have none."""
    for name, value in values.items():
        path = f"{above}{name}"
        if isinstance(value, dict) and path not in said:
            yield from defaults(value, said, f"{path}.")
        else:
            yield path, value


def page() -> str:
    """The whole page. Raises KeyError for a value without a comment."""
    said = described()
    values: dict[str, Value] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    rows = [
        f"| `{path}` | `{json.dumps(value)}` | {said[path].replace('|', '&#124;')} |"
        for path, value in defaults(values, said)
    ]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
