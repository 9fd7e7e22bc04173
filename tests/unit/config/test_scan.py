from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.config.keeping import kept_master_key
from antiphon.config.loading import Loaded
from antiphon.config.resolve import Finding
from antiphon.key_digests import hashed
from antiphon.providers.table import TABLE

Given = Callable[..., Loaded]
Refused = Callable[..., list[str]]


def found(loaded: Loaded) -> dict[str, str]:
    """Where each available provider was found."""
    return {finding.name: finding.origin for finding in loaded.findings if finding.is_found}


def missed(loaded: Loaded) -> dict[str, str]:
    """Why a provider that somebody has tried to set up is not available."""
    return {each.name: each.origin for each in loaded.findings if not each.is_found and each.is_touched}


def test_without_anything_there_is_the_demo(given: Given) -> None:
    loaded = given()
    assert found(loaded) == {"demo": "built in"}
    assert missed(loaded) == {}
    assert [name for name, provider in loaded.settings.providers.items() if provider.enabled] == ["demo"]
    assert loaded.settings.providers["demo"].type == "demo"


def test_every_provider_of_the_table_has_its_line(given: Given) -> None:
    assert {finding.name for finding in given().findings} == {*TABLE, "demo"}
    assert Finding(name="groq", is_found=False, origin="GROQ_API_KEY is not set", is_touched=False) in given().findings
    assert Finding(name="vllm", is_found=False, origin="VLLM_BASE_URL is not set", is_touched=False) in given().findings


@pytest.mark.parametrize(
    "name", [row.name for row in TABLE.values() if row.needs_key and row.base_url and row.cloud is None]
)
def test_a_key_is_enough_for_a_provider_that_is_known(given: Given, name: str) -> None:
    row = TABLE[name]
    for variable in row.key_variables:
        loaded = given(**{variable: "sk-1"})
        provider = loaded.settings.providers[name]
        assert (provider.type, provider.base_url, provider.api_key) == (name, row.base_url, "sk-1")
        assert found(loaded) == {name: variable, "demo": "built in"}


@pytest.mark.parametrize("name", [row.name for row in TABLE.values() if not row.needs_key])
def test_an_address_is_enough_for_a_server_of_ones_own(given: Given, name: str) -> None:
    for variable in TABLE[name].url_variables:
        loaded = given(**{variable: "http://127.0.0.1:9999"})
        assert loaded.settings.providers[name].base_url == f"http://127.0.0.1:9999{TABLE[name].version_path}"
        assert loaded.settings.providers[name].api_key is None
        assert found(loaded)[name] == variable


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"])
def test_the_version_path_may_be_left_out(given: Given, url: str) -> None:
    assert given(OPENAI_API_KEY="k", OPENAI_BASE_URL=url).settings.providers["openai"].base_url == "http://h:1/v1"


def test_variables_are_read_from_a_dotenv_file_too(given: Given) -> None:
    loaded = given(
        dotenv="OPENAI_API_KEY='sk-file' # mine\nexport GROQ_API_KEY=sk-groq\nXAI_API_KEY=\n", XAI_API_KEY="x"
    )
    assert loaded.settings.providers["openai"].api_key == "sk-file"
    assert found(loaded) == {
        "openai": "OPENAI_API_KEY (.env)",
        "groq": "GROQ_API_KEY (.env)",
        "xai": "XAI_API_KEY",
        "demo": "built in",
    }


def test_the_environment_wins_over_the_dotenv_file(given: Given) -> None:
    assert given(dotenv="OPENAI_API_KEY=a", OPENAI_API_KEY="b").settings.providers["openai"].api_key == "b"


def test_a_list_of_models_limits_a_provider(given: Given) -> None:
    assert given(OPENAI_API_KEY="k", OPENAI_MODELS="a, b").settings.providers["openai"].models == ["a", "b"]


def test_a_word_in_between_makes_another_instance(given: Given) -> None:
    loaded = given(
        OPENAI_API_KEY="k0",
        OPENAI_EAST_API_KEY="k1",
        OPENAI_EAST_BASE_URL="https://east.example",
        OPENAI_EAST_MODELS="a",
        OPENAI_2_API_KEY="k2",
        OPENAI_US_WEST_API_KEY="k3",
        VLLM_GPU1_BASE_URL="http://gpu1:8000",
    )
    providers = loaded.settings.providers
    assert {name: (p.type, p.api_key) for name, p in providers.items() if name != "demo"} == {
        "openai": ("openai", "k0"),
        "openai-2": ("openai", "k2"),
        "openai-east": ("openai", "k1"),
        "openai-us-west": ("openai", "k3"),
        "vllm-gpu1": ("vllm", None),
    }
    assert providers["openai-east"].base_url == "https://east.example/v1"
    assert providers["openai-east"].models == ["a"]
    assert providers["openai-2"].base_url == "https://api.openai.com/v1"
    assert found(loaded)["openai-east"] == "OPENAI_EAST_API_KEY, OPENAI_EAST_BASE_URL"


