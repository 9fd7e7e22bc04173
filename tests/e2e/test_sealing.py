"""Reasoning that travels with the client: sealed on its way out, given back to whoever made it, to nobody else."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openai
import pytest

from antiphon.provider_settings import ProviderSettings
from antiphon.settings import KeySettings, SecuritySettings
from tests.e2e.conftest import OtherGateway
from tests.e2e.exchanges import chat_stream, chat_whole, message, native_stream, native_whole, reasoning
from tests.e2e.gateway import CHAT_MODEL, KEY_A, KEY_B, NATIVE_MODEL, Gateway
from tests.e2e.sse import events, replayed, streamed, terminal
from tests.e2e.upstream import Provider, Reply, whole
from tests.grammar import check_stream

BLOB = "gAAAAABof-native"
LATER_BLOB = "gAAAAABof-native-as-told-last"
SEALED = "reasoning.encrypted_content"
TOOL: Any = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}, "strict": False}
CALL = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"}
DETAILS = [
    {
        "type": "reasoning.text",
        "text": "I must look.",
        "signature": "signed",
        "format": "anthropic-claude-v1",
        "index": 0,
    },
    {"type": "reasoning.encrypted", "data": "opaque", "id": "rs_9", "format": "openai-responses-v1", "index": 1},
]
SIGNATURE = {"google": {"thought_signature": "signed-by-google"}}


def chat_call(extra: Any = None, **said: Any) -> Reply:
    """A chat completion that calls the tool."""
    body = json.loads(chat_whole("", **said).body)
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    body["choices"][0]["message"] |= {
        "content": None,
        "tool_calls": [call | ({"extra_content": extra} if extra else {})],
    }
    body["choices"][0]["finish_reason"] = "tool_calls"
    return whole(body)


def thinker(gateway: OtherGateway, chat: Provider, model_quirks: dict[str, Any]) -> Gateway:
    settings = ProviderSettings(base_url=chat.url, dialect="chat", quirks=model_quirks)
    return gateway(providers={"thinker": settings}, models={})


def two_turns(client: openai.OpenAI, model: str) -> Any:
    """A stateless tool loop: everything that the second turn knows comes from the client."""
    said: Any = [{"role": "user", "content": "Look!"}]
    first = client.responses.create(model=model, input=said, tools=[TOOL], store=False, include=[SEALED])
    said += [item.model_dump(exclude_none=True) for item in first.output]
    said.append({"type": "function_call_output", "call_id": "call_1", "output": "seen"})
    return first, client.responses.create(model=model, input=said, tools=[TOOL], store=False, include=[SEALED])


def test_a_stateless_tool_loop_keeps_reasoning_on_a_responses_upstream(client: openai.OpenAI, native: Provider) -> None:
    native.answer(native_whole(reasoning("thinking", BLOB), CALL), native_whole(message("done")))
    first, second = two_turns(client, NATIVE_MODEL)
    assert first.output[0].encrypted_content.startswith("ant1.")
    assert second.output_text == "done"
    back = native.seen[1].json["input"]
    assert [item.get("type", "message") for item in back] == [
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
    ]
    assert back[1]["encrypted_content"] == BLOB
    assert "id" not in back[1], "the provider has kept nothing by that id"


@pytest.mark.parametrize(
    ("said", "quirks", "member", "value"),
    [
        ({"reasoning_content": "I must look."}, {"reasoning_replay": "reasoning_content"}, "reasoning_content", None),
        ({"reasoning": "I must look."}, {"reasoning_replay": "reasoning"}, "reasoning", None),
        ({"reasoning_details": DETAILS}, {"reasoning_replay": "reasoning_details"}, "reasoning_details", DETAILS),
    ],
    ids=["reasoning_content", "reasoning", "reasoning_details"],
)
def test_a_stateless_tool_loop_keeps_reasoning_on_a_chat_upstream(
    other_gateway: OtherGateway, chat: Provider, said: Any, quirks: Any, member: str, value: Any
) -> None:
    chat.answer(chat_call(**said), chat_whole("done"))
    with thinker(other_gateway, chat, quirks).client() as client:
        first, second = two_turns(client, "thinker/m")
    assert [item.type for item in first.output] == ["reasoning", "function_call"]
    assert first.output[0].content[0].text == "I must look.", "what is told in plain words stays visible"
    assert second.output_text == "done"
    back = chat.seen[1].json["messages"][1]
    assert back[member] == (value or "I must look.")
    assert back["tool_calls"][0]["id"] == "call_1"


@pytest.mark.parametrize("stream_", [False, True], ids=["whole", "streamed"])
def test_a_signature_goes_back_on_the_call_that_it_came_on(
    other_gateway: OtherGateway, chat: Provider, *, stream_: bool
) -> None:
    piece = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    told = chat_stream({"tool_calls": [piece | {"extra_content": SIGNATURE}]}, finish="tool_calls")
    chat.answer(told if stream_ else chat_call(SIGNATURE), chat_whole("done"))
    with thinker(other_gateway, chat, {"signed_calls": "^m$"}).wire() as wire:
        body: Any = {"model": "thinker/m", "input": "Look!", "tools": [TOOL], "store": False}
        if stream_:
            raw = streamed(wire, **body)
            check_stream(events(raw))
            made = terminal(raw)
        else:
            made = wire.post("/v1/responses", json=body).json()
        thought, call = made["output"]
        assert (thought["summary"], "content" in thought) == ([], False)
        body["input"] = [thought, call, {"type": "function_call_output", "call_id": "call_1", "output": "seen"}]
        wire.post("/v1/responses", json=body).raise_for_status()
    assert chat.seen[1].json["messages"][0]["tool_calls"][0]["extra_content"] == SIGNATURE


def test_a_call_from_elsewhere_is_marked_where_calls_must_be_signed(
    other_gateway: OtherGateway, chat: Provider
) -> None:
    chat.answer(chat_whole("done"))
    with thinker(other_gateway, chat, {"signed_calls": "^m$"}).wire() as wire:
        said = [CALL, CALL | {"call_id": "call_2"}]
        said += [{"type": "function_call_output", "call_id": f"call_{each}", "output": "seen"} for each in (1, 2)]
        wire.post("/v1/responses", json={"model": "thinker/m", "input": said}).raise_for_status()
    calls = chat.seen[0].json["messages"][0]["tool_calls"]
    assert calls[0]["extra_content"] == {"google": {"thought_signature": "skip_thought_signature_validator"}}
    assert "extra_content" not in calls[1]


def sealed_by(wire: httpx.Client, provider: Provider, reply: Reply, model: str) -> Any:
    provider.answer(reply)
    return wire.post("/v1/responses", json={"model": model, "input": "Hi", "store": False}).json()["output"]


@pytest.mark.parametrize("stream_", [False, True], ids=["whole", "streamed"])
def test_a_switch_of_provider_drops_reasoning_and_says_so(
    wire: httpx.Client, native: Provider, chat: Provider, *, stream_: bool
) -> None:
    output = sealed_by(wire, native, native_whole(reasoning("thinking", BLOB), message("one")), NATIVE_MODEL)
    chat.answer(chat_stream("two") if stream_ else chat_whole("two"))
    body = {"model": CHAT_MODEL, "input": [*output, {"role": "user", "content": "Go on"}], "store": False}
    with wire.stream("POST", "/v1/responses", json=body | {"stream": stream_}) as answer:
        raw = answer.read()
    assert answer.headers["antiphon-warnings"] == "Reasoning of another model was left out for chat."
    snapshots = [event["response"] for event in events(raw) if "response" in event] if stream_ else [json.loads(raw)]
    removed = {"id": output[0]["id"], "type": "reasoning", "action": "removed", "reason": "model_mismatch"}
    assert all(snapshot["input_transformations"] == [removed] for snapshot in snapshots)
    assert [entry["content"] for entry in chat.seen[0].json["messages"]] == ["one", "Go on"]
    assert BLOB not in chat.seen[0].body.decode()
    assert b"ant1." not in chat.seen[0].body


def test_a_chat_providers_reasoning_does_not_reach_a_native_one(
    wire: httpx.Client, native: Provider, chat: Provider
) -> None:
    output = sealed_by(wire, chat, chat_whole("one", reasoning_content="hm"), CHAT_MODEL)
    native.answer(native_whole(message("two")))
    body = {"model": NATIVE_MODEL, "input": [*output, {"role": "user", "content": "Go on"}]}
    made = wire.post("/v1/responses", json=body).json()
    assert [item["reason"] for item in made["input_transformations"]] == ["model_mismatch"]
    assert [item["type"] for item in native.seen[0].json["input"]] == ["message", "message"]
    assert wire.get(f"/v1/responses/{made['id']}").json() == made


def test_a_fallback_decides_for_itself(wire: httpx.Client, native: Provider, chat: Provider) -> None:
    output = sealed_by(wire, native, native_whole(reasoning("thinking", BLOB), message("one")), NATIVE_MODEL)
    native.answer(*[Reply(b'{"error":{"message":"busy"}}', 503)] * 3)
    chat.answer(chat_whole("two"))
    body = {"model": "either", "input": [*output, {"role": "user", "content": "Go on"}]}
    made = wire.post("/v1/responses", json=body).json()
    assert all(seen.json["input"][0]["encrypted_content"] == BLOB for seen in native.seen[1:])
    assert len(made["input_transformations"]) == 1


def test_strict_refuses_what_would_be_dropped(wire: httpx.Client, native: Provider, chat: Provider) -> None:
    output = sealed_by(wire, native, native_whole(reasoning("thinking", BLOB), message("one")), NATIVE_MODEL)
    body = {"model": CHAT_MODEL, "input": [*output, {"role": "user", "content": "Go on"}], "strict": True}
    answer = wire.post("/v1/responses", json=body)
    assert answer.status_code == 400
    assert not chat.seen


def test_a_blob_from_a_provider_itself_goes_only_to_one_that_makes_such(
    wire: httpx.Client, native: Provider, chat: Provider
) -> None:
    native.answer(native_whole(message("a")), native_whole(message("b")))
    chat.answer(chat_whole("c"))

    def asked(model: str, blob: str) -> Any:
        said = [reasoning("thinking", blob), {"role": "user", "content": "Hi"}]
        return wire.post("/v1/responses", json={"model": model, "input": said}).json()

    assert "input_transformations" not in asked(NATIVE_MODEL, BLOB)
    assert native.seen[0].json["input"][0]["encrypted_content"] == BLOB
    for model, blob in ((NATIVE_MODEL, "rsn_other"), (CHAT_MODEL, BLOB)):
        assert [each["reason"] for each in asked(model, blob)["input_transformations"]] == ["prefix_mismatch"]
    assert all("encrypted_content" not in item for item in native.seen[1].json["input"])


@pytest.mark.parametrize("model", [NATIVE_MODEL, CHAT_MODEL])
def test_a_blob_that_was_changed_or_is_another_tenants_is_refused(
    gateway: Gateway, native: Provider, chat: Provider, model: str
) -> None:
    with gateway.wire() as wire, gateway.wire(KEY_B) as foreign:
        item = sealed_by(wire, native, native_whole(reasoning("thinking", BLOB), message("x")), NATIVE_MODEL)[0]
        blob = item["encrypted_content"]
        changed = item | {"encrypted_content": blob[:40] + ("A" if blob[40] != "A" else "B") + blob[41:]}
        for client, sent in ((wire, changed), (foreign, item)):
            answer = client.post("/v1/responses", json={"model": model, "input": [sent, message("x")]})
            assert answer.status_code == 400
            error = answer.json()["error"]
            assert (error["type"], error["param"]) == ("invalid_request_error", "input")
            assert error["code"] == "invalid_encrypted_content"
    assert len(native.seen) == 1
    assert not chat.seen


def test_an_item_has_one_seal_wherever_it_is_told(wire: httpx.Client, native: Provider) -> None:
    raw = json.loads(native_whole(reasoning("thinking", BLOB), message("x")).body)
    stream = native_stream(reasoning("thinking", BLOB), message("x"))
    pieces = [piece for piece in stream.pieces or () if isinstance(piece, bytes)]
    last = pieces[-1].replace(BLOB.encode(), LATER_BLOB.encode())
    assert raw["output"][0]["encrypted_content"] == BLOB
    native.answer(Reply(pieces=[*pieces[:-1], last], media_type=stream.media_type))
    told = events(streamed(wire, model=NATIVE_MODEL, input="Hi", include=[SEALED]))
    check_stream(told)
    items = [event["item"] for event in told if event["type"].startswith("response.output_item")]
    announced, done = [item for item in items if item["type"] == "reasoning"]
    assert "encrypted_content" not in announced
    final = told[-1]["response"]["output"][0]
    assert final == done
    kept = wire.get(f"/v1/responses/{told[-1]['response']['id']}", params={"include": SEALED}).json()
    assert kept["output"][0] == done


def test_a_chat_providers_seal_is_kept_for_the_chain_and_shown_on_demand(
    other_gateway: OtherGateway, chat: Provider
) -> None:
    chat.answer(chat_stream({"reasoning_details": DETAILS[:1]}, {"reasoning_details": DETAILS[1:]}, "one"))
    chat.answer(chat_whole("two"))
    gateway = thinker(other_gateway, chat, {"reasoning_replay": "reasoning_details"})
    with gateway.wire() as wire:
        raw = streamed(wire, model="thinker/m", input="Hi")
        assert b"encrypted_content" not in raw
        made = terminal(raw)
        assert replayed(wire, made["id"]) == raw
        assert wire.get(f"/v1/responses/{made['id']}").json() == made
        shown = wire.get(f"/v1/responses/{made['id']}", params={"include": SEALED}).json()
        assert shown["output"][0]["encrypted_content"].startswith("ant1.")
        wire.post(
            "/v1/responses", json={"model": "thinker/m", "input": "And?", "previous_response_id": made["id"]}
        ).raise_for_status()
    assert chat.seen[1].json["messages"][1]["reasoning_details"] == DETAILS
    assert b"opaque" not in gateway.bytes_on_disk()


ANOTHER = "sk-another-master-key-0123456789"


def test_a_key_that_is_gone_loses_stored_reasoning_and_refuses_the_clients(
    other_gateway: OtherGateway, native: Provider
) -> None:
    native.answer(native_whole(reasoning("thinking", BLOB), message("one")))
    with other_gateway().wire() as wire:
        made = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi", "include": [SEALED]}).json()
    follow = {"model": NATIVE_MODEL, "input": "And?", "previous_response_id": made["id"]}
    with other_gateway(master_key=ANOTHER).wire() as wire:
        native.answer(native_whole(message("two")))
        second = wire.post("/v1/responses", json=follow).json()
        assert [each["reason"] for each in second["input_transformations"]] == ["organization_mismatch"]
        assert wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": made["output"]}).status_code == 400
    kept = SecuritySettings(sealing_keys=["a-new-secret", "sk-antiphon-master"])
    with other_gateway(master_key=ANOTHER, security=kept).wire() as wire:
        native.answer(native_whole(message("three")))
        assert "input_transformations" not in wire.post("/v1/responses", json=follow).json()
    assert native.seen[-1].json["input"][1]["encrypted_content"] == BLOB


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (NATIVE_MODEL, "prompt_cache_key"),
        (NATIVE_MODEL, "safety_identifier"),
        (NATIVE_MODEL, "user"),
        (CHAT_MODEL, "user"),
    ],
)
def test_words_of_a_tenant_reach_providers_under_another_name(
    gateway: Gateway, providers: dict[str, Provider], model: str, name: str
) -> None:
    provider = providers[model.split("/", maxsplit=1)[0]]
    for key in (KEY_A, KEY_A, KEY_B):
        provider.answer(native_whole(message("x")) if model == NATIVE_MODEL else chat_whole("x"))
        with gateway.wire(key) as wire:
            made = wire.post(
                "/v1/responses", json={"model": model, "input": "Hi", name: "alice", "metadata": {"a": "b"}}
            )
        assert made.json()[name] == "alice"
    told = [seen.json[name] for seen in provider.seen]
    assert told[0] == told[1] != told[2]
    assert all(len(word) == 64 and set(word) <= set("0123456789abcdef") for word in told)
    assert all("metadata" not in seen.json for seen in provider.seen)


def test_a_gateway_with_keys_but_no_master_key_seals_too(other_gateway: OtherGateway, native: Provider) -> None:
    native.answer(native_whole(reasoning("thinking", BLOB), message("one")), native_whole(message("two")))
    gateway = other_gateway(master_key=None, keys=[KeySettings(name="a", key=KEY_A)])
    with gateway.wire() as wire:
        output = wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": "Hi", "store": False}).json()[
            "output"
        ]
        wire.post("/v1/responses", json={"model": NATIVE_MODEL, "input": output}).raise_for_status()
    assert native.seen[1].json["input"][0]["encrypted_content"] == BLOB
