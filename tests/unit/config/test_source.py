"""Settings that are read again: what has changed, what may be shown, what a running process can have."""

from pathlib import Path

import pytest

from antiphon.app.reloading import Reloading
from antiphon.cli.configured import configured, source_of
from antiphon.config.differences import differences
from antiphon.config.source import Source, is_fixed
from antiphon.config.watching import Watch
from antiphon.model_settings import ModelSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import DatabaseSettings, KeySettings, LoggingSettings, ServerSettings, Settings

SECRETS = ("sk-one", "sk-two", "hunter2")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_differences_name_every_setting_and_show_no_secret() -> None:
    before = Settings(
        master_key="sk-one",
        keys=[KeySettings(name="a", key="sk-one")],
        providers={"x": ProviderSettings(type="openai", base_url="https://me:hunter2@x.test/v1", api_key="sk-one")},
        models={"fast": ModelSettings(targets=["x/one"])},
        logging=LoggingSettings(level="info"),
    )
    after = Settings(
        master_key="sk-two",
        keys=[KeySettings(name="a", key="sk-one"), KeySettings(name="b", key="sk-two")],
        providers={"x": ProviderSettings(type="openai", base_url="https://me:hunter2@y.test/v1", api_key="sk-two")},
        logging=LoggingSettings(level="debug"),
    )
    lines = [each.line() for each in differences(before, after)]
    assert "~ master_key: <secret> -> <secret>" in lines
    assert "+ keys[1].key: <secret>" in lines
    assert "~ providers.x.base_url: https://<secret>@x.test/v1 -> https://<secret>@y.test/v1" in lines
    assert '~ logging.level: "info" -> "debug"' in lines
    assert '- models.fast.targets[0]: "x/one"' in lines
    assert not any(secret in line for line in lines for secret in SECRETS)
    assert not differences(before, before)


def test_a_change_counts_once_a_second_look_finds_the_same(folder: Path) -> None:
    files = [folder / "there", folder / "not-yet"]
    files[0].write_text("one")
    watch = Watch(files)
    assert not watch.changed()
    files[1].write_text("two")
    assert [watch.changed() for _ in range(3)] == [False, True, False]
    files[0].write_text("half a")
    assert not watch.changed()
    files[0].write_text("half a and the rest")
    assert [watch.changed() for _ in range(3)] == [False, True, False]
    files[0].unlink()
    assert [watch.changed() for _ in range(3)] == [False, True, False]


def test_every_file_that_settings_hang_on_is_watched(folder: Path) -> None:
    (folder / "antiphon.yaml").write_text("master_key: file:key\nproviders: {x: {api_key: file:missing, type: openai}}")
    (folder / "key").write_text("sk-one")
    found, files = Source().read()
    assert "missing" in str(found)
    assert {file.name for file in files} == {"antiphon.yaml", ".env", "key", "missing"}


def test_what_is_wrong_leaves_all_as_it_is_and_what_only_a_start_can_change_waits(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = folder / "antiphon.yaml"
    config.write_text("master_key: sk-one")
    settings, _ = Source(config).read()
    assert isinstance(settings, Settings)
    reloading = Reloading(settings, Source(config))
    config.write_text("master_key: [")
    assert reloading.read() is None
    assert "the one before stays in force: antiphon.yaml" in caplog.text
    config.write_text(
        "{master_key: sk-two, server: {port: 1, max_body_bytes: 5000}, database: {url: 'sqlite:///x.db'}}"
    )
    new = reloading.read()
    assert new is not None
    assert (new.server.port, new.database) == (settings.server.port, settings.database)
    assert (new.server.max_body_bytes, new.master_key) == (5000, "sk-two")
    assert "server.port: 8080 -> 1 takes effect at the next start" in caplog.text
    reloading.settle(new)
    assert reloading.read() is None, "only what a start can change is left"


def test_a_file_that_goes_leaves_all_as_it_is(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = folder / "antiphon.yaml"
    config.write_text("master_key: sk-one")
    loaded, _ = configured(None)
    reloading = Reloading(loaded.settings, source_of(loaded))
    config.unlink()
    assert reloading.read() is None
    assert f"the one before stays in force: {config}: No such file or directory" in caplog.text
    config.write_text("master_key: sk-two")
    new = reloading.read()
    assert new is not None
    assert new.master_key == "sk-two"


def test_what_is_fixed_is_there() -> None:
    assert is_fixed("database.url")
    assert is_fixed("server.port")
    assert not is_fixed("server.max_body_bytes")
    changed = Settings(server=ServerSettings(port=1), database=DatabaseSettings(url="sqlite:///x"))
    assert {each.name for each in differences(Settings(), changed)} == {"server.port", "database.url"}
