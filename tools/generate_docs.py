"""Writes the pages that are made from the code and from the recordings: what `make docs` runs.

A code that the page of errors does not explain, and an explanation of a code that nothing uses, stop it; so does a
route that the OpenAPI document does not describe.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.routing import Route

from antiphon import errors
from antiphon.app import losses_page as losses
from antiphon.config import docs as configuration
from antiphon.dialects.fates_summary import counted
from antiphon.http.auth import Keyring
from antiphon.http.call import Call
from antiphon.http.openapi import EVERY_OPERATION
from antiphon.http.openapi_paths import Operation
from antiphon.http.routes import PREFIXES, Endpoint, routes, standing_in
from antiphon.providers import page as providers
from tests.replayed import RECORDINGS, beside, sources, tallies

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
PACKAGE: Final = ROOT / "antiphon"
RECORDED: Final = RECORDINGS / "README.md"

BOUNDS: Final = frozenset(
    {f"{kind}_{side}_value" for kind in ("integer", "decimal") for side in ("below_min", "above_max")}
    | {f"{kind}_{side}_length" for kind in ("string", "array", "object") for side in ("below_min", "above_max")}
)
"""Codes that `wire/faults.py` puts together from the kind of a value and the bound that it breaks."""

MEANINGS: Final[Mapping[str, tuple[str, str]]] = {
    "ambiguous_model": (
        "Several providers offer a model of this name.",
        "Write `provider/model`; the message lists them.",
    ),
    "background_queue_full": (
        "As many of your answers wait in the background as may (`background.queued_per_tenant`).",
        "Wait for `retry-after` seconds, or until some are done.",
    ),
    "batch_not_found": ("The batch is unknown, deleted, expired, or not yours.", "Check the id."),
    "batch_results_not_found": (
        "The batch has not ended, or its results are not kept any more.",
        "Ask again when `processing_status` is `ended`; fetch results within 29 days.",
    ),
    "chat_completion_not_found": (
        "The chat completion is unknown, deleted, expired, not yours, or was made without `store: true`.",
        "Check the id.",
    ),
    "conflict": ("The provider reports a conflict with another request.", "Send it again a little later."),
    "content_policy_violation": (
        "The provider's filters stopped a picture.",
        "Ask for another. The message has what the provider says of it.",
    ),
    "context_length_exceeded": (
        "Input and history are longer than the model can read.",
        "Send less, or go on with a model that reads more.",
    ),
    "conversation_locked": (
        "Another response is being made in the conversation, which takes one at a time.",
        "Try again when that has ended: in a few seconds.",
    ),
    "conversation_not_found": ("The conversation is unknown, deleted, or not yours.", "Check the id."),
    "duplicate_custom_id": (
        "Two requests of a batch have the same `custom_id`.",
        "Give each request one of its own: it tells which answer is whose.",
    ),
    "file_not_found": ("The file is unknown, deleted, expired, or not yours.", "Check the id, or upload it again."),
    "file_quota_exceeded": (
        "You keep as much in files as you may (`files.tenant_bytes`).",
        "Delete some, or let them end by `expires_after`.",
    ),
    "file_too_large": (
        "A file that the request names is larger than the provider can be sent.",
        "Name a smaller one, or a provider that keeps files.",
    ),
    "idempotency_key_reused": (
        "The `Idempotency-Key` came before with another body.",
        "Send the very same body for its answer, or another key. `x-should-retry: false` keeps clients from retrying.",
    ),
    "insufficient_quota": (
        "The gateway's account with the provider has no money or quota left.",
        "Tell the gateway's owner. Trying again does not help, and `x-should-retry: false` says so.",
    ),
    "internal_error": ("Antiphon failed in a way that nobody foresaw.", "Give the `x-request-id` to its owner."),
    "invalid_api_key": ("The key is not one of this gateway's.", "Check it, or ask the owner for one."),
    "invalid_file_purpose": (
        "The file was uploaded for another purpose than `batch`.",
        "Upload it with `purpose: batch`.",
    ),
    "invalid_form": (
        "The form with a file is broken, has too many parts, or not the one file it is to have.",
        "Send `multipart/form-data` with the parts that the message names.",
    ),
    "invalid_http": (
        "What was sent is not HTTP/1.1, or uses a method that nobody knows.",
        "Mend the request, or what stands between you and the gateway. The connection is closed.",
    ),
    "invalid_custom_id": ("The `custom_id` of a request in a batch is empty or too long.", "Choose another."),
    "invalid_encrypted_content": (
        "A sealed blob in the input was changed, is another tenant's, or was sealed under a key that is gone.",
        "Send it as it came, or leave the item out.",
    ),
    "invalid_idempotency_key": (
        "The `Idempotency-Key` is empty, too long, or not plain ASCII.",
        "Send from 1 to 255 visible ASCII characters, a random UUID for example.",
    ),
    "invalid_json": ("The body is not JSON, or is nested too deeply.", "Mend the body."),
    "invalid_json_line": ("A line in the file of a batch is not a JSON object.", "Mend the line that is named."),
    "invalid_method": ("A request of a batch has another method than POST.", "Write `POST`."),
    "invalid_path": (
        "A path under `/p/` leads upwards, can be read in two ways, or is no part of a URL.",
        "Write it plainly, as the provider's documentation does.",
    ),
    "invalid_prompt": ("The provider refused the input for what it says.", "Change the input."),
    "invalid_type": ("The value at `param` has the wrong JSON type.", "Send the type that the message names."),
    "invalid_url": (
        "What stands at an address in the input cannot be downloaded, or is none; or a URL is not its batch's.",
        "Check the address, or send the bytes as a data URL; give each request the URL of its batch.",
    ),
    "invalid_value": ("The value at `param` is not a legal one.", "Send one that the message names."),
    "item_not_found": ("The conversation has no item of this id.", "List its items."),
    "method_not_allowed": ("The path exists, the method does not.", "Use a method that the header `allow` lists."),
    "missing_api_key": ("There is no key in the request.", "Send `Authorization: Bearer YOUR_KEY`."),
    "missing_required_parameter": ("The field that `param` names must be there.", "Send it."),
    "model_not_found": ("Nobody here has the model.", "Take a name from `GET /v1/models`; near ones are suggested."),
    "mutually_exclusive_parameters": (
        "`conversation` is not the one that `previous_response_id` belongs to.",
        "Leave one of them out.",
    ),
    "not_allowed": (
        "The gateway's owner does not let this be passed on to the provider, or not for your key.",
        "Ask the owner, who finds the setting named in the message.",
    ),
    "not_open": (
        "The gateway is mounted in another application, whose lifespan does not open it.",
        "Open it there: see [inside your program](howto/in-process.md).",
    ),
    "previous_response_not_found": (
        "The response to go on from, or one before it, is unknown, deleted, expired, not kept, running or failed.",
        "Go on from another, or send the whole history as `input`.",
    ),
    "prompt_exists": ("There is a prompt of this id.", "Add a version to it, or choose another id."),
    "prompt_is_configured": ("The prompt is the owner's, given in the configuration.", "Ask the owner to change it."),
    "prompt_not_found": ("The prompt is unknown, deleted, or not yours.", "Check the id: `GET /v1/prompts` lists all."),
    "prompt_version_not_found": (
        "The prompt has no such version.",
        "Name one that it has, or none for the newest.",
    ),
    "provider_not_found": (
        "Under `/p/`, no provider has this name, or it is switched off there.",
        "Take one that the message names.",
    ),
    "range_not_satisfiable": ("The file has no byte in the range.", "Ask for one below its size."),
    "rate_limit_exceeded": (
        "The provider limits how much the gateway may ask.",
        "Wait for `retry-after` seconds. Antiphon has already tried again and elsewhere.",
    ),
    "request_head_too_large": (
        "The path and the headers are longer than 64 KiB.",
        "Send less of them. The connection is closed.",
    ),
    "request_too_large": (
        "The body is larger than `server.max_body_bytes`, or than the provider takes.",
        "Send less, or ask the owner to raise the limit.",
    ),
    "response_not_found": ("The response is unknown, deleted, expired, not stored, or not yours.", "Check the id."),
    "server_error": (
        "The provider failed, is overloaded or too slow.",
        "Try again; after `retry-after`, if there is one.",
    ),
    "shutting_down": ("This process is stopping.", "Try again: another process, or the next one, answers."),
    "store_unavailable": ("The database cannot be used just now.", "Try again; the owner finds the cause in the log."),
    "too_many_batches": (
        "As many of your batches are under way as may be (`batches.batches_per_tenant`).",
        "Wait until one has ended, or cancel one.",
    ),
    "too_many_requests": (
        "A batch has more requests than one may (`batches.max_lines`).",
        "Make several batches of them.",
    ),
    "unknown_parameter": ("A template cannot hold what `param` names.", "Put it into the request instead."),
    "unknown_url": ("Nothing answers at this path.", "Check it against the [endpoints](reference/endpoints.md)."),
    "unsupported_content_encoding": (
        "The body is compressed in an unknown way.",
        "Use what `accept-encoding` in the answer names, zstd, gzip or deflate, or do not compress.",
    ),
    "unsupported_media_type": (
        "The body is not declared as JSON.",
        "Send `Content-Type: application/json`.",
    ),
    "unsupported_parameter": (
        "The field at `param` cannot be used here, or not by this model while `strict` is on.",
        "Leave it out, or choose another model.",
    ),
    "unsupported_value": (
        "What stands at `param` cannot be told to this model without loss, and `strict` is on; or it exists nowhere.",
        "Leave it out, turn `strict` off, or choose another model.",
    ),
    "upload_ended": (
        "The upload was completed or cancelled, or is just being completed.",
        "Begin another one.",
    ),
    "upload_not_found": ("The upload is unknown, expired, or not yours.", "Check the id, or begin another one."),
    "upstream_error": (
        "The provider could not be reached, broke its answer off, or refused the gateway's own key or address.",
        "Try again; if it stays so, tell the gateway's owner.",
    ),
    "provider_credentials": (
        "The gateway has no credentials that open this provider; the message says what was tried.",
        "Tell the gateway's owner; another provider may answer.",
    ),
    "upstream_timeout": ("The provider was silent for too long.", "Try again, or ask the owner to raise `timeouts`."),
    "invalid_stream_id": (
        "A name of a stream is 1 to 256 characters out of letters, digits, `_`, `.` and `-`.",
        "Choose another, or leave it out.",
    ),
    "websocket_connection_limit_reached": (
        "The connection is as old as one may become.",
        "Open another one; go on from stored responses, or send the whole history.",
    ),
    "websocket_not_available": (
        "No WebSocket was opened: none was asked for properly, or they are switched off.",
        "Use `POST /v1/responses`; clients do so by themselves.",
    ),
    "websocket_queue_full": (
        "More requests wait on this connection than may.",
        "Send it again when others have been answered.",
    ),
    "websocket_stream_limit_reached": (
        "The connection has used as many names of streams as it may.",
        "Use one of them again, or open another connection.",
    ),
}

KINDS: Final[Mapping[str, type[errors.AntiphonError]]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.AntiphonError)
}

ABOUT_BOUNDS: Final = (
    "A number, or the length of a text, list or object, at `param` is out of bounds.",
    "Send one within the bound that the message names.",
)

ERRORS_HEAD: Final = """\
# Errors

