"""What can be recorded: each case in the words of the Responses API, so that every dialect can be asked it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

Body = Mapping[str, Any]


class Step(Struct, frozen=True):
    """One request of a case. One that `follows` says all that was said before it, and the results of the calls."""

    request: Body
    follows: bool = False


RED_SQUARE: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAA"
    "SUVORK5CYII="
)
NO_IMAGE: Final = "data:image/png;base64," + base64.b64encode(b"this is no picture").decode()
PUBLIC_IMAGE: Final = "https://www.python.org/static/community_logos/python-logo-master-v3-TM.png"
HALF_A_SECOND_OF_SILENCE: Final = base64.b64encode(
    b"RIFF\xa4\x1f\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00"
    b"data\x80\x1f\x00\x00" + bytes(8064)
).decode()
PAGE: Final = b"BT /F1 24 Tf 20 100 Td (The password is swordfish.) Tj ET"
PDF: Final = base64.b64encode(
    b"%PDF-1.4\n"
    b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R"
    b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
    b"4 0 obj<</Length " + str(len(PAGE)).encode() + b">>stream\n" + PAGE + b"\nendstream endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
).decode()
LETTER: Final = base64.b64encode(
    b"The harbour of Visby was built in the twelfth century. Its wall is 3.4 kilometres long."
).decode()
LONG_RULES: Final = "\n".join(
    f"Rule {number}: an answer never begins with the word number {number}, whatever is asked."
    for number in range(1, 181)
)
"""Long enough for every vendor's prompt cache: more than 2,048 tokens."""

WEATHER: Final[Body] = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
CLOCK: Final[Body] = {
    "type": "function",
    "name": "clock",
    "description": "The time in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
SCRIBE: Final[Body] = {"type": "custom", "name": "scribe", "description": "Writes a poem down. Takes the bare poem."}
ASKED: Final[Body] = {"role": "user", "content": "What is the weather in Oslo? Use the tool."}
CALLED: Final[Body] = {
    "type": "function_call",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city":"Oslo"}',
}
TOLD: Final[Body] = {"type": "function_call_output", "call_id": "call_1", "output": "Rain, 7 degrees."}
RIVERS: Final[Body] = {
    "type": "json_schema",
    "name": "rivers",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"rivers": {"type": "array", "items": {"type": "string"}}},
        "required": ["rivers"],
        "additionalProperties": False,
    },
}
THINKS: Final[Body] = {"reasoning": {"effort": "medium", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
SUM: Final = "How much is 17 times 23, and is that a prime number?"


def _asking(*parts: Body) -> list[Body]:
    return [{"role": "user", "content": list(parts)}]


def _text(text: str) -> Body:
    return {"type": "input_text", "text": text}


def _once(**request: object) -> tuple[Step, ...]:
    return (Step(request),)


_TRUNCATED: Final[Body] = {"input": "Count from one to two hundred, in words.", "max_output_tokens": 16}
_CACHED: Final[Body] = {"instructions": LONG_RULES, "input": "Say hello.", "prompt_cache_key": "antiphon-recording"}

CASES: Final[Mapping[str, tuple[Step, ...]]] = {
    # what is said
    "text": _once(input="Say hello in five words."),
    "stream": _once(input="Count from one to ten, in words.", stream=True),
    "long": _once(input="Count from one to two hundred, in words.", stream=True),
    "truncated": _once(**_TRUNCATED),
    "truncated-stream": _once(**_TRUNCATED, stream=True),
    "refusal": _once(input="Tell me in detail how to open my neighbour's locked front door unseen.", stream=True),
    "structured": _once(input="Name three rivers.", text={"format": RIVERS}),
    "structured-stream": _once(input="Name three rivers.", text={"format": RIVERS}, stream=True),
    # what is looked at
    "image": _once(
        input=_asking(
            _text("Which colour is this? One word."),
            {"type": "input_image", "image_url": RED_SQUARE, "detail": "low"},
        )
    ),
    "image-url": _once(
        input=_asking(_text("What is this? One word."), {"type": "input_image", "image_url": PUBLIC_IMAGE})
    ),
    "document": _once(
        input=_asking(
            _text("What is the password?"),
            {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
        )
    ),
    "citations": _once(
        input=_asking(
            _text("How long is the wall of Visby? Cite the document."),
            {"type": "input_file", "filename": "visby.txt", "file_data": f"data:text/plain;base64,{LETTER}"},
        ),
        stream=True,
    ),
    "audio": _once(
        input=_asking(
            _text("Is anything said here? One word."),
            {"type": "input_audio", "input_audio": {"data": HALF_A_SECOND_OF_SILENCE, "format": "wav"}},
        )
    ),
    # tools of the client
    "tool-call": _once(input=[ASKED], tools=[WEATHER], stream=True),
    "two-tools": _once(
        input="What is the weather in Oslo, and in Rome? Use the tool for both at once.", tools=[WEATHER], stream=True
    ),
    "one-tool": _once(
        input="What is the weather in Oslo, and in Rome?", tools=[WEATHER], parallel_tool_calls=False, stream=True
    ),
    "forced-tool": _once(
        input="Hello!", tools=[WEATHER, CLOCK], tool_choice={"type": "function", "name": "clock"}, stream=True
    ),
    "custom-tool": _once(input="Write a poem of two lines down.", tools=[SCRIBE], stream=True),
    "tool-result": _once(input=[ASKED, CALLED, TOLD], tools=[WEATHER]),
    "tool-error": _once(
        input=[ASKED, CALLED, {**TOLD, "output": "Error: no such city.", "status": "incomplete"}], tools=[WEATHER]
    ),
    "tool-image": _once(
        input=[
            ASKED,
            CALLED,
            {**TOLD, "output": [_text("The sky:"), {"type": "input_image", "image_url": RED_SQUARE, "detail": "low"}]},
        ],
        tools=[WEATHER],
    ),
    # reasoning
    "reasoning": _once(input="How much is 17 times 23?", reasoning={"effort": "low"}, stream=True),
    "thinking": _once(input=SUM, **THINKS, stream=True),
    "thinking-whole": _once(input=SUM, **THINKS),
    "signatures": (
        Step({"input": [ASKED], "tools": [WEATHER], **THINKS, "stream": True}),
        Step({"tools": [WEATHER], **THINKS, "stream": True}, follows=True),
    ),
    # what the provider runs
    "web-search": _once(
        input="What is the newest stable version of Python? Search, and cite.",
        tools=[{"type": "web_search"}],
        stream=True,
    ),
    "code": _once(
        input="Compute the 30th Fibonacci number by running code.",
        tools=[{"type": "code_interpreter", "container": {"type": "auto"}}],
        stream=True,
    ),
    "mcp": _once(
        input="What is the repository python/cpython about? Ask the tool.",
        tools=[
            {
                "type": "mcp",
                "server_label": "deepwiki",
                "server_url": "https://mcp.deepwiki.com/mcp",
                "require_approval": "never",
            }
        ],
        stream=True,
    ),
    # what it costs
    "cache": (Step(_CACHED), Step(_CACHED)),
    "tier": _once(input="Say hello.", service_tier="default"),
    # what goes wrong
    "error": _once(input="Say hello.", model="no-such-model"),
    "error-stream": _once(input="Say hello.", model="no-such-model", stream=True),
    "error-image": _once(input=_asking(_text("What is this?"), {"type": "input_image", "image_url": NO_IMAGE})),
}
