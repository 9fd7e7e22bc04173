import pickle

import msgspec
import pytest
from msgspec.inspect import FloatType, IntType, StructType, Type, type_info

from antiphon.config.shape import SETTINGS, leaves, mark, plain
from antiphon.model_settings import ModelSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import (
    DatabaseSettings,
    KeySettings,
    LoggingSettings,
    ResponsesSettings,
    RetrySettings,
    ServerSettings,
    Settings,
    TimeoutSettings,
    WebhookSettings,
)

SECTIONS = [
    DatabaseSettings,
    KeySettings,
    LoggingSettings,
    ModelSettings,
    ProviderSettings,
    ResponsesSettings,
    RetrySettings,
    ServerSettings,
    Settings,
    TimeoutSettings,
    WebhookSettings,
]


def test_the_defaults_are_those_that_are_promised() -> None:
    settings = Settings()
    assert (settings.server.host, settings.server.port, settings.server.workers) == ("127.0.0.1", 8080, 1)
    assert settings.server.max_body_bytes == 104_857_600
    assert settings.database == DatabaseSettings(url=None, synchronous="full")
    assert settings.responses.retention_days == 30
    assert settings.timeouts == TimeoutSettings(
        connect_seconds=5, first_byte_seconds=60, idle_seconds=120, whole_seconds=600
    )
    assert settings.retries.attempts_per_target == 3


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_setting_has_one_sentence_about_it(section: type) -> None:
    struct = type_info(section)
    assert isinstance(struct, StructType)
    for field in struct.fields:
        described = str(mark(field.type, "description") or "")
        assert described.endswith("."), field.name
        assert ". " not in described, field.name


def numbers() -> list[tuple[tuple[str, ...], Type]]:
    return [(path, plain(field.type)) for path, field in leaves(SETTINGS) if "quirks" not in path]


def test_every_number_has_a_lower_bound_and_says_its_unit() -> None:
    counts = {"port", "worker_port", "workers", "connections", "attempts_per_target", "version"}
    counts |= {"answers_at_once", "running_per_tenant", "queued_per_tenant"}
    counts |= {"concurrent_turns", "max_stream_ids", "at_once"}
    counts |= {"native_least_lines", "lines_at_once", "lines_per_batch", "lines_per_tenant", "max_lines"}
    counts |= {"batches_per_tenant", "tries"}
    counts |= {"requests_per_minute", "tokens_per_minute", "parallel_requests"}
    counts |= {"context_window", "over"}  # tokens, as everybody calls it
    for path, kind in numbers():
        if isinstance(kind, IntType | FloatType):
            assert kind.ge is not None or kind.gt is not None, path
            if "price" in path and isinstance(kind, FloatType):
                continue  # dollars for a million tokens, as its section says
            assert path[-1] in counts or path[-1].rpartition("_")[2] in {"seconds", "bytes", "days", "tokens"}, path


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        setattr(Settings().server, "port", 1)  # noqa: B010 - the type checker knows it too


def test_settings_can_be_handed_to_another_process() -> None:
    settings = Settings(
        keys=[KeySettings(name="ann", key="k")],
        providers={"local": ProviderSettings(base_url="http://localhost", headers={"x-a": "b"})},
        models={"fast": ModelSettings(targets=["local/a"])},
    )
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 - our own bytes


def test_no_secret_is_in_what_a_traceback_shows() -> None:
    settings = Settings(
        master_key="hidden-1",
        keys=[KeySettings(name="ann", key="hidden-2")],
        database=DatabaseSettings(url="postgresql://u:hidden-3@h/d"),
        providers={
            "local": ProviderSettings(
                base_url="http://u:hidden-4@h",
                api_key="hidden-5",
                headers={"x-key": "hidden-6"},
                proxy="http://u:hidden-7@h",
            )
        },
        webhooks=[WebhookSettings(url="https://h/hidden-8", secret="hidden-9", secrets=["hidden-10"])],
    )
    shown = repr((settings, settings.keys, settings.database, settings.providers, settings.webhooks))
    assert "hidden" not in shown


def test_an_unknown_setting_is_refused_by_the_type_itself() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"server": {"prot": 1}}, Settings)
