"""Answers of providers, for each thing that an answer can hold: the smallest body, and what of it a client must see."""

import json
from typing import Any

from antiphon.dialects.subjects import words
from tests.unit.dialects.answer_shapes import CALLS, LOGPROBS, Answer
from tests.unit.dialects.sampling import MARK, Body
from tests.unit.dialects.vendor_answer_samples import VENDORS


def chatted(mark: str = MARK, asked: Body | None = None, end: str = "stop", **message: Any) -> Answer:
    choice = {"index": 0, "finish_reason": end, "message": {"role": "assistant", "content": "Hi.", **message}}
    return Answer({"id": "c1", "model": "m", "choices": [choice]}, mark, {"input": "Hi"} | (asked or {}))


def called(tool: Body, name: str, arguments: Body, mark: str) -> Answer:
    function = {"name": name, "arguments": json.dumps(arguments, separators=(",", ":"))}
    call = {"id": "c1", "type": "function", "function": function}
    return chatted(mark, {"tools": [tool]}, "tool_calls", content=None, tool_calls=[call])


def with_member(mark: str, **members: Any) -> Answer:
    answer = chatted(mark)
    return Answer(answer.body | members, mark)


USAGE: Body = {
    "prompt_tokens": 4001,
    "completion_tokens": 302,
    "total_tokens": 4303,
    "prompt_tokens_details": {"cached_tokens": 203, "cache_write_tokens": 104},
    "completion_tokens_details": {"reasoning_tokens": 55},
}
PROBABILITY: Body = {"token": MARK, "logprob": -0.5, "bytes": [1], "top_logprobs": []}
CITATION: Body = {
    "type": "url_citation",
    "url_citation": {"url": f"https://{MARK}.example/", "title": "t", "start_index": 0, "end_index": 2},
}
PICTURE: Body = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{MARK}"}}

CHAT: dict[str, Answer] = {
    "output.annotations": chatted(annotations=[CITATION]),
    "output.audio": chatted(content=None, audio={"id": "a", "data": "AAAA", "expires_at": 0, "transcript": MARK}),
    "output.encrypted_content": chatted(
        '"encrypted_content":"', {"include": ["reasoning.encrypted_content"]}, reasoning_content=MARK
    ),
    "output.image_generation_call": chatted(images=[PICTURE]),
    "output.incomplete_details": chatted('"reason":"max_output_tokens"', end="length"),
    "output.reasoning_summary": chatted(
        '"summary_text"', reasoning_details=[{"type": "reasoning.summary", "summary": MARK}]
    ),
    "output.reasoning_text": chatted(reasoning_content=MARK),
    "output.refusal": chatted(refusal=MARK, content=None),
    "output.service_tier": with_member("flex", service_tier="flex"),
    "output.text": chatted(content=MARK),
    "output.usage": with_member('"total_tokens":4303', usage=USAGE),
    "output.usage.cache_write_tokens": with_member('"cache_write_tokens":104', usage=USAGE),
    "output.usage.cached_tokens": with_member('"cached_tokens":203', usage=USAGE),
    "output.usage.reasoning_tokens": with_member('"reasoning_tokens":55', usage=USAGE),
} | {subject: called(*call) for subject, call in CALLS.items()}
CHAT["output.logprobs"] = Answer(
    {
        "id": "c1",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Hi."},
                "logprobs": {"content": [PROBABILITY]},
            }
        ],
    },
    asked={"input": "Hi", "include": [LOGPROBS]},
)


def responded(mark: str = MARK, /, *output: Body, **members: Any) -> Answer:
    body: Body = {"id": "resp_x", "object": "response", "created_at": 1, "model": "m", "status": "completed"}
    return Answer(body | {"output": list(output)} | members, mark)


def message(**part: Any) -> Body:
    content: Body = {"type": "output_text", "text": "Hi.", "annotations": [], "logprobs": [], **part}
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [content]}


