"""What each member of a request and of a response means, for the reader of the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

WORDS: Final[Mapping[str, Mapping[str, str | dict[str, Any]]]] = {
    "Request": {
        "model": "`provider/model`, a name that only one provider has, or an alias from the configuration.",
        "input": "What to answer: a text, or items.",
        "instructions": "What the model reads before everything else. Not carried along a chain.",
        "previous_response_id": "The stored response to go on from. Model and provider may change on the way.",
        "conversation": "The conversation to go on in: its items are the history, and this turn is added to them.",
        "store": "Whether to keep the answer, so that it can be fetched, replayed and gone on from. Default: true.",
        "background": "Whether to answer at once and work later: fetch the response, or follow its events, by its id.",
        "stream": "Whether to send the answer as events, as it is made.",
        "stream_options": "How events are written.",
        "include": "Parts of an answer that are left out unless they are asked for.",
        "max_output_tokens": "The most tokens that the answer may take, reasoning included.",
        "max_tool_calls": "How often tools that the provider runs itself may be called.",
        "parallel_tool_calls": "Whether the model may call several tools at once. Default: true.",
        "temperature": "How freely the next token is drawn. Default: 1.",
        "top_p": "The share of likely tokens that is drawn from. Default: 1.",
        "presence_penalty": "Above zero, the model turns to new subjects sooner.",
        "frequency_penalty": "Above zero, the model repeats itself less.",
        "top_logprobs": "How many likely tokens to report for each place.",
        "text": "The form of the answer's text: plain, any JSON, or JSON that fits a schema.",
        "reasoning": "How much to think, and how much of it to show.",
        "tools": "What the model may use.",
        "tool_choice": (
            "`auto`, `none` or `required`; or an object that names one tool; or `allowed_tools`, which narrows `tools`"
            " down."
        ),
        "truncation": "Whether the oldest items may be left out when the context is too long.",
        "context_management": "What shall happen when the prompt is longer than a threshold: compact it first.",
        "service_tier": "The provider's own service class.",
        "metadata": "Up to 16 pairs of your own: keys of up to 64 characters, values of up to 512.",
        "prompt_cache_key": "Requests with the same key are likely to share a provider's cache.",
        "prompt_cache_retention": "How long a provider's cache shall last.",
        "safety_identifier": "Your name for the person who asks. Providers see a hash of it.",
        "stop": "Texts that end the answer where they would stand. Not in OpenAI's Responses API.",
        "top_k": "Of how many likeliest tokens each is chosen. Not in OpenAI's Responses API.",
        "seed": "The beginning of chance, for answers that repeat. Not in OpenAI's Responses API.",
        "user": "The older name of `safety_identifier`.",
        "prompt": "A prompt that is kept here (`/v1/prompts`), with values for its variables.",
        "provider": "The provider that shall answer, by its name here.",
        "strict": "Whether to refuse what the provider cannot do, where it would otherwise be left out with a warning.",
    },
    "Response": {
        "id": "The same from the first event to the last retrieval.",
        "object": {"const": "response"},
        "created_at": "Unix time in seconds.",
        "completed_at": "Unix time in seconds, once the answer is complete.",
        "status": {"enum": ["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]},
        "conversation": "The conversation that this response belongs to. A chain always has one.",
        "error": "Why the answer failed; null unless it did.",
        "incomplete_details": "`reason`: why the answer ended early; null unless it did.",
        "input_transformations": "Reasoning in the input that the model was not given, and why; often not there.",
        "model": "As asked for.",
        "background": "Whether it was asked for in the background.",
        "output": "What the model did, in order.",
        "provider": "Who answered, by its name here.",
        "usage": "What the answer consumed; null while it is not known.",
        "tools": "As asked for, without secrets.",
    },
    "TextFormat": {
        "name": "What the schema is called; needed with `json_schema`.",
        "schema": "The JSON Schema that the text must fit; needed with `json_schema`.",
        "strict": "Whether the provider shall enforce the schema.",
    },
    "Reasoning": {
        "effort": "How long to think. Models that know fewer steps take the nearest.",
        "summary": "How much of it to tell.",
        "generate_summary": "The older name of `summary`.",
    },
    "ResponseError": {"code": "Why, for programs.", "message": "Why, for people."},
    "Usage": {"raw_usage": "The provider's own count, as it came."},
    "ErrorBody": {
        "message": "What is wrong, with which thing, and what to do.",
        "type": "`invalid_request_error`, `authentication_error`, `rate_limit_error`, `server_error`, or others.",
        "param": "The member of the request that is meant.",
        "code": "Why, for programs.",
    },
    "NewConversation": {
        "metadata": "Up to 16 pairs of your own: keys of up to 64 characters, values of up to 512.",
        "items": "Its first items, up to 20.",
    },
    "ConversationUpdate": {"metadata": "Takes the place of all pairs there were."},
    "NewItems": {"items": "Up to 20 of them."},
    "Conversation": {"created_at": "Unix time in seconds.", "metadata": "The pairs that were given."},
    "Model": {
        "id": "`provider/model`: what a request's `model` takes.",
        "object": {"const": "model"},
        "created": "Unix time in seconds, 0 where it is not known.",
        "context_window": "Tokens that it takes in all.",
        "max_output_tokens": "Tokens that it can answer with.",
        "usd_per_million_tokens": "What it costs at its provider, each rate a decimal number as text.",
    },
    "Readiness": {"checks": "`ok`, or what is wrong, for each part."},
}

SENTENCES: Final[Mapping[str, str]] = {
    "NewConversation": "What a new conversation begins with. All of it may be left out.",
    "ConversationUpdate": "What to change of a conversation.",
    "NewItems": "What to add to a conversation.",
    "Request": "What to answer, with which model, and how. Null in any member means its default.",
    "Response": (
        "An answer. Every member but `prompt` and `input_transformations` is always there; a provider's own members may"
        " stand beside them."
    ),
    "ResponseError": "Why an answer failed.",
}
"""What is said of a schema in place of its type's own docstring, which speaks to whoever reads the code."""
