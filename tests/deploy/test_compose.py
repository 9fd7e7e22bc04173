import json
import re
from typing import Any

import pytest
import yaml

from antiphon.config.environment import Environment
from antiphon.config.loading import load
from tests.deploy.ours import PORT, SHUTDOWN_SECONDS, check_command, check_path, check_variable
from tests.deploy.tools import DEPLOY, ran, tool

FILE = DEPLOY / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("${ANTIPHON_IMAGE")}
SECRETS = {"ANTIPHON_MASTER_KEY": "sk-master", "POSTGRES_PASSWORD": "sesame", "METRICS_KEY": "sk-metrics"}


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def rendered() -> dict[str, Any]:
    told = ran(tool("docker-compose"), "-f", FILE, "--profile", "observe", "config", "--format", "json", env=SECRETS)
    return json.loads(told)


def test_compose_understands_it() -> None:
    services = rendered()["services"]
    assert services.keys() == SERVICES.keys()
    environment = services["antiphon"]["environment"]
    assert environment["ANTIPHON_DATABASE_URL"] == "postgresql://antiphon:sesame@postgres/antiphon"


def test_compose_refuses_to_start_without_secrets() -> None:
    asked = re.findall(r"\$\{(\w+):\?", FILE.read_text())
    assert set(asked) == {"ANTIPHON_MASTER_KEY", "POSTGRES_PASSWORD"}


def test_what_can_be_said_in_the_environment_is_in_the_example() -> None:
    example = set(re.findall(r"(?m)^#?([A-Z_]+)=", (DEPLOY / ".env.example").read_text()))
    assert set(re.findall(r"\$\{([A-Z_]+)[:}]", FILE.read_text())) <= example


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_is_named_by_a_version(name: str) -> None:
    if name not in OURS:
        assert re.fullmatch(r"[a-z./-]+:v?\d[\w.-]*", SERVICES[name]["image"])


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_starts_is_a_command_of_ours(name: str) -> None:
    check_command(OURS[name].get("command", ["serve"]))


@pytest.mark.parametrize(
    "name", sorted({name for service in OURS.values() for name in service["environment"] if "ANTIPHON" in name})
)
def test_every_variable_of_ours_means_something(name: str) -> None:
    check_variable(name)


@pytest.mark.parametrize("name", sorted(OURS))
def test_ours_are_confined(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service


@pytest.mark.parametrize("name", ["antiphon", "worker"])
def test_running_answers_are_not_cut(name: str) -> None:
    service = OURS[name]
    drain = int(service["environment"].get("ANTIPHON_SERVER__DRAIN_SECONDS", 0))
    assert seconds(service["stop_grace_period"]) > drain + SHUTDOWN_SECONDS + 5


def test_tables_are_made_before_anything_serves() -> None:
    assert OURS["migrate"]["command"] == ["db", "upgrade"]
    for name in ("antiphon", "worker"):
        assert OURS[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_there_are_two_replicas_and_only_the_proxy_is_seen() -> None:
    assert OURS["antiphon"]["deploy"]["replicas"] == 2
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy", "grafana"]


def test_the_database_is_reached_from_nowhere_else() -> None:
    assert COMPOSE["networks"]["inner"]["internal"] is True
    for name in ("postgres", "valkey"):
        assert SERVICES[name]["networks"] == ["inner"]


def test_whoever_is_asked_for_its_health_says_so() -> None:
    for name, service in SERVICES.items():
        check = service.get("healthcheck")
        assert name == "antiphon" or check is not None, name  # the image's own check
        if name == "proxy":
            check_path(check["test"][-1].rpartition(":8080")[2])
        if name == "worker":
            assert check["test"][:3] == ["CMD", "antiphon", "health"]
            check_command(check["test"][2:])
            assert check["test"][-1].endswith(":" + service["environment"]["ANTIPHON_METRICS__WORKER_PORT"])


def test_the_configuration_is_one_that_the_gateway_takes() -> None:
    text = (DEPLOY / "config" / "antiphon.yaml").read_text("utf-8")
    assert load(Environment({}, DEPLOY / "config"), text=text).path is None
    for volume in OURS["antiphon"]["volumes"]:
        assert (DEPLOY / volume.partition(":")[0]).is_dir()


def test_every_setting_in_the_example_is_one() -> None:
    ours = re.findall(r"(?m)^#?(ANTIPHON_[A-Z_]+)=", (DEPLOY / ".env.example").read_text())
    assert ours
    for name in sorted({*ours} - {"ANTIPHON_IMAGE"}):
        check_variable(name)


def test_ports_agree() -> None:
    proxy = SERVICES["proxy"]["environment"]
    assert OURS["antiphon"]["environment"]["ANTIPHON_PORT"] == str(PORT) == proxy["ANTIPHON_UPSTREAM_PORT"]
    assert OURS["antiphon"]["expose"] == [str(PORT)]
    assert proxy["ANTIPHON_UPSTREAM"] in SERVICES


def test_the_prose_of_yaml_is_in_order() -> None:
    rules = "line-length: {max: 130}, document-start: disable, braces: disable, brackets: disable"
    files = [
        FILE,
        *sorted(DEPLOY.glob("config/*.yaml")),
        *sorted(DEPLOY.glob("helm/*/*.yaml")),
        *sorted(DEPLOY.glob("prometheus/*")),
        *DEPLOY.rglob("grafana/**/*.yaml"),
    ]
    assert ran(tool("yamllint"), "--strict", "-d", f"{{extends: default, rules: {{{rules}}}}}", *files) == ""
