"""What every download has in common."""

import pytest

from antiphon.providers import downloads
from antiphon.providers.egress import Egress
from antiphon.providers.trust import default_trust


async def test_whom_to_trust_is_read_once_and_not_for_each_download(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bool] = []

    def trust() -> object:
        read.append(True)
        return default_trust()

    monkeypatch.setattr(downloads, "default_trust", trust)
    web = downloads.WebDownloads(Egress(), seconds=1, max_bytes=10, most_bytes=10)
    assert read == []
    for _ in range(2):
        assert "private or reserved" in str(await web.fetch("https://127.0.0.1/"))
    assert read == [True]


async def test_nobody_learns_which_names_the_gateways_network_has(caplog: pytest.LogCaptureFixture) -> None:
    web = downloads.WebDownloads(Egress(), seconds=5, max_bytes=1024, most_bytes=1024)
    caplog.set_level("INFO", "antiphon.downloads")
    inside, nowhere = await web.fetch("https://localhost/"), await web.fetch("https://nowhere.invalid/")
    assert inside == nowhere
    assert ["private or reserved" in caplog.messages[0], "DNS" in caplog.messages[1]] == [True, True]
