"""Answers in the vendors' own formats, for each thing that an answer can hold: see `answer_samples.py`."""

import json
from typing import Any

from tests.unit.dialects.answer_shapes import CALLS, LOGPROBS, Answer
from tests.unit.dialects.sampling import MARK, Body

SEALS: Body = {"input": "Hi", "include": ["reasoning.encrypted_content"]}
LIKELY: Body = {"input": "Hi", "include": [LOGPROBS]}
SEAL = '"encrypted_content":"'
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"


def said(*blocks: Body, mark: str = MARK, asked: Body | None = None, **members: Any) -> Answer:
    """A message of Anthropic's."""
    body: Body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
    return Answer(body | {"content": list(blocks)} | members, mark, asked or {"input": "Hi"})


def text(words: str = "Hi.", **members: Any) -> Body:
    return {"type": "text", "text": words, **members}


def used(tool: Body, name: str, arguments: Body, mark: str) -> Answer:
    block: Body = {"type": "tool_use", "id": "toolu_1", "name": name, "input": arguments}
    return said(block, mark=mark, asked={"input": "Hi", "tools": [tool]}, stop_reason="tool_use")


def served(kind: str, call: Body, content: Any, mark: str, call_type: str = "server_tool_use") -> Answer:
    """What a tool of Anthropic's own has done."""
    asked_for: Body = {"type": call_type, "id": "srvtoolu_1", **call}
    return said(asked_for, {"type": kind, "tool_use_id": "srvtoolu_1", "content": content}, text(), mark=mark)


CITED: Body = {"type": "web_search_result_location", "url": f"https://{MARK}.example/", "title": "t", "cited_text": "c"}
THOUGHT: Body = {"type": "thinking", "thinking": MARK, "signature": "c2lnbmVk"}
COUNTED: Body = {
    "input_tokens": 3694,
    "cache_read_input_tokens": 203,
    "cache_creation_input_tokens": 104,
    "output_tokens": 302,
    "output_tokens_details": {"thinking_tokens": 55},
}

BEDROCK: dict[str, Answer] = {
    "output.annotations": said(text(citations=[CITED])),
    "output.computer_call": used({"type": "computer"}, "computer", {"action": "type", "text": MARK}, '"computer_call"'),
    "output.encrypted_content": said(THOUGHT, text(), mark=SEAL, asked=SEALS),
    "output.incomplete_details": said(text(), mark='"reason":"max_output_tokens"', stop_reason="max_tokens"),
    "output.reasoning_summary": said(THOUGHT, text(), mark='"summary_text"'),
    "output.reasoning_text": said({"type": "thinking", "thinking": MARK}, text(), mark='"reasoning_text"'),
    "output.refusal": said(stop_reason="refusal", stop_details={"type": "refusal", "explanation": MARK}),
    "output.service_tier": said(text(), mark="priority", usage=COUNTED | {"service_tier": "priority"}),
    "output.text": said(text(MARK)),
    "output.usage": said(text(), mark='"total_tokens":4303', usage=COUNTED),
    "output.usage.cache_write_tokens": said(text(), mark='"cache_write_tokens":104', usage=COUNTED),
    "output.usage.cached_tokens": said(text(), mark='"cached_tokens":203', usage=COUNTED),
    "output.usage.reasoning_tokens": said(text(), mark='"reasoning_tokens":55', usage=COUNTED),
} | {subject: used(*call) for subject, call in CALLS.items()}

FOUND: Body = {"type": "web_search_result", "url": f"https://{MARK}.example/", "title": "t", "encrypted_content": "e"}
VERTEX = BEDROCK | {
    "output.web_search_call": served(
        "web_search_tool_result", {"name": "web_search", "input": {"query": "q"}}, [FOUND], '"web_search_call"'
    ),
}

RESULT: Body = {"type": "bash_code_execution_result", "stdout": MARK, "stderr": "", "return_code": 0}
MCP: Body = {"name": "search", "server_name": "docs", "input": {}}
MESSAGES = VERTEX | {
    "output.code_interpreter_call": served(
        "bash_code_execution_tool_result",
        {"name": "bash_code_execution", "input": {"command": "ls"}},
        RESULT,
        '"code_interpreter_call"',
    ),
    "output.mcp_call": served("mcp_tool_result", MCP, [text(MARK)], '"mcp_call"', "mcp_tool_use"),
}


