import re
from urllib.parse import urlsplit

import msgspec
import pytest

from antiphon.app.media import media_dialects
from antiphon.app.upstreams import service_dialects
from antiphon.errors import ConfigError
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.row import ROUTES, ProviderRow
from antiphon.providers.table import ROWS, TABLE, row_for
from antiphon.providers.table_local import COMPATIBLE
from antiphon.quirks import Quirks

PROMISED = """
    openai groq deepseek mistral xai openrouter together fireworks cerebras perplexity nvidia huggingface moonshot zai
    minimax dashscope sambanova nebius hyperbolic novita deepinfra ollama vllm lmstudio llamacpp sglang
    anthropic gemini vertex azure bedrock bedrock-mantle cohere openai-compatible
    ai21 baseten chutes cloudflare crusoe databricks digitalocean docker-model-runner featherless friendli github-models
    gmi heroku-inference hunyuan inception jan koboldcpp lemonade litellm llamafile lmdeploy localai meta mimo mlx-lm
    nscale ovhcloud parasail poe portkey qianfan reka requesty scaleway siliconflow snowflake stepfun synthetic textgen
    cartesia deepgram elevenlabs jina recraft
    tgi upstage venice vercel volcengine voyage wandb-inference watsonx writer xinference
"""

SERVICE_DIALECTS = service_dialects().keys() | media_dialects().keys()
GAP = re.compile(r"\{[a-z_]+\}")

each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def test_every_promised_provider_has_one_row() -> None:
    assert set(PROMISED.split()) <= TABLE.keys()
    assert len(TABLE) == len(ROWS)


@each_row
def test_a_row_says_where_it_comes_from(row: ProviderRow) -> None:
    assert row.title
    assert any(source.startswith("https://") for source in row.sources)
    assert all(source.startswith(("https://", "recordings ")) for source in row.sources)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row.read_on)


@each_row
def test_a_name_can_stand_before_a_slash_and_in_a_variable(row: ProviderRow) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", row.name)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in (*row.key_variables, *row.url_variables))


@each_row
def test_addresses_are_encrypted_unless_they_are_ours(row: ProviderRow) -> None:
    if not row.base_url:
        assert row.local
        return
    base = GAP.sub("x", row.base_url)
    parts = urlsplit(base)
    assert parts.scheme == "https" or (row.local and parts.hostname == "localhost")
    assert not row.base_url.endswith("/")
    for dialect in row.dialects:
        route = row.route(dialect)
        for path in filter(None, (route.path, route.streamed, route.count)):
            Endpoint.parse(GAP.sub("x", row.address(base, path)))


@each_row
def test_a_row_speaks_something_and_says_why_not_the_native_dialect(row: ProviderRow) -> None:
    assert row.dialects or row.services
    assert set(row.dialects) <= ROUTES.keys()
    assert {(each.service, each.dialect) for each in row.services} <= SERVICE_DIALECTS
    base = GAP.sub("x", row.base_url) or "http://x"
    for service in row.services:
        for route in filter(None, (service.route, service.dated)):
            Endpoint.parse(GAP.sub("x", row.address(base, route.path)))
    if row.dialects == ("chat", "responses"):
        assert row.note


@each_row
def test_whoever_runs_elsewhere_wants_a_key(row: ProviderRow) -> None:
    at_home = row.name == COMPATIBLE or urlsplit(row.base_url).hostname == "localhost"
    assert row.needs_key is not at_home


@each_row
def test_whoever_must_be_given_an_address_says_which(row: ProviderRow) -> None:
    if not row.base_url and row.name != COMPATIBLE:
        assert "The base URL is `https://" in row.note


@each_row
def test_quirks_are_what_their_types_say(row: ProviderRow) -> None:
    assert msgspec.convert(msgspec.structs.asdict(row.quirks), Quirks) == row.quirks


@each_row
def test_patterns_and_efforts_are_legal(row: ProviderRow) -> None:
    re.compile(row.owns)
    re.compile(row.quirks.chat_only_models)
    re.compile(row.quirks.encrypted_reasoning_models)
    assert set(row.quirks.efforts) <= set(Quirks().efforts)
    assert 0 < row.quirks.temperature_max <= 2


def test_no_two_vendors_look_for_a_key_in_one_variable() -> None:
    names = [name for row in ROWS for name in row.key_variables]
    assert len(names) == len(set(names))


def test_the_two_that_are_measured_speak_what_they_are_measured_in() -> None:
    assert TABLE["openai"].dialects[0] == "responses"
    assert TABLE["cerebras"].dialects == ("chat",)


@pytest.mark.parametrize(
    ("model", "vendor"),
    [
        ("gpt-4o-mini", "openai"),
        ("o3", "openai"),
        ("ft:gpt-4o:mine", "openai"),
        ("grok-4", "xai"),
        ("kimi-k3", "moonshot"),
        ("qwen3-max", "dashscope"),
        ("MiniMax-M3", "minimax"),
        ("sonar-pro", "perplexity"),
        ("gemini-2.5-flash", "gemini"),
        ("claude-sonnet-4-5", "anthropic"),
        ("command-a-03-2025", "cohere"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", None),
        ("muse-spark-1.3", "meta"),
        ("jamba-large", "ai21"),
        ("palmyra-x5", "writer"),
        ("mercury-2.5", "inception"),
        ("solar-pro3", "upstage"),
        ("step-3.7-flash", "stepfun"),
        ("doubao-seed-2-0-pro", "volcengine"),
        ("hunyuan-turbos-latest", "hunyuan"),
        ("ernie-5.1", "qianfan"),
        ("mimo-v2.6-pro", "mimo"),
        ("@cf/meta/llama-3.1-8b-instruct", "cloudflare"),
        ("databricks-claude-opus-4-6", "databricks"),
        ("gpt-oss-120b", None),
        ("llama-3.3-70b", None),
        ("openai/gpt-4o", None),
    ],
)
def test_a_model_belongs_to_one_vendor_at_most(model: str, vendor: str | None) -> None:
    assert [row.name for row in ROWS if row.owns and re.search(row.owns, model)] == ([vendor] if vendor else [])


def test_only_reasoning_models_of_openai_are_asked_to_seal() -> None:
    pattern = TABLE["openai"].quirks.encrypted_reasoning_models
    assert all(re.search(pattern, model) for model in ("gpt-5.4", "o3", "o4-mini", "ft:gpt-5:mine"))
    assert not any(re.search(pattern, model) for model in ("gpt-4o", "gpt-5-chat-latest", "chatgpt-4o-latest"))


def test_a_type_comes_from_the_settings_or_the_name() -> None:
    assert row_for("east", "openai").name == "openai"
    assert row_for("groq", None).name == "groq"
    assert row_for("my-own", None).name == COMPATIBLE


def test_a_type_that_nobody_knows_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'openai'"):
        row_for("east", "opanai")
    with pytest.raises(ConfigError, match=COMPATIBLE):
        row_for("east", "zzz")


@each_row
def test_the_names_of_rows_are_legal_in_the_settings(row: ProviderRow) -> None:
    assert ProviderSettings(type=row.name).type == row.name
