import json
from typing import Any

import pytest
import yaml

from tests.deploy.ours import PORT, check_metrics, check_path
from tests.deploy.tools import DEPLOY, ran, tool

CONFIGURATION: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboards" / "antiphon.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def test_prometheus_understands_its_rules() -> None:
    assert "SUCCESS" in ran(tool("promtool"), "check", "rules", DEPLOY / "prometheus" / "rules.yml")


def test_every_replica_is_asked() -> None:
    (job,) = CONFIGURATION["scrape_configs"]
    asked = {name: each["port"] for each in job["dns_sd_configs"] for name in each["names"]}
    worker = COMPOSE["services"]["worker"]["environment"]["ANTIPHON_METRICS__WORKER_PORT"]
    assert asked == {"antiphon": PORT, "worker": int(worker)}


def test_the_path_is_one_of_ours() -> None:
    check_path(CONFIGURATION["scrape_configs"][0]["metrics_path"])


def test_the_key_is_where_prometheus_reads_it() -> None:
    folder, _, name = CONFIGURATION["scrape_configs"][0]["authorization"]["credentials_file"].rpartition("/")
    assert folder == "/run/secrets"
    assert COMPOSE["services"]["prometheus"]["secrets"] == [name]
    variable = COMPOSE["secrets"][name]["environment"]
    assert variable in COMPOSE["services"]["antiphon"]["environment"]["ANTIPHON_METRICS__KEY"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_told(rule: dict[str, Any]) -> None:
    check_metrics(rule["expr"])
    assert rule["labels"]["severity"] in ("critical", "warning")


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel['id']}-{panel['title']}".replace(" ", "-"))
def test_a_panel_asks_for_what_is_told(panel: dict[str, Any]) -> None:
    assert panel["targets"]
    for target in panel["targets"]:
        check_metrics(target["expr"])


def test_panels_have_ids_and_places_of_their_own() -> None:
    everything = DASHBOARD["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_grafana_finds_its_source_and_its_dashboards() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "antiphon.yaml").read_text())["providers"]
    grafana = COMPOSE["services"]["grafana"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in grafana["volumes"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/antiphon.json"
