"""Writes the pages that are made from the code and from the recordings: what `make docs` runs.

A code that the page of errors does not explain, and an explanation of a code that nothing uses, stop it; so does a
route that the OpenAPI document does not describe.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import cache
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
from tools import metrics_page
from tools.error_meanings import MEANINGS

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
PACKAGE: Final = ROOT / "antiphon"
RECORDED: Final = RECORDINGS / "README.md"

BOUNDS: Final = frozenset(
    {f"{kind}_{side}_value" for kind in ("integer", "decimal") for side in ("below_min", "above_max")}
    | {f"{kind}_{side}_length" for kind in ("string", "array", "object") for side in ("below_min", "above_max")}
)
"""Codes that `wire/faults.py` puts together from the kind of a value and the bound that it breaks."""

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

<!-- Made by `make docs` from the code and tools/error_meanings.py: edit those. -->

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
    for path, text_of in pages().items():
        text = text_of()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path.relative_to(ROOT))


def pages() -> dict[Path, Callable[[], str]]:
    """What makes the text of each page."""
    return {
        DOCS / "reference" / "configuration.md": configuration.page,
        DOCS / "reference" / "losses.md": losses.page,
        DOCS / "reference" / "metrics.md": metrics_page.page,
        DOCS / "reference" / "providers.md": lambda: providers.page(figures(), counted, not_counted()),
        DOCS / "reference" / "endpoints.md": endpoints_page,
        DOCS / "errors.md": errors_page,
        RECORDED: recordings_page,
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


@cache
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
            said = {keyword.arg: keyword.value for keyword in keywords}
            if isinstance(code := said.get("code"), ast.Constant):
                yield str(code.value), _status(said.get("status"), KINDS[name])
        case _:
            pass


def _status(said: ast.expr | None, kind: type[errors.AntiphonError]) -> int:
    """That of the error's kind, unless the call names another's."""
    match said:
        case ast.Attribute(value=ast.Name(id=name), attr="status") if name in KINDS:
            return KINDS[name].status
        case ast.Constant(value=int(status)):
            return status
        case _:
            return kind.status


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
