"""The chart, rendered by helm itself."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy.tools import DEPLOY, ran, refused, tool

CHART: Final = DEPLOY / "helm" / "antiphon"

NEEDED: Final = {
    "database": {"url": "postgresql://antiphon@db/antiphon"},
    "secrets": {"ANTIPHON_MASTER_KEY": "sk-master"},
}
"""Without these nothing is rendered."""

EVERYTHING: Final[dict[str, Any]] = {
    "existingSecret": "keys",
    "database": {"existingSecret": "database", "existingSecretKey": "address"},
    "redis": {"url": "rediss://valkey"},
    "config": {"responses": {"retention_days": 3}, "providers": {"openai": {"api_key": "${OPENAI_API_KEY}"}}},
    "image": {"digest": "sha256:" + "0" * 64},
    "imagePullSecrets": [{"name": "registry"}],
    "autoscaling": {"enabled": True},
    "ingress": {
        "enabled": True,
        "className": "ours",
        "annotations": {"a": "b"},
        "hosts": ["ai.example"],
        "tls": [{"secretName": "tls", "hosts": ["ai.example"]}],
    },
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}], "hostnames": ["ai.example"]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "networkPolicy": {
        "enabled": True,
        "from": [{"namespaceSelector": {}}],
        "egress": [{"ports": [{"port": 11434}]}],
    },
    "worker": {"answers": 8},
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "envFrom": [{"configMapRef": {"name": "more"}}],
    "extraVolumes": [{"name": "authority", "configMap": {"name": "authority"}}],
    "extraVolumeMounts": [{"name": "authority", "mountPath": "/authority"}],
    "podAnnotations": {"a": "b"},
    "podLabels": {"a": "b"},
    "serviceAccount": {"annotations": {"a": "b"}},
    "service": {"annotations": {"a": "b"}},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    ],
}
"""Every switch is on, and every list has something in it."""

CASES: Final[dict[str, dict[str, Any]]] = {"needed": NEEDED, "everything": EVERYTHING}


def rendered(values: dict[str, Any], folder: Path) -> str:
    return ran(tool("helm"), "template", "ours", CHART, "--namespace", "ai", "--values", _file(values, folder))


def refusal(values: dict[str, Any], folder: Path) -> str:
    return refused(tool("helm"), "template", "ours", CHART, "--values", _file(values, folder))


def linted(values: dict[str, Any], folder: Path) -> str:
    return ran(tool("helm"), "lint", "--strict", CHART, "--values", _file(values, folder))


def objects(text: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(text) if each]


def one(text: str, kind: str, ending: str = "") -> dict[str, Any]:
    """The only object of the kind whose name ends so."""
    (found,) = [
        each
        for each in objects(text)
        if each["kind"] == kind and each["metadata"]["name"].endswith(ending or "ours-antiphon")
    ]
    return found


def pods(text: str) -> list[dict[str, Any]]:
    """The specification of every pod, whoever makes it."""
    everything = objects(text)
    made = [each["spec"]["template"]["spec"] for each in everything if each["kind"] in ("Deployment", "Job")]
    return made + [each["spec"] for each in everything if each["kind"] == "Pod"]


def containers(text: str) -> Iterable[dict[str, Any]]:
    for pod in pods(text):
        yield from pod["containers"]


def _file(values: dict[str, Any], folder: Path) -> Path:
    path = folder / "values.json"
    path.write_text(json.dumps(values))
    return path