@pytest.mark.parametrize(
    "variable",
    [
        "AZURE_SPEECH_KEY",
        "ANTHROPIC_FOUNDRY_API_KEY",
        "MY_OPENAI_API_KEY",
        "OPENAIAPI_KEY",
        "OPENAIX_API_KEY",
        "OPENAIX_EAST_API_KEY",
        "OPENAI_ADMIN_API_KEY",
        "OPENAI_ORG_ID",
        "openai_api_key",
        "OPENAI_east_API_KEY",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN",
    ],
)
def test_a_variable_of_somebody_else_is_not_misread(given: Given, variable: str) -> None:
    loaded = given(**{variable: "k"})
    assert found(loaded) == {"demo": "built in"}
    assert missed(loaded) == {}


def test_a_key_never_goes_to_another_row_than_its_own(given: Given) -> None:
    loaded = given(OPENAI_COMPATIBLE_API_KEY="k", PERPLEXITY_AGENT_API_KEY="p")
    assert "openai" not in found(loaded)
    assert missed(loaded) == {"openai-compatible": "OPENAI_COMPATIBLE_BASE_URL is not set"}
    assert loaded.settings.providers["perplexity-agent"].type == "perplexity-agent"
    loaded = given(OPENAI_COMPATIBLE_API_KEY="k", OPENAI_COMPATIBLE_LAB_BASE_URL="http://lab")
    lab = loaded.settings.providers["openai-compatible-lab"]
    assert (lab.type, lab.api_key) == ("openai-compatible", None)
    loaded = given(PERPLEXITY_AGENT_EAST_API_KEY="k")
    assert loaded.settings.providers["perplexity-agent-east"].type == "perplexity-agent"


def test_an_instance_without_a_key_does_not_borrow_one(given: Given) -> None:
    loaded = given(OPENAI_API_KEY="k", OPENAI_EAST_BASE_URL="https://east.example")
    assert loaded.settings.providers["openai-east"].api_key is None
    assert "openai-east" in found(loaded)


@pytest.mark.parametrize(
    ("variables", "name", "reason"),
    [
        ({"OPENAI_API_KEY": ""}, "openai", "OPENAI_API_KEY is set but empty"),
        ({"OPENAI_API_KEY": "  "}, "openai", "OPENAI_API_KEY is set but empty"),
        ({"OPENAI_API_KEY": "sk 1"}, "openai", "OPENAI_API_KEY is no key: it holds blanks or characters beyond ASCII"),
        ({"OPENAI_API_KEY": "“sk”"}, "openai", "OPENAI_API_KEY is no key: it holds blanks or characters beyond ASCII"),
        ({"OPENAI_MODELS": "a"}, "openai", "OPENAI_API_KEY is not set"),
        ({"OPENAI_EAST_MODELS": "a"}, "openai-east", "OPENAI_EAST_API_KEY is not set"),
        ({"VLLM_MODELS": "a"}, "vllm", "VLLM_BASE_URL is not set"),
        ({"OPENAI_BASE_URL": "https://api.openai.com/v1"}, "openai", "OPENAI_API_KEY is not set"),
        (
            {"OPENAI_API_KEY": "file:/nowhere"},
            "openai",
            "OPENAI_API_KEY cannot be used: the file /nowhere cannot be read",
        ),
        (
            {"OLLAMA_BASE_URL": "localhost"},
            "ollama",
            "OLLAMA_BASE_URL cannot be used: The base URL of provider 'ollama'",
        ),
        ({"OLLAMA_BASE_URL": "http://a:b@h"}, "ollama", "OLLAMA_BASE_URL cannot be used: "),
        ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "nowhere"}, "openai", "OPENAI_BASE_URL cannot be used: "),
    ],
)
def test_a_near_miss_is_told_with_its_reason(given: Given, variables: dict[str, str], name: str, reason: str) -> None:
    loaded = given(**variables)
    assert missed(loaded)[name].startswith(reason)
    assert found(loaded) == {"demo": "built in"}
    assert name not in loaded.settings.providers


def test_blanks_around_a_key_are_not_part_of_it(given: Given) -> None:
    assert given(OPENAI_API_KEY=" sk-1\n").settings.providers["openai"].api_key == "sk-1"


def test_a_private_address_needs_no_key(given: Given) -> None:
    assert found(given(OPENAI_BASE_URL="http://127.0.0.1:1"))["openai"] == "OPENAI_BASE_URL"


def test_variables_complete_what_the_file_names(given: Given) -> None:
    yaml = (
        "providers:\n  openai-east:\n    base_url: https://e.example\n  corp.llm:\n    base_url: http://corp\n  groq:\n"
    )
    loaded = given(yaml, OPENAI_EAST_API_KEY="k1", CORP_LLM_API_KEY="k2", CORP_LLM_MODELS="a", GROQ_API_KEY="k3")
    providers = loaded.settings.providers
    assert (providers["openai-east"].type, providers["openai-east"].api_key) == ("openai", "k1")
    assert (providers["corp.llm"].type, providers["corp.llm"].api_key) == ("openai-compatible", "k2")
    assert providers["corp.llm"].models == ["a"]
    assert found(loaded) == {
        "openai-east": "antiphon.yaml:2:3, OPENAI_EAST_API_KEY",
        "corp.llm": "antiphon.yaml:4:3, CORP_LLM_API_KEY",
        "groq": "antiphon.yaml:6:3, GROQ_API_KEY",
        "demo": "built in",
    }


