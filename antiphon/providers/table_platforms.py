"""Rows of platforms: whoever has an account there for other things can have models answer there too.

Where an account or a workspace is part of the address, only the owner can know it: those rows have no base URL.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from antiphon.providers.assumed import SILENT
from antiphon.providers.media_services import COMPATIBLE_WRITING
from antiphon.providers.row import CHAT, EMBEDS, TRANSLATED, ProviderRow
from antiphon.providers.table_vendors import OPENAI_ONLY

PLATFORMS: Final[tuple[ProviderRow, ...]] = (
    ProviderRow(
        name="cloudflare",
        title="Cloudflare Workers AI",
        base_url="",
        dialects=TRANSLATED,
        keys=("CLOUDFLARE_API_TOKEN",),
        models_path=None,
        owns=r"^@(cf|hf)/",
        quirks=replace(SILENT, think_tags=True),
        note=(
            "The base URL is `https://api.cloudflare.com/client/v4/accounts/ACCOUNT_ID/ai/v1`. "
            "Its Responses API serves OpenAI's open models alone."
        ),
        services=EMBEDS,
        sources=("https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility",),
    ),
    ProviderRow(
        name="github-models",
        title="GitHub Models",
        base_url="https://models.github.ai/inference",
        dialects=CHAT,
        keys=("GITHUB_MODELS_TOKEN",),
        models_path=None,
        quirks=replace(SILENT, parallel_tool_calls=True),
        note=(
            "GITHUB_TOKEN, which its documentation uses, is set in many places for other things, so it counts only if "
            "you say so: `api_key: ${GITHUB_TOKEN}`."
        ),
        services=EMBEDS,
        sources=(
            "https://docs.github.com/en/github-models/quickstart",
            "https://docs.github.com/en/rest/models/inference",
        ),
    ),
    ProviderRow(
        name="databricks",
        title="Databricks",
        base_url="",
        dialects=TRANSLATED,
        keys=("DATABRICKS_TOKEN",),
        models_path=None,
        owns=r"^databricks-",
        quirks=replace(
            SILENT, effort_style="reasoning_effort", efforts=("low", "medium", "high"), refused_fields=OPENAI_ONLY
        ),
        note=(
            "The base URL is `https://WORKSPACE_HOST/serving-endpoints`, the model the name of an endpoint. "
            "Its Responses API serves OpenAI's models alone."
        ),
        services=EMBEDS,
        sources=(
            "https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference",
            "https://learn.microsoft.com/azure/databricks/machine-learning/model-serving/query-openai-responses",
        ),
    ),
    ProviderRow(
        name="snowflake",
        title="Snowflake Cortex",
        base_url="",
        dialects=CHAT,
        keys=("SNOWFLAKE_PAT",),
        models_path=None,
        quirks=replace(
            SILENT,
            max_tokens_field="max_completion_tokens",
            effort_style="reasoning.effort",
            efforts=("none", "low", "medium", "high"),
            reasoning_replay="reasoning_details",
        ),
        note="The base URL is `https://ACCOUNT.snowflakecomputing.com/api/v2/cortex/v1`, the key a token (PAT).",
        sources=(
            "https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-rest-api",
            "https://docs.snowflake.com/en/user-guide/snowflake-cortex/open_ai_sdk",
            "recordings snowflake.chat (reasoning both ways, structured output, empty finish reasons)",
        ),
    ),
    ProviderRow(
        name="watsonx",
        title="IBM watsonx.ai model gateway",
        base_url="",
        dialects=CHAT,
        keys=("WATSONX_APIKEY",),
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("low", "medium", "high"),
            reasoning_replay="reasoning_content",
        ),
        note=(
            "The base URL is `https://REGION.ml.cloud.ibm.com/ml/gateway/v1`, the key what the gateway takes as a "
            "bearer's. The models' own API (`/ml/v1`) wants a project beside each request and is not spoken."
        ),
        sources=(
            "https://www.ibm.com/docs/en/watsonx/saas?topic=generation-inferencing-gateway-models",
            "recordings watsonx.openai_chat (stream_options, json_schema, logprobs)",
        ),
    ),
    ProviderRow(
        name="scaleway",
        title="Scaleway Generative APIs",
        base_url="https://api.scaleway.ai/v1",
        dialects=TRANSLATED,
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("none", "low", "medium", "high"),
            reasoning_replay="reasoning_content",
            audio_input=True,
        ),
        note="Scaleway calls its Responses API a beta. `SCW_SECRET_KEY`, which opens whole accounts, is not read.",
        services=(*EMBEDS, *COMPATIBLE_WRITING),
        sources=(
            "https://www.scaleway.com/en/docs/generative-apis/api-cli/using-chat-api",
            "https://www.scaleway.com/en/docs/generative-apis/how-to/query-reasoning-models/",
            "https://www.scaleway.com/en/developers/api/generative-apis",
        ),
    ),
    ProviderRow(
        name="ovhcloud",
        title="OVHcloud AI Endpoints",
        base_url="https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
        dialects=TRANSLATED,
        keys=("OVH_AI_ENDPOINTS_ACCESS_TOKEN",),
        quirks=replace(
            SILENT,
            effort_style="reasoning_effort",
            efforts=("low", "medium", "high"),
            reasoning_replay="reasoning_content",
        ),
        note="Its Responses API is shown with some models of its catalogue only.",
        services=(*EMBEDS, *COMPATIBLE_WRITING),
        sources=(
            "https://docs.ovhcloud.com/en/guides/public-cloud/ai-machine-learning/ai-endpoints-getting-started",
            "https://www.ovhcloud.com/en/public-cloud/ai-endpoints/catalog/gpt-oss-120b/",
        ),
    ),
    ProviderRow(
        name="digitalocean",
        title="DigitalOcean Gradient",
        base_url="https://inference.do-ai.run/v1",
        dialects=TRANSLATED,
        keys=("GRADIENT_MODEL_ACCESS_KEY",),
        quirks=replace(
            SILENT,
            max_tokens_field="max_completion_tokens",
            effort_style="reasoning_effort",
            efforts=("none", "low", "medium", "high", "max"),
            reasoning_replay="reasoning_content",
            refused_fields=OPENAI_ONLY - {"prompt_cache_retention"},
        ),
        note=(
            "Its Responses API does not say which of its models it serves. `DIGITALOCEAN_ACCESS_TOKEN`, which opens "
            "whole accounts, is not read."
        ),
        sources=(
            "https://docs.digitalocean.com/products/inference/how-to/si-endpoints/",
            "https://docs.digitalocean.com/products/inference/how-to/use-reasoning/",
        ),
    ),
    ProviderRow(
        name="heroku-inference",
        title="Heroku Managed Inference",
        base_url="https://us.inference.heroku.com/v1",
        dialects=CHAT,
        models_path=None,
        quirks=replace(SILENT, json_schema=False, image_input=False),
        note=(
            "Heroku calls the variables INFERENCE_KEY and INFERENCE_URL, which could be anybody's, so they count only "
            "if you say so: `api_key: ${INFERENCE_KEY}`."
        ),
        services=EMBEDS,
        sources=("https://devcenter.heroku.com/articles/heroku-inference-api-v1-chat-completions",),
    ),
    ProviderRow(
        name="nscale",
        title="Nscale",
        base_url="https://inference.api.nscale.com/v1",
        dialects=CHAT,
        keys=("NSCALE_SERVICE_TOKEN",),
        quirks=SILENT,
        sources=("https://docs.nscale.com/docs/use-cases/chat",),
    ),
    ProviderRow(
        name="crusoe",
        title="Crusoe Managed Inference",
        base_url="https://api.inference.crusoecloud.com/v1",
        dialects=CHAT,
        quirks=replace(SILENT, reasoning_replay="reasoning", parallel_tool_calls=True),
        sources=(
            "https://docs.crusoecloud.com/managed-inference/overview/index.html",
            "recordings crusoe.chat (reasoning both ways, stream_options, tool_choice)",
        ),
    ),
    ProviderRow(
        name="wandb-inference",
        title="Weights & Biases Inference",
        base_url="https://api.inference.wandb.ai/v1",
        dialects=CHAT,
        keys=("WANDB_API_KEY",),
        quirks=replace(SILENT, reasoning_replay="reasoning", parallel_tool_calls=True),
        note="WANDB_BASE_URL is not read: it is where experiments are tracked.",
        sources=(
            "https://docs.wandb.ai/guides/integrations/inference/",
            "https://docs.wandb.ai/inference/response-settings/reasoning",
        ),
    ),
)
