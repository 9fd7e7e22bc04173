from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from antiphon.cli.agents import AGENTS, KEY_VARIABLE, Offer, Setup, can_work, needs_model
from antiphon.cli.listed import Listed
from antiphon.cli.shells import SHELLS, lines

KEY = "sk-antiphon-secret"
ROOT = "http://127.0.0.1:8080"
SMALL = Listed(id="lab/small", context_window=32_000, max_output_tokens=4_000, capabilities=["tools"])
SEEING = Listed(
    id="lab/seeing",
    context_window=1_000_000,
    input_modalities=["text", "image", "file"],
    capabilities=["tools", "reasoning"],
)
PAINTER = Listed(id="lab/painter", output_modalities=["image"])
every_agent = pytest.mark.parametrize("name", list(AGENTS))


def setup(name: str, **said: Any) -> Setup:
    return AGENTS[name].setup(Offer(root=ROOT, key=KEY, models=[SMALL, SEEING, PAINTER], **said))


def toml_of(made: Setup) -> dict[str, Any]:
    flags, said = made.arguments[::2], made.arguments[1::2]
    assert set(flags) == {"-c"}
    return tomllib.loads("\n".join(said))


@every_agent
def test_the_key_is_in_a_variable_and_in_no_argument(name: str) -> None:
    made = setup(name, model="lab/small")
    assert KEY in made.variables.values()
    assert not any(KEY in argument for argument in made.arguments)
    assert made.home is None or KEY not in made.home.text
    assert not set(made.removed) & set(made.variables)


def test_codex_is_given_a_provider_of_its_own() -> None:
    told = toml_of(setup("codex", model="lab/small"))
    assert (told["model_provider"], told["model"]) == ("antiphon", "lab/small")
    provider = told["model_providers"]["antiphon"]
    assert provider["base_url"] == f"{ROOT}/v1"
    assert (provider["wire_api"], provider["supports_websockets"]) == ("responses", True)
    assert provider["auth"] == {"command": "printenv", "args": [KEY_VARIABLE]}
    assert setup("codex").variables == {KEY_VARIABLE: KEY}
    assert "model" not in toml_of(setup("codex"))


