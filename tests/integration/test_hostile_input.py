"""Whatever a client sends, it gets an answer, and what is wrong is told in the envelope: never a 500, never silence."""

import gzip
import json
import re
import zlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from backports import zstd
from hypothesis import given
from hypothesis import settings as pace
from hypothesis import strategies as st

from antiphon.provider_settings import ProviderSettings
from antiphon.settings import ServerSettings
from antiphon.wire.requests import KNOWN_FIELDS, MAX_TEXT_CHARACTERS
from tests.integration.harness import (
    Answer,
    Gateway,
    ask,
    assert_fair,
    assert_refused,
    events_of,
    request_bytes,
    sent,
    serving,
    settings_for,
)
from tests.integration.provider import (
    chat_events,
    completion,
    native_events,
    providing,
    response,
    streamed,
    whole,
)
from tests.integration.upstream.origin import Peer, Request

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = ["native/m", "openai/gpt-5", "chat/m"]
"""A native provider that keeps nothing, one that does and that seals reasoning, and a translated one."""

LIMIT = 12_000_000


async def provider(request: Request, peer: Peer) -> None:
    """Answers anything, as it is asked: whole or streamed, natively or with a chat completion."""
    if request.line.startswith(b"GET"):
        await peer.say(whole(b'{"object":"list","data":[]}'))
        return
    native = b"/responses" in request.line
    if b'"stream":true' in request.body:
        await peer.say(streamed(*(native_events("Hi") if native else chat_events("Hi"))))
    else:
        await peer.say(whole(json.dumps(response("Hi") if native else completion("Hi")).encode()))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    folder = tmp_path_factory.mktemp("hostile")
    async with providing(provider) as upstream:
        settings = settings_for(
            upstream.port, f"sqlite:///{folder}/antiphon.db", server=ServerSettings(max_body_bytes=LIMIT)
        )
        native = settings.providers["native"]
        settings.providers["openai"] = ProviderSettings(base_url=native.base_url, api_key=native.api_key)
        async with serving(settings, folder / "log") as running:
            yield running
            assert not [line for line in running.lines() if "traceback" in line]


def create(body: bytes, *headers: bytes) -> bytes:
    return request_bytes("POST", b"/v1/responses", body, *(headers or (b"Content-Type: application/json",)))


async def created(gateway: Gateway, **body: Any) -> Answer:
    answer = await ask(gateway, "POST", "/v1/responses", body)
    assert_fair(answer)
    if answer.status == 200 and body.get("stream") is True:
        assert events_of(answer.body)[-1]["type"] == "response.completed"
    return answer


# --- values of the wrong type -----------------------------------------------------------------------------------------

WRONG: list[Any] = [
    0,
    -1,
    10**400,
    1.5,
    1e308,
    True,
    "",
    "x",
    "\x00\r\n\u2028",
    [],
    [None],
    [1],
    ["x", {}],
    [[]],
    {},
    {"type": None},
    {"type": 5, "id": [], "name": {}},
    {"type": "function", "function": {"name": []}},
    [{"type": []}],
    [{"role": "user", "content": [{"type": {}}]}],
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("field", sorted(KNOWN_FIELDS - {"model"}))
async def test_any_value_in_any_field_is_taken_or_refused(gateway: Gateway, field: str, model: str) -> None:
    for value in WRONG:
        await created(gateway, **({"model": model, "input": "Hi"} | {field: value}))


@pytest.mark.parametrize("value", [each for each in WRONG if not isinstance(each, str)], ids=repr)
async def test_a_model_that_is_no_text_is_refused(gateway: Gateway, value: Any) -> None:
    answer = await created(gateway, model=value, input="Hi")
    assert answer.status == 400
    assert answer.error["param"] == "model"


ITEM_MEMBERS = (
    "type role content id call_id name namespace arguments input output summary encrypted_content status text "
    "refusal annotations logprobs image_url file_id file_url file_data filename detail input_audio data format action "
    "results tools description parameters strict schema function mode effort verbosity queries code operation commands"
)
NAMES = st.sampled_from(ITEM_MEMBERS.split(" "))
ITEM_TYPES = (
    "message reasoning function_call function_call_output custom_tool_call custom_tool_call_output item_reference "
    "web_search_call file_search_call computer_call computer_call_output image_generation_call code_interpreter_call "
    "local_shell_call local_shell_call_output shell_call shell_call_output apply_patch_call apply_patch_call_output "
    "mcp_call mcp_list_tools mcp_approval_request mcp_approval_response compaction input_text output_text refusal "
    "input_image input_file input_audio summary_text reasoning_text function custom web_search mcp namespace "
    "tool_search allowed_tools json_schema json_object text grammar"
)
TYPES = st.sampled_from(ITEM_TYPES.split(" "))
WORDS = st.one_of(TYPES, st.sampled_from(["user", "assistant", "system", "developer", "tool", "auto", "required", ""]))
Some = st.SearchStrategy[Any]


def item_of(kind: str, members: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind} | members


def around(inner: Some) -> Some:
    return st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4))


