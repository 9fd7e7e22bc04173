"""How vendors are reached over HTTP: their addresses, keys, signatures and errors, as their documentation has them.

Anthropic: https://platform.claude.com/docs/en/api/overview and .../api/errors. Google:
https://ai.google.dev/api/generate-content and .../gemini-api/docs/troubleshooting. Amazon:
https://docs.aws.amazon.com/bedrock/latest/APIReference and .../userguide/troubleshooting-api-error-codes.html. Cohere:
https://docs.cohere.com/reference/chat and .../reference/errors. Ollama: https://docs.ollama.com/api. All read 2026-11.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from antiphon.credential_settings import AwsSettings
from antiphon.provider_settings import ProviderSettings
from tests.e2e.upstream import JSON, SSE, Reply, Seen
from tests.vendors.anthropic import Anthropic
from tests.vendors.cohere import Cohere
from tests.vendors.converse import Converse, frame
from tests.vendors.gemini import Gemini
from tests.vendors.invoke import Invoke, Vertex
from tests.vendors.ollama import Ollama
from tests.vendors.vendor import Vendor, need

Trouble = Literal["overloaded", "limit", "key", "context", "model", "blocked"]
"""What can go wrong before an answer: too much work, too many requests, a bad key, too long a prompt, a model that is
not there, words that must not be."""

REGION = "eu-west-1"
AWS = AwsSettings(access_key_id="AKIDEXAMPLE", secret_access_key="hunter2hunter2", session_token="token-1")
KEY = "vendor-key-0123456789abcdef"
AMAZON = "application/vnd.amazon.eventstream"
LINES = "application/x-ndjson"


def _named(kind: str, message: str) -> dict[str, Any]:
    """Anthropic's envelope."""
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _google(code: int, status: str, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status} | more}


def _event(value: dict[str, Any]) -> bytes:
    return f"event: {value.get('type', 'x')}\ndata: {json.dumps(value)}\n\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One vendor's. `kind` is what the gateway calls the provider; ``{model}`` in paths is the name, encoded.

    Without `streamed_path` the body says whether a stream is wanted. `inside` is an error in the middle of a stream.
    `length` and `filtered` are its words for an answer that ends for want of room, or at a filter.
    `addresses`: whether the vendor fetches what is named by one. `service` is what Amazon calls what is signed for;
    `more` are other settings of the provider.
    """

    kind: str
    make: Callable[[], Vendor]
    path: str
    streamed_path: str | None = None
    count_path: str | None = None
    counted: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    service: str = ""
    media_type: str = SSE
    dialect: Any = None
    type: str = ""
    troubles: Mapping[Trouble, tuple[int, Any]]
    inside: bytes
    length: str
    filtered: str | None = None
    addresses: bool = False
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def settings(self, url: str) -> ProviderSettings:
        """The provider as its owner configures it."""
        kept: dict[str, Any] = {"region": REGION, "aws": AWS} if self.service else {"api_key": KEY}
        return ProviderSettings(type=self.type or self.kind, base_url=url, dialect=self.dialect, **kept, **self.more)

    def enter(self, seen: Seen, url: str, model: str) -> bool:
        """Whether a stream is wanted. Raises Refused for a request that would not get through."""
        path, _, query = seen.path.partition("?")
        streamed = seen.path == self._address(self.streamed_path, model)
        need(streamed or seen.path == self._address(self.path, model), f"no such address: {path}?{query}")
        need(seen.method == "POST", "not posted")
        self.open(seen, url)
        return streamed if self.streamed_path is not None else bool(seen.json.get("stream"))

    def open(self, seen: Seen, url: str) -> None:
        """Raises Refused for a request without the right key, signature or version."""
        need(seen.headers["content-type"] == JSON, "not JSON")
        need(seen.headers["host"] == urlsplit(url).netloc, "another host")
        need("sk-antiphon" not in str(seen.headers), "the client's own key is no vendor's affair")
        for name, value in self.headers.items():
            need(seen.headers.get(name) == value, f"{name} is {seen.headers.get(name)}")
        if self.service:
            need_signature(seen, url, self.service)
        elif "authorization" not in self.headers:
            need("authorization" not in seen.headers, "a key in a header of another kind")

    def counts(self, model: str) -> str | None:
        """Where the tokens of a request are counted."""
        return self._address(self.count_path, model)

    def trouble(self, name: Trouble, **headers: str) -> Reply:
        """The vendor's own words when something goes wrong."""
        status, body = self.troubles[name]
        return Reply(json.dumps(body).encode(), status, {key.replace("_", "-"): text for key, text in headers.items()})

    def _address(self, path: str | None, model: str) -> str | None:
        return None if path is None else path.replace("{model}", _encoded(model))


