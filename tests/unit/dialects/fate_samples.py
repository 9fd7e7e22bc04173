"""A request, or some, for each subject of the tables of fates: with that, and with as little else as may be."""

import json
from collections.abc import Iterator

from antiphon.dialects.subjects import EVENTS, SUBJECTS
from tests.unit.dialects.fate_item_samples import ITEMS, PARTS
from tests.unit.dialects.sampling import (
    MARK,
    OBJECT,
    Body,
    Sample,
    asked,
    choice,
    field,
    function,
    hosted_choice,
    included,
    tool,
)

WEB: Body = {"type": "web_search"}
CONTAINER: Body = {"type": "auto", "file_ids": []}
CODE: Body = {"type": "code_interpreter", "container": CONTAINER}
MCP: Body = {"server_label": "docs", "server_url": "https://mcp.example/", "require_approval": "never"}
STORES: Body = {"vector_store_ids": ["vs_1"]}
JSON: Body = {"format": {"type": "json_object"}}
CLOSED: Body = OBJECT | {"additionalProperties": False}
LOOSE: Body = {"type": "function", "name": "other"}
LOGPROBS = "message.output_text.logprobs"

FIELDS: dict[str, list[Sample]] = {
    "access_programs": [field("access_programs", {"cyber": MARK}, MARK)],
    "background": [field("background", True)],  # noqa: FBT003 - the value of the field
    "context_management": [field("context_management", [{"type": "compaction", "compact_threshold": 9000}])],
    "conversation": [field("conversation", "conv_1")],
    "frequency_penalty": [field("frequency_penalty", 0.125, "0.125"), field("frequency_penalty", -1.5, "-1.5")],
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
    "max_tool_calls": [
        Sample(asked(max_tool_calls=7), "max_tool_calls", None),
        Sample(asked(max_tool_calls=7, tools=[CODE]), "max_tool_calls", "7", ("tool.code_interpreter",)),
        Sample(asked(max_tool_calls=7, tools=[WEB]), "max_tool_calls", "7", ("tool.web_search",)),
    ],
    "metadata": [field("metadata", {"a": "b"})],
    "model": [Sample(asked(model="ignored"), "model", None)],
    "moderation": [field("moderation", {"model": MARK}, MARK)],
    "other": [field("acme_option", 12345, "12345")],
    "parallel_tool_calls": [
        Sample(
            asked(parallel_tool_calls=False, tools=[{"type": "function", "name": MARK}]),
            "parallel_tool_calls",
            beside=("tool.function",),
        )
    ],
    "presence_penalty": [field("presence_penalty", 0.125, "0.125"), field("presence_penalty", -1.5, "-1.5")],
    "previous_response_id": [field("previous_response_id", "resp_0")],
    "prompt": [field("prompt", {"id": "p"})],
    "prompt_cache_key": [field("prompt_cache_key", "mine")],
    "prompt_cache_options": [field("prompt_cache_options", {"mode": "explicit", "ttl": "30m"}, "explicit")],
    "prompt_cache_retention": [field("prompt_cache_retention", "24h", "24h")],
    "provider": [field("provider", "acme")],
    "reasoning.context": [Sample(asked(reasoning={"context": "all_turns"}), "reasoning.context", "all_turns")],
    "reasoning.effort": [
        Sample(
            asked(reasoning={"effort": effort}), "reasoning.effort", None, plain=None if effort == "none" else asked()
        )
        for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    ],
    "reasoning.generate_summary": [
        Sample(asked(reasoning={"generate_summary": "detailed"}), "reasoning.summary", "detailed")
    ],
    "reasoning.mode": [Sample(asked(reasoning={"mode": "pro"}), "reasoning.mode", "pro")],
    "reasoning.summary": [Sample(asked(reasoning={"summary": "detailed"}), "reasoning.summary", "detailed")],
    "safety_identifier": [field("safety_identifier", "alice")],
    "seed": [field("seed", 12345, "12345")],
    "service_tier": [field("service_tier", "flex", "flex"), field("service_tier", "scale", "scale")],
    "stop": [field("stop", [MARK], MARK)],
    "store": [field("store", True)],  # noqa: FBT003 - the value of the field
    "stream": [Sample(asked(stream=True), "stream", None)],
    "stream_options.include_obfuscation": [field("stream_options", {"include_obfuscation": False}, stream=True)],
    "strict": [field("strict", False)],  # noqa: FBT003 - the value of the field
    "temperature": [field("temperature", 2.0, '"temperature":2'), field("temperature", 0.5, "0.5")],
    "text.format.json_object": [
        Sample(asked(text=JSON, input="JSON!"), "text.format", "json_object"),
        Sample(asked(text=JSON, input="JSON!", tools=[LOOSE]), "text.format", "json_object", ("tool.function",)),
    ],
    "text.format.json_schema": [
        Sample(
            asked(text={"format": {"type": "json_schema", "name": "thing", "schema": OBJECT}}), "text.format.type", MARK
        ),
        Sample(
            asked(
                text={"format": {"type": "json_schema", "name": "thing", "schema": OBJECT}},
                reasoning={"effort": "medium"},
            ),
            "text.format.type",
            MARK,
            ("field.reasoning.effort",),
        ),
        Sample(
            asked(
                text={"format": {"type": "json_schema", "name": "thing", "schema": OBJECT}},
                tools=[{"type": "function", "name": "look"}],
            ),
            "text.format.type",
            MARK,
            ("tool.function",),
        ),
    ],
    "text.format.text": [Sample(asked(text={"format": {"type": "text"}}), "text.format.type", None)],
    "text.verbosity": [Sample(asked(text={"verbosity": "low"}), "text.verbosity", "low")],
    "tool_choice": [choice("auto")],
    "tools": [function()],
    "top_k": [field("top_k", 4321, "4321")],
    "top_logprobs": [Sample(asked(top_logprobs=3, include=[LOGPROBS]), "top_logprobs", '"top_logprobs":3')],
    "top_p": [field("top_p", 0.125, "0.125"), field("top_p", 0.0)],
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
        function(".strict", strict=True, parameters=CLOSED),
        Sample(
            asked(tools=[{"type": "function", "name": MARK, "strict": True, "parameters": CLOSED}, LOOSE]),
            "tools[0].strict",
        ),
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