LEAVES: Some = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    WORDS,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
VALUES: Some = st.recursive(LEAVES, around, max_leaves=8)
ITEMS: Some = st.builds(item_of, TYPES, st.dictionaries(NAMES, VALUES, max_size=6))
FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"input": st.one_of(st.lists(ITEMS, max_size=4), st.lists(VALUES, max_size=2), LEAVES)},
    optional={
        "tools": st.lists(st.one_of(ITEMS, VALUES), max_size=3),
        "tool_choice": st.one_of(ITEMS, VALUES),
        "text": st.one_of(st.fixed_dictionaries({"format": ITEMS}), VALUES),
        "reasoning": VALUES,
        "instructions": LEAVES,
        "metadata": VALUES,
        "stream": st.booleans(),
        "strict": st.booleans(),
        "store": st.booleans(),
    },
)


@pytest.mark.parametrize("model", MODELS)
@given(body=FIELDS)
@pace(max_examples=100, derandomize=True, deadline=None, database=None)
async def test_any_item_tool_choice_or_format_is_taken_or_refused(
    gateway: Gateway, model: str, body: dict[str, Any]
) -> None:
    answer = await created(gateway, **body, model=model)
    if answer.status != 200 or body.get("stream") or body.get("store") is False:
        return
    path = f"/v1/responses/{answer.json['id']}"
    assert (await ask(gateway, "GET", path)).json == answer.json
    listed = await ask(gateway, "GET", f"{path}/input_items?limit=100")
    assert listed.status == 200, listed
    for other in MODELS:
        await created(gateway, model=other, input="Go on", previous_response_id=answer.json["id"])


REASONING: dict[str, Any] = {"type": "reasoning", "summary": [], "encrypted_content": "sealed"}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("member", ["id", "type", "role", "content", "status", "call_id", "name", "output"])
async def test_a_member_of_an_item_that_cannot_be_a_key_is_taken_or_refused(
    gateway: Gateway, model: str, member: str
) -> None:
    items: list[dict[str, Any]] = [REASONING, {"type": "message", "role": "user", "content": "x"}]
    items += [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]
    items += [{"type": "function_call_output", "call_id": "c", "output": "x"}]
    for item in items:
        values: list[Any] = [[], {}, [[]], 5, True]
        for value in values:
            await created(gateway, model=model, input=[item | {member: value}])


# --- bodies that are no request ---------------------------------------------------------------------------------------

