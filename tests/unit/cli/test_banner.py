from pathlib import Path

from antiphon.cli.banner import banner, base_url, finding_lines, first_model
from antiphon.config.keeping import MasterKey
from antiphon.config.loading import Loaded
from antiphon.config.resolve import Finding
from antiphon.model_settings import ModelSettings
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import ServerSettings, Settings

FINDINGS = (
    Finding(name="openai", is_found=True, origin="OPENAI_API_KEY", base_url="https://me:pw@api.example/v1"),
    Finding(name="demo", is_found=True, origin="built in"),
    Finding(name="groq", is_found=False, origin="GROQ_API_KEY is set but empty", base_url="https://groq.example"),
)
KEY = "sk-antiphon-x"


def shown(kept: MasterKey | None, settings: Settings | None = None, *warnings: str) -> str:
    settings = settings or Settings(master_key=KEY)
    return banner(Loaded(settings=settings, findings=FINDINGS, warnings=warnings, path=None), kept)


def test_there_is_one_line_per_provider() -> None:
    assert list(finding_lines(FINDINGS)) == [
        "✓ openai  https://<secret>@api.example/v1  OPENAI_API_KEY",
        "✓ demo                                     built in",
        "✗ groq                                     GROQ_API_KEY is set but empty",
    ]
    assert list(finding_lines([])) == []


def test_those_of_whom_nobody_has_said_anything_are_only_counted() -> None:
    unsaid = [Finding(name=name, is_found=False, origin="not set", is_touched=False) for name in ("xai", "mistral")]
    *lines, last = finding_lines([*FINDINGS, *unsaid])
    assert lines == list(finding_lines(FINDINGS))
    assert last == "  2 more are known: `antiphon providers` tells what switches each on"


def test_a_key_that_was_made_now_is_shown_with_lines_to_copy() -> None:
    text = shown(MasterKey(KEY, Path("/d/master-key"), is_new=True))
    assert f"\n  {KEY}\n" in text
    assert "/d/master-key" in text
    assert f'-H "Authorization: Bearer {KEY}"' in text
    assert f'OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="{KEY}")' in text
    assert '"model": "demo/echo"' in text


def test_a_key_that_is_kept_is_not_shown_again() -> None:
    text = shown(MasterKey(KEY, Path("/d/master-key"), is_new=False))
    assert KEY not in text
    assert "The master key is kept in /d/master-key" in text


def test_a_key_that_was_configured_is_not_shown() -> None:
    assert KEY not in shown(None)


def test_warnings_are_told() -> None:
    assert "\n! something\n" in shown(None, None, "something")


def test_the_address_is_one_that_a_client_on_this_machine_can_use() -> None:
    assert base_url(ServerSettings(host="0.0.0.0", port=1)) == "http://127.0.0.1:1/v1"  # noqa: S104 - nobody listens
    assert base_url(ServerSettings(host="::1", port=1)) == "http://[::1]:1/v1"
    assert base_url(ServerSettings(host="gateway.example", port=1)) == "http://gateway.example:1/v1"
    assert "on a port that is free" in shown(None, Settings(server=ServerSettings(port=0)))


def test_the_model_to_begin_with_is_one_that_is_known() -> None:
    alias = ModelSettings(targets=["a/b"])
    providers = {
        "off": ProviderSettings(models=["x"], enabled=False),
        "any": ProviderSettings(),
        "own": ProviderSettings(models=["a/b"]),
    }
    assert first_model(Settings(models={"fast": alias}, providers=providers)) == "fast"
    assert first_model(Settings(providers=providers)) == "own/a/b"
    assert first_model(Settings()) == "demo/echo"
