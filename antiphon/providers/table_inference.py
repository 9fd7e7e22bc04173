"""Rows of more of those who serve other people's models: hosts of open ones, and routers to many providers."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from antiphon.providers.assumed import SILENT
from antiphon.providers.media_services import COMPATIBLE_PICTURES, COMPATIBLE_SPEECH, OPENAI_MEDIA, SILICONFLOW_MEDIA
from antiphon.providers.row import CHAT, EMBEDS, RETRIEVES, TRANSLATED, ProviderRow
from antiphon.providers.table_vendors import OPENAI_ONLY

INFERENCE: Final[tuple[ProviderRow, ...]] = (
    ProviderRow(
        name="baseten",
        title="Baseten Model APIs",
        base_url="https://inference.baseten.co/v1",
        dialects=CHAT,
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("low", "medium", "high"),
            reasoning_replay="reasoning_content",
            parallel_tool_calls=True,
        ),
        sources=(
            "https://docs.baseten.co/reference/inference-api/chat-completions",
            "https://docs.baseten.co/inference/model-apis/reasoning",
        ),
    ),
    ProviderRow(
        name="friendli",
        title="Friendli Model APIs",
        base_url="https://api.friendli.ai/serverless/v1",
        dialects=CHAT,
        keys=("FRIENDLI_TOKEN",),
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("minimal", "low", "medium", "high", "xhigh", "max"),
            reasoning_replay="reasoning_content",
            parallel_tool_calls=True,
        ),
        sources=("https://friendli.ai/docs/openapi/model-apis/chat-completions",),
    ),
    ProviderRow(
        name="featherless",
        title="Featherless",
        base_url="https://api.featherless.ai/v1",
        dialects=CHAT,
        keys=("FEATHERLESS_AI_API_KEY",),
        quirks=replace(SILENT, tool_choice_required="auto", tool_choice_named=False, think_tags=True),
        sources=("https://featherless.ai/docs/completions",),
    ),
    ProviderRow(
        name="chutes",
        title="Chutes",
        base_url="https://llm.chutes.ai/v1",
        dialects=CHAT,
        keys=("CHUTES_API_TOKEN",),
        quirks=replace(SILENT, reasoning_replay="reasoning_content"),
        note="Whether a model reasons is set by its chat template, model by model, not by an effort.",
        sources=("https://llm.chutes.ai/v1/models", "https://chutes.ai/docs/guides/reasoning-models"),
    ),
    ProviderRow(
        name="siliconflow",
        title="SiliconFlow",
        base_url="https://api.siliconflow.com/v1",
        dialects=CHAT,
        quirks=replace(
            SILENT,
            reasoning_replay="reasoning_content",
            video_input=True,
            refused_fields=OPENAI_ONLY | {"presence_penalty", "logprobs", "top_logprobs", "user"},
        ),
        note="Accounts of China have `base_url: https://api.siliconflow.cn/v1`.",
        services=(*RETRIEVES, *SILICONFLOW_MEDIA),
        sources=("https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions",),
    ),
    ProviderRow(
        name="gmi",
        title="GMI Cloud",
        base_url="https://api.gmi-serving.com/v1",
        dialects=CHAT,
        keys=("GMI_CLOUD_API_KEY", "GMICLOUD_API_KEY"),
        quirks=replace(SILENT, reasoning_replay="reasoning_content"),
        sources=("https://docs.gmicloud.ai/inference-engine/api-reference/llm-api-reference",),
    ),
    ProviderRow(
        name="parasail",
        title="Parasail",
        base_url="https://api.parasail.io/v1",
        dialects=TRANSLATED,
        quirks=replace(
            SILENT, reasoning_replay="reasoning_content", refused_fields=OPENAI_ONLY - {"store"}, stores=True
        ),
        note="Its Responses API keeps nothing and refuses whoever does not say so.",
        sources=("https://docs.parasail.io/", "https://docs.litellm.ai/docs/providers/parasail"),
    ),
    ProviderRow(
        name="venice",
        title="Venice",
        base_url="https://api.venice.ai/api/v1",
        dialects=TRANSLATED,
        keys=("VENICE_AI_API_KEY", "VENICEAI_API_KEY"),
        quirks=replace(
            SILENT,
            max_tokens_field="max_completion_tokens",
            effort_style="reasoning_effort",
            efforts=("low", "medium", "high"),
            reasoning_replay="reasoning_content",
            parallel_tool_calls=True,
        ),
        note="Its Responses API is an alpha, for accounts that asked for it.",
        services=(*EMBEDS, *COMPATIBLE_PICTURES, *COMPATIBLE_SPEECH),
        sources=(
            "https://docs.venice.ai/api-reference/endpoint/chat/completions",
            "https://github.com/veniceai/skills/blob/main/skills/venice-responses/SKILL.md",
        ),
    ),
    ProviderRow(
        name="synthetic",
        title="Synthetic",
        base_url="https://api.synthetic.new/openai/v1",
        dialects=CHAT,
        quirks=replace(SILENT, reasoning_replay="reasoning_content"),
        sources=(
            "https://dev.synthetic.new/docs/openai/chat-completions",
            "https://api.synthetic.new/openai/v1/models",
        ),
    ),
    ProviderRow(
        name="requesty",
        title="Requesty",
        base_url="https://router.requesty.ai/v1",
        dialects=TRANSLATED,
        quirks=replace(
            SILENT,
            max_tokens_field="max_completion_tokens",
            effort_style="reasoning_effort",
            efforts=("none", "minimal", "low", "medium", "high", "xhigh"),
            reasoning_replay="reasoning_content",
            strict_functions=True,
            parallel_tool_calls=True,
            file_input=True,
            refused_fields=OPENAI_ONLY - {"prompt_cache_key", "verbosity"},
        ),
        note=(
            "Its Responses API reaches that of OpenAI only under the names `openai-responses/...`; for all others it "
            "is itself a translation to chat completions."
        ),
        services=(*EMBEDS, *COMPATIBLE_PICTURES),
        sources=(
            "https://docs.requesty.ai/quickstart",
            "https://docs.requesty.ai/api-reference/endpoint/chat-completions-create",
            "https://docs.requesty.ai/api-reference/endpoint/responses-create",
        ),
    ),
    ProviderRow(
        name="portkey",
        title="Portkey",
        base_url="https://api.portkey.ai/v1",
        dialects=TRANSLATED,
        quirks=replace(
            SILENT,
            max_tokens_field="max_completion_tokens",
            effort_style="reasoning_effort",
            efforts=("none", "minimal", "low", "medium", "high"),
            strict_functions=True,
            parallel_tool_calls=True,
            file_input=True,
            refused_fields=OPENAI_ONLY - {"store"},
            stores=True,
        ),
        note=(
            "Models are named `@provider/model`. Its Responses API is itself a translation for providers without one, "
            "and keeps responses where they have one."
        ),
        services=(*EMBEDS, *OPENAI_MEDIA),
        sources=(
            "https://portkey.ai/docs/api-reference/inference-api/chat",
            "https://portkey.ai/docs/api-reference/inference-api/responses/responses",
        ),
    ),
    ProviderRow(
        name="poe",
        title="Poe",
        base_url="https://api.poe.com/v1",
        dialects=TRANSLATED,
        quirks=replace(
            SILENT,
            max_tokens_field="max_completion_tokens",
            json_schema=False,
            refused_fields=OPENAI_ONLY | {"presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"},
        ),
        note="Its documentation shows streams of its Responses API with events that are not OpenAI's.",
        sources=("https://creator.poe.com/docs/external-applications/openai-compatible-api",),
    ),
)