ASKING = b'{"model":"native/m","input":"Hi"'
NO_REQUEST: dict[str, bytes] = {
    "white space": b" \n ",
    "half": ASKING,
    "half a string": b'{"model":"nat',
    "more than one": ASKING + b"}{}",
    "null": b"null",
    "a number": b"5",
    "a string": b'"x"',
    "a list": b"[]",
    "NaN": ASKING + b',"temperature":NaN}',
    "infinity": ASKING + b',"temperature":Infinity}',
    "an exponent without end": ASKING + b',"temperature":1e999999999}',
    "a number without end": ASKING + b',"max_output_tokens":' + b"9" * 100_000 + b"}",
    "single quotes": b"{'model':'native/m'}",
    "a byte order mark": b"\xef\xbb\xbf" + ASKING + b"}",
    "UTF-16": (ASKING + b"}").decode().encode("utf-16"),
    "Latin-1": '{"model":"native/m","input":"é"}'.encode("latin-1"),
    "half a character": b'{"model":"native/m","input":"\xe2\x82"}',
    "an overlong character": b'{"model":"native/m","input":"\xc0\xaf"}',
    "half a character where nobody looks": ASKING + b',"unknown":"\xe2\x82"}',
    "a surrogate as bytes": b'{"model":"native/m","input":"\xed\xa0\x80"}',
    "a lone surrogate": b'{"model":"native/m","input":"\\ud800"}',
    "a lone surrogate in an item": b'{"model":"native/m","input":[{"role":"user","content":"\\udc00 x"}]}',
    "a bad escape": b'{"model":"native/m","input":"\\x41"}',
    "a control character": b'{"model":"native/m","input":"\x01"}',
    "open brackets": b"[" * 100_000,
    "open braces": b'{"a":' * 100_000,
    "a deep unknown field": ASKING + b',"unknown":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a deep input": b'{"model":"native/m","input":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a deep item": b'{"model":"native/m","input":[' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"]}",
    "a deep schema": ASKING + b',"tools":[{"parameters":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}]}",
    "too long a text": b'{"model":"native/m","input":"' + b"x" * (MAX_TEXT_CHARACTERS + 1) + b'"}',
    "too long a key": ASKING + b',"metadata":{"' + b"x" * 65 + b'":"x"}}',
}


@pytest.mark.parametrize("what", NO_REQUEST)
async def test_a_body_that_is_no_request_is_refused(gateway: Gateway, what: str) -> None:
    assert_refused(await sent(gateway, create(NO_REQUEST[what])), 400)


@pytest.mark.parametrize("depth", [100, 300, 450, 480, 500, 700, 900, 960, 990, 1100])
@pytest.mark.parametrize("model", MODELS)
async def test_what_is_nested_deeply_is_taken_whole_or_refused(gateway: Gateway, depth: int, model: str) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    item = f'{{"type":"function_call_output","call_id":"c","output":"x","more":{deep}}}'
    for field in (f'"input":[{item}]', f'"input":"Hi","tools":[{item}]', f'"input":"Hi","unknown":{deep}'):
        answer = await sent(gateway, create(f'{{"model":"{model}",{field}}}'.encode()))
        assert_fair(answer)
        if answer.status == 200:
            found = re.search(rb'"id":"(resp_\w+)"', answer.body)  # no JSON reader of ours goes as deep
            assert found is not None
            path = f"/v1/responses/{found[1].decode()}"
            assert (await ask(gateway, "GET", path)).status == 200
            assert_fair(await ask(gateway, "GET", f"{path}/input_items"))
            await created(gateway, model=model, input="On", previous_response_id=found[1].decode())


@pytest.mark.parametrize("body", [b"", b"{}", b'{"model":null}', b'{"model":""}'])
async def test_a_body_without_a_model_is_refused(gateway: Gateway, body: bytes) -> None:
    answer = await sent(gateway, create(body))
    assert_refused(answer, 400)


async def test_the_last_of_two_members_counts(gateway: Gateway) -> None:
    answer = await sent(gateway, create(b'{"model":5,"model":"native/n","input":"a","model":"native/m"}'))
    assert_fair(answer)


# --- sizes and encodings ----------------------------------------------------------------------------------------------


