"""Every recorded chat request, said by a Responses client: the provider must be asked the same again."""

import json
from typing import Any

import pytest

from antiphon.dialects.chat_request import build_chat
from antiphon.providers.table import TABLE
from antiphon.quirks import Quirks
from tests.fakes import SEALER, pseudonym
from tests.replayed import name_of, requests
from tests.unit.dialects.chat_to_responses import FEWEST_TOKENS, INEXPRESSIBLE, responses_request
from tests.unit.dialects.chat_turns import target_of, turn_of

Body = dict[str, Any]

QUIRKS = {
    "bedrock-mantle.chat": Quirks(reasoning_replay="reasoning"),
    "cerebras.chat": Quirks(reasoning_replay="reasoning"),
    "crusoe.chat": Quirks(reasoning_replay="reasoning"),
    "deepseek.chat": Quirks(reasoning_replay="reasoning_content", image_input=False),
    "mistral.chat": Quirks(
        reasoning_replay="thinking",
        tool_choice_required="any",
        file_style="document_url",
        user_after_tool=False,
        call_id_digits=9,
        max_tokens_field="max_tokens",
    ),
    "ollama.openai_chat": Quirks(reasoning_replay="reasoning", max_tokens_field="max_tokens"),
    "openrouter.chat": Quirks(effort_style="reasoning.effort", file_style="file_or_url", video_input=True),
    "snowflake.chat": Quirks(effort_style="reasoning.effort", reasoning_replay="reasoning_details"),
    "vllm.chat": Quirks(reasoning_replay="reasoning", max_tokens_field="max_tokens"),
    "zai.chat": Quirks(effort_style="thinking.type"),
}


def said(body: Body) -> Body:
    """What a body asks for, in one spelling: defaults and null gone, texts joined, tools with all they mean."""
    asked = {name: value for name, value in body.items() if value is not None and name not in INEXPRESSIBLE}
    for name in ("store", "model"):
        asked.pop(name, None)
    asked["messages"] = [message_of(message) for message in body["messages"] if not is_empty(message)]
    tools = [tool_of(tool) for tool in body.get("tools") or () if "function" in tool]
    asked |= {"tools": tools, "stream": bool(body.get("stream"))}
    if not tools:
        asked.pop("tool_choice", None)
        asked.pop("parallel_tool_calls", None)
    if body.get("response_format") == {"type": "text"}:
        del asked["response_format"]
    if "thinking" in asked:
        asked["thinking"] = {"type": asked["thinking"]["type"]}
        asked.pop("reasoning_effort", None)  # Z.ai's newest models are told twice
    limit = asked.pop("max_completion_tokens", None) or asked.pop("max_tokens", None)
    if limit is not None and limit >= FEWEST_TOKENS:
        asked["limit"] = limit
    if not asked.get("logprobs"):
        asked.pop("top_logprobs", None)
        asked.pop("logprobs", None)
    asked.pop("stream_options", None)
    return asked


def is_empty(message: Body) -> bool:
    """An assistant message that one client sends when a model called tools without a word."""
    return message["role"] == "assistant" and not message.get("content") and not message.get("tool_calls")


def message_of(message: Body) -> Body:
    plain = {
        "role": message["role"],
        "content": content_of(message.get("content")),
        "tool_calls": [call_of(called) for called in message.get("tool_calls") or ()],
    }
    reasoning = {
        name: message[name] for name in ("reasoning_content", "reasoning", "reasoning_details") if name in message
    }
    plain |= {name: value for name, value in reasoning.items() if value}
    if "tool_call_id" in message:
        plain["tool_call_id"] = message["tool_call_id"]
    return plain


def content_of(content: Any) -> Any:
    """A list of parts, adjacent texts as one; nothing at all is the same as no text."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    merged: list[Body] = []
    for part in parts:
        if part["type"] == "text" and merged and merged[-1]["type"] == "text":
            merged[-1] = {"type": "text", "text": "".join((merged[-1]["text"], part["text"]))}
        else:
            merged.append({part["type"]: part[part["type"]], "type": part["type"]})
    for part in merged:
        if part["type"] == "text":
            part["text"] = "".join(part["text"].split())
        if part["type"] == "thinking":
            part["thinking"] = "".join("".join(piece["text"] for piece in part["thinking"]).split())
    return [part for part in merged if part.get("text") != ""]


def call_of(called: Body) -> Body:
    return {"id": called["id"], "function": {name: called["function"][name] for name in ("name", "arguments")}}


def tool_of(tool: Body) -> Body:
    function = tool["function"]
    return {
        "name": function["name"],
        "description": function.get("description") or None,
        "parameters": function.get("parameters") or {"type": "object", "properties": {}},
        "strict": function.get("strict"),
    }


def quirks_of(exchange: Body) -> Quirks | None:
    """Those of the client that asked: what `make record` has recorded was asked as the provider's row says."""
    row = TABLE.get(exchange["provider"])
    if exchange["source"]["repo"] == "antiphon" and row is not None:
        return row.quirks
    return QUIRKS.get(exchange["api"])


@pytest.mark.parametrize("exchange", requests("openai-chat"), ids=name_of)
def test_a_recorded_request_is_asked_again_in_the_same_words(exchange: Body) -> None:
    body = exchange["request"]["body"]
    request = responses_request(body)
    result = build_chat(turn_of(request), target_of(quirks_of(exchange), model=body["model"]), SEALER, pseudonym)
    told_whether = body.get("thinking", {}).get("type") == "enabled"  # Z.ai is told whether to reason, not how much
    assert [warning for warning in result.warnings if "how much" in warning] == list(result.warnings)
    assert bool(result.warnings) == told_whether
    sent = json.loads(result.body)
    assert sent["model"] == body["model"]
    wanted = dict(body)
    if "prompt_cache_key" in body:
        wanted["prompt_cache_key"] = pseudonym("tenant-a", body["prompt_cache_key"])
    if "reasoning" in body:
        wanted["reasoning"] = {"effort": body["reasoning"].get("effort")}
    assert said(sent) == said(wanted)
    assert sent.keys() <= body.keys() | {"store", "stream_options", "max_tokens", "max_completion_tokens"}


def test_there_are_recordings_of_many_vendors() -> None:
    recorded = requests("openai-chat")
    assert len(recorded) > 150
    assert len({exchange["api"] for exchange in recorded}) > 15
