"""`paths` of the way to providers' own APIs: a page of its own beside `openapi_paths.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import answer
from antiphon.http.openapi_paths import Operation, in_path
from antiphon.http.passing import METHODS

PASSING: Final = "Providers' own APIs"
PASSING_TAG: Final = {"name": PASSING, "description": "What has no endpoint of the gateway's own, as it is."}

_PATH: Final = "/p/{provider}/{path}"
_ERRORS: Final = (400, 401, 403, 404, 413, 500, 502, 503, 504)
_ANY: Final[dict[str, Any]] = {"*/*": {"schema": {}}}
_PARAMETERS: Final = (
    in_path("provider", "The provider, by its name here."),
    in_path("path", "The path as the provider's documentation writes it; slashes stay slashes."),
)
_DESCRIPTION: Final = """\
Passed on to the provider as it is, and the answer back, both piece by piece: with the provider's key in place of the
client's, and without headers that are meant for the gateway or for one connection. The configuration's `passthrough`
says who may, and which methods and paths. The provider's own errors come as they are; what the gateway itself refuses
comes in its envelope.\
"""


def _operation(method: str) -> Operation:
    carries = method in ("POST", "PUT", "PATCH")
    return Operation(
        id=f"passOn{method.capitalize()}",
        tag=PASSING,
        summary=f"Pass a {method} on",
        description=_DESCRIPTION,
        parameters=_PARAMETERS,
        body={"content": _ANY} if carries else None,
        answers={
            "200": answer("What the provider answers.", _ANY, {"antiphon-upstream-request-id": "UpstreamRequestId"})
        },
        errors=_ERRORS,
        shared=True,
        relays=True,
    )


PASSING_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    (method.lower(), _PATH): _operation(method) for method in METHODS if method != "HEAD"
}
