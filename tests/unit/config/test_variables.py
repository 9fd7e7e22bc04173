from collections.abc import Callable

import pytest

from antiphon.config.loading import Loaded
from antiphon.config.shape import SETTINGS, leaves
from antiphon.config.variables import SHORT, variable

Given = Callable[..., Loaded]
Refused = Callable[..., list[str]]


def test_the_short_names_that_are_promised(given: Given) -> None:
    settings = given(
        ANTIPHON_MASTER_KEY="sk-m",
        ANTIPHON_DATABASE_URL="sqlite:///x.db",
        ANTIPHON_HOST="0.0.0.0",  # noqa: S104 - nobody listens
        ANTIPHON_PORT="9000",
    ).settings
    assert settings.master_key == "sk-m"
    assert settings.database.url == "sqlite:///x.db"
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 9000)  # noqa: S104 - as above


@pytest.mark.parametrize("short", SHORT)
def test_a_long_name_beats_its_short_one(given: Given, short: str) -> None:
    texts = {
        "ANTIPHON_PORT": ("1", "2"),
        "ANTIPHON_HOST": ("a", "b"),
        "ANTIPHON_DATABASE_URL": ("sqlite:///a", "sqlite:///b"),
        "ANTIPHON_REDIS_URL": ("redis://a", "redis://b"),
    }
    less, more = texts[short]
    assert given(**{short: less, SHORT[short]: more}).settings == given(**{SHORT[short]: more}).settings
    assert given(**{short: less}).settings != given(**{SHORT[short]: more}).settings


def test_variables_reach_into_sections_of_names(given: Given) -> None:
    settings = given(
        ANTIPHON_PROVIDERS__LOCAL__BASE_URL="http://localhost:1/v1",
        ANTIPHON_PROVIDERS__LOCAL__HEADERS__X_TEAM="blue",
        ANTIPHON_PROVIDERS__LOCAL__QUIRKS__DEVELOPER_ROLE="false",
        ANTIPHON_PROVIDERS__LOCAL__MODELS="a,b",
        ANTIPHON_MODELS__FAST_ONE__TARGETS="local/a, local/b",
        ANTIPHON_RETRIES__BASE_SECONDS="1",
    ).settings
    local = settings.providers["local"]
    assert local.base_url == "http://localhost:1/v1"
    assert local.headers == {"x-team": "blue"}
    assert local.quirks == {"developer_role": False}
    assert local.models == ["a", "b"]
    assert settings.models["fast-one"].targets == ["local/a", "local/b"]
    assert settings.retries.base_seconds == 1.0


def test_a_variable_finds_the_name_that_is_there(given: Given) -> None:
    yaml = "providers: {my.own-one: {base_url: 'http://h'}}\nmodels: {GPT_4.1: {targets: [my.own-one/a]}}"
    settings = given(
        yaml,
        ANTIPHON_PROVIDERS__MY_OWN_ONE__API_KEY="k",
        ANTIPHON_MODELS__GPT_4_1__TARGETS="my.own-one/b",
        ANTIPHON_PROVIDERS__LLAMA_CPP__BASE_URL="http://l",
    ).settings
    assert settings.providers["my.own-one"].api_key == "k"
    assert settings.models["GPT_4.1"].targets == ["my.own-one/b"]
    assert list(settings.models) == ["GPT_4.1"]


def test_a_variable_can_say_a_section_and_another_what_is_in_it(given: Given) -> None:
    settings = given(
        ANTIPHON_PROVIDERS="{local: {base_url: 'http://h', models: [a]}}",
        ANTIPHON_PROVIDERS__LOCAL__API_KEY="k",
        ANTIPHON_KEYS="[{name: ann, key: sk-1}, {name: bob, key: sk-2, tenant: ann}]",
    ).settings
    assert settings.providers["local"].models == ["a"]
    assert settings.providers["local"].api_key == "k"
    assert [(key.name, key.key, key.tenant) for key in settings.keys] == [
        ("ann", "sk-1", None),
        ("bob", "sk-2", "ann"),
    ]


def test_an_empty_variable_says_nothing(given: Given) -> None:
    assert given("server: {port: 1}", ANTIPHON_PORT="", ANTIPHON_SERVER__PORT="").settings.server.port == 1
    assert given(ANTIPHON_MASTER_KEY="").settings.master_key is None


def test_a_file_can_hold_what_a_variable_says(given: Given, tmp_path_factory: pytest.TempPathFactory) -> None:
    key = tmp_path_factory.mktemp("run") / "key"
    key.write_text("sk-from-file\n")
    assert given(ANTIPHON_MASTER_KEY=f"file:{key}").settings.master_key == "sk-from-file"


def test_a_file_that_is_not_there_is_told_with_the_variable(refused: Refused) -> None:
    (line,) = refused(ANTIPHON_MASTER_KEY="file:/nowhere/key")
    assert line == "ANTIPHON_MASTER_KEY: the file /nowhere/key cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ANTIPHON_SERVER__PROT", "; did you mean `ANTIPHON_SERVER__PORT`?"),
        ("ANTIPHON_SEVER__PORT", "; did you mean `ANTIPHON_SERVER__PORT`?"),
        ("ANTIPHON_SERVER__PORT__X", "; did you mean `ANTIPHON_SERVER__PORT`?"),
        ("ANTIPHON_KEYS__0__NAME", ""),
        ("ANTIPHON_PROVIDERS__LOCAL__QUIRKS__NONSENSE", ""),
    ],
)
def test_a_variable_for_no_setting_is_an_error(refused: Refused, name: str, hint: str) -> None:
    (line,) = refused(**{name: "1"})
    assert line.startswith(f"{name}: there is no such setting{hint}")


def test_a_variable_that_is_wrong_is_named_and_not_shown(refused: Refused) -> None:
    (line,) = refused(ANTIPHON_PORT="eighty")
    assert line == "ANTIPHON_PORT: `server.port`: expected an integer from 0 up to 65535, got other text"
    (line,) = refused(dotenv="ANTIPHON_LOGGING=debug", yaml=None)
    assert line == "ANTIPHON_LOGGING (.env): `logging`: expected a mapping of names to values, got other text"


def test_a_variable_does_not_hide_that_its_section_is_wrong(refused: Refused) -> None:
    (line,) = refused("server: [1]", ANTIPHON_PORT="1")
    assert line.startswith("antiphon.yaml:1:9: `server`: expected a mapping")


def test_a_variable_that_looks_like_a_setting_is_doubted(given: Given) -> None:
    assert given(ANTIPHON_MASTERKEY="x", ANTIPHON_HOME="/x", ANTIPHON_CONFIGURATION_OF_OURS="").warnings == (
        "ANTIPHON_MASTERKEY is no setting; did you mean `ANTIPHON_MASTER_KEY`?",
    )


def test_what_kubernetes_says_of_a_service_called_antiphon_is_no_port(given: Given) -> None:
    loaded = given(
        ANTIPHON_PORT="tcp://10.0.0.7:80",
        ANTIPHON_SERVICE_HOST="10.0.0.7",
        ANTIPHON_SERVICE_PORT="80",
        ANTIPHON_PORT_80_TCP_ADDR="10.0.0.7",
    )
    assert loaded.settings.server.port == 8080
    assert loaded.warnings == ()


def test_every_setting_has_a_variable_that_reaches_it(refused: Refused) -> None:
    names = {variable(path) for path, _ in leaves(SETTINGS)}
    told = "\n".join(refused(**dict.fromkeys(names, "{[")))
    assert "ANTIPHON_TIMEOUTS__IDLE_SECONDS: " in told
    assert "there is no such setting" not in told
