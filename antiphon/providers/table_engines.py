"""Rows of engines that people serve models with, for many at once, on machines of their own."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from antiphon.providers.assumed import SILENT
from antiphon.providers.media_services import COMPATIBLE_MEDIA, COMPATIBLE_WRITING, OPENAI_MEDIA
from antiphon.providers.row import CHAT, NATIVE, RETRIEVES, TRANSLATED, ProviderRow, Route, ServiceRow
from antiphon.providers.table_vendors import OPENAI_ONLY
from antiphon.quirks import Quirks

ENGINES: Final[tuple[ProviderRow, ...]] = (
    ProviderRow(
        name="vllm",
        title="vLLM",
        base_url="http://localhost:8000/v1",
        dialects=TRANSLATED,
        completes="",
        needs_key=False,
        quirks=Quirks(
            responses_extensions=frozenset({"stop", "top_k", "seed"}),
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
        services=(*RETRIEVES, *COMPATIBLE_WRITING),
        sources=(
            "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
            "https://github.com/vllm-project/vllm/issues/36435",
            "https://github.com/vllm-project/vllm/issues/27752",
            "recordings vllm.chat (reasoning both ways, stream_options), vllm.models",
        ),
    ),
    ProviderRow(
        name="sglang",
        title="SGLang",
        base_url="http://localhost:30000/v1",
        dialects=TRANSLATED,
        completes="",
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
        services=RETRIEVES,
        sources=(
            "https://docs.sglang.io/docs/basic_usage/openai_api_completions",
            "https://docs.sglang.io/docs/advanced_features/separate_reasoning",
        ),
    ),
    ProviderRow(
        name="tgi",
        title="Hugging Face Text Generation Inference",
        base_url="http://localhost:8080/v1",
        dialects=CHAT,
        needs_key=False,
        quirks=replace(SILENT, tool_choice_named=True),
        note="It serves one model, under whatever name.",
        sources=("https://huggingface.co/docs/text-generation-inference/en/messages_api",),
    ),
    ProviderRow(
        name="lmdeploy",
        title="LMDeploy",
        base_url="http://localhost:23333/v1",
        dialects=CHAT,
        needs_key=False,
        quirks=replace(SILENT, reasoning_replay="reasoning_content"),
        sources=("https://lmdeploy.readthedocs.io/en/latest/llm/api_server.html",),
    ),
    ProviderRow(
        name="xinference",
        title="Xinference",
        base_url="http://localhost:9997/v1",
        dialects=CHAT,
        needs_key=False,
        quirks=replace(SILENT, reasoning_replay="reasoning_content"),
        services=(*RETRIEVES, *COMPATIBLE_MEDIA),
        sources=("https://inference.readthedocs.io/en/latest/getting_started/using_xinference.html",),
    ),
    ProviderRow(
        name="localai",
        title="LocalAI",
        base_url="http://localhost:8080/v1",
        dialects=NATIVE,
        completes="",
        needs_key=False,
        quirks=replace(
            SILENT,
            reasoning_replay="reasoning_content",
            audio_input=True,
            video_input=True,
            refused_fields=OPENAI_ONLY - {"store"},
            stores=True,
        ),
        services=(*RETRIEVES, *COMPATIBLE_MEDIA),
        sources=(
            "https://localai.io/features/text-generation/",
            "https://github.com/mudler/LocalAI/blob/master/docs/content/features/text-generation.md",
        ),
    ),
    ProviderRow(
        name="litellm",
        title="LiteLLM proxy",
        base_url="http://localhost:4000/v1",
        dialects=TRANSLATED,
        completes="",
        keys=("LITELLM_PROXY_API_KEY",),
        needs_key=False,
        quirks=Quirks(
            developer_role=False,
            efforts=("none", "minimal", "low", "medium", "high", "xhigh"),
            reasoning_replay="reasoning_content",
            refused_fields=OPENAI_ONLY - {"store", "metadata", "service_tier", "prompt_cache_key", "verbosity"},
            stores=True,
        ),
        note="For models without one of their own its Responses API is itself a translation, and quiet about losses.",
        services=(*RETRIEVES, ServiceRow(service="moderations", route=Route("/moderations")), *OPENAI_MEDIA),
        sources=(
            "https://docs.litellm.ai/docs/proxy/user_keys",
            "https://docs.litellm.ai/docs/response_api",
        ),
    ),
)
