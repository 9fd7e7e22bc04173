from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from antiphon.config.environment import Environment
from antiphon.config.loading import load
from tests.deploy.charts import CASES, NEEDED, containers, linted, objects, one, pods, refusal, rendered
from tests.deploy.ours import PORT, check_command, check_path, check_variable
from tests.deploy.tools import ran, tool

OLDEST, NEWEST = "1.27", "1.37"
ELSEWHERE = ("HTTPRoute", "ServiceMonitor")
"""Kinds that Kubernetes itself does not know: no schema of theirs is shipped with it."""

Rendered = Callable[[str], str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """What each case is rendered to, once."""

    @cache
    def of(case: str) -> str:
        return rendered(CASES[case], tmp_path_factory.mktemp("chart"))

    return of


@pytest.mark.parametrize("case", CASES)
def test_helm_has_nothing_to_say(case: str, tmp_path: Path) -> None:
    assert "0 chart(s) failed" in linted(CASES[case], tmp_path)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_knows_every_word(version: str, told: Rendered, tmp_path: Path) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text("".join(told(case) for case in CASES))
    lines = ran(tool("kubernetes-validate"), "--strict", "-k", version, file).splitlines()
    unknown = [line for line in lines if not line.startswith("INFO")]
    assert all(any(kind in line for kind in ELSEWHERE) for line in unknown), unknown


@pytest.mark.parametrize("case", CASES)
def test_pods_meet_the_restricted_standard(case: str, told: Rendered) -> None:
    for pod in pods(told(case)):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("case", CASES)
def test_what_starts_is_a_command_of_ours(case: str, told: Rendered) -> None:
    for container in containers(told(case)):
        check_command(container["args"])


@pytest.mark.parametrize(
    "name",
    [
        "ANTIPHON_BACKGROUND__ANSWERS_AT_ONCE",
        "ANTIPHON_BATCHES__LINES_AT_ONCE",
        "ANTIPHON_DATABASE_URL",
        "ANTIPHON_DATABASE__MIGRATE_ON_START",
        "ANTIPHON_HOST",
        "ANTIPHON_METRICS__WORKER_PORT",
        "ANTIPHON_REDIS_URL",
        "ANTIPHON_SERVER__DRAIN_SECONDS",
        "ANTIPHON_SERVER__SHUTDOWN_SECONDS",
    ],
)
def test_a_variable_of_ours_means_something(name: str, told: Rendered) -> None:
    said = {each["name"] for container in containers(told("everything")) for each in container.get("env", [])}
    assert name in said
    check_variable(name)


def test_no_other_variable_of_ours_is_said(told: Rendered) -> None:
    said = {each["name"] for container in containers(told("everything")) for each in container.get("env", [])}
    assert len({name for name in said if name.startswith("ANTIPHON_")}) == 9


@pytest.mark.parametrize("ending", ["ours-antiphon", "worker"])
def test_probes_ask_paths_and_a_port_of_ours(ending: str, told: Rendered) -> None:
    (container,) = one(told("needed"), "Deployment", ending)["spec"]["template"]["spec"]["containers"]
    (port,) = container["ports"]
    if ending == "worker":
        assert {"name": "ANTIPHON_METRICS__WORKER_PORT", "value": str(port["containerPort"])} in container["env"]
    else:
        assert port["containerPort"] == PORT
        assert container["args"][container["args"].index("--port") + 1] == str(PORT)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["port"] == port["name"]
        check_path(asked["path"])
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_a_pod_may_stop_for_longer_than_its_answers_may_go_on(tmp_path: Path) -> None:
    text = rendered(NEEDED | {"shutdownSeconds": 120, "drainSeconds": 20}, tmp_path)
    for ending, drain in (("ours-antiphon", 20), ("worker", 0)):
        pod = one(text, "Deployment", ending)["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        said = {each["name"]: each.get("value") for each in container["env"]}
        assert int(said.get("ANTIPHON_SERVER__DRAIN_SECONDS") or 0) == drain
        assert int(said["ANTIPHON_SERVER__SHUTDOWN_SECONDS"] or 0) == 120
        assert pod["terminationGracePeriodSeconds"] == drain + 120 + 10


def test_names_lead_to_one_another(told: Rendered) -> None:
    for case in CASES:
        everything = objects(told(case))
        made = {(each["kind"], each["metadata"]["name"]) for each in everything}
        given = {("Secret", "keys"), ("Secret", "database"), ("ConfigMap", "more"), ("ConfigMap", "authority")}
        for container in containers(told(case)):
            for each in container.get("env", []):
                if "valueFrom" in each:
                    named = ("Secret", each["valueFrom"]["secretKeyRef"]["name"])
                    assert named in (made | given if case == "everything" else made)
            for each in container.get("envFrom", []):
                ((kind, named),) = each.items()
                pair = ("Secret" if kind == "secretRef" else "ConfigMap", named["name"])
                assert pair in (made | given if case == "everything" else made)


def test_the_service_finds_the_gateway_and_nothing_else(told: Rendered) -> None:
    text = told("needed")
    selector = one(text, "Service")["spec"]["selector"]
    chosen = [
        each["metadata"]["name"]
        for each in objects(text)
        if each["kind"] in ("Deployment", "Job")
        and selector.items() <= each["spec"]["template"]["metadata"]["labels"].items()
    ]
    assert chosen == ["ours-antiphon"]
    assert one(text, "Service")["spec"]["ports"][0]["targetPort"] == "http"
    assert not selector.items() <= one(text, "Pod", "test")["metadata"]["labels"].items()


def test_selectors_match_what_they_are_for(told: Rendered) -> None:
    text = told("everything")
    labels = one(text, "Deployment")["spec"]["template"]["metadata"]["labels"]
    for kind in ("PodDisruptionBudget", "Deployment"):
        assert one(text, kind)["spec"]["selector"]["matchLabels"].items() <= labels.items()
    monitored = one(text, "ServiceMonitor")["spec"]["selector"]["matchLabels"].items()
    for ending in ("ours-antiphon", "worker"):
        service = one(text, "Service", ending)
        assert monitored <= service["metadata"]["labels"].items()
        pod = one(text, "Deployment", ending)["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= pod.items()
    assert one(text, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "ours-antiphon"
    policy = one(text, "NetworkPolicy")["spec"]["podSelector"]
    assert policy["matchLabels"].items() <= labels.items()
    assert labels["app.kubernetes.io/component"] in policy["matchExpressions"][0]["values"]


def test_prometheus_is_told_the_path_and_the_key(told: Rendered) -> None:
    text = told("everything")
    served = {port["name"] for each in objects(text) if each["kind"] == "Service" for port in each["spec"]["ports"]}
    endpoints = one(text, "ServiceMonitor")["spec"]["endpoints"]
    assert {endpoint["port"] for endpoint in endpoints} == served == {"http", "metrics"}
    for endpoint in endpoints:
        assert endpoint["authorization"]["credentials"] == {"name": "keys", "key": "ANTIPHON_METRICS__KEY"}
        check_path(endpoint["path"])


def test_a_replica_count_is_left_to_the_autoscaler(told: Rendered) -> None:
    assert "replicas" not in one(told("everything"), "Deployment")["spec"]
    assert one(told("needed"), "Deployment")["spec"]["replicas"] == 2


def test_tables_are_brought_up_to_date_before_anything_else(told: Rendered) -> None:
    for case in CASES:
        job = one(told(case), "Job", "migrations")
        hooks = job["metadata"]["annotations"]
        assert hooks["helm.sh/hook"] == "pre-install,pre-upgrade"
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["args"] == ["db", "upgrade"]
        named = container["env"][0]["valueFrom"]["secretKeyRef"]["name"]
        own = [each for each in objects(told(case)) if each["kind"] == "Secret" and each["metadata"]["name"] == named]
        # A Secret of the release's own would not be there yet.
        for secret in own:
            assert secret["metadata"]["annotations"]["helm.sh/hook"] == hooks["helm.sh/hook"]
            assert int(secret["metadata"]["annotations"]["helm.sh/hook-weight"]) < int(hooks["helm.sh/hook-weight"])
        assert job["spec"]["template"]["spec"]["serviceAccountName"] == "default"


def test_the_configuration_is_one_that_the_gateway_takes(told: Rendered, tmp_path: Path) -> None:
    text = one(told("everything"), "ConfigMap")["data"]["antiphon.yaml"]
    loaded = load(Environment({"OPENAI_API_KEY": "sk-ours"}, tmp_path), text=text)
    assert loaded.settings.responses.retention_days == 3
    assert loaded.settings.providers["openai"].api_key == "sk-ours"
    assert load(Environment({}, tmp_path), text=one(told("needed"), "ConfigMap")["data"]["antiphon.yaml"])


def test_pods_are_made_anew_when_what_they_read_has_changed(told: Rendered, tmp_path: Path) -> None:
    def sums(text: str) -> dict[str, str]:
        annotations = one(text, "Deployment")["spec"]["template"]["metadata"]["annotations"]
        return {name: value for name, value in annotations.items() if name.startswith("checksum/")}

    before = sums(told("needed"))
    changed: dict[str, Any] = NEEDED | {"config": {"responses": {"retention_days": 3}}}
    after = sums(rendered(changed, tmp_path))
    assert before["checksum/config"] != after["checksum/config"]
    assert before["checksum/secrets"] == after["checksum/secrets"]


def test_without_workers_the_gateway_gives_every_answer(tmp_path: Path) -> None:
    text = rendered(NEEDED | {"worker": {"enabled": False}}, tmp_path)
    (container,) = one(text, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert not [each for each in container["env"] if each["name"].endswith("AT_ONCE")]


REFUSED = {
    "no database": ({"secrets": NEEDED["secrets"]}, "database.url"),
    "sqlite": (NEEDED | {"database": {"url": "sqlite:///antiphon.db"}}, "database"),
    "no key": ({"database": NEEDED["database"]}, "master key"),
    "no key for Prometheus": (NEEDED | {"serviceMonitor": {"enabled": True}}, "ANTIPHON_METRICS__KEY"),
    "no hosts": (NEEDED | {"ingress": {"enabled": True}}, "ingress.hosts"),
    "no gateways": (NEEDED | {"httpRoute": {"enabled": True}}, "httpRoute.parentRefs"),
    "a value that is not there": (NEEDED | {"replicas": 3}, "replicas"),
    "a wrong type": (NEEDED | {"replicaCount": "three"}, "replicaCount"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_work_is_refused_with_the_reason(reason: str, tmp_path: Path) -> None:
    values, word = REFUSED[reason]
    assert word in refusal(values, tmp_path)
