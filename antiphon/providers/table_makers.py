"""Rows of more of those who make the models they serve: smaller ones, and those of China and Korea."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from antiphon.providers.assumed import SILENT
from antiphon.providers.media_services import VOLCENGINE_MEDIA
from antiphon.providers.row import CHAT, EMBEDS, NATIVE, TRANSLATED, ProviderRow, Route
from antiphon.providers.table_vendors import OPENAI_ONLY
from antiphon.quirks import Quirks

MAKERS: Final[tuple[ProviderRow, ...]] = (
    ProviderRow(
        name="meta",
        title="Meta Model API",
        base_url="https://api.meta.ai/v1",
        dialects=NATIVE,
        owns=r"^muse-",
        quirks=Quirks(
            developer_role=False,
            efforts=("low", "medium", "high"),
            audio_input=False,
            refused_fields=OPENAI_ONLY - {"store"},
        ),
        note="MODEL_API_KEY, which its documentation uses, could be anybody's, so it is not read.",
        sources=("https://dev.meta.ai/docs", "https://docs.litellm.ai/docs/providers/meta"),
    ),
    ProviderRow(
        name="ai21",
        title="AI21 Labs",
        base_url="https://api.ai21.com/studio/v1",
        dialects=CHAT,
        models_path=None,
        owns=r"^jamba",
        quirks=replace(
            SILENT,
            json_schema=False,
            tool_choice_required="auto",
            tool_choice_named=False,
            image_input=False,
            refused_fields=OPENAI_ONLY
            | {"presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "stream_options"},
            stream_usage=False,
        ),
        note="Usage comes with the last chunk unasked.",
        sources=("https://docs.ai21.com/reference/jamba-1-6-api-ref",),
    ),
    ProviderRow(
        name="writer",
        title="Writer",
        base_url="https://api.writer.com/v1",
        dialects=CHAT,
        routes={"chat": Route("/chat")},
        owns=r"^palmyra-",
        quirks=replace(
            SILENT,
            refused_fields=OPENAI_ONLY | {"presence_penalty", "frequency_penalty", "user"},
        ),
        note="Its chat completions are at `/chat`.",
        sources=(
            "https://dev.writer.com/api-reference/completion-api/chat-completion",
            "recordings writer.chat (path, stream_options, max_tokens, tool calls of a stream)",
        ),
    ),
    ProviderRow(
        name="reka",
        title="Reka",
        base_url="https://api.reka.ai/v1",
        dialects=CHAT,
        owns=r"^reka-",
        quirks=replace(SILENT, json_schema=False, tool_choice_named=False),
        sources=("https://docs.reka.ai/", "https://docs.litellm.ai/docs/providers/reka"),
    ),
    ProviderRow(
        name="inception",
        title="Inception (Mercury)",
        base_url="https://api.inceptionlabs.ai/v1",
        dialects=CHAT,
        owns=r"^mercury",
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("low", "medium", "high"),
            image_input=False,
        ),
        note="Reasoning cannot be switched off; an effort below `low` becomes `low`.",
        sources=(
            "https://docs.inceptionlabs.ai/api-reference/chat/create-a-chat-completion",
            "https://docs.inceptionlabs.ai/capabilities/reasoning-efforts",
        ),
    ),
    ProviderRow(
        name="upstage",
        title="Upstage (Solar)",
        base_url="https://api.upstage.ai/v1/solar",
        dialects=CHAT,
        models_path=None,
        owns=r"^solar-",
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("low", "medium", "high"),
            reasoning_replay="reasoning_content",
            image_input=False,
            refused_fields=OPENAI_ONLY - {"prompt_cache_key"},
        ),
        note="The effort `low` switches reasoning off.",
        services=EMBEDS,
        sources=(
            "https://console.upstage.ai/api/chat",
            "https://developers.upstage.ai/docs/capabilities/generate/reasoning",
        ),
    ),
    ProviderRow(
        name="stepfun",
        title="StepFun",
        base_url="https://api.stepfun.com/v1",
        dialects=TRANSLATED,
        keys=("STEP_API_KEY",),
        owns=r"^step-",
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("low", "medium", "high"),
            reasoning_replay="reasoning",
            video_input=True,
        ),
        note="Its Responses API serves step-3.7-flash alone.",
        sources=(
            "https://platform.stepfun.com/docs/zh/api-reference/chat/chat-completion-create",
            "https://platform.stepfun.com/docs/zh/api-reference/responses/responses-create",
        ),
    ),
    ProviderRow(
        name="volcengine",
        title="Volcengine Ark (Doubao)",
        base_url="https://ark.cn-beijing.volces.com/api/v3",
        dialects=TRANSLATED,
        keys=("ARK_API_KEY",),
        owns=r"^doubao-",
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("none", "minimal", "low", "medium", "high", "xhigh", "max"),
            reasoning_replay="reasoning_content",
            parallel_tool_calls=True,
            video_input=True,
            refused_fields=OPENAI_ONLY - {"service_tier", "store"},
            stores=True,
        ),
        note=(
            "Its Responses API takes fewer members than its chat completions. BytePlus ModelArk is the same at "
            "`base_url: https://ark.ap-southeast.bytepluses.com/api/v3`."
        ),
        services=(*EMBEDS, *VOLCENGINE_MEDIA),
        sources=(
            "https://www.volcengine.com/docs/82379/1494384",
            "https://www.volcengine.com/docs/82379/1298459",
            "https://www.volcengine.com/docs/82379/1330310",
        ),
    ),
    ProviderRow(
        name="hunyuan",
        title="Tencent Hunyuan",
        base_url="https://api.hunyuan.cloud.tencent.com/v1",
        dialects=CHAT,
        owns=r"^hunyuan-",
        quirks=replace(SILENT, reasoning_replay="reasoning_content", json_schema=False, tool_choice_named=False),
        note="Tencent's TokenHub is the same at `base_url: https://tokenhub-intl.tencentcloudmaas.com/v1`.",
        services=EMBEDS,
        sources=("https://cloud.tencent.com/document/product/1729/111007",),
    ),
    ProviderRow(
        name="qianfan",
        title="Baidu Qianfan (ERNIE)",
        base_url="https://qianfan.baidubce.com/v2",
        dialects=TRANSLATED,
        owns=r"^ernie-",
        quirks=replace(SILENT, reasoning_replay="reasoning_content", parallel_tool_calls=True),
        note="Its Responses API does not say which of its models it serves.",
        services=EMBEDS,
        sources=("https://cloud.baidu.com/doc/qianfan-api/index.html",),
    ),
    ProviderRow(
        name="mimo",
        title="Xiaomi MiMo",
        base_url="https://api.xiaomimimo.com/v1",
        dialects=CHAT,
        keys=("XIAOMI_API_KEY", "XIAOMI_MIMO_API_KEY"),
        owns=r"^mimo-",
        quirks=replace(SILENT, effort_style="thinking.type", reasoning_replay="reasoning_content"),
        sources=("https://mimo.mi.com/docs/en-US/api/chat/openai-api",),
    ),
)
