"""Rows of those whose own formats and credentials are not OpenAI's: Anthropic, Google, Azure, Amazon, Cohere.

Where several APIs lead to a provider's models, `speaks` says which models are asked through which.
"""

from __future__ import annotations

from typing import Final

from antiphon.providers.media_services import AZURE_MEDIA, bedrock_media, google_media
from antiphon.providers.row import ROUTES, BatchRow, ProviderRow, Route, ServiceRow, Spoken
from antiphon.providers.table_files import ANTHROPIC_FILES, AZURE_FILES, GOOGLE_FILES
from antiphon.providers.table_vendors import OPENAI_ONLY
from antiphon.quirks import Quirks

_AWS: Final = (
    {
        "aws.access_key_id": ("AWS_ACCESS_KEY_ID",),
        "aws.secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
        "aws.session_token": ("AWS_SESSION_TOKEN",),
        "aws.profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    },
    {
        "aws.web_identity_role_arn": ("AWS_ROLE_ARN",),
        "aws.web_identity_token_file": ("AWS_WEB_IDENTITY_TOKEN_FILE",),
    },
    {
        "aws.container_uri": ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        "aws.container_token": ("AWS_CONTAINER_AUTHORIZATION_TOKEN",),
        "aws.container_token_file": ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",),
    },
    {"region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
    {"api_key": ("AWS_BEARER_TOKEN_BEDROCK",)},
    {"aws.role_session_name": ("AWS_ROLE_SESSION_NAME",)},
    {"aws.config_file": ("AWS_CONFIG_FILE",)},
    {"aws.credentials_file": ("AWS_SHARED_CREDENTIALS_FILE",)},
    {"aws.metadata_url": ("AWS_EC2_METADATA_SERVICE_ENDPOINT",)},
    {"aws.metadata_disabled": ("AWS_EC2_METADATA_DISABLED",)},
    {"aws.sts_url": ("AWS_ENDPOINT_URL_STS",)},
)
_GOOGLE: Final = (
    {"google.file": ("GOOGLE_APPLICATION_CREDENTIALS",)},
    {"project": ("GOOGLE_CLOUD_PROJECT", "VERTEXAI_PROJECT", "ANTHROPIC_VERTEX_PROJECT_ID")},
    {"location": ("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION", "VERTEXAI_LOCATION", "CLOUD_ML_REGION")},
    {"google.gcloud_folder": ("CLOUDSDK_CONFIG",)},
    {"google.metadata_host": ("GCE_METADATA_HOST",)},
    {"google.metadata_disabled": ("NO_GCE_CHECK",)},
)
_AZURE: Final = (
    {"resource": ("AZURE_RESOURCE_NAME",)},
    {"api_version": ("OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION")},
    {
        "azure.tenant_id": ("AZURE_TENANT_ID",),
        "azure.client_id": ("AZURE_CLIENT_ID",),
        "azure.client_secret": ("AZURE_CLIENT_SECRET",),
        "azure.federated_token_file": ("AZURE_FEDERATED_TOKEN_FILE",),
    },
    {"azure.identity_url": ("IDENTITY_ENDPOINT",), "azure.identity_header": ("IDENTITY_HEADER",)},
    {"azure.authority_url": ("AZURE_AUTHORITY_HOST",)},
    {"azure.metadata_url": ("AZURE_POD_IDENTITY_AUTHORITY_HOST",)},
)

_VERTEX: Final = "/{api_version}{scope}/publishers/google/models/{model}"
_CLAUDE: Final = r"(^|[./])anthropic\."
_ANTHROPIC_VERSION: Final = ROUTES["messages"].headers

_INVOKE: Final = Route("/model/{model}/invoke")
_VERTEX_SERVICES: Final = (
    ServiceRow(
        service="embeddings",
        dialect="vertex",
        route=Route(f"{_VERTEX}:embedContent"),
        models=r"^gemini-embedding-(?!001)",
        batch=1,
    ),
    ServiceRow(
        service="embeddings",
        dialect="vertex-predict",
        route=Route(f"{_VERTEX}:predict"),
        models=r"^gemini-embedding-001",
        batch=1,
    ),
    ServiceRow(
        service="embeddings",
        dialect="vertex-predict",
        route=Route(f"{_VERTEX}:predict"),
        models=r"^(text|textembedding)[a-z-]*",
        batch=5,
    ),
)
_AZURE_SERVICES: Final = (
    ServiceRow(
        service="embeddings",
        route=Route("/openai/v1/embeddings{version_query}"),
        dated=Route("/openai/deployments/{model}/embeddings{version_query}"),
        batch=2048,
    ),
)
_BEDROCK_SERVICES: Final = (
    ServiceRow(service="embeddings", dialect="titan", route=_INVOKE, models=r"amazon\.titan-embed-(text|g1)"),
    ServiceRow(service="embeddings", dialect="titan-image", route=_INVOKE, models=r"amazon\.titan-embed-image"),
    ServiceRow(service="embeddings", dialect="nova", route=_INVOKE, models=r"amazon\.nova-.*embeddings"),
    ServiceRow(service="embeddings", dialect="bedrock-cohere", route=_INVOKE, models=r"cohere\.embed-", batch=96),
    ServiceRow(service="rerank", dialect="bedrock", route=_INVOKE, models=r"cohere\.rerank-"),
    ServiceRow(service="rerank", dialect="bedrock-amazon", route=_INVOKE, models=r"amazon\.rerank-"),
)

CLOUDS: Final[tuple[ProviderRow, ...]] = (
    ProviderRow(
        name="anthropic",
        title="Anthropic",
        base_url="https://api.anthropic.com/v1",
        dialects=("messages", "chat"),
        owns=r"^claude-",
        key="x-api-key",
        headers=_ANTHROPIC_VERSION,
        routes={"chat": Route("/chat/completions", key="bearer")},
        adds_version=True,
        models_path="/models?limit=1000",
        batches=BatchRow("anthropic", {"messages": "/v1/messages"}),
        files=ANTHROPIC_FILES,
        quirks=Quirks(max_tokens_field="max_tokens", audio_input=False, refused_fields=OPENAI_ONLY | {"n"}),
        note="Chat completions are for trying things out, says Anthropic: they have no caching and hide thinking.",
        sources=(
            "https://platform.claude.com/docs/en/api/messages",
            "https://platform.claude.com/docs/en/api/models/list",
            "https://platform.claude.com/docs/en/api/openai-sdk",
            "https://platform.claude.com/docs/en/api/creating-message-batches",
            "recordings anthropic.messages, anthropic.count_tokens",
        ),
    ),
    ProviderRow(
        name="gemini",
        title="Google Gemini (AI Studio)",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        dialects=("gemini", "chat"),
        keys=("GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"),
        owns=r"^(gemini|gemma|imagen)-",
        key="x-goog-api-key",
        routes={"chat": Route("/openai/chat/completions", key="bearer")},
        urls=("GOOGLE_GEMINI_BASE_URL",),
        tails=("/openai",),
        adds_version=True,
        models_path="/models?pageSize=1000",
        files=GOOGLE_FILES,
        quirks=Quirks(
            developer_role=False,
            efforts=("none", "minimal", "low", "medium", "high"),
            strict_functions=False,
            parallel_tool_calls=False,
            file_input=False,
            refused_fields=OPENAI_ONLY | {"user", "logprobs", "top_logprobs"},
            signed_calls=r"^(models/)?gemini-([3-9]|\d\d)",
        ),
        note="Members that it does not know are errors in chat completions.",
        services=(
            ServiceRow(
                service="embeddings", dialect="gemini", route=Route("/models/{model}:batchEmbedContents"), batch=100
            ),
            *google_media("/models/{model}", "imagen"),
        ),
        sources=(
            "https://ai.google.dev/api/generate-content",
            "https://ai.google.dev/gemini-api/docs/openai",
            "https://ai.google.dev/gemini-api/docs/thought-signatures",
            "https://ai.google.dev/api/embeddings",
            "https://ai.google.dev/gemini-api/docs/image-generation",
            "https://ai.google.dev/gemini-api/docs/speech-generation",
            "recordings gemini.generate, gemini.stream, gemini.count_tokens, gemini.openai_chat, gemini.openai_models",
            "recordings gemini.embed",
        ),
    ),
    ProviderRow(
        name="vertex",
        title="Google Cloud Vertex AI",
        base_url="https://{vertex_host}",
        dialects=("gemini", "vertex-messages", "chat"),
        key="x-goog-api-key",
        cloud="google",
        places=("project", "location", "api_version"),
        speaks=(
            Spoken(r"^claude-", "vertex-messages"),
            Spoken(r"/", "chat"),
        ),
        routes={
            "gemini": Route(
                f"{_VERTEX}:generateContent", f"{_VERTEX}:streamGenerateContent?alt=sse", f"{_VERTEX}:countTokens"
            ),
            "chat": Route("/v1/projects/{project}/locations/{location}/endpoints/openapi/chat/completions"),
        },
        models_path="/{api_version}/publishers/google/models?pageSize=100",
        tails=("/v1", "/v1beta1"),
        standard=_GOOGLE,
        enough=(("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"),),
        quirks=Quirks(
            google_api="vertex",
            developer_role=False,
            max_tokens_field="max_tokens",
            strict_functions=False,
            parallel_tool_calls=False,
            file_input=False,
            refused_fields=OPENAI_ONLY | {"user"},
        ),
        note=(
            "Gemini has its own API, Claude Anthropic's, and a model with a slash in its name (`meta/…`) is asked for "
            "chat completions. The list of models is Gemini's alone."
        ),
        services=(*_VERTEX_SERVICES, *google_media(_VERTEX, "vertex-imagen")),
        sources=(
            "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
            "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/open-models/use-maas",
            "https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai",
            "https://docs.cloud.google.com/gemini-enterprise-agent-platform/resources/locations",
            "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api",
            "recordings vertex.generate, vertex.stream, vertex.count_tokens, vertex.embed",
        ),
    ),
    ProviderRow(
        name="azure",
        title="Azure OpenAI and Azure AI Foundry",
        base_url="https://{resource}.openai.azure.com",
        dialects=("responses", "chat", "messages"),
        keys=("AZURE_OPENAI_API_KEY",),
        urls=("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"),
        key="api-key",
        cloud="azure",
        places=("resource", "api_version"),
        speaks=(
            Spoken(r"(?i)claude", "messages"),
            Spoken(r"(?i)^(deepseek|grok|llama|meta-|mistral|ministral|codestral|phi|cohere|kimi|qwen)", "chat"),
        ),
        routes={
            "responses": Route("/openai/v1/responses{version_query}"),
            "chat": Route("/openai/v1/chat/completions{version_query}"),
            "messages": Route("/anthropic/v1/messages", key="x-api-key", headers=_ANTHROPIC_VERSION),
        },
        dated_routes={
            "responses": Route("/openai/responses{version_query}"),
            "chat": Route("/openai/deployments/{model}/chat/completions{version_query}"),
        },
        responses_since="2025-03-01",
        tails=("/v1", "/openai", "/anthropic"),
        models_path=None,
        standard=_AZURE,
        quirks=Quirks(
            encrypted_reasoning_models=r"^(o[1-9]|codex-|gpt-[5-9])(?!.*chat)",
            effortless_models=r"^(gpt-[34]|gpt-5-chat|computer-use-)",
            restless_models=r"^(o[1-9]|codex-|gpt-5(?!\.))",
            blob_prefix="gAAAA",
            refused_fields=frozenset({"service_tier", "prompt_cache_retention", "safety_identifier"}),
            refused_members=frozenset({"service_tier"}),
        ),
        note=(
            "Clients name deployments. It lists what could be deployed, not what is: name your own in `deployments` or "
            "`models`. An `api_version` that is a date chooses the paths that came before its v1 API."
        ),
        services=(*_AZURE_SERVICES, *AZURE_MEDIA),
        files=AZURE_FILES,
        sources=(
            "https://learn.microsoft.com/en-us/azure/foundry/openai/api-version-lifecycle",
            "https://learn.microsoft.com/en-us/azure/foundry/openai/how-to/responses",
            "https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry",
            "recordings azure.chat, azure.responses",
        ),
    ),
    ProviderRow(
        name="bedrock",
        title="Amazon Bedrock",
        base_url="https://bedrock-runtime.{region}.{aws_domain}",
        dialects=("converse", "bedrock-messages", "responses", "chat"),
        keys=("AWS_BEARER_TOKEN_BEDROCK",),
        cloud="aws",
        service="bedrock",
        places=("region",),
        speaks=(Spoken(r"^openai\.gpt-(?!oss)", "responses"),),
        routes={
            "responses": Route("/openai/v1/responses"),
            "chat": Route("/openai/v1/chat/completions"),
        },
        tails=("/v1", "/openai"),
        models_path="https://bedrock.{region}.{aws_domain}/inference-profiles?maxResults=1000",
        standard=_AWS,
        quirks=Quirks(encrypted_reasoning_models=r"^openai\.gpt-[5-9]"),
        note=(
            "OpenAI's newest models are asked through the Responses API, all others through Converse; `dialect: "
            "bedrock-messages` asks Claude in Anthropic's own format (InvokeModel). AWS's own variables complete it "
            "but do not switch it on, except `AWS_BEARER_TOKEN_BEDROCK`."
        ),
        services=(*_BEDROCK_SERVICES, *bedrock_media(_INVOKE)),
        sources=(
            "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
            "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-responses-api.html",
            "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html",
            "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html",
            "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html",
            "recordings bedrock.converse, bedrock.converse_stream, bedrock.invoke, bedrock.invoke_stream",
            "recordings bedrock.count_tokens, bedrock.openai_chat, bedrock.embed",
        ),
    ),
    ProviderRow(
        name="bedrock-mantle",
        title="Amazon Bedrock (mantle endpoint)",
        base_url="https://bedrock-mantle.{region}.api.aws",
        dialects=("chat", "responses", "messages"),
        cloud="aws",
        service="bedrock-mantle",
        places=("region",),
        speaks=(
            Spoken(_CLAUDE, "messages"),
            Spoken(r"^openai\.gpt-(?!oss)", "responses"),
        ),
        routes={
            "chat": Route("/v1/chat/completions"),
            "responses": Route("/openai/v1/responses"),
            "messages": Route(
                "/anthropic/v1/messages",
                count="/anthropic/v1/messages/count_tokens",
                key="x-api-key",
                headers=_ANTHROPIC_VERSION,
            ),
        },
        tails=("/v1", "/openai", "/anthropic"),
        models_path="/v1/models",
        standard=_AWS,
        quirks=Quirks(
            developer_role=False,
            encrypted_reasoning_models=r"^openai\.gpt-[5-9]",
            refused_fields=OPENAI_ONLY - {"store"},
            refused_members=frozenset({"metadata", "service_tier"}),
        ),
        note="The models of OpenAI have its Responses API here, Claude has Anthropic's, others have chat completions.",
        sources=(
            "https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html",
            "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html",
            "https://github.com/BerriAI/litellm/issues/31475",
            "recordings bedrock-mantle.chat, bedrock-mantle.responses",
        ),
    ),
    ProviderRow(
        name="cohere",
        title="Cohere",
        base_url="https://api.cohere.com",
        dialects=("cohere", "chat"),
        keys=("CO_API_KEY",),
        urls=("CO_API_URL",),
        owns=r"^(command|c4ai|embed)-|^rerank-(v\d|english|multilingual)",
        routes={
            "cohere": Route("/v2/chat"),
            "chat": Route("/compatibility/v1/chat/completions"),
        },
        tails=("/v1", "/v2", "/compatibility"),
        models_path="/v1/models?page_size=1000&endpoint=chat",
        quirks=Quirks(
            max_tokens_field="max_tokens",
            efforts=("none", "high"),
            tool_choice_named=False,
            parallel_tool_calls=False,
            file_input=False,
            audio_input=False,
            refused_fields=OPENAI_ONLY | {"user", "logit_bias", "top_logprobs", "n"},
            temperature_max=1.0,
        ),
        note="Its own chat tells citations and plans, which its chat completions leave out.",
        services=(
            ServiceRow(service="embeddings", dialect="cohere", route=Route("/v2/embed"), batch=96),
            ServiceRow(service="rerank", dialect="cohere", route=Route("/v2/rerank"), batch=1000),
        ),
        sources=(
            "https://docs.cohere.com/reference/chat",
            "https://docs.cohere.com/reference/list-models",
            "https://docs.cohere.com/docs/compatibility-api",
            "https://docs.cohere.com/reference/embed",
            "https://docs.cohere.com/reference/rerank",
            "recordings cohere.chat, cohere.embed, cohere.rerank",
        ),
    ),
)
