from collections.abc import Callable

import pytest

from antiphon.config.loading import Loaded

Given = Callable[..., Loaded]
Refused = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("yaml", "line"),
    [
        ("server:\n  prot: 1", "antiphon.yaml:2:3: there is no setting `server.prot`; did you mean `port`?"),
        ("srver: {}", "antiphon.yaml:1:1: there is no setting `srver`; did you mean `server`?"),
        ("port: 1", "antiphon.yaml:1:1: there is no setting `port`; did you mean `server.port`?"),
        ("zebra: 1", "antiphon.yaml:1:1: there is no setting `zebra`"),
        ("server: {port: 70000}", "`server.port`: expected an integer from 0 up to 65535, got `70000`"),
        ("server: {port: -1}", "`server.port`: expected an integer from 0 up to 65535, got `-1`"),
        ("server: {port: '80'}", "`server.port`: expected an integer from 0 up to 65535, got `80`"),
        ("server: {port: true}", "`server.port`: expected an integer from 0 up to 65535, got `true`"),
        ("server: {port: 80.0}", "`server.port`: expected an integer from 0 up to 65535, got `80.0`"),
        ("server: {port: }", "`server.port`: expected an integer from 0 up to 65535, got nothing"),
        ("server: {port: [1]}", "`server.port`: expected an integer from 0 up to 65535, got a list"),
        ("server: {port: {a: 1}}", "`server.port`: expected an integer from 0 up to 65535, got a mapping"),
        ("server: {host: 1}", "`server.host`: expected a text, got `1`; put it in quotes"),
        ("server: {host: ''}", "`server.host`: expected a text, got ``"),
        ("server: 1", "`server`: expected a mapping of names to values, got `1`"),
        ("server: []", "`server`: expected a mapping of names to values, got a list"),
        ("[]", "antiphon.yaml:1:1: the settings: expected a mapping of names to values, got a list"),
        ("timeouts: {idle_seconds: 0}", "`timeouts.idle_seconds`: expected a number above 0 up to 3600, got `0`"),
        ("timeouts: {idle_seconds: .nan}", "expected a number above 0 up to 3600, got `nan`"),
        ("timeouts: {idle_seconds: .inf}", "expected a number above 0 up to 3600, got `inf`"),
        ("timeouts: {idle_seconds: 1" + "0" * 400 + "}", "expected a number above 0 up to 3600, got `1000"),
        ("database: {url: 'mysql://u:secret@h/x'}", "`database.url`: A database address of the kind 'mysql'"),
        ("database: {url: 'sqlite://x.db'}", "`database.url`: A database address has three slashes"),
        ("logging: {level: loud}", "expected one of `debug`, `error`, `info`, `warning`, got `loud`"),
        ("responses: {strict: 1}", "`responses.strict`: expected true or false, got `1`"),
        ("keys: [{name: a}]", "antiphon.yaml:1:8: `keys[0].key` is missing. The key, as clients send it, or its"),
        ("keys: {a: b}", "`keys`: expected a list, got a mapping"),
        ("keys: [1]", "`keys[0]`: expected a mapping of names to values, got `1`"),
        ("models: {a: {}}", "antiphon.yaml:1:10: `models.a`: it has no `targets`, and nothing is said of it"),
        ("models: {a: {targets: []}}", "`models.a.targets`: expected at least 1 of them"),
        ("models: {a: {targets: [b]}}", "`models.a.targets[0]`: expected a target, written provider/model, got `b`"),
        ("models: {'a b': {targets: [demo/a]}}", "expected the name of a model, without blanks, got `a b`"),
        ("providers: {Open: {}}", "`providers.Open`: expected a name of small letters"),
        ("providers: {openai: {base_url: 'ftp://x'}}", "expected an http:// or https:// address without query"),
        ("providers: {openai: {quirks: {storess: 1}}}", "no setting `providers.openai.quirks.storess`; did you mean"),
        ("providers: {openai: {quirks: {stores: 1}}}", "`providers.openai.quirks.stores`: expected true or false"),
        ("providers: {openai: {headers: {'a b': c}}}", "expected the name of an HTTP header, got `a b`"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_was_expected(refused: Refused, yaml: str, line: str) -> None:
    lines = refused(yaml)
    assert len(lines) == 1
    assert line in lines[0]
    assert lines[0].startswith("antiphon.yaml:")


def test_a_text_of_which_much_was_written_is_not_repeated_whole(refused: Refused) -> None:
    (line,) = refused("logging: {level: " + "x" * 500 + "}")
    assert line.endswith("got `" + "x" * 60 + "…`")


def test_everything_that_is_wrong_is_told_at_once(refused: Refused) -> None:
    lines = refused(
        """\
server:
  port: many
  port: 1
master_key: ${NOWHERE}
providers:
  opnai: {api_key: x}
  mine: {type: opena}
  own: {base_url: nonsense}
models:
  fast: {targets: [grok/x, nothing]}
  slow: {targets: [gorq/x]}
""",
        ANTIPHON_SERVER__PROT="1",
    )
    assert [line.partition(": ")[0] for line in lines] == [
        "antiphon.yaml:3:3",
        "antiphon.yaml:4:13",
        "ANTIPHON_SERVER__PROT",
        "antiphon.yaml:2:9",
        "antiphon.yaml:8:19",
        "antiphon.yaml:10:28",
        "antiphon.yaml:6:3",
        "antiphon.yaml:7:16",
        "antiphon.yaml:11:19",
    ]


def test_a_section_of_comments_is_an_empty_one(given: Given) -> None:
    settings = given("server:\n  # port: 1\nproviders:\nkeys:\nmodels:\n").settings
    assert settings.server.port == 8080
    assert settings.keys == []


def test_null_takes_back_what_may_be_absent(given: Given) -> None:
    assert given("responses: {retention_days: null}").settings.responses.retention_days is None
    assert given("responses: {retention_days: }").settings.responses.retention_days is None


def test_an_integer_is_a_number_too(given: Given) -> None:
    assert given("timeouts: {idle_seconds: 5}").settings.timeouts.idle_seconds == 5.0


@pytest.mark.parametrize(
    ("text", "meant"), [("true", True), ("YES", True), ("on", True), ("1", True), ("False", False), ("0", False)]
)
def test_what_comes_from_outside_takes_the_type_that_is_wanted(given: Given, text: str, meant: object) -> None:
    yaml = "responses: {strict: '${A}'}\nserver: {port: '${B}'}\ntimeouts: {idle_seconds: '${C}'}\nmaster_key: ${D}"
    settings = given(yaml, A=text, B="81", C="1e1", D="12345").settings
    assert settings.responses.strict is meant
    assert settings.server.port == 81
    assert settings.timeouts.idle_seconds == 10.0
    assert settings.master_key == "12345"


def test_an_empty_reference_is_nothing_where_nothing_may_be(given: Given) -> None:
    settings = given("providers: {openai: {api_key: '${A:-}', base_url: 'http://h'}}").settings
    assert settings.providers["openai"].api_key is None


def test_a_list_and_a_section_can_come_from_outside(given: Given) -> None:
    yaml = "models: ${M}\nkeys: ${K}\nproviders: {openai: {models: '${N}', api_key: k}}"
    settings = given(yaml, M="{fast: {targets: [openai/b]}}", K="[{name: a, key: 12}]", N="a, b,").settings
    assert settings.models["fast"].targets == ["openai/b"]
    assert settings.keys[0].key == "12"
    assert settings.providers["openai"].models == ["a", "b"]


@pytest.mark.parametrize("value", ["eighty", "80.5", "", " 80", "8_0", "٨", "1" * 5_000])
def test_text_from_outside_that_is_no_such_value_is_not_shown(refused: Refused, value: str) -> None:
    (line,) = refused("server: {port: '${PORT}'}", PORT=value)
    assert line == "antiphon.yaml:1:16: `server.port`: expected an integer from 0 up to 65535, got other text"


@pytest.mark.parametrize(
    "yaml",
    [
        "master_key: 'secret word'",
        "keys: [{name: a, key: 'secret word'}]",
        "database: {url: 'secret'}",
        'providers: {openai: {api_key: "secret\\n"}}',
        "providers: {openai: {base_url: 'secret'}}",
        "providers: {openai: {base_url: 'https://me:secret@host/v1'}}",
        "providers: {openai: {proxy: 'secret'}}",
        'providers: {openai: {headers: {x-a: "secret\\r\\nx-b: c"}}}',
        "server: {port: '${KEY}'}",
        "logging: {level: '${KEY}'}",
    ],
)
def test_no_message_shows_a_secret(refused: Refused, yaml: str) -> None:
    assert "secret" not in "\n".join(refused(yaml, KEY="secret"))


def test_a_line_feed_at_the_end_of_a_key_is_seen(refused: Refused) -> None:
    (line,) = refused('master_key: "abc\\n"')
    assert "expected a key: visible ASCII characters, no blanks" in line