def generated(*parts: Body, mark: str = MARK, asked: Body | None = None, **members: Any) -> Answer:
    """An answer of Google's; `members` are the candidate's."""
    candidate: Body = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP", "index": 0}
    body: Body = {"candidates": [candidate | members], "responseId": "r1", "usageMetadata": METADATA}
    return Answer(body, mark, asked or {"input": "Hi"})


def declared(tool: Body, name: str, arguments: Body, mark: str) -> Answer:
    call = {"functionCall": {"id": "c1", "name": name, "args": arguments}}
    return generated(call, mark=mark, asked={"input": "Hi", "tools": [tool]})


METADATA: Body = {
    "promptTokenCount": 4001,
    "cachedContentTokenCount": 203,
    "candidatesTokenCount": 247,
    "thoughtsTokenCount": 55,
    "totalTokenCount": 4303,
    "serviceTier": "flex",
}
WORDS: Body = {"text": "Hi."}
MUSED: Body = {"text": MARK, "thought": True, "thoughtSignature": "c2lnbmVk"}
PASSAGE: Body = {"retrievedContext": {"title": "t", "text": MARK}}
PAGE: Body = {"web": {"uri": f"https://{MARK}.example/", "title": "t"}}
RESTS: Body = {"segment": {"startIndex": 0, "endIndex": 3, "text": "Hi."}, "groundingChunkIndices": [0]}
LIKELIHOOD: Body = {"chosenCandidates": [{"token": MARK, "logProbability": -0.5}], "topCandidates": []}

GEMINI: dict[str, Answer] = {
    "output.annotations": generated(
        WORDS, mark='"url_citation"', groundingMetadata={"groundingChunks": [PAGE], "groundingSupports": [RESTS]}
    ),
    "output.code_interpreter_call": generated(
        {"executableCode": {"language": "PYTHON", "code": "1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": MARK}},
    ),
    "output.encrypted_content": generated(MUSED, WORDS, mark=SEAL, asked=SEALS),
    "output.file_search_call": generated(WORDS, groundingMetadata={"groundingChunks": [PASSAGE]}),
    "output.image_generation_call": generated({"inlineData": {"mimeType": "image/png", "data": MARK}}),
    "output.incomplete_details": generated(WORDS, mark='"reason":"max_output_tokens"', finishReason="MAX_TOKENS"),
    "output.logprobs": generated(WORDS, asked=LIKELY, logprobsResult=LIKELIHOOD),
    "output.reasoning_summary": generated(MUSED, WORDS, mark='"summary_text"'),
    "output.service_tier": generated(WORDS, mark="flex"),
    "output.text": generated({"text": MARK}),
    "output.usage": generated(WORDS, mark='"total_tokens":4303'),
    "output.usage.cached_tokens": generated(WORDS, mark='"cached_tokens":203'),
    "output.usage.reasoning_tokens": generated(WORDS, mark='"reasoning_tokens":55'),
    "output.web_search_call": generated(
        WORDS, mark='"web_search_call"', groundingMetadata={"webSearchQueries": [MARK], "groundingChunks": [PAGE]}
    ),
} | {subject: declared(*call) for subject, call in CALLS.items()}


def conversed(*blocks: Body, mark: str = MARK, asked: Body | None = None, model: str = "", **members: Any) -> Answer:
    """An answer of Bedrock's."""
    message = {"role": "assistant", "content": list(blocks)}
    body: Body = {"output": {"message": message}, "stopReason": "end_turn", "usage": TALLY} | members
    return Answer(body, mark, asked or {"input": "Hi"}, model)


def specified(tool: Body, name: str, arguments: Body, mark: str) -> Answer:
    call = {"toolUse": {"toolUseId": "c1", "name": name, "input": arguments}}
    return conversed(call, mark=mark, asked={"input": "Hi", "tools": [tool]}, stopReason="tool_use")


TALLY: Body = {
    "inputTokens": 3694,
    "cacheReadInputTokens": 203,
    "cacheWriteInputTokens": 104,
    "outputTokens": 302,
    "totalTokens": 4303,
}
REASONED: Body = {"reasoningContent": {"reasoningText": {"text": MARK, "signature": "c2lnbmVk"}}}
SOURCE: Body = {"title": "t", "location": {"web": {"url": f"https://{MARK}.example/"}}}
GROUNDED: Body = {"toolUseId": "c1", "name": "nova_grounding", "type": "server_tool_use", "input": {"query": MARK}}