def test_claude_code_is_given_a_model_for_every_role() -> None:
    made = setup("claude", model="lab/seeing", small_model="lab/small").variables
    assert made["ANTHROPIC_BASE_URL"] == ROOT, "it puts /v1 behind it by itself"
    assert made["ANTHROPIC_MODEL"] == made["ANTHROPIC_DEFAULT_OPUS_MODEL"] == "lab/seeing"
    assert made["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == made["ANTHROPIC_SMALL_FAST_MODEL"] == "lab/small"
    assert setup("claude", model="lab/seeing").variables["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "lab/seeing"


def test_claude_code_is_told_what_only_its_makers_models_understand() -> None:
    said = setup("claude", model="lab/seeing", small_model="lab/small").variables["CLAUDE_CODE_MODEL_CAPABILITIES"]
    assert [part.partition("=")[0] for part in said.split(";")] == ["lab/seeing", "lab/small"]
    assert all(word.startswith("-") for part in said.split(";") for word in part.partition("=")[2].split(","))
    own = setup("claude", model="vertex/claude-sonnet-5").variables
    assert "CLAUDE_CODE_MODEL_CAPABILITIES" not in own


def test_claude_code_keeps_its_own_models_where_none_is_named() -> None:
    assert not any(name.endswith(("MODEL", "CAPABILITIES")) for name in setup("claude").variables)
    made = setup("claude", small_model="lab/small").variables
    assert made["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "lab/small"
    assert "ANTHROPIC_MODEL" not in made


def test_claude_code_is_told_of_sizes_that_it_cannot_know() -> None:
    made = setup("claude", model="lab/small").variables
    assert made["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "32000"
    assert made["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] == "32000"
    assert made["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "4000"
    made = setup("claude", model="lab/seeing").variables
    assert made["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "1000000"
    assert not made.keys() & {"CLAUDE_CODE_AUTO_COMPACT_WINDOW", "CLAUDE_CODE_MAX_OUTPUT_TOKENS"}


@pytest.mark.parametrize(
    ("name", "elsewhere"),
    [
        ("claude", {"ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK"}),
        ("gemini", {"GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"}),
    ],
)
def test_what_would_send_it_elsewhere_is_taken_away(name: str, elsewhere: set[str]) -> None:
    assert elsewhere <= set(setup(name).removed)


def test_gemini_cli_gets_a_home_unless_the_users_settings_sign_in_by_key() -> None:
    made = setup("gemini", model="lab/small")
    assert made.variables["GOOGLE_GEMINI_BASE_URL"] == f"{ROOT}/gemini"
    assert made.variables["GEMINI_MODEL"] == "lab/small"
    home = made.home
    assert home is not None
    assert home.suffices(home.text.encode())
    for other in (b"", b"{}", b"// comment", b'{"security": {"auth": {"selectedType": "oauth-personal"}}}'):
        assert not home.suffices(other)


def test_opencode_is_told_of_every_model_that_it_can_work_with() -> None:
    made = setup("opencode", model="lab/new", small_model="lab/small")
    config = json.loads(made.variables["OPENCODE_CONFIG_CONTENT"])
    provider = config["provider"]["antiphon"]
    assert provider["options"] == {"baseURL": f"{ROOT}/v1", "apiKey": f"{{env:{KEY_VARIABLE}}}"}
    assert list(provider["models"]) == ["lab/new", "lab/small", "lab/seeing"]
    assert provider["models"]["lab/small"]["limit"] == {"context": 32_000, "output": 4_000}
    assert provider["models"]["lab/seeing"]["modalities"]["input"] == ["text", "image", "pdf"]
    assert provider["models"]["lab/seeing"]["reasoning"] is True
    assert (config["model"], config["small_model"]) == ("antiphon/lab/new", "antiphon/lab/small")
    assert "model" not in json.loads(setup("opencode").variables["OPENCODE_CONFIG_CONTENT"])


def test_opencode_can_be_started_however_many_models_there_are() -> None:
    many = [structs.replace(SEEING, id=f"lab/seeing-{number}") for number in range(2_000)]
    made = AGENTS["opencode"].setup(Offer(root=ROOT, key=KEY, model="lab/seeing-1999", models=many))
    subprocess.run(["/bin/sh", "-c", ":"], env=made.variables, check=True)
    config = json.loads(made.variables["OPENCODE_CONFIG_CONTENT"])
    told = list(config["provider"]["antiphon"]["models"])
    assert told[:2] == ["lab/seeing-1999", "lab/seeing-0"], "the one that was asked for is there, with all it can do"
    assert 400 < len(told) < 1_000


@pytest.mark.parametrize(
    ("name", "models", "needed"),
    [
        ("codex", ["openai/gpt-5-mini", "groq/llama"], False),
        ("codex", ["openrouter/openai/gpt-5-mini"], True),
        ("claude", ["claude-sonnet-5"], False),
        ("claude", ["openai/gpt-5-mini"], True),
        ("gemini", ["vertex/gemini-3-pro"], False),
        ("opencode", ["groq/llama"], False),
        ("claude", [], False),
    ],
    ids=["codexs", "behind-a-router", "alias", "of-others", "instance", "any", "unknown"],
)
def test_a_model_must_be_named_where_nobody_has_the_agents_own(name: str, models: list[str], *, needed: bool) -> None:
    listed = [Listed(id=model) for model in models]
    assert needs_model(AGENTS[name], Offer(root=ROOT, key=KEY, models=listed)) is needed
    assert not needs_model(AGENTS[name], Offer(root=ROOT, key=KEY, models=listed, model="x"))


def test_who_paints_or_calls_no_tools_cannot_work() -> None:
    assert [can_work(model) for model in (SMALL, SEEING, PAINTER)] == [True, True, False]
    assert can_work(Listed(id="lab/new"))
    assert not can_work(Listed(id="lab/babbler", capabilities=["reasoning"]))


ODD = Setup(
    variables={"ODD": """it's "a" $HOME `x` \\ end"""}, removed=("GONE",), arguments=("-c", "name='Mr. \"X\"'", "$HOME")
)


def test_bash_reads_what_is_meant(tmp_path: Path) -> None:
    program = tmp_path / "x"
    program.write_text('#!/bin/sh\nprintf "%s\n" "$ODD" "${GONE-gone}" "$@"\n')
    program.chmod(0o755)
    script = "\n".join([*lines("bash", "antiphon env x", "x", ODD), "x 'last one'"])
    around = {"GONE": "here", "PATH": f"{tmp_path}:/bin"}
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=around)
    assert ran.stdout.splitlines() == [ODD.variables["ODD"], "gone", *ODD.arguments, "last one"]


def test_fish_and_powershell_are_spoken_too() -> None:
    fish = list(lines("fish", "antiphon env x", "x", ODD))
    assert fish[1:3] == ["set -e GONE", """set -gx ODD 'it\\'s "a" $HOME `x` \\\\ end'"""]
    assert fish[3] == """function x; command x '-c' 'name=\\'Mr. "X"\\'' '$HOME' $argv; end"""
    powershell = list(lines("powershell", "antiphon env x", "x", ODD))
    assert powershell[2] == """$env:ODD = 'it''s "a" $HOME `x` \\ end'"""
    assert powershell[3].endswith("""[0] '-c' 'name=''Mr. "X"''' '$HOME' @args }""")


@pytest.mark.parametrize("shell", list(SHELLS))
def test_the_first_line_says_how_to_use_the_others(shell: str) -> None:
    first, *rest = lines(shell, "antiphon env claude", "claude", setup("claude"))
    assert first.startswith("# ")
    assert "antiphon env claude" in first
    assert not any("function" in line or "()" in line for line in rest)
