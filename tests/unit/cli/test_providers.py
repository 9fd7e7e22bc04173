import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from antiphon.cli.providers import WIDTH, command
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import ROWS, TABLE

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, in a folder and with variables of its own."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str, **variables: str) -> Result:
        return CliRunner().invoke(command, arguments, env={"XDG_DATA_HOME": str(tmp_path)} | variables)

    return ran


def test_every_provider_is_listed_with_what_it_can_do(run: Run) -> None:
    lines = run().output.splitlines()
    for row in ROWS:
        [at] = [number for number, line in enumerate(lines) if line.split()[:2] == ["✗", row.name]]
        assert lines[at].endswith(f"  {row.title}")
        assert (*row.dialects, *(service.service for service in row.services))[0] in lines[at + 1]
    assert lines[-1] == f"0 of {len(ROWS)} configured here. antiphon providers NAME tells more of one."


def test_a_terminal_of_eighty_columns_is_enough(run: Run) -> None:
    for arguments in ([], *([row.name] for row in ROWS)):
        for line in run(*arguments).output.splitlines():
            assert len(line) <= WIDTH or " " not in line.strip()


def test_what_is_configured_comes_first_and_says_where_it_was_found(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HF_TOKEN=hidden-1\n")
    (tmp_path / "antiphon.yaml").write_text("providers:\n  box: {base_url: 'http://h:1', api_key: hidden-2}\n")
    result = run(OPENAI_EAST_API_KEY="hidden-3", XAI_API_KEY="")
    assert "hidden" not in result.output
    lines = result.output.splitlines()
    heads = [line.split()[:2] for line in lines if line[:1] in "✓✗"]
    assert heads[:4] == [["✓", "box"], ["✓", "huggingface"], ["✓", "openai-east"], ["✗", "xai"]]
    assert "    chat, then responses (native); antiphon.yaml:2:3" in lines
    assert "    chat, then responses (native); HF_TOKEN (.env)" in lines
    assert "    responses (native), then chat; OPENAI_EAST_API_KEY" in lines
    assert "    responses (native), then chat; XAI_API_KEY is set but empty" in lines
    assert lines[-1].startswith("3 of ")


def test_what_would_switch_a_provider_on_is_said(run: Run) -> None:
    lines = run().output.splitlines()
    assert "    chat; set FRIENDLI_API_KEY or FRIENDLI_TOKEN" in lines
    assert "    chat; set SNOWFLAKE_BASE_URL, and SNOWFLAKE_API_KEY or SNOWFLAKE_PAT" in lines
    assert "    chat; set JAN_BASE_URL" in lines
    text = " ".join(" ".join(lines).split())
    for enough in ("AZURE_RESOURCE or AZURE_OPENAI_ENDPOINT", "BEDROCK_REGION", "VERTEX_API_KEY or VERTEX_PROJECT"):
        assert f"; set {enough} " in text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_all_that_is_known_of_one_is_told(run: Run, row: ProviderRow) -> None:
    text = " ".join(run(row.name).output.split())
    for said in (row.title, row.note, row.owns, row.read_on, *row.key_variables, *row.url_variables, *row.sources):
        assert said in text


def test_what_is_lost_at_one_is_listed_by_its_apis(run: Run) -> None:
    told = " ".join(run("cohere").output.split())
    in_its_own, _, in_chat = told.partition("loses cohere: fields: ")[2].partition(" chat: fields: ")
    always, _, at_times = in_its_own.partition(" cohere, at times: fields: ")
    assert "top_logprobs, user; tools: " in always
    assert "reasoning.effort, " in at_times
    assert "service_tier" in in_chat


def test_an_instance_is_told_as_what_it_is(run: Run) -> None:
    text = run("openai-east", OPENAI_EAST_API_KEY="k").output
    assert text.startswith("openai-east: OpenAI\n")
    assert "configured    yes: OPENAI_EAST_API_KEY\n" in text
    assert "base URL      https://api.openai.com/v1\n" in text


def test_a_provider_that_nobody_knows_is_answered_with_the_nearest(run: Run) -> None:
    assert "there is no provider `grog`; did you mean `groq`?" in str(run("grog").exception)
    assert "`antiphon providers` lists those that there are" in str(run("zzzzzz").exception)


def test_json_has_everything_and_no_secret(run: Run) -> None:
    result = run("--json", GROQ_API_KEY="hidden-1", VLLM_BASE_URL="http://box:9")
    assert "hidden" not in result.output
    listed = {each["name"]: each for each in json.loads(result.output)}
    assert listed.keys() == TABLE.keys()
    assert (listed["groq"]["configured"], listed["groq"]["found"]) == (True, "GROQ_API_KEY")
    assert (listed["vllm"]["base_url"], listed["vllm"]["needs_key"]) == ("http://box:9/v1", False)
    assert listed["groq"]["abilities"]["audio"] is False
    assert listed["groq"]["quirks"]["reasoning_replay"] == "reasoning"
    assert (listed["cerebras"]["native"], listed["openai"]["native"]) == (False, True)
    assert "tool.web_search" in listed["groq"]["losses"]["chat"]
    assert listed["groq"]["losses_at_times"]["chat"] == []
    assert "tool.web_search" in listed["anthropic"]["losses_at_times"]["messages"]
    assert json.loads(run("--json", "groq", GROQ_API_KEY="hidden-1").output) == listed["groq"]
