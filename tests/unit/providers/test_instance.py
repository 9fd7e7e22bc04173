import pytest

from antiphon import __version__
from antiphon.errors import ConfigError, UpstreamBroke
from antiphon.providers.table import TABLE
from antiphon.quirks import Quirks
from tests.unit.providers.fakes import CHAT, RESPONSES, ScriptedUpstream, instance


def lines(headers: bytes) -> dict[str, str]:
    assert headers.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in headers.decode().removesuffix("\r\n").split("\r\n"))


async def test_a_request_goes_to_the_native_endpoint_with_the_key() -> None:
    upstream = ScriptedUpstream()
    target = instance("openai", upstream, api_key="sk-1", base_url="http://127.0.0.1:9").target("gpt-4o")
    await target.post(b'{"model":"gpt-4o"}', streamed=True)
    [(method, url, headers, body)] = upstream.sent
    assert (method, url, body) == ("POST", "http://127.0.0.1:9/v1/responses", b'{"model":"gpt-4o"}')
    assert lines(headers) == {
        "Content-Type": "application/json",
        "User-Agent": f"antiphon/{__version__}",
        "Authorization": "Bearer sk-1",
    }


async def test_a_provider_without_native_responses_gets_chat_completions() -> None:
    upstream = ScriptedUpstream()
    target = instance("cerebras", upstream, api_key="sk-1").target("gpt-oss-120b")
    await target.post(b"{}", streamed=False)
    assert upstream.sent[0][1] == "https://api.cerebras.ai:443/v1/chat/completions"
    assert target.dialect is CHAT
    assert target.quirks is TABLE["cerebras"].quirks


async def test_an_answer_may_be_given_more_time_than_usual() -> None:
    upstream = ScriptedUpstream()
    target = instance("openai", upstream, api_key="sk-1").target("gpt-4o")
    await target.post(b"{}", streamed=True, seconds=3600.0)
    await target.post(b"{}", streamed=True)
    given, usual = upstream.timeouts
    assert given is not None
    assert given.whole == 3600.0
    assert usual is None


async def test_without_a_key_there_is_no_authorization() -> None:
    upstream = ScriptedUpstream()
    await instance("ollama", upstream).target("qwen3").post(b"{}", streamed=False)
    assert "Authorization" not in lines(upstream.sent[0][2])


def test_a_target_is_named_as_clients_name_it_and_made_once() -> None:
    east = instance("east", type="openai", api_key="sk-1")
    target = east.target("gpt-4o")
    assert (target.name, target.provider, target.model) == ("east/gpt-4o", "east", "gpt-4o")
    assert east.target("gpt-4o") is target
    assert (east.row_name, east.name) == ("openai", "east")


def test_invented_names_do_not_pile_up() -> None:
    openai = instance("openai")
    first = openai.target("m0")
    for number in range(10_000):
        openai.target(f"m{number}")
    assert openai.target("m0") is not first


def test_some_models_of_a_native_provider_speak_chat_only() -> None:
    openai = instance("openai")
    assert openai.target("gpt-4o").dialect is RESPONSES
    assert openai.target("gpt-4o-search-preview").dialect is CHAT


def test_the_owner_chooses_the_dialect() -> None:
    assert instance("openai", dialect="chat").target("gpt-4o").dialect is CHAT
    assert instance("groq", dialect="responses").target("x").dialect is RESPONSES
    forced = instance("groq", dialect="responses", quirks={"chat_only_models": "^old-"})
    assert forced.target("old-1").dialect is CHAT


@pytest.mark.parametrize("base_url", [None, "http://localhost:11434", "http://localhost:11434/v1/"])
async def test_an_api_beside_the_version_path_is_found_from_any_base_url(base_url: str | None) -> None:
    upstream = ScriptedUpstream()
    ollama = instance("ollama", upstream, dialect="ollama", base_url=base_url)
    await ollama.target("qwen3").post(b"{}", streamed=True)
    assert upstream.sent[0][1] == "http://localhost:11434/api/chat"


