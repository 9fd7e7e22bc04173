import pytest

from antiphon.providers.abilities import abilities
from antiphon.providers.table import TABLE


@pytest.mark.parametrize(
    ("name", "unable"),
    [
        ("anthropic", {"audio", "video"}),
        ("gemini", {"parallel calls"}),
        ("vertex", {"parallel calls"}),
        ("bedrock", {"parallel calls"}),
        ("cohere", {"audio", "video", "parallel calls", "a named call"}),
    ],
)
def test_a_vendor_is_told_by_its_own_format_and_not_by_its_chat_completions(name: str, unable: set[str]) -> None:
    assert {ability for ability, able in abilities(TABLE[name]).items() if not able} == unable


def test_others_are_told_by_their_quirks() -> None:
    can = abilities(TABLE["groq"])
    assert not can["audio"]
    assert can["images"]
    assert abilities(TABLE["openai"]).keys() == can.keys()
