"""Shapes that only the description of the API knows: `wire` keeps items as JSON objects, untouched.

They follow section 3 of the specification. None of them is closed: a provider's own members travel on.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

ItemStatus = Literal[
    "in_progress", "completed", "incomplete", "searching", "generating", "interpreting", "calling", "failed"
]
Part = Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": "#/components/schemas/ContentPart"})]


class InputText(Struct, tag_field="type", tag="input_text"):
    """Text for the model to read."""

    text: str


class InputImage(Struct, tag_field="type", tag="input_image"):
    """A picture."""

    image_url: Annotated[str, Meta(description="An http(s) address or a `data:` URL.")] | UnsetType | None = UNSET
    file_id: str | UnsetType | None = UNSET
    detail: Literal["low", "high", "auto", "original"] | UnsetType | None = UNSET


class InputFile(Struct, tag_field="type", tag="input_file"):
    """A document: its content, its address or its id."""

    file_data: Annotated[str, Meta(description="A `data:` URL, or plain base64.")] | UnsetType | None = UNSET
    file_url: str | UnsetType | None = UNSET
    file_id: str | UnsetType | None = UNSET
    filename: str | UnsetType | None = UNSET


class OutputText(Struct, tag_field="type", tag="output_text"):
    """Text that the model wrote."""

    text: str
    annotations: Annotated[list[dict[str, Any]], Meta(description="Citations; places count code points of `text`.")]
    logprobs: (
        Annotated[list[dict[str, Any]], Meta(description="Filled when `message.output_text.logprobs` is included.")]
        | UnsetType
    ) = UNSET


class Refusal(Struct, tag_field="type", tag="refusal"):
    """Why the model would not answer, in its own words."""

    refusal: str


class ReasoningText(Struct, tag_field="type", tag="reasoning_text"):
    """Reasoning as it was thought, where a model shows it."""

    text: str


class SummaryText(Struct, tag_field="type", tag="summary_text"):
    """A summary of reasoning."""

    text: str


class InputMessage(Struct):
    """Something said to the model, or earlier by it. `type` may be left out."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Part] | None
    type: Literal["message"] | UnsetType = UNSET


class OutputMessage(Struct, tag_field="type", tag="message"):
    """What the model says to its reader."""

    id: str
    role: str
    status: ItemStatus
    content: list[OutputText | Refusal]
    phase: Literal["commentary", "final_answer"] | UnsetType | None = UNSET


class ReasoningItem(Struct, tag_field="type", tag="reasoning"):
    """What the model thought before it went on."""

    id: str
    summary: list[SummaryText]
    content: list[ReasoningText] | UnsetType | None = UNSET
    encrypted_content: (
        Annotated[str, Meta(description="Sealed reasoning, to be given back on the next turn.")] | UnsetType | None
    ) = UNSET


class FunctionCall(Struct, tag_field="type", tag="function_call"):
    """A call of one of your functions. Answer it with a `function_call_output` that has the same `call_id`."""

    call_id: str
    name: str
    arguments: Annotated[str, Meta(description="JSON, as text.")]
    id: str | UnsetType | None = UNSET
    status: ItemStatus | UnsetType | None = UNSET


class CustomToolCall(Struct, tag_field="type", tag="custom_tool_call"):
    """A call of one of your custom tools. Answer it with a `custom_tool_call_output`."""

    call_id: str
    name: str
    input: str
    id: str | UnsetType | None = UNSET


class FunctionCallOutput(Struct, tag_field="type", tag="function_call_output"):
    """What your function gave."""

    call_id: str
    output: str | list[Part]


class CustomToolCallOutput(Struct, tag_field="type", tag="custom_tool_call_output"):
    """What your custom tool gave."""

    call_id: str
    output: str | list[Part]


class ItemReference(Struct):
    """An item of an earlier answer, by its id."""

    id: str
    type: Literal["item_reference"] | UnsetType | None = UNSET


class FunctionTool(Struct, tag_field="type", tag="function"):
    """A function that the model may call."""

    name: str
    description: str | UnsetType | None = UNSET
    parameters: Annotated[dict[str, Any], Meta(description="A JSON Schema.")] | UnsetType | None = UNSET
    strict: bool | UnsetType | None = UNSET


class CustomTool(Struct, tag_field="type", tag="custom"):
    """A tool that takes free text."""

    name: str
    description: str | UnsetType | None = UNSET
    format: dict[str, Any] | UnsetType | None = UNSET


class Choice(Struct, frozen=True):
    """A union that stays open: `kinds` are described, any other object with a `type` may stand there too.

    A `sealed` one keeps a member of a described kind from passing as one of the others.
    """

    name: str
    description: str
    kinds: tuple[type[Struct], ...]
    sealed: bool = False


CHOICES: Final = (
    Choice(
        "ContentPart",
        "A piece of what is said. Kinds beyond these, such as `input_audio`, go to models that know them.",
        (InputText, InputImage, InputFile, OutputText, Refusal),
    ),
    Choice(
        "InputItem",
        "One thing in the model's context. Items of an earlier `output` may be sent back as they came; kinds beyond"
        " these go to models that know them.",
        (InputMessage, FunctionCall, FunctionCallOutput, CustomToolCall, CustomToolCallOutput, ItemReference),
    ),
    Choice(
        "OutputItem",
        "One thing that the model did. Read `type` first, and pass over kinds that you do not know.",
        (OutputMessage, ReasoningItem, FunctionCall, CustomToolCall),
        sealed=True,
    ),
    Choice(
        "Tool",
        "A tool that the model may use. Kinds that a provider runs itself (`web_search`, `mcp`, …) are for models"
        " that have them.",
        (FunctionTool, CustomTool),
    ),
)
