"""Rows of servers that people run themselves, and the row for everything that is in no table."""

from __future__ import annotations

from typing import Final

from antiphon.providers.row import NATIVE, TRANSLATED, ProviderRow
from antiphon.providers.table_vendors import OPENAI_ONLY
from antiphon.quirks import Quirks

COMPATIBLE: Final = "openai-compatible"

LOCAL: Final[tuple[ProviderRow, ...]] = (
    ProviderRow(
        name="ollama",
        title="Ollama",
        base_url="http://localhost:11434/v1",
        dialects=NATIVE,
        needs_key=False,
        quirks=Quirks(
            developer_role=False,
            max_tokens_field="max_tokens",
            efforts=("none", "low", "medium", "high"),
            reasoning_replay="reasoning",
            strict_functions=False,
            tool_choice_required="auto",
            tool_choice_named=False,
            parallel_tool_calls=False,
            image_urls=False,
            file_input=False,
            audio_input=False,
            refused_fields=OPENAI_ONLY,
            stores=False,
        ),
        note="Its Responses API has no state and came with version 0.13.3; older ones need `dialect: chat`.",
        sources=(
            "https://docs.ollama.com/api/openai-compatibility",
            "recordings ollama.openai_chat (reasoning both ways, json_schema), ollama.openai_models",
        ),
    ),
    ProviderRow(
        name="vllm",
        title="vLLM",
        base_url="http://localhost:8000/v1",
        dialects=TRANSLATED,
        needs_key=False,
        quirks=Quirks(
            developer_role=False,
            max_tokens_field="max_tokens",
            efforts=("low", "medium", "high"),
            reasoning_replay="reasoning",
            file_input=False,
            video_input=True,
            refused_fields=OPENAI_ONLY,
            stores=False,
        ),
        note="Its Responses API streams tool calls as text for most models (issues 29725 and 36435, open).",
        sources=(
            "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
            "https://github.com/vllm-project/vllm/issues/36435",
            "https://github.com/vllm-project/vllm/issues/27752",
            "recordings vllm.chat (reasoning both ways, stream_options), vllm.models",
        ),
    ),
    ProviderRow(
        name="lmstudio",
        title="LM Studio",
        base_url="http://localhost:1234/v1",
        dialects=NATIVE,
        urls=("LM_STUDIO_BASE_URL",),
        keys=("LM_API_KEY",),
        needs_key=False,
        quirks=Quirks(
            developer_role=False,
            max_tokens_field="max_tokens",
            efforts=("low", "medium", "high"),
            think_tags=True,
            strict_functions=False,
            tool_choice_named=False,
            parallel_tool_calls=False,
            image_urls=False,
            file_input=False,
            audio_input=False,
            refused_fields=OPENAI_ONLY,
            stores=False,
        ),
        note="Needs version 0.3.29; older ones need `dialect: chat`.",
        sources=(
            "https://lmstudio.ai/docs/developer/openai-compat/responses",
            "https://lmstudio.ai/docs/developer/openai-compat/chat-completions",
            "recordings lmstudio.responses",
        ),
    ),
    ProviderRow(
        name="llamacpp",
        title="llama.cpp server",
        base_url="http://localhost:8080/v1",
        dialects=TRANSLATED,
        urls=("LLAMA_CPP_BASE_URL",),
        keys=("LLAMA_API_KEY",),
        needs_key=False,
        quirks=Quirks(
            developer_role=False,
            max_tokens_field="max_tokens",
            effort_style="none",
            reasoning_replay="reasoning_content",
            strict_functions=False,
            tool_choice_named=False,
            file_input=False,
            refused_fields=OPENAI_ONLY,
            stores=False,
        ),
        note="Its Responses API is itself a translation to chat completions. Its port is Antiphon's own default.",
        sources=("https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",),
    ),
    ProviderRow(
        name="sglang",
        title="SGLang",
        base_url="http://localhost:30000/v1",
        dialects=TRANSLATED,
        needs_key=False,
        quirks=Quirks(
            developer_role=False,
            max_tokens_field="max_tokens",
            effort_style="none",
            reasoning_replay="reasoning_content",
            strict_functions=False,
            file_input=False,
            refused_fields=OPENAI_ONLY,
            stores=False,
        ),
        note="Chat completions are what its documentation covers.",
        sources=(
            "https://docs.sglang.io/docs/basic_usage/openai_api_completions",
            "https://docs.sglang.io/docs/advanced_features/separate_reasoning",
        ),
    ),
    ProviderRow(
        name=COMPATIBLE,
        title="Any other, by base URL",
        base_url="",
        dialects=TRANSLATED,
        needs_key=False,
        quirks=Quirks(
            developer_role=False,
            max_tokens_field="max_tokens",
            reasoning_replay="none",
            refused_fields=OPENAI_ONLY,
            stores=False,
        ),
        note="What most servers understand; `quirks` in the configuration says more.",
        sources=("https://platform.openai.com/docs/api-reference/chat/create",),
    ),
)
