"""The Responses API: what the golden tests cannot replay. See tests/replayed.py."""

FORMAT = "openai-responses"
REQUESTS = {
    "openai-responses.test_openai_responses_model_http_error.0.dbc6fb23": (
        "a temperature below zero, which the gateway refuses before the provider does"
    ),
}
ANSWERS = {
    "azure-responses.azure-image-generation-tool.1.0.9a17dafb": "the source left out items in its middle",
    "openai-responses.openai-image-generation-tool.1.0.3b682e89": "the source left out items in its middle",
    "openai-responses.openai-phase.1.0.339b081d": "the source left out items in its middle",
    "xai-responses.xai-web-search-tool.1.0.94587b10": "the source left out items in its middle",
    "openai-responses.test_background_mode_reasoning_vcr.0.204c6a3d": (
        "a queued response, which a gateway never asks for"
    ),
    "openai-responses.test_background_mode_streaming_without_starting_after_vcr.0.f5d91f4c": (
        "a queued response, which a gateway never asks for"
    ),
}
ELSEWHERE = {
    "openai.responses.compact": "a compaction is asked for and read elsewhere",
    "openai.responses.input_tokens": "a count of tokens is no answer",
    "openai.responses.retrieve": "what is retrieved was answered before",
}