def test_a_provider_of_the_file_without_its_key_is_left_out_and_told(given: Given) -> None:
    loaded = given("providers: {groq: {}, xai: {}}", XAI_API_KEY="")
    assert missed(loaded) == {
        "groq": "antiphon.yaml:1:13: GROQ_API_KEY is not set",
        "xai": "antiphon.yaml:1:23: XAI_API_KEY is set but empty",
    }
    assert not loaded.settings.providers["groq"].enabled


def test_a_provider_that_is_switched_off_stays_off(given: Given) -> None:
    loaded = given("providers: {openai: {enabled: false}, demo: {enabled: false}}", OPENAI_API_KEY="k")
    assert found(loaded) == {}
    assert missed(loaded) == {
        "openai": "switched off by antiphon.yaml:1:31",
        "demo": "switched off by antiphon.yaml:1:55",
    }
    assert not loaded.settings.providers["demo"].enabled


def test_the_type_that_the_file_names_decides_about_its_variables(given: Given) -> None:
    loaded = given("providers: {openai: {type: ollama}}", OPENAI_BASE_URL="http://o", OPENAI_API_KEY="k")
    openai = loaded.settings.providers["openai"]
    assert (openai.type, openai.base_url, openai.api_key) == ("ollama", "http://o/v1", "k")


@pytest.mark.parametrize("name", [row.name for row in TABLE.values() if row.local])
def test_a_key_alone_makes_no_server_of_ones_own(given: Given, name: str) -> None:
    for variable in TABLE[name].key_variables:
        loaded = given(**{variable: "k"})
        assert missed(loaded) == {name: f"{TABLE[name].url_variables[0]} is not set"}
        assert found(loaded) == {"demo": "built in"}


def test_the_file_can_name_a_server_of_ones_own_at_its_usual_place(given: Given) -> None:
    assert given("providers: {ollama: {}}").settings.providers["ollama"].base_url == TABLE["ollama"].base_url


HERE = {"OPENAI_BASE_URL": "http://127.0.0.1:8080/v1", "OPENAI_API_KEY": "sk-antiphon-of-a-client-who-asks-here"}
KEY = HERE["OPENAI_API_KEY"]


@pytest.mark.parametrize(
    "yaml",
    [
        f"master_key: {KEY}",
        f"keys: [{{name: ada, key: other}}, {{name: ann, key: {KEY}}}]",
        f"keys: [{{name: ann, key: '{hashed(KEY, bytes(16)).written()}'}}]",
        f"{{master_key: {KEY}, providers: {{openai: {{}}}}}}",
    ],
)
def test_the_variables_of_a_client_make_a_gateway_no_provider_of_itself(given: Given, yaml: str) -> None:
    loaded = given(yaml, **HERE)
    assert found(loaded) == {"demo": "built in"}
    assert missed(loaded) == {"openai": "OPENAI_BASE_URL leads to this gateway itself"}
    assert not loaded.settings.providers["openai"].enabled


def test_the_key_that_was_made_here_tells_so_too(given: Given, tmp_path: Path) -> None:
    key = kept_master_key(tmp_path / "data" / "antiphon").key
    assert "openai" in missed(given(**HERE | {"OPENAI_API_KEY": key}))


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://localhost:9000", "127.0.0.1", 9000),
        ("http://[::1]:8080/v1", "::", 8080),
        ("http://gateway.internal", "gateway.internal", 80),
    ],
)
def test_an_address_of_its_own_has_several_spellings(given: Given, url: str, host: str, port: int) -> None:
    options: dict[tuple[str, ...], object] = {("server", "host"): host, ("server", "port"): port}
    loaded = given(options=options, ANTIPHON_MASTER_KEY=KEY, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
    assert "openai" in missed(loaded)


@pytest.mark.parametrize(
    ("yaml", "variables"),
    [
        (f"master_key: {KEY}", HERE | {"OPENAI_BASE_URL": "http://127.0.0.1:8081/v1"}),
        (f"master_key: {KEY}", HERE | {"OPENAI_BASE_URL": "http://another.internal:8080/v1"}),
        (f"master_key: {KEY}", {"OPENAI_API_KEY": KEY}),
        ("master_key: sk-another", HERE),
        (f"{{master_key: {KEY}, providers: {{openai: {{base_url: 'http://127.0.0.1:8080', api_key: {KEY}}}}}}}", {}),
    ],
    ids=["another port", "another machine", "a key that is used twice", "another key", "a file"],
)
def test_what_leads_elsewhere_or_is_meant_is_a_provider(given: Given, yaml: str, variables: dict[str, str]) -> None:
    assert "openai" in found(given(yaml, **variables))


def test_half_a_digest_is_told_whatever_the_variables_hold(refused: Refused) -> None:
    (line,) = refused("keys: [{name: ann, key: 'sha256:x'}]", **HERE)
    assert "`keys[0].key`" in line
