import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import ConfigError
from antiphon.providers.row import normalise_base_url
from antiphon.providers.table import TABLE

HOST = st.from_regex(r"[a-z][a-z0-9]{0,10}(\.[a-z]{2,5}){0,2}", fullmatch=True)
PATH = st.lists(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True), min_size=1, max_size=3).map("/".join)


@pytest.mark.parametrize(
    ("provider", "given", "wanted"),
    [
        ("openai", "http://127.0.0.1:9", "http://127.0.0.1:9/v1"),
        ("openai", "http://127.0.0.1:9/", "http://127.0.0.1:9/v1"),
        ("openai", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1"),
        ("openai", "http://127.0.0.1:9/v1/", "http://127.0.0.1:9/v1"),
        ("groq", "https://api.groq.com", "https://api.groq.com/openai/v1"),
        ("groq", "https://proxy.example/anything", "https://proxy.example/anything"),
        ("openrouter", "https://openrouter.ai", "https://openrouter.ai/api/v1"),
        ("zai", "https://api.z.ai", "https://api.z.ai/api/paas/v4"),
        ("perplexity", "https://api.perplexity.ai/", "https://api.perplexity.ai"),
        ("openai-compatible", "http://box:8000", "http://box:8000/v1"),
        ("openai-compatible", "http://[::1]:8000/api", "http://[::1]:8000/api"),
        # Their own clients put the version path behind any base URL, so a proxy's is written without it.
        ("anthropic", "https://proxy.example/anthropic", "https://proxy.example/anthropic/v1"),
        ("anthropic", "https://proxy.example/v1/acct/anthropic/", "https://proxy.example/v1/acct/anthropic/v1"),
        ("anthropic", "https://proxy.example/anthropic/v1", "https://proxy.example/anthropic/v1"),
        ("gemini", "https://proxy.example/google", "https://proxy.example/google/v1beta"),
        ("gemini", "https://proxy.example/google/v1alpha", "https://proxy.example/google/v1alpha"),
        ("gemini", "https://proxy.example/v1beta/openai", "https://proxy.example/v1beta"),
    ],
)
def test_a_version_path_is_added_where_there_is_no_path(provider: str, given: str, wanted: str) -> None:
    assert normalise_base_url(TABLE[provider], given) == wanted


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/v1",
        "//host/v1",
        "host:8000/v1",
        "https://",
        "https://user:hunter2@host/v1",
        "https://hunter2@host/v1",
        "https://host/v1?key=hunter2",
        "https://host/v1?",
        "https://host/v1#hunter2",
        "https://host:hunter2/v1",
        "https://[hunter2/v1",
        "",
    ],
)
def test_what_is_no_base_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        normalise_base_url(TABLE["openai"], url)
    assert "hunter2" not in str(refused.value)
    assert "openai" in str(refused.value)


@given(host=HOST, path=PATH, slashes=st.integers(0, 3), row=st.sampled_from(sorted(TABLE)))
def test_any_path_is_kept_and_a_second_pass_changes_nothing(host: str, path: str, slashes: int, row: str) -> None:
    once = normalise_base_url(TABLE[row], f"http://{host}/{path}{'/' * slashes}")
    assert once.startswith(f"http://{host}/{path}")
    assert once == f"http://{host}/{path}" or TABLE[row].adds_version
    assert normalise_base_url(TABLE[row], once) == once


@given(host=HOST, row=st.sampled_from([name for name, row in TABLE.items() if row.base_url]))
def test_a_bare_host_gets_what_the_provider_has_itself(host: str, row: str) -> None:
    own = TABLE[row].base_url.split("/", 3)[3:]
    assert normalise_base_url(TABLE[row], f"http://{host}") == "/".join([f"http://{host}", *own])
