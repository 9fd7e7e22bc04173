from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.config.environment import read_environment
from antiphon.config.loading import Loaded, load
from antiphon.errors import ConfigError

Given = Callable[..., Loaded]
Refused = Callable[..., list[str]]


def test_option_beats_variable_beats_dotenv_beats_file_beats_default(given: Given) -> None:
    assert given().settings.server.port == 8080
    assert given("server: {port: 1}").settings.server.port == 1
    assert given("server: {port: 1}", "ANTIPHON_PORT=2").settings.server.port == 2
    assert given("server: {port: 1}", "ANTIPHON_PORT=2", ANTIPHON_PORT="3").settings.server.port == 3
    loaded = given("server: {port: 1}", "ANTIPHON_PORT=2", ANTIPHON_PORT="3", options={("server", "port"): 4})
    assert loaded.settings.server.port == 4


def test_a_providers_own_variable_beats_the_file_and_the_long_name_beats_both(given: Given) -> None:
    yaml = "providers: {openai: {api_key: a}}"
    assert given(yaml, OPENAI_API_KEY="b").settings.providers["openai"].api_key == "b"
    loaded = given(yaml, OPENAI_API_KEY="b", ANTIPHON_PROVIDERS__OPENAI__API_KEY="c")
    assert loaded.settings.providers["openai"].api_key == "c"


def test_an_option_that_is_wrong_is_named(refused: Refused) -> None:
    (line,) = refused(options={("server", "port"): 70_000})
    assert line.startswith("--option: `server.port`: expected an integer from 0 up to 65535")


def test_the_file_is_the_one_that_is_named(given: Given, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text("server: {port: 1}\nmaster_key: file:key\n")
    (tmp_path / "sub" / "key").write_text("sk-1")
    (tmp_path / "b.yaml").write_text("server: {port: 2}\n")
    usual = "server: {port: 3}"
    assert given(usual).path == tmp_path / "antiphon.yaml"
    by_option = given(usual, config="sub/a.yaml", ANTIPHON_CONFIG="b.yaml")
    assert (by_option.settings.server.port, by_option.settings.master_key) == (1, "sk-1")
    assert given(usual, ANTIPHON_CONFIG="b.yaml").settings.server.port == 2
    assert given(usual, config=str(tmp_path / "b.yaml")).settings.server.port == 2
    assert given(usual, ANTIPHON_CONFIG="").settings.server.port == 3


def test_a_named_file_that_is_not_there_is_an_error(refused: Refused, tmp_path: Path) -> None:
    assert refused(ANTIPHON_CONFIG="nowhere.yaml") == [f"{tmp_path}/nowhere.yaml: No such file or directory"]
    (tmp_path / "antiphon.yaml").write_bytes(b"\xff")
    assert refused() == [f"{tmp_path}/antiphon.yaml: it is no UTF-8 text"]


def test_places_are_told_with_the_name_of_the_file_as_one_would_open_it(
    refused: Refused, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text("prot: 1")
    assert refused(config="sub/a.yaml")[0].startswith("sub/a.yaml:1:1: ")
    elsewhere = tmp_path_factory.mktemp("etc") / "a.yaml"
    elsewhere.write_text("prot: 1")
    assert refused(config=str(elsewhere))[0].startswith(f"{elsewhere}:1:1: ")


def test_a_dotenv_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff")
    with pytest.raises(ConfigError, match="it is no UTF-8 text"):
        read_environment({}, tmp_path)


def test_a_folder_called_dotenv_is_none_of_ours(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert load(read_environment({}, tmp_path)).path is None


def test_a_dotenv_file_may_refer_to_what_is_above_it(given: Given) -> None:
    loaded = given(dotenv="A=sk\nOPENAI_API_KEY=${A}-${B}-${C:-3}\nNOTHING\n", B="2")
    assert loaded.settings.providers["openai"].api_key == "sk-2-3"


def test_the_database_is_in_the_users_data_folder(given: Given, tmp_path: Path) -> None:
    assert given().settings.database.url == f"sqlite:///{tmp_path}/data/antiphon/antiphon.db"
    assert given("database: {synchronous: normal}").settings.database.synchronous == "normal"
    assert given("database: {url: 'sqlite:///x'}").settings.database.url == "sqlite:///x"
    assert not (tmp_path / "data").exists()


def test_a_provider_of_ones_own_needs_an_address(refused: Refused, given: Given) -> None:
    (line,) = refused("providers:\n  opnai: {api_key: k}\n")
    assert line == (
        "antiphon.yaml:2:3: there is no provider `opnai`; did you mean `openai`? "
        "If it is one of your own, give it a `base_url`"
    )
    (line,) = refused("providers: {a: {type: openai-compatible}}")
    assert line == "antiphon.yaml:1:13: `providers.a` needs a `base_url`"
    (line,) = refused("providers: {a: {type: opena}}")
    assert line == "antiphon.yaml:1:23: `providers.a.type`: there is no provider `opena`; did you mean `openai`?"
    assert given("providers: {a: {base_url: 'http://h'}}").settings.providers["a"].type == "openai-compatible"


def test_an_address_that_its_provider_refuses_is_told_with_its_place(refused: Refused) -> None:
    (line,) = refused("providers: {a: {base_url: 'http://me:pw@h'}}")
    assert line.startswith("antiphon.yaml:1:27: `providers.a.base_url`: ")
    assert "pw" not in line


def test_an_alias_leads_to_providers_that_exist(refused: Refused) -> None:
    (line,) = refused("models:\n  fast: {targets: [demo/echo, grok/a]}\n")
    assert (
        line
        == "antiphon.yaml:2:19: `models.fast`: the target `grok/a` is at no provider that exists; did you mean `groq`?"
    )


def test_an_alias_names_a_model_that_is_offered(refused: Refused) -> None:
    yaml = "providers: {groq: {api_key: k, models: [abcd]}}\nmodels: {fast: {targets: [groq/abce]}}"
    (line,) = refused(yaml)
    assert line.endswith("the target `groq/abce` is none of `providers.groq.models`; did you mean `abcd`?")


def test_a_target_that_cannot_answer_now_is_passed_over(given: Given) -> None:
    loaded = given("models:\n  fast: {targets: [groq/a, demo/echo]}\n  slow: {targets: [xai/a]}\n")
    assert {name: alias.targets for name, alias in loaded.settings.models.items()} == {"fast": ["demo/echo"]}
    assert loaded.warnings == (
        "antiphon.yaml:2:19: `models.fast`: the target `groq/a` is passed over, since `groq` is not available",
        "antiphon.yaml:3:19: `models.slow`: the target `xai/a` is passed over, since `xai` is not available",
        "antiphon.yaml:3:19: `models.slow` is not offered, since nobody can answer it",
    )


def test_every_key_opens_one_tenant(refused: Refused) -> None:
    keys = "keys: [{name: a, key: k1}, {name: a, key: k2}]"
    assert refused(keys) == ["antiphon.yaml:1:7: `keys`: two keys are called `a`"]
    (line,) = refused("keys: [{name: a, key: k1}, {name: b, key: k1}]")
    assert line == "antiphon.yaml:1:7: `keys`: the same key is here twice, or is the master key too"
    assert refused("keys: [{name: a, key: k1}]", ANTIPHON_MASTER_KEY="k1") == [line]