<!-- Made by `make docs` from the code and tools/generate_docs.py: edit those. -->

Every answer that is not a success has the same shape, on every path:

```json
{
  "error": {
    "message": "The requested model 'x' does not exist.",
    "type": "invalid_request_error",
    "param": "model",
    "code": "model_not_found"
  }
}
```

`message` is for people; `code` is for programs and may be null; `param` names the field at fault, if one is. `type` is
`invalid_request_error`, `authentication_error`, `rate_limit_error`, `insufficient_quota` or `server_error`.

- An error before the first output is an HTTP status. Once output has left, a stream ends with the events `error` and
  `response.failed` instead, and `response.error` holds `code` and `message`. There the code is `server_error`,
  `rate_limit_exceeded`, `insufficient_quota` or `invalid_prompt`, as OpenAI's clients expect.
- `retry-after` (seconds) and `retry-after-ms` say when to try again, where that is known.
- What a provider answers keeps its meaning and loses its secrets. A 400 or 404 of a provider keeps the provider's own
  code, if it has one that is not listed here. A key that a provider refuses is the gateway's trouble, so it is a 502.
- Clients of Anthropic's API (`/v1/messages`, everything below `/anthropic`, and models and files asked for with
  `anthropic-version`) get Anthropic's shape, types and statuses: `{"type": "error", "error": {"type", "message"},
  "request_id"}`, a model that nobody has as 404 `not_found_error`, an overload as 529 `overloaded_error`.
- Clients of Google's API (`/v1beta`, everything below `/gemini`, Vertex AI's paths) get Google's: `{"error": {"code",
  "message", "status", "details"}}`. Our code is the `reason` in the details, a model that nobody has a 404.
- Over a [WebSocket](reference/websocket.md) an error is a message with `type`, `status` and `error`; its `code` is
  never null.
- A client that leaves is logged with status 499.

| Code | Status | What it means | What to do |
|---|---|---|---|
"""

ENDPOINTS_HEAD: Final = """\
# Endpoints

<!-- Made by `make docs` from antiphon/http/routes.py and antiphon/http/openapi_paths.py: edit those. -->

| Method | Path | What it does | Key |
|---|---|---|---|
"""

SOURCES_HEAD: Final = """\
| source | licence | exchanges |
|---|---|---:|
"""

ENDPOINTS_SPELLINGS: Final = """
Keys go into `Authorization: Bearer KEY`, `api-key: KEY`, `x-api-key: KEY` or `x-goog-api-key: KEY`. The fields of
requests and answers are described by the gateway itself, at `/openapi.json` for programs and at `/docs` for people.

The same routes answer under {prefixes},
without `/v1`, and with a slash at the end. So `/openai/v1/responses`, `/responses` and `/v1/responses/` are all
`/v1/responses`. Any other path is a 404 in the [usual shape](../errors.md).
"""


def main() -> None:
    """Writes every page that is not what it should be."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path.relative_to(ROOT))


def pages() -> dict[Path, str]:
    """The text of each page."""
    return {
        DOCS / "reference" / "configuration.md": configuration.page(),
        DOCS / "reference" / "losses.md": losses.page(),
        DOCS / "reference" / "providers.md": providers.page(figures(), counted, not_counted()),
        DOCS / "reference" / "endpoints.md": endpoints_page(),
        DOCS / "errors.md": errors_page(),
        RECORDED: recordings_page(),
    }


def figures() -> list[providers.Figures]:
    """What the golden tests replay, as the page of the providers shows it."""
    return [
        providers.Figures(
            api=tally.api,
            requests=sum(tally.requests),
            requests_recorded=len(tally.requests),
            answers=sum(tally.answers),
            answers_recorded=len(tally.answers),
            refusals=tally.refusals,
            reasons=tally.reasons,
        )
        for tally in tallies()
    ]


def not_counted() -> list[providers.Beside]:
    """What they do not, and why."""
    return [
        providers.Beside(api=each.api, format=each.format, exchanges=each.exchanges, reason=each.reason)
        for each in beside()
    ]


def recordings_page() -> str:
    """The recordings' own page with its table of sources counted anew; the rest of it is written by hand."""
    text = RECORDED.read_text("utf-8")
    before, _, rest = text.partition(SOURCES_HEAD)
    after = rest.partition("\n\n")[2]
    rows = "".join(f"| {repository} | {licence} | {number} |\n" for repository, licence, number in sources())
    return f"{before}{SOURCES_HEAD}{rows}\n{after}"


def errors_page() -> str:
    """Every code with its statuses. Raises LookupError when the explanations and the code disagree."""
    found = codes()
    if found.keys() != MEANINGS.keys():
        message = f"Explain, or forget, in MEANINGS: {', '.join(sorted(found.keys() ^ MEANINGS.keys()))}"
        raise LookupError(message)
    lines = [_row(f"`{code}`", sorted(found[code]), *MEANINGS[code]) for code in sorted(found)]
    bounds = ", ".join(f"`{code}`" for code in sorted(BOUNDS))
    return ERRORS_HEAD + "".join(lines) + _row(bounds, [errors.BadRequest.status], *ABOUT_BOUNDS)


def codes() -> dict[str, set[int]]:
    """Every code that the package gives as a literal, with the statuses it is given with."""
    found: dict[str, set[int]] = {}
    for kind in KINDS.values():
        if kind.code is not None:
            found.setdefault(kind.code, set()).add(kind.status)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            for code, status in _given(node):
                found.setdefault(code, set()).add(status)
    return found


def _given(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The code in a call that makes an error, notes a loss, or says what a provider's refusal means."""
    match node:
        case ast.Call(
            func=ast.Name(id="_Verdict"), args=[ast.Constant(value=int(status)), _, ast.Constant(value=str(code)), *_]
        ):
            yield code, status
        case ast.Call(func=ast.Attribute(attr="lose"), args=[_, _, ast.Constant(value=str(code))]):
            yield code, errors.BadRequest.status
        case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in KINDS:
            for keyword in keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value), KINDS[name].status
        case _:
            pass


def _row(code: str, statuses: list[int], meaning: str, remedy: str) -> str:
    return f"| {code} | {', '.join(map(str, statuses))} | {meaning} | {remedy} |\n"


def endpoints_page() -> str:
    """Every route, in the order of the routing table."""
    listed = list(_routes())
    lines = [
        f"| `{method}` | [`{path}`](#{_anchor(operation)}) | {operation.summary} | {'yes' if keyed else 'no'} |\n"
        for method, path, operation, keyed in listed
    ]
    prefixes = ", ".join(f"`{prefix}`" for prefix in PREFIXES)
    sections = ["\n".join(_section(method, path, operation)) for method, path, operation, _ in listed]
    return "".join((ENDPOINTS_HEAD, *lines, ENDPOINTS_SPELLINGS.format(prefixes=prefixes), *sections))


def _routes() -> Iterator[tuple[str, str, Operation, bool]]:
    """Method, path, description, and whether a key is asked for. Raises LookupError for a route without description."""
    for route in routes(standing_in(_nothing), Keyring([])):
        endpoint = route.endpoint
        keyed = isinstance(endpoint, Endpoint) and endpoint.keyring is not None
        path = _plain_path(route)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, path, EVERY_OPERATION[method.lower(), path], keyed


async def _nothing(call: Call) -> None:
    """Stands for every handler: nothing is asked here."""


def _plain_path(route: Route) -> str:
    """The path as OpenAPI writes it, without the kinds of its parameters."""
    return route.path.replace(":path}", "}")


def _anchor(operation: Operation) -> str:
    return operation.summary.lower().replace(" ", "-").replace(",", "")


def _section(method: str, path: str, operation: Operation) -> Iterator[str]:
    yield f"\n## {operation.summary}\n\n`{method} {path}`\n"
    if operation.description:
        yield f"{operation.description}\n"
    queries = [each for each in operation.parameters if each["in"] == "query" and not each["name"].endswith("[]")]
    if queries:
        yield "| Query | Value | Meaning |\n|---|---|---|"
        for parameter in queries:
            yield f"| `{parameter['name']}` | {_kind(parameter['schema'])} | {parameter['description']} |"
        yield ""


def _kind(schema: dict[str, Any]) -> str:
    if schema["type"] == "array":
        return "several of " + ", ".join(f"`{value}`" for value in schema["items"]["enum"])
    words = " or ".join(f"`{value}`" for value in schema["enum"]) if "enum" in schema else schema["type"]
    bounds = [f"{word} {schema[bound]}" for word, bound in (("from", "minimum"), ("to", "maximum")) if bound in schema]
    default = schema.get("default")
    usual = [] if default is None else [f"`{str(default).lower()}` if absent"]
    return ", ".join([" ".join([words, *bounds]), *usual])


if __name__ == "__main__":
    main()
