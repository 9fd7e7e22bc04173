"""How providers depart from the formats they speak: data, which rows hold and dialects read."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

MaxTokensField = Literal["max_completion_tokens", "max_tokens"]
EffortStyle = Literal["reasoning_effort", "reasoning.effort", "thinking.type", "none"]
ReasoningReplay = Literal["reasoning_content", "reasoning", "reasoning_details", "thinking", "none"]
FileStyle = Literal["file", "file_or_url", "document_url"]
GoogleApi = Literal["studio", "vertex"]
AudioStyle = Literal["object", "data"]


class Quirks(Struct, frozen=True, kw_only=True):
    """How a provider departs from the format it speaks. The defaults describe OpenAI itself."""

    # chat completions
    developer_role: bool = True
    max_tokens_field: MaxTokensField = "max_completion_tokens"
    stream_usage: bool = True
    effort_style: EffortStyle = "reasoning_effort"
    efforts: tuple[str, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    effortless_models: str = ""  # a pattern of models that cannot be told how much to reason
    restless_models: str = ""  # a pattern of models that cannot be told not to reason
    reasoning_replay: ReasoningReplay = "none"
    reasoning_with_calls: bool = False  # calls are replayed with a reasoning field, be it empty
    signed_calls: str = ""  # a pattern of models that take no call back without a signature
    think_tags: bool = False
    json_schema: bool = True
    strict_functions: bool = True
    tool_choice_required: str = "required"  # its own word for it; "auto" where no call can be demanded
    tool_choice_named: bool = True
    allowed_tools: bool = False
    custom_tools: bool = False
    parallel_tool_calls: bool = True
    image_input: bool = True
    image_urls: bool = True  # images may be named by address
    file_input: bool = True
    file_style: FileStyle = "file"
    audio_input: bool = True
    audio_style: AudioStyle = "object"  # format and data, or the data alone
    video_input: bool = False
    user_after_tool: bool = True  # a user may speak right after a tool
    system_anywhere: bool = True  # system messages may follow what the model said, and come last
    prefix_last: bool = False  # an assistant's message that comes last must say that it is a prefix
    call_id_digits: int = 0  # ids of calls are exactly so many letters and digits
    reasoning_outside_completion: bool = False
    refused_fields: frozenset[str] = frozenset()
    temperature_max: float = 2.0
    # ollama's own chat
    context_tokens: int = 0  # the context that a model is loaded with; 0 leaves that to the server
    keep_alive: str = ""  # how long a model stays loaded, such as 30m
    # responses
    stores: bool = True
    encrypted_reasoning_models: str = ""
    blob_prefix: str = ""  # how the blobs begin that it makes itself; others it cannot open
    chat_only_models: str = ""
    # messages
    refused_members: frozenset[str] = frozenset()  # as `refused_fields`, of the body that Anthropic's format has
    responses_extensions: frozenset[str] = frozenset()  # of stop, top_k and seed: those that it takes
    # gemini
    google_api: GoogleApi = "studio"  # where Google's models are: AI Studio, or Vertex AI
