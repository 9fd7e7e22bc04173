"""The samples of input items and of content parts."""

from tests.unit.dialects.sampling import (
    MARK,
    MP4,
    OBJECT,
    PDF,
    PNG,
    SEALED,
    Body,
    Sample,
    item,
    part,
    said,
    spoken,
    user,
)

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
OWN: Body = {"encrypted_content": SEALED}
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
    "function_call": [
        Sample(said(CALL, OUTPUT | {"output": "x"}), "input[1]"),
        Sample(said(CALL | {"arguments": MARK}, OUTPUT | {"output": "x"}), "input[1]"),
    ],
    "function_call.async": [Sample(said(CALL | {"async": True}), "input[1].async")],
    "function_call_output": [Sample(said(CALL | {"arguments": "{}"}, OUTPUT), "input[2]")],
    "function_call_output.failed": [
        Sample(said(CALL, OUTPUT | {"status": "incomplete"}), "input[2].status", None, plain=said(CALL, OUTPUT))
    ],
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
    "message.phase": [
        Sample(said(ANSWER | {"phase": "commentary"}), "input[1].phase", "commentary", ("item.message",))
    ],
    "other": [item("acme:mood", mood=MARK)],
    "program": [item("program", id="cm_1", call_id="c", code="1", fingerprint="f", mark=None)],
    "program_output": [item("program_output", id="cmo_1", call_id="c", result="1", status="completed", mark=None)],
    "reasoning": [
        Sample(said(THOUGHT, ANSWER), "input[1]", None, ("item.message",)),
        Sample(said(THOUGHT | OWN, ANSWER), "input[1]", None, ("item.message",), said(ANSWER)),
        Sample(said(THOUGHT | {"encrypted_content": "another's"}, ANSWER), "input", None, ("item.message",)),
    ],
    "reasoning.dangling": [Sample(said(THOUGHT | OWN), "input", None, ("item.reasoning",))],
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

LOOK: Body = {"type": "input_text", "text": "Look."}
BREAKPOINT: Body = {"prompt_cache_breakpoint": {"mode": "explicit"}}

PARTS: dict[str, list[Sample]] = {
    "computer_screenshot": [
        part("computer_screenshot", image_url=PNG),
        part("computer_screenshot", image_url=f"https://example.com/{MARK}.png"),
    ],
    "input_audio": [part("input_audio", input_audio={"data": f"{MARK}AAAA", "format": "wav"})],
    "input_file": [part("input_file", file_data=PDF, filename="a.pdf")],
    "input_file.detail": [part("input_file", None, ".detail", file_data=PDF, filename="a.pdf", detail="high")],
    "input_file.file_id": [part("input_file", file_id=f"file-{MARK}")],
    "input_file.file_url": [part("input_file", file_url=f"https://example.com/{MARK}.pdf")],
    "input_image": [
        part("input_image", image_url=PNG),
        part("input_image", image_url=f"https://example.com/{MARK}.png"),
    ],
    "input_image.detail": [part("input_image", None, ".detail", image_url=PNG, detail="original")],
    "input_image.file_id": [part("input_image", file_id=f"file-{MARK}")],
    "input_text": [part("input_text", text=MARK)],
    "input_video": [
        part("input_video", video_url=f"https://example.com/{MARK}.mp4"),
        part("input_video", video_url=MP4),
    ],
    "media_from_assistant": [
        Sample(said(spoken("assistant", "input_image", image_url=PNG)), "input[1].content[0]", None, ("item.message",))
    ],
    "media_from_system": [
        Sample(said(spoken("system", "input_image", image_url=PNG)), "input[1].content[0]", None, ("item.message",))
    ],
    "output_text": [Sample(said(ANSWER), "input[1].content[0]", beside=("item.message",))],
    "prompt_cache_breakpoint": [
        Sample(
            user(LOOK | BREAKPOINT, LOOK), "input[0].content[0].prompt_cache_breakpoint", None, plain=user(LOOK, LOOK)
        )
    ],
    "reasoning_text": [part("reasoning_text", text=MARK)],
    "refusal": [
        Sample(said(spoken("assistant", "refusal", refusal=MARK)), "input[1].content[0]", beside=("item.message",))
    ],
    "summary_text": [part("summary_text", text=MARK)],
    "text": [part("text", text=MARK)],
}