def marked(kind: str, **members: Any) -> Answer:
    item = {"type": kind, "id": "item_1", "status": "completed", "call_id": "c1", "name": MARK, **members}
    return responded(f'"{kind}"', item)


COUNTS: Body = {
    "input_tokens": 4001,
    "input_tokens_details": {"cached_tokens": 203, "cache_write_tokens": 104},
    "output_tokens": 302,
    "output_tokens_details": {"reasoning_tokens": 55},
    "total_tokens": 4303,
}
URL: Body = {"type": "url_citation", "url": f"https://{MARK}/", "title": "t", "start_index": 0, "end_index": 2}
THOUGHT: Body = {"type": "reasoning", "id": "rs_1", "summary": []}

RESPONSES: dict[str, Answer] = {
    "output.annotations": responded(MARK, message(annotations=[URL])),
    "output.encrypted_content": responded('"encrypted_content":"', THOUGHT | {"encrypted_content": "gAAAA"}),
    "output.incomplete_details": responded(MARK, status="incomplete", incomplete_details={"reason": MARK}),
    "output.logprobs": responded(MARK, message(logprobs=[PROBABILITY])),
    "output.moderation": responded(MARK, moderation={"input": MARK}),
    "output.reasoning_summary": responded(MARK, THOUGHT | {"summary": [{"type": "summary_text", "text": MARK}]}),
    "output.reasoning_text": responded(MARK, THOUGHT | {"content": [{"type": "reasoning_text", "text": MARK}]}),
    "output.refusal": responded(MARK, message() | {"content": [{"type": "refusal", "refusal": MARK}]}),
    "output.service_tier": responded("flex", service_tier="flex"),
    "output.text": responded(MARK, message(text=MARK)),
    "output.usage": responded('"total_tokens":4303', usage=COUNTS),
    "output.usage.cache_write_tokens": responded('"cache_write_tokens":104', usage=COUNTS),
    "output.usage.cached_tokens": responded('"cached_tokens":203', usage=COUNTS),
    "output.usage.reasoning_tokens": responded('"reasoning_tokens":55', usage=COUNTS),
} | {
    f"output.{kind}": marked(kind)
    for kind in words(
        "apply_patch_call code_interpreter_call compaction computer_call custom_tool_call file_search_call"
        " function_call image_generation_call local_shell_call mcp_approval_request mcp_call mcp_list_tools program"
        " program_output shell_call shell_call_output tool_search_call tool_search_output web_search_call"
    )
}

ANSWERS = {"chat": CHAT, "responses": RESPONSES} | VENDORS
"""By dialect."""

_MADE_HERE = {
    "output.compaction": "the gateway makes it, whoever answers",
    "output.error": "an error before the first output is a status, and later ends the stream",
    "output.tool_search_output": "all tools are offered at once: there is no search",
}
UNANSWERED = (
    {(dialect, subject): reason for dialect in ("chat", *VENDORS) for subject, reason in _MADE_HERE.items()}
    | {("responses", "output.error"): "it is raised, for another attempt to take over"}
    | {("responses", "output.audio"): "no recording shows where a response would hold it"}
    | {("messages", "output.mcp_approval_request"): "tools that would need one are refused"}
    | {("messages", "output.mcp_list_tools"): "Anthropic does not show what it has listed"}
)
"""What no whole answer can show, by dialect and subject, and why."""


def streamed(answer: Answer) -> list[Body]:
    """The chunks that would tell a chat completion."""
    (whole,) = answer.body["choices"]
    delta = dict(whole["message"])
    calls = delta.get("tool_calls")
    if calls:
        delta["tool_calls"] = [{"index": index} | call for index, call in enumerate(calls)]
    first: Body = {"index": 0, "delta": delta, "finish_reason": None, "logprobs": whole.get("logprobs")}
    last: Body = {"index": 0, "delta": {}, "finish_reason": whole["finish_reason"]}
    return [answer.body | {"choices": [first]}, answer.body | {"choices": [last]}]