async def test_a_body_over_the_limit_is_refused_before_it_is_sent(gateway: Gateway) -> None:
    answer = await sent(gateway, create(b"{", b"Content-Length: %d" % (LIMIT + 1)))
    assert_refused(answer, 413)
    assert answer.error["code"] == "request_too_large"


@pytest.mark.parametrize("length", [b"99999999999999999999999999", b"-1", b"5x", b"1, 2"])
async def test_a_length_that_is_none_is_refused(gateway: Gateway, length: bytes) -> None:
    assert_refused(await sent(gateway, create(b"{}", b"Content-Length: " + length)))


async def test_a_body_without_a_length_is_refused_once_it_is_over_the_limit(gateway: Gateway) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    answer = await sent(
        gateway, request_bytes("POST", b"/v1/responses", b"", b"Transfer-Encoding: chunked") + chunk * 13
    )
    assert_refused(answer, 413)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
async def test_a_body_that_unpacks_to_more_than_the_limit_is_refused_unpacked_no_further(
    gateway: Gateway, coding: str
) -> None:
    before = gateway.memory()
    bomb = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}[coding](b" " * 400_000_000, 1)
    assert len(bomb) < LIMIT
    answer = await sent(gateway, create(bomb, f"Content-Encoding: {coding}".encode()))
    assert_refused(answer, 413)
    assert gateway.memory() - before < 100_000_000


PACKED = gzip.compress(ASKING + b"}", mtime=0)
ENCODED: list[tuple[str, bytes, int]] = [
    ("gzip", PACKED, 200),
    ("GZIP", PACKED, 200),
    ("deflate", zlib.compress(ASKING + b"}"), 200),
    ("identity", ASKING + b"}", 200),
    ("gzip", ASKING + b"}", 400),
    ("gzip", b"", 400),
    ("gzip", PACKED[:10], 400),
    ("gzip", PACKED[:-12], 400),
    ("gzip", b"\x1f\x8b" + b"\xff" * 50, 400),
    ("deflate", PACKED, 400),
    ("br", PACKED, 415),
    ("zstd", zstd.compress(ASKING + b"}"), 200),
    ("zstd", PACKED, 400),
    ("gzip, zstd", zstd.compress(PACKED), 200),
    ("zstd, gzip", zstd.compress(PACKED), 400),
    ("", ASKING + b"}", 200),
    ("\xff", PACKED, 415),
]


@pytest.mark.parametrize(("coding", "body", "status"), ENCODED)
async def test_a_content_encoding_is_undone_or_refused(gateway: Gateway, coding: str, body: bytes, status: int) -> None:
    answer = await sent(gateway, create(body, b"Content-Encoding: " + coding.encode("latin-1")))
    assert answer.status == status
    assert_fair(answer)


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "\xff", "json", "a;b;c"],
)
async def test_a_body_that_is_not_said_to_be_json_is_refused(gateway: Gateway, media_type: str) -> None:
    answer = await sent(gateway, create(ASKING + b"}", b"Content-Type: " + media_type.encode("latin-1")))
    assert_refused(answer, 415)


# --- model names ------------------------------------------------------------------------------------------------------

MODEL_NAMES = [
    "m\r\nX-Injected: yes",
    "m\nX-Injected: yes",
    "m\x00",
    "modèle",
    "模型",
    "m" * 100_000,
    "../../x",
    "a b",
    "\u2028",
]


@pytest.mark.parametrize("name", MODEL_NAMES, ids=ascii)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_name_cannot_write_headers(gateway: Gateway, *, name: str, stream: bool) -> None:
    for model in (f"native/{name}", f"chat/{name}", name):
        answer = await created(gateway, model=model, input="Hi", stream=stream)
        assert "x-injected" not in answer.headers
        assert all(value.isascii() and value.isprintable() for value in answer.headers.values())
        assert max(map(len, answer.headers.values())) <= 4096
