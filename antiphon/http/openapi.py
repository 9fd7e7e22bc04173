"""`/openapi.json`: the description of this API (https://spec.openapis.org/oas/v3.1.1.html), built from its types.

Law: it names every route of `routes.py` with every parameter and status, and nothing else.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import msgspec

from antiphon.http.cached import CachedBody, cached
from antiphon.http.call import Call
from antiphon.http.openapi_answers import HEADERS, error_answers
from antiphon.http.openapi_batches import BATCH_OPERATIONS, BATCH_TAG
from antiphon.http.openapi_chat import CHAT_OPERATIONS, CHAT_TAG
from antiphon.http.openapi_conversations import CONVERSATION_OPERATIONS, TAG
from antiphon.http.openapi_files import FILE_OPERATIONS, FILE_TAG
from antiphon.http.openapi_gemini import GEMINI_OPERATIONS, GEMINI_TAG
from antiphon.http.openapi_media import MEDIA_OPERATIONS, MEDIA_TAG
from antiphon.http.openapi_messages import MESSAGES_OPERATIONS, MESSAGES_TAG
from antiphon.http.openapi_metrics import METRICS_OPERATIONS
from antiphon.http.openapi_passing import PASSING_OPERATIONS, PASSING_TAG
from antiphon.http.openapi_paths import GATEWAY_TAG, OPERATIONS, TAGS
from antiphon.http.openapi_prompts import PROMPT_OPERATIONS, PROMPT_TAG
from antiphon.http.openapi_schemas import schemas
from antiphon.http.openapi_services import SERVICE_OPERATIONS, SERVICE_TAG
from antiphon.http.routes import PREFIXES

_ABOUT: Final = """\
One Responses API over every model that this gateway knows, and Anthropic's Messages API and Google's
generateContent beside it. Point any OpenAI client at it:

```python
from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="...")
answer = client.responses.create(model="demo/echo", input="Say hello.")
print(answer.output_text)
```

- **Keys** go into `Authorization: Bearer ...`, `api-key`, `x-api-key` or `x-goog-api-key`.
- **Models** are named `provider/model`; `GET /v1/models` lists them.
- **Answers** are stored before they are complete at your side: fetch them by id, replay their events from any of them
  on, go on from them with `previous_response_id` on the same model or another.
- **Errors** have one shape on every path, unknown paths (404) and wrong methods (405) included; Anthropic's and
  Google's clients get theirs.
- **Paths** may be spelled without `/v1`, with a slash at the end, and under the prefixes listed as servers.
- **Every answer** has an `x-request-id`: quote it when you ask the gateway's owner about a request.
"""

EVERY_OPERATION: Final = {
    **OPERATIONS,
    **CHAT_OPERATIONS,
    **MESSAGES_OPERATIONS,
    **GEMINI_OPERATIONS,
    **CONVERSATION_OPERATIONS,
    **PROMPT_OPERATIONS,
    **SERVICE_OPERATIONS,
    **PASSING_OPERATIONS,
    **BATCH_OPERATIONS,
    **FILE_OPERATIONS,
    **MEDIA_OPERATIONS,
    **METRICS_OPERATIONS,
}

_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key of this gateway."},
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "api-key",
        "description": "The same key, as Azure's clients send it.",
    },
    "xApiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key once more."},
    "xGoogApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-goog-api-key",
        "description": "The same key, as Google's clients send it; on their own paths it may be `?key=`, too.",
    },
}


class OpenApiEndpoint:
    """`GET /openapi.json`."""

    def __init__(self, version: str) -> None:
        """Builds nothing: the first request does."""
        self._version = version

    async def __call__(self, call: Call) -> None:
        """Answers with the document."""
        await self._body.reply(call)

    @cached_property
    def _body(self) -> CachedBody:
        return cached(msgspec.json.encode(document(self._version)), b"application/json")


def document(version: str) -> dict[str, Any]:
    """The whole description, of this version of the gateway."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in EVERY_OPERATION.items():
        paths.setdefault(path, {})[method] = operation.described()
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Antiphon",
            "version": version,
            "summary": "An AI gateway.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}, *({"url": prefix} for prefix in PREFIXES)],
        "security": [{name: []} for name in _SECURITY],
        "tags": [
            *TAGS,
            CHAT_TAG,
            MESSAGES_TAG,
            GEMINI_TAG,
            TAG,
            PROMPT_TAG,
            SERVICE_TAG,
            MEDIA_TAG,
            BATCH_TAG,
            FILE_TAG,
            PASSING_TAG,
            GATEWAY_TAG,
        ],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "responses": error_answers(),
            "headers": HEADERS,
            "securitySchemes": _SECURITY,
        },
    }