CONVERSE: dict[str, Answer] = {
    "output.annotations": conversed({"citationsContent": {"content": [WORDS], "citations": [SOURCE]}}),
    "output.encrypted_content": conversed(REASONED, WORDS, mark=SEAL, asked=SEALS),
    "output.image_generation_call": conversed({"image": {"format": "png", "source": {"bytes": MARK}}}),
    "output.incomplete_details": conversed(WORDS, mark='"reason":"max_output_tokens"', stopReason="max_tokens"),
    "output.reasoning_summary": conversed(REASONED, WORDS, mark='"summary_text"', model=CLAUDE),
    "output.reasoning_text": conversed(REASONED, WORDS, mark='"reasoning_text"'),
    "output.service_tier": conversed(WORDS, mark="priority", serviceTier={"type": "priority"}),
    "output.text": conversed({"text": MARK}),
    "output.usage": conversed(WORDS, mark='"total_tokens":4303'),
    "output.usage.cache_write_tokens": conversed(WORDS, mark='"cache_write_tokens":104'),
    "output.usage.cached_tokens": conversed(WORDS, mark='"cached_tokens":203'),
    "output.web_search_call": conversed({"toolUse": GROUNDED}, WORDS),
} | {subject: specified(*call) for subject, call in CALLS.items()}


def cohered(mark: str = MARK, *, asked: Body | None = None, end: str = "COMPLETE", **message: Any) -> Answer:
    """An answer of Cohere's."""
    said: Body = {"role": "assistant", "content": [{"type": "text", "text": "Hi."}]} | message
    usage = {"tokens": {"input_tokens": 4001, "output_tokens": 302}, "cached_tokens": 203}
    body: Body = {"id": "a1", "message": said, "finish_reason": end, "usage": usage}
    body["logprobs"] = [{"text": MARK, "logprobs": [-0.5]}]
    return Answer(body, mark, asked or {"input": "Hi"})


def planned(tool: Body, name: str, arguments: Body, mark: str) -> Answer:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return cohered(mark, asked={"input": "Hi", "tools": [tool]}, end="TOOL_CALL", content=[], tool_calls=[call])


MULLED: Body = {"type": "thinking", "thinking": MARK}
CITES: Body = {"start": 0, "end": 2, "text": "Hi", "sources": [{"type": "document", "id": MARK}]}

COHERE: dict[str, Answer] = {
    "output.annotations": cohered(citations=[CITES]),
    "output.encrypted_content": cohered(SEAL, asked=SEALS, content=[MULLED, {"type": "text", "text": "Hi."}]),
    "output.incomplete_details": cohered('"reason":"max_output_tokens"', end="MAX_TOKENS"),
    "output.logprobs": cohered(asked=LIKELY),
    "output.reasoning_text": cohered(content=[MULLED, {"type": "text", "text": "Hi."}]),
    "output.text": cohered(content=[{"type": "text", "text": MARK}]),
    "output.usage": cohered('"total_tokens":4303'),
    "output.usage.cached_tokens": cohered('"cached_tokens":203'),
} | {subject: planned(*call) for subject, call in CALLS.items()}


def chatted(mark: str = MARK, *, asked: Body | None = None, end: str = "stop", **message: Any) -> Answer:
    """An answer of Ollama's."""
    said: Body = {"role": "assistant", "content": "Hi."} | message
    body: Body = {
        "model": "m",
        "message": said,
        "done": True,
        "done_reason": end,
        "prompt_eval_count": 4001,
        "eval_count": 302,
    }
    body["logprobs"] = [{"token": MARK, "logprob": -0.5}]
    return Answer(body, mark, asked or {"input": "Hi"})


def asked_for(tool: Body, name: str, arguments: Body, mark: str) -> Answer:
    call = {"function": {"name": name, "arguments": arguments}}
    return chatted(mark, asked={"input": "Hi", "tools": [tool]}, content="", tool_calls=[call])


OLLAMA: dict[str, Answer] = {
    "output.encrypted_content": chatted(SEAL, asked=SEALS, thinking=MARK),
    "output.image_generation_call": chatted(images=[MARK]),
    "output.incomplete_details": chatted('"reason":"max_output_tokens"', end="length"),
    "output.logprobs": chatted(asked=LIKELY),
    "output.reasoning_text": chatted(thinking=MARK),
    "output.text": chatted(content=MARK),
    "output.usage": chatted('"total_tokens":4303'),
} | {subject: asked_for(*call) for subject, call in CALLS.items()}

VENDORS = {
    "messages": MESSAGES,
    "vertex-messages": VERTEX,
    "bedrock-messages": BEDROCK,
    "gemini": GEMINI,
    "converse": CONVERSE,
    "cohere": COHERE,
    "ollama": OLLAMA,
}
"""By dialect."""
