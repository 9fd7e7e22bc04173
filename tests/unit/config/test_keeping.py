import stat
from pathlib import Path

import platformdirs
import pytest

from antiphon.config.keeping import data_folder, database_url, kept_master_key, kept_sealing_key
from antiphon.errors import ConfigError


def test_the_data_folder_is_where_the_user_keeps_data(tmp_path: Path) -> None:
    assert data_folder({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "antiphon"
    usual = platformdirs.user_data_path("antiphon", appauthor=False)
    assert data_folder({}) == usual
    assert data_folder({"XDG_DATA_HOME": "relative"}) == usual
    assert database_url(Path("/d")) == "sqlite:////d/antiphon.db"


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "antiphon"
    first = kept_master_key(folder)
    assert first.is_new
    assert first.key.startswith("sk-antiphon-")
    assert len(first.key) > 50
    assert stat.S_IMODE(first.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    again = kept_master_key(folder)
    assert (again.key, again.file, again.is_new) == (first.key, first.file, False)


def test_no_two_keys_are_alike(tmp_path: Path) -> None:
    assert kept_master_key(tmp_path / "a").key != kept_master_key(tmp_path / "b").key


def test_the_sealing_key_is_another_key_that_stays(tmp_path: Path) -> None:
    key = kept_sealing_key(tmp_path)
    assert key == kept_sealing_key(tmp_path)
    assert key != kept_master_key(tmp_path).key
    assert stat.S_IMODE((tmp_path / "sealing-key").stat().st_mode) == 0o600
    (tmp_path / "sealing-key").write_bytes(b"\n")
    with pytest.raises(ConfigError, match="holds no key"):
        kept_sealing_key(tmp_path)
    (tmp_path / "sealing-key").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="ANTIPHON_SECURITY__SEALING_KEYS"):
        kept_sealing_key(tmp_path)


def test_a_key_is_not_shown_by_a_traceback(tmp_path: Path) -> None:
    kept = kept_master_key(tmp_path)
    assert kept.key not in repr(kept)


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"\xff"])
def test_a_file_that_holds_no_key_is_an_error_that_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "master-key").write_bytes(content)
    with pytest.raises(ConfigError, match=r"remove it and a new one is made|set ANTIPHON_MASTER_KEY instead"):
        kept_master_key(tmp_path)


def test_a_folder_that_cannot_be_used_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be made: Not a directory"):
        kept_master_key(tmp_path / "file" / "antiphon")
    (tmp_path / "master-key").mkdir()
    with pytest.raises(ConfigError, match="set ANTIPHON_MASTER_KEY instead"):
        kept_master_key(tmp_path)
