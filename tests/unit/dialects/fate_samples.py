"""A request, or some, for each subject of the tables of fates: with that, and with as little else as may be."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from antiphon.dialects.subjects import EVENTS, SUBJECTS

Body = dict[str, Any]

MARK = "m4rk"
"""A word that means nothing, to be found in what is sent."""

PNG = f"data:image/png;base64,{MARK}AAAA"
PDF = f"data:application/pdf;base64,{MARK}AAAA"
OBJECT: Body = {"type": "object", "properties": {MARK: {"type": "string"}}, "required": [MARK]}


class Sample(Struct, frozen=True):
    """`param` is where a loss of the subject stands. `mark` is found in the body where the provider does it itself.

    `beside` are subjects that the request cannot do without, whose losses may be told as well.
    """

    body: Body
    param: str
    mark: str | None = MARK
    beside: tuple[str, ...] = ()


def asked(**members: Any) -> Body:
    return {"input": "Hi"} | members


def field(name: str, value: Any, mark: str | None = None, **more: Any) -> Sample:
    return Sample(asked(**{name: value}, **more), name, mark)


def said(*items: Body) -> Body:
    return {"input": [{"type": "message", "role": "user", "content": "Hi"}, *items]}


def item(kind: str, *after: Body, mark: str | None = MARK, beside: tuple[str, ...] = (), **members: Any) -> Sample:
    return Sample(said({"type": kind, **members}, *after), "input[1].type", mark, beside)


def part(kind: str, mark: str | None = MARK, where: str = "", **members: Any) -> Sample:
    content = [{"type": "input_text", "text": "Look."}, {"type": kind, **members}]
    body = {"input": [{"type": "message", "role": "user", "content": content}]}
    return Sample(body, f"input[0].content[1]{where}", mark)


def tool(kind: str, where: str = ".type", mark: str | None = None, **members: Any) -> Sample:
    return Sample(asked(tools=[{"type": kind, **members}]), f"tools[0]{where}", mark)


def function(where: str = ".type", **members: Any) -> Sample:
    return tool("function", where, MARK, **({"name": MARK, "parameters": OBJECT} | members))


def choice(value: Any, *tools: Body, beside: tuple[str, ...] = ("tool.function",)) -> Sample:
    offered = list(tools) or [{"type": "function", "name": MARK}, {"type": "function", "name": "other"}]
    return Sample(asked(tools=offered, tool_choice=value), "tool_choice", None, beside)


def hosted_choice(kind: str, **members: Any) -> Sample:
    beside = (f"tool.{kind}", "choice.left_out")
    return choice({"type": kind}, {"type": kind, **members}, beside=beside)


def included(value: str, *beside: str, **more: Any) -> Sample:
    return Sample(asked(include=[value], **more), "include", value, beside)


def spoken(role: str, kind: str, **members: Any) -> Body:
    return {"type": "message", "role": role, "content": [{"type": kind, **members}]}


WEB: Body = {"type": "web_search"}
CONTAINER: Body = {"type": "auto", "file_ids": []}
MCP: Body = {"server_label": "docs", "server_url": "https://mcp.example/", "require_approval": "never"}
STORES: Body = {"vector_store_ids": ["vs_1"]}
LOGPROBS = "message.output_text.logprobs"

FIELDS: dict[str, list[Sample]] = {
    "access_programs": [field("access_programs", {"cyber": MARK}, MARK)],
    "background": [field("background", True)],  # noqa: FBT003 - the value of the field
    "context_management": [field("context_management", [{"type": "compaction", "compact_threshold": 9000}])],
    "conversation": [field("conversation", "conv_1")],
    "frequency_penalty": [field("frequency_penalty", 0.125, "0.125")],
    "image": [field("image", {"context_compression": MARK}, MARK)],
    "include.code_interpreter_call.outputs": [
        included(
            "code_interpreter_call.outputs",
            "tool.code_interpreter",
            tools=[{"type": "code_interpreter", "container": CONTAINER}],
        )
    ],
    "include.computer_call_output.output.image_url": [included("computer_call_output.output.image_url")],
    "include.file_search_call.results": [
        included("file_search_call.results", "tool.file_search", tools=[{"type": "file_search", **STORES}])
    ],
    "include.message.input_image.image_url": [included("message.input_image.image_url")],
    "include.message.output_text.logprobs": [
        Sample(asked(include=[LOGPROBS]), "top_logprobs", "logprobs", ("field.top_logprobs",))
    ],
    "include.reasoning.encrypted_content": [included("reasoning.encrypted_content")],
    "include.web_search_call.action.sources": [
        included("web_search_call.action.sources", "tool.web_search", tools=[WEB])
    ],
    "include.web_search_call.results": [included("web_search_call.results", "tool.web_search", tools=[WEB])],
    "input": [field("input", MARK, MARK)],
    "instructions": [field("instructions", MARK, MARK)],
    "max_output_tokens": [field("max_output_tokens", 4321, "4321")],
    "max_tool_calls": [field("max_tool_calls", 7, "7")],
    "metadata": [field("metadata", {"a": "b"})],
    "model": [field("model", "ignored")],
    "moderation": [field("moderation", {"model": MARK}, MARK)],
    "other": [field("seed", 12345, "12345")],
    "parallel_tool_calls": [
        Sample(
            asked(parallel_tool_calls=False, tools=[{"type": "function", "name": MARK}]),
            "parallel_tool_calls",
            beside=("tool.function",),
        )
    ],
    "presence_penalty": [field("presence_penalty", 0.125, "0.125")],
    "previous_response_id": [field("previous_response_id", "resp_0")],
    "prompt": [field("prompt", {"id": "p"})],
    "prompt_cache_key": [field("prompt_cache_key", "mine")],
    "prompt_cache_options": [field("prompt_cache_options", {"mode": "explicit", "ttl": "30m"}, "explicit")],
    "prompt_cache_retention": [field("prompt_cache_retention", "24h", "24h")],
    "provider": [field("provider", "acme")],
    "reasoning.context": [Sample(asked(reasoning={"context": "all_turns"}), "reasoning.context", "all_turns")],
    "reasoning.effort": [
        Sample(asked(reasoning={"effort": effort}), "reasoning.effort", None)
        for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    ],
    "reasoning.generate_summary": [
        Sample(asked(reasoning={"generate_summary": "detailed"}), "reasoning.summary", "detailed")
    ],
    "reasoning.mode": [Sample(asked(reasoning={"mode": "pro"}), "reasoning.mode", "pro")],
    "reasoning.summary": [Sample(asked(reasoning={"summary": "detailed"}), "reasoning.summary", "detailed")],
    "safety_identifier": [field("safety_identifier", "alice")],
    "service_tier": [field("service_tier", "flex", "flex")],
    "store": [field("store", True)],  # noqa: FBT003 - the value of the field
    "stream": [field("stream", True)],  # noqa: FBT003 - the value of the field
    "stream_options.include_obfuscation": [field("stream_options", {"include_obfuscation": False}, stream=True)],
    "strict": [field("strict", False)],  # noqa: FBT003 - the value of the field
    "temperature": [field("temperature", 2.0, '"temperature":2')],
    "text.format.json_object": [
        Sample(asked(text={"format": {"type": "json_object"}}, input="JSON!"), "text.format", "json_object")
    ],
    "text.format.json_schema": [
        Sample(
            asked(text={"format": {"type": "json_schema", "name": "thing", "schema": OBJECT}}), "text.format.type", MARK
        )
    ],
    "text.format.text": [Sample(asked(text={"format": {"type": "text"}}), "text.format.type", None)],
    "text.verbosity": [Sample(asked(text={"verbosity": "low"}), "text.verbosity", "low")],
    "tool_choice": [choice("auto")],
    "tools": [function()],
    "top_logprobs": [Sample(asked(top_logprobs=3, include=[LOGPROBS]), "top_logprobs", '"top_logprobs":3')],
    "top_p": [field("top_p", 0.125, "0.125")],
    "truncation": [field("truncation", "auto")],
    "user": [field("user", "alice")],
}

TOOLS: dict[str, list[Sample]] = {
    "apply_patch": [tool("apply_patch")],
    "code_interpreter": [tool("code_interpreter", container=CONTAINER)],
    "computer": [
        tool("computer"),
        tool("computer_use_preview", display_height=100, display_width=100, environment="browser"),
    ],
    "custom": [tool("custom", mark=MARK, name=MARK, description="A tool.")],
    "custom.grammar": [
        tool("custom", ".format", MARK, name="c", format={"type": "grammar", "syntax": "regex", "definition": MARK})
    ],
    "file_search": [tool("file_search", **STORES)],
    "function": [function()],
    "function.allowed_callers": [function(".allowed_callers", allowed_callers=["programmatic"])],
    "function.async": [function(".async", **{"async": True})],
    "function.defer_loading": [function(defer_loading=True)],
    "function.output_schema": [function(".output_schema", output_schema=OBJECT)],
    "function.strict": [
        function(".strict", strict=True, parameters=OBJECT | {"additionalProperties": False}),
    ],
    "image_generation": [tool("image_generation")],
    "local_shell": [tool("local_shell")],
    "mcp": [tool("mcp", **MCP)],
    "namespace": [tool("namespace", name=MARK, description="d", tools=[{"type": "function", "name": "f"}])],
    "programmatic_tool_calling": [tool("programmatic_tool_calling")],
    "shell": [tool("shell"), tool("shell", environment={"type": "local"})],
    "shell.container": [tool("shell", environment={"type": "container_auto"})],
    "shell.skills": [
        tool(
            "shell",
            mark=MARK,
            environment={"type": "local", "skills": [{"name": MARK, "description": "d", "path": "/s"}]},
        )
    ],
    "tool_search": [tool("tool_search"), tool("tool_search", execution="client")],
    "web_search": [tool("web_search"), tool("web_search_preview"), tool("web_search_2025_08_26")],
    "web_search.external_web_access": [tool("web_search", external_web_access=False)],
    "web_search.filters": [tool("web_search", mark=MARK, filters={"allowed_domains": [f"{MARK}.example"]})],
    "web_search.search_content_types": [tool("web_search_preview", search_content_types=["image"])],
    "web_search.search_context_size": [tool("web_search", search_context_size="low")],
    "web_search.user_location": [tool("web_search", user_location={"type": "approximate", "city": "Paris"})],
}

CHOICES: dict[str, list[Sample]] = {
    "allowed_tools": [
        choice(
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": MARK}, {"type": "function", "name": "other"}],
            }
        )
    ],
    "apply_patch": [choice({"type": "apply_patch"}, {"type": "apply_patch"})],
    "auto": [choice("auto")],
    "code_interpreter": [hosted_choice("code_interpreter", container=CONTAINER)],
    "computer": [hosted_choice("computer")],
    "custom": [choice({"type": "custom", "name": MARK}, {"type": "custom", "name": MARK})],
    "file_search": [hosted_choice("file_search", **STORES)],
    "function": [choice({"type": "function", "name": MARK})],
    "image_generation": [hosted_choice("image_generation")],
    "left_out": [
        choice(
            {"type": "programmatic_tool_calling"},
            {"type": "programmatic_tool_calling"},
            {"type": "function", "name": MARK},
            beside=("tool.programmatic_tool_calling", "tool.function"),
        )
    ],
    "mcp": [
        Sample(
            asked(tools=[{"type": "mcp", **MCP}], tool_choice={"type": "mcp", "server_label": "docs"}),
            "tool_choice",
            None,
            ("tool.mcp", "choice.left_out"),
        )
    ],
    "none": [choice("none")],
    "programmatic_tool_calling": [hosted_choice("programmatic_tool_calling")],
    "required": [choice("required")],
    "shell": [choice({"type": "shell"}, {"type": "shell"})],
    "web_search": [hosted_choice("web_search")],
}

CALL: Body = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": f'{{"q":"{MARK}"}}'}
OUTPUT: Body = {"type": "function_call_output", "call_id": "c1", "output": MARK}
CUSTOM: Body = {"type": "custom_tool_call", "call_id": "c1", "name": "look", "input": MARK}
LOCAL: Body = {"call_id": "c1", "id": "lsh_1", "action": {"type": "exec", "command": [MARK], "env": {}}}
SHELL: Body = {"call_id": "c1", "action": {"commands": [MARK]}, "status": "completed"}
PATCH: Body = {"call_id": "c1", "operation": {"type": "delete_file", "path": MARK}, "status": "completed"}
CLICK: Body = {"call_id": "c1", "action": {"type": "screenshot"}, "pending_safety_checks": [], "status": "completed"}
LOGS: Body = {"type": "logs", "logs": MARK}
RUN: Body = {"id": "ci_1", "container_id": "c", "code": "1", "status": "completed"}
SCREEN: Body = {"type": "computer_screenshot", "image_url": PNG}
SEARCH: Body = {"id": "tsc_1", "call_id": "c1", "execution": "client", "arguments": {"q": MARK}, "status": "completed"}
FOUND: Body = {"type": "function", "name": MARK, "parameters": OBJECT}
THOUGHT: Body = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
ANSWER: Body = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": MARK, "annotations": []}],
}

SHELL_OUTPUT: Body = {
    "type": "shell_call_output",
    "call_id": "c1",
    "output": [{"stdout": MARK, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
}

ITEMS: dict[str, list[Sample]] = {
    "additional_tools": [item("additional_tools", role="developer", tools=[FOUND], beside=("tool.function",))],
    "apply_patch_call": [
        item("apply_patch_call", {"type": "apply_patch_call_output", "call_id": "c1", "status": "completed"}, **PATCH)
    ],
    "apply_patch_call_output": [
        Sample(
            said(
                {"type": "apply_patch_call"} | PATCH,
                {"type": "apply_patch_call_output", "call_id": "c1", "status": "failed", "output": MARK},
            ),
            "input[2]",
        )
    ],
    "code_interpreter_call": [
        item("code_interpreter_call", **RUN, outputs=[LOGS]),
        item("code_interpreter_call", **RUN, outputs=None, mark=None),
    ],
    "code_interpreter_call.images": [
        Sample(
            said({"type": "code_interpreter_call", **RUN, "outputs": [LOGS, {"type": "image", "url": PNG}]}),
            "input[1].outputs",
            beside=("item.code_interpreter_call",),
        )
    ],
    "compaction": [item("compaction", id="cmp_1", encrypted_content="opaque", mark=None)],
    "compaction_trigger": [item("compaction_trigger", mark=None)],
    "computer_call": [
        item(
            "computer_call",
            {"type": "computer_call_output", "call_id": "c1", "output": SCREEN},
            mark="screenshot",
            beside=("part.computer_screenshot",),
            **CLICK,
        )
    ],
    "computer_call_output": [
        Sample(
            said(
                {"type": "computer_call"} | CLICK,
                {"type": "computer_call_output", "call_id": "c1", "output": SCREEN},
            ),
            "input[1].content[0]",
        )
    ],
    "configuration_update": [item("configuration_update", reasoning={"effort": "low"}, mark=None)],
    "custom_tool_call": [
        Sample(said(CUSTOM, {"type": "custom_tool_call_output", "call_id": "c1", "output": "x"}), "input[1]")
    ],
    "custom_tool_call_output": [
        Sample(said(CUSTOM, {"type": "custom_tool_call_output", "call_id": "c1", "output": MARK}), "input[2]")
    ],
    "file_search_call": [
        item(
            "file_search_call",
            id="fs_1",
            queries=["q"],
            status="completed",
            results=[{"filename": "a", "text": MARK, "file_id": "f", "score": 1}],
        ),
        item("file_search_call", id="fs_1", queries=["q"], status="completed", results=None, mark=None),
    ],
    "function_call": [Sample(said(CALL, OUTPUT | {"output": "x"}), "input[1]")],
    "function_call.async": [Sample(said(CALL | {"async": True}), "input[1].async")],
    "function_call_output": [Sample(said(CALL | {"arguments": "{}"}, OUTPUT), "input[2]")],
    "image_generation_call": [
        Sample(
            said({"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": f"{MARK}AAAA"}),
            "input[1].content[0]",
            beside=("part.input_image",),
        ),
        item("image_generation_call", id="ig_1", status="failed", result=None, mark=None),
    ],
    "local_shell_call": [
        item("local_shell_call", {"type": "local_shell_call_output", "id": "lsh_1", "output": "x"}, **LOCAL)
    ],
    "local_shell_call_output": [
        Sample(
            said(
                {"type": "local_shell_call"} | LOCAL, {"type": "local_shell_call_output", "id": "lsh_1", "output": MARK}
            ),
            "input[2]",
        )
    ],
    "mcp_approval_request": [
        item("mcp_approval_request", id="mcpr_1", server_label="a", name="b", arguments="{}", mark=None)
    ],
    "mcp_approval_response": [item("mcp_approval_response", approval_request_id="mcpr_1", approve=True, mark=None)],
    "mcp_call": [item("mcp_call", id="mcp_1", server_label="docs", name="search", arguments="{}", output=MARK)],
    "mcp_list_tools": [item("mcp_list_tools", id="mcpl_1", server_label="docs", tools=[], mark=None)],
    "message": [
        Sample(said(spoken(role, "output_text" if role == "assistant" else "input_text", text=MARK)), "input[1]")
        for role in ("user", "assistant", "system", "developer")
    ],
    "message.phase": [Sample(said(ANSWER | {"phase": "commentary"}), "input[1].phase", "commentary")],
    "other": [item("acme:mood", mood=MARK)],
    "program": [item("program", id="cm_1", call_id="c", code="1", fingerprint="f", mark=None)],
    "program_output": [item("program_output", id="cmo_1", call_id="c", result="1", status="completed", mark=None)],
    "reasoning": [Sample(said(THOUGHT, ANSWER), "input[1]", None)],
    "reasoning.dangling": [Sample(said(THOUGHT), "input", None, ("item.reasoning",))],
    "shell_call": [item("shell_call", SHELL_OUTPUT, **SHELL)],
    "shell_call_output": [Sample(said({"type": "shell_call"} | SHELL, SHELL_OUTPUT), "input[2]")],
    "tool_search_call": [
        item(
            "tool_search_call",
            {"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": []},
            **SEARCH,
        )
    ],
    "tool_search_output": [
        Sample(
            said(
                {"type": "tool_search_call"} | SEARCH,
                {"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": [FOUND]},
            ),
            "input[2]",
            beside=("tool.function",),
        )
    ],
    "web_search_call": [
        item("web_search_call", id="ws_1", status="completed", action={"type": "search", "query": MARK})
    ],
}

UNRESOLVED = {"item.item_reference": "the gateway puts the item in its place before any dialect sees it"}
"""Subjects that no request to a dialect can hold."""

BREAKPOINT: Body = {"prompt_cache_breakpoint": {"mode": "explicit"}}

PARTS: dict[str, list[Sample]] = {
    "computer_screenshot": [part("computer_screenshot", image_url=PNG)],
    "input_audio": [part("input_audio", input_audio={"data": f"{MARK}AAAA", "format": "wav"})],
    "input_file": [part("input_file", file_data=PDF, filename="a.pdf")],
    "input_file.detail": [part("input_file", None, ".detail", file_data=PDF, filename="a.pdf", detail="high")],
    "input_file.file_id": [part("input_file", file_id=f"file-{MARK}")],
    "input_file.file_url": [part("input_file", file_url=f"https://example.com/{MARK}.pdf")],
    "input_image": [part("input_image", image_url=PNG)],
    "input_image.detail": [part("input_image", None, ".detail", image_url=PNG, detail="original")],
    "input_image.file_id": [part("input_image", file_id=f"file-{MARK}")],
    "input_text": [part("input_text", text=MARK)],
    "input_video": [part("input_video", video_url=f"https://example.com/{MARK}.mp4")],
    "media_from_assistant": [
        Sample(said(spoken("assistant", "input_image", image_url=PNG)), "input[1].content[0]", None)
    ],
    "media_from_system": [Sample(said(spoken("system", "input_image", image_url=PNG)), "input[1].content[0]", None)],
    "output_text": [Sample(said(ANSWER), "input[1].content[0]")],
    "prompt_cache_breakpoint": [part("input_text", None, ".prompt_cache_breakpoint", text="x", **BREAKPOINT)],
    "reasoning_text": [part("reasoning_text", text=MARK)],
    "refusal": [Sample(said(spoken("assistant", "refusal", refusal=MARK)), "input[1].content[0]")],
    "summary_text": [part("summary_text", text=MARK)],
    "text": [part("text", text=MARK)],
}
SAMPLES: dict[str, list[Sample]] = {
    f"{kind}.{name}": samples
    for kind, group in (("field", FIELDS), ("tool", TOOLS), ("choice", CHOICES), ("item", ITEMS), ("part", PARTS))
    for name, samples in group.items()
}


def requested() -> Iterator[str]:
    """The subjects that a request can speak of."""
    return (name for name in SUBJECTS if not name.startswith("output.") and name not in EVENTS)


def encoded(body: bytes) -> str:
    """What was sent, with every string as it is written and no space between."""
    return json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))