def _encoded(name: str) -> str:
    """As a segment of a path: everything but letters, digits and four signs."""
    plain = "-._~"
    return "".join(c if c.isascii() and (c.isalnum() or c in plain) else f"%{ord(c):02X}" for c in name)


def need_signature(seen: Seen, url: str, service: str) -> None:
    """Signs the request with Amazon's own library, and compares."""
    requests: Any = importlib.import_module("botocore.awsrequest")
    credentials: Any = importlib.import_module("botocore.credentials")
    auth: Any = importlib.import_module("botocore.auth")
    given = seen.headers["authorization"]
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    need({"host", "x-amz-date", "x-amz-security-token"} <= set(names), f"only {names} are signed")
    request = requests.AWSRequest(
        seen.method, f"{url}{unquote(seen.path)}", headers={name: seen.headers[name] for name in names}, data=seen.body
    )
    request.context["timestamp"] = seen.headers["x-amz-date"]
    request.url = f"{url}{seen.path}"
    keys = credentials.Credentials(AWS.access_key_id, AWS.secret_access_key, AWS.session_token)
    signer = auth.SigV4Auth(keys, service, REGION)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    need(given.endswith(f"Signature={signature}"), "the signature does not match")
    need(f"/{REGION}/{service}/aws4_request" in given, "another scope")


_TOO_LONG = "prompt is too long: 210000 tokens > 200000 maximum"
_AMAZONS: Mapping[Trouble, tuple[int, Any]] = {
    "overloaded": (503, {"message": "Bedrock is unable to process your request."}),
    "limit": (429, {"message": "Too many requests, please wait before trying again."}),
    "key": (403, {"message": "The security token included in the request is invalid."}),
    "context": (400, {"message": "Input is too long for requested model."}),
    "model": (400, {"message": "The provided model identifier is invalid."}),
    "blocked": (400, {"message": "Output blocked by content filtering policy: blocked by our content filter"}),
}
_THROTTLED = frame("throttlingException", {"message": "Too many tokens, please wait before trying again."}, failed=True)

