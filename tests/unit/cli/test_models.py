from antiphon.cli.models import unlisted
from antiphon.provider_settings import ProviderSettings
from antiphon.settings import Settings


def test_a_provider_that_is_on_and_lists_nothing_is_named() -> None:
    providers = {
        "groq": ProviderSettings(),
        "openai": ProviderSettings(),
        "openai-east": ProviderSettings(),
        "xai": ProviderSettings(enabled=False),
    }
    assert unlisted(Settings(providers=providers), ["groq/a/b", "openai/gpt-5", "fast"]) == ["openai-east"]