async def test_own_headers_replace_ours_whatever_their_case() -> None:
    upstream = ScriptedUpstream()
    headers = {"authorization": "Token abc", "X-Team": "red"}
    await instance("openai", upstream, api_key="sk-1", headers=headers).target("m").post(b"{}", streamed=False)
    sent = lines(upstream.sent[0][2])
    assert sent["authorization"] == "Token abc"
    assert sent["X-Team"] == "red"
    assert "Authorization" not in sent


@pytest.mark.parametrize("header", ["Host", "content-length", "Connection", "Accept-Encoding", "Transfer-Encoding"])
def test_headers_that_frame_the_request_are_not_the_owners(header: str) -> None:
    with pytest.raises(ConfigError, match=header):
        instance("openai", headers={header: "x"})


def test_a_header_cannot_begin_another_one_and_its_value_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as refused:
        instance("openai", headers={"X-A": "hunter2\r\nX-B: 1"})
    assert "X-A" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_key_shows_nowhere() -> None:
    target = instance("openai", api_key="sk-hunter2").target("m")
    assert "hunter2" not in repr(target)
    assert "hunter2" not in repr(target.post)


def test_quirks_of_the_owner_come_over_those_of_the_row() -> None:
    settings = {"developer_role": False, "refused_fields": ["user"], "efforts": ["low"]}
    quirks = instance("openai", quirks=settings).quirks
    assert not quirks.developer_role
    assert quirks.refused_fields == {"user"}
    assert quirks.efforts == ("low",)
    assert quirks.encrypted_reasoning_models == TABLE["openai"].quirks.encrypted_reasoning_models
    assert instance("openai").quirks == TABLE["openai"].quirks != Quirks()


@pytest.mark.parametrize(
    ("quirks", "said"),
    [
        ({"developer_rol": True}, "Did you mean 'developer_role'"),
        ({"zzz": True}, "no quirk 'zzz'"),
        ({"developer_role": "yes"}, "developer_role"),
        ({"max_tokens_field": "tokens"}, "max_tokens_field"),
        ({"chat_only_models": "("}, "chat_only_models"),
        ({"encrypted_reasoning_models": "["}, "encrypted_reasoning_models"),
    ],
)
def test_a_quirk_that_cannot_be_is_refused(quirks: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match="openai") as refused:
        instance("openai", quirks=quirks)
    assert said in str(refused.value)


def test_a_provider_that_is_in_no_table_needs_an_address() -> None:
    with pytest.raises(ConfigError, match="base_url"):
        instance("mine")
    mine = instance("mine", base_url="http://box:1234")
    assert mine.base_url == "http://box:1234/v1"
    assert mine.target("m").dialect is CHAT


@pytest.mark.parametrize("url", ["http://a b/v1", f"http://{'a' * 64}.example/v1", "https://user:x@host"])
def test_an_address_that_no_socket_takes_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ConfigError, match="base URL"):
        instance("openai", base_url=url)


def test_configured_models_are_the_only_ones() -> None:
    some = instance("openai", models=["gpt-4o"])
    assert some.offers("gpt-4o")
    assert not some.offers("gpt-5")
    assert instance("openai").offers("anything")


async def test_the_list_of_models_is_read_with_the_key_and_given_back() -> None:
    upstream = ScriptedUpstream({"/openai/v1/models": b'{"data":[]}'})
    assert await instance("groq", upstream, api_key="gsk-1").listing() == b'{"data":[]}'
    method, url, headers, _ = upstream.sent[0]
    assert (method, url) == ("GET", "https://api.groq.com:443/openai/v1/models")
    assert lines(headers)["Authorization"] == "Bearer gsk-1"
    assert upstream.replies[0].released


async def test_a_refused_list_is_an_error_and_the_connection_goes_back() -> None:
    upstream = ScriptedUpstream(status=401)
    with pytest.raises(UpstreamBroke, match="401"):
        await instance("groq", upstream).listing()
    assert upstream.replies[0].released


def test_whoever_has_no_list_says_so() -> None:
    assert not instance("perplexity").lists_models
    assert instance("openai").lists_models