ANTHROPIC = Door(
    kind="anthropic",
    make=Anthropic,
    path="/v1/messages",
    count_path="/v1/messages/count_tokens",
    counted={"input_tokens": 123},
    headers={"x-api-key": KEY, "anthropic-version": "2023-06-01"},
    troubles={
        "overloaded": (529, _named("overloaded_error", "Overloaded")),
        "limit": (429, _named("rate_limit_error", "This request would exceed your organization's rate limit.")),
        "key": (401, _named("authentication_error", "invalid x-api-key")),
        "context": (400, _named("invalid_request_error", _TOO_LONG)),
        "model": (404, _named("not_found_error", "model: claude-nope")),
        "blocked": (400, _named("invalid_request_error", "Output blocked by content filtering policy")),
    },
    inside=_event(_named("overloaded_error", "Overloaded")),
    length="max_tokens",
    filtered="refusal",
    addresses=True,
)
INVOKE = Door(
    kind="invoke",
    type="bedrock",
    dialect="bedrock-messages",
    make=Invoke,
    path="/model/{model}/invoke",
    streamed_path="/model/{model}/invoke-with-response-stream",
    count_path="/model/{model}/count-tokens",
    counted={"inputTokens": 123},
    service="bedrock",
    media_type=AMAZON,
    troubles=_AMAZONS,
    inside=_THROTTLED,
    length="max_tokens",
    filtered="refusal",
)
CONVERSE = Door(
    kind="converse",
    type="bedrock",
    make=lambda: Converse("eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    path="/model/{model}/converse",
    streamed_path="/model/{model}/converse-stream",
    count_path="/model/{model}/count-tokens",
    counted={"inputTokens": 123},
    service="bedrock",
    media_type=AMAZON,
    troubles=_AMAZONS,
    inside=_THROTTLED,
    length="max_tokens",
    filtered="content_filtered",
)
GEMINI = Door(
    kind="gemini",
    make=Gemini,
    path="/v1beta/models/{model}:generateContent",
    streamed_path="/v1beta/models/{model}:streamGenerateContent?alt=sse",
    count_path="/v1beta/models/{model}:countTokens",
    counted={"totalTokens": 123},
    headers={"x-goog-api-key": KEY},
    troubles={
        "overloaded": (503, _google(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")),
        "limit": (429, _google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please wait.")),
        "key": (
            400,
            _google(
                400,
                "INVALID_ARGUMENT",
                "API key not valid. Please pass a valid API key.",
                details=[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
            ),
        ),
        "context": (
            400,
            _google(
                400,
                "INVALID_ARGUMENT",
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            ),
        ),
        "model": (404, _google(404, "NOT_FOUND", "models/gemini-nope is not found for API version v1beta.")),
        "blocked": (200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "gemini"}),
    },
    inside=_event(_google(503, "UNAVAILABLE", "The model is overloaded.")),
    length="MAX_TOKENS",
    filtered="SAFETY",
    addresses=True,
)
COHERE = Door(
    kind="cohere",
    make=Cohere,
    path="/v2/chat",
    headers={"authorization": f"Bearer {KEY}"},
    troubles={
        "overloaded": (503, {"id": "1", "message": "service unavailable"}),
        "limit": (429, {"id": "1", "message": "You are past the per minute request limit, please wait."}),
        "key": (401, {"id": "1", "message": "invalid api token"}),
        "context": (400, {"id": "1", "message": "too many tokens: total number of tokens cannot exceed 256000"}),
        "model": (
            404,
            {"id": "1", "message": "model 'command-nope' not found, make sure the correct model ID was used"},
        ),
        "blocked": (498, {"id": "1", "message": "blocked input: the request was flagged"}),
    },
    inside=_event(
        {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "internal error while generating"}}
    ),
    length="MAX_TOKENS",
)
OLLAMA = Door(
    kind="ollama",
    dialect="ollama",
    make=Ollama,
    path="/api/chat",
    headers={"authorization": f"Bearer {KEY}"},
    media_type=LINES,
    troubles={
        "overloaded": (503, {"error": "server busy, please try again.  maximum pending requests exceeded"}),
        "limit": (429, {"error": "too many concurrent requests"}),
        "key": (401, {"error": "unauthorized"}),
        "context": (400, {"error": "the input length exceeds the context length"}),
        "model": (404, {"error": "model 'nope' not found"}),
        "blocked": (400, {"error": "the prompt was flagged by the moderation layer"}),
    },
    inside=json.dumps({"error": "an error was encountered while running the model: unexpected EOF"}).encode() + b"\n",
    length="length",
)

DOORS: Mapping[str, Door] = {door.kind: door for door in (ANTHROPIC, GEMINI, CONVERSE, INVOKE, COHERE, OLLAMA)}

_PROJECT = "/projects/my-project/locations/europe-west1/publishers"
_PLACE: Mapping[str, Any] = {"project": "my-project", "location": "europe-west1"}
OTHER_HOSTS: Mapping[str, Door] = {
    "vertex": replace(
        GEMINI,
        kind="vertex",
        path=f"/v1beta1{_PROJECT}/google/models/{{model}}:generateContent",
        streamed_path=f"/v1beta1{_PROJECT}/google/models/{{model}}:streamGenerateContent?alt=sse",
        count_path=f"/v1beta1{_PROJECT}/google/models/{{model}}:countTokens",
        more=_PLACE,
    ),
    "vertex-claude": replace(
        ANTHROPIC,
        kind="vertex-claude",
        type="vertex",
        make=Vertex,
        path=f"/v1{_PROJECT}/anthropic/models/{{model}}:rawPredict",
        streamed_path=f"/v1{_PROJECT}/anthropic/models/{{model}}:streamRawPredict",
        count_path=None,
        headers={"x-goog-api-key": KEY},
        more=_PLACE,
    ),
    "azure-claude": replace(
        ANTHROPIC, kind="azure-claude", type="azure", path="/anthropic/v1/messages", count_path=None
    ),
    "mantle-claude": replace(
        ANTHROPIC,
        kind="mantle-claude",
        type="bedrock-mantle",
        make=lambda: Anthropic("anthropic.claude-sonnet-4-5"),
        path="/anthropic/v1/messages",
        count_path="/anthropic/v1/messages/count_tokens",
        headers={"anthropic-version": "2023-06-01"},
        service="bedrock-mantle",
    ),
}
"""Who else serves these models."""
