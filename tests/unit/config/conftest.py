from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.config.environment import read_environment
from antiphon.config.loading import Loaded, load
from antiphon.config.tree import Node
from antiphon.errors import ConfigError

Given = Callable[..., Loaded]
Refused = Callable[..., list[str]]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """Loads a file, a `.env` and an environment that exist nowhere else."""

    def loaded(
        yaml: str | None = None,
        dotenv: str | None = None,
        *,
        config: str | None = None,
        options: dict[tuple[str, ...], object] | None = None,
        **variables: str,
    ) -> Loaded:
        if yaml is not None:
            (tmp_path / "antiphon.yaml").write_text(yaml, encoding="utf-8")
        if dotenv is not None:
            (tmp_path / ".env").write_text(dotenv, encoding="utf-8")
        environment = read_environment({"XDG_DATA_HOME": str(tmp_path / "data")} | variables, tmp_path)
        said = {
            path: Node(value, "--option") for path, value in (options or {}).items() if isinstance(value, str | int)
        }
        return load(environment, config=Path(config) if config else None, options=said)

    return loaded


@pytest.fixture
def refused(given: Given) -> Refused:
    """The lines of the error that such a load ends with."""

    def lines(*arguments: str, **variables: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            given(*arguments, **variables)
        return raised.value.message.splitlines()

    return lines
