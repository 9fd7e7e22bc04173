import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from antiphon import errors
from antiphon.errors import AntiphonError, BadRequest
from antiphon.http.auth import Keyring
from antiphon.http.call import Call
from antiphon.http.errors import envelope
from antiphon.http.health import HealthEndpoints
from antiphon.http.openapi import OpenApiEndpoint, document
from antiphon.http.openapi_answers import DESCRIBED
from antiphon.http.queries import Page
from antiphon.http.routes import PREFIXES, routes, standing_in
from antiphon.providers.cards import card, fact_of
from antiphon.wire.native import Opening
from antiphon.wire.requests import KNOWN_FIELDS, parse_request
from antiphon.wire.sse import FrameSplitter
from antiphon.wire.synthesis import error_event, synthesised
from tests.unit.http.asking import asked

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
NATIVE = sorted(path for path in RECORDINGS.glob("*.responses/*.json"))
SUPERSET = json.loads(Path(__file__).with_name("response_superset.json").read_bytes())
REPLACED = ("error", "keepalive")
NOT_ON_THE_WIRE = (
    errors.ConfigError,
    errors.JobLost,
    errors.AddressRefused,
    errors.ConfigError,
    errors.HeadTooLarge,
    errors.RequestTimeout,
    errors.TooManyConnections,
    errors.MethodNotAllowed,
    errors.OutOfDescriptors,
    errors.UpstreamRefused,
)


@cache
def described() -> dict[str, Any]:
    return json.loads(json.dumps(document("1.2.3")))


@cache
def schema(name: str) -> Any:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": described()["components"]})


def faults(name: str, value: object) -> list[str]:
    return [
        f"{'.'.join(map(str, fault.absolute_path))}: {fault.message[:200]}" for fault in schema(name).iter_errors(value)
    ]


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described()["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def operation(method: str, path: str) -> dict[str, Any]:
    return described()["paths"][path][method]


def resolved(answer: dict[str, Any]) -> dict[str, Any]:
    reference = answer.get("$ref")
    return answer if reference is None else described()["components"]["responses"][reference.rpartition("/")[2]]


def routed() -> dict[tuple[str, str], Any]:
    async def nothing(_: Call) -> None: ...

    handlers = standing_in(nothing)
    return {
        (method.lower(), re.sub(r":\w+}", "}", route.path)): route.endpoint
        for route in routes(handlers, Keyring([]))
        for method in (route.methods or set()) - {"HEAD"}
    }


class Recording(msgspec.Struct):
    """One recorded exchange with a provider that speaks the Responses API, as a client of the gateway would see it."""

    request: dict[str, Any]
    response: dict[str, Any]

    @property
    def opening(self) -> Opening:
        """The response at its birth. Requests that were not recorded, or that a provider refused, are replaced."""
        try:
            request = parse_request(json.dumps(self.request["body"] or {}).encode())
        except BadRequest:
            request = parse_request(b"{}")
        return Opening(request, id="resp_1", created_at=1, provider="openai", conversation="conv_1")

    def superset(self, response: object) -> Any:
        merged = self.opening.merged(json.dumps(response).encode())
        return json.loads(msgspec.json.encode(merged.members))

    @property
    def whole(self) -> Any:
        """The recorded response object made the superset, None where an error or a stream was recorded."""
        body: Any = self.response.get("body")
        return self.superset(body) if body and body.get("object") == "response" else None

    @property
    def events(self) -> dict[str, Any]:
        """The last event of each type: those recorded, or those that the whole response is told as."""
        told = synthesised(json.dumps(self.whole).encode()) if self.whole else ()
        frames = FrameSplitter().feed(self.response.get("sse", "").encode())
        lines = [*(event.data for event in told), *(frame.data for frame in frames)]
        events = {event["type"]: event for line in lines if line.startswith(b"{") for event in [json.loads(line)]}
        for event in events.values():
            if "response" in event:
                event["response"] = self.superset(event["response"])
        return {kind: event for kind, event in events.items() if kind not in REPLACED}


@cache
def recordings() -> dict[str, Recording]:
    return {path.stem: msgspec.json.decode(path.read_bytes(), type=Recording) for path in NATIVE}


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(described()).validate()


def test_every_route_is_described_and_nothing_else() -> None:
    assert {(method, path) for method, path, _ in operations()} == set(routed())


def test_a_key_is_asked_for_where_the_routes_ask_for_one() -> None:
    assert [scheme for entry in described()["security"] for scheme in entry] == [
        "bearer",
        "apiKey",
        "xApiKey",
        "xGoogApiKey",
    ]
    for method, path, told in operations():
        if (method, path) in routed():
            assert (told.get("security") == []) == (routed()[method, path].keyring is None), path


def test_every_operation_has_a_name_of_its_own_and_a_tag_that_is_explained() -> None:
    told = [operation for _, _, operation in operations()]
    assert len({operation["operationId"] for operation in told}) == len(told)
    assert {tag for operation in told for tag in operation["tags"]} == {tag["name"] for tag in described()["tags"]}
    assert described()["tags"][-1]["name"] == "Gateway", "what is asked for comes first"


def test_the_prefixes_are_listed_as_servers() -> None:
    assert [server["url"] for server in described()["servers"]] == ["/", *PREFIXES]


@pytest.mark.parametrize(
    ("method", "path", "names"),
    [
        ("post", "/v1/responses", {"Idempotency-Key"}),
        (
            "get",
            "/v1/responses/{id}",
            {"id", "include", "include[]", "stream", "starting_after", "include_obfuscation", "provider"},
        ),
        ("delete", "/v1/responses/{id}", {"id"}),
        (
            "get",
            "/v1/responses/{id}/input_items",
            {"id", "limit", "order", "after", "before", "include", "include[]"},
        ),
        ("get", "/v1/models/{id}", {"id", "anthropic-version"}),
        ("get", "/v1/models", {"limit", "after_id", "before_id", "client_version", "anthropic-version"}),
        ("get", "/v1/prompts", {"limit", "after"}),
        ("get", "/v1/prompts/{id}", {"id", "version"}),
    ],
)
def test_every_parameter_is_described(method: str, path: str, names: set[str]) -> None:
    parameters = operation(method, path).get("parameters", [])
    assert {parameter["name"] for parameter in parameters} == names
    assert {parameter["name"] for parameter in parameters if parameter["in"] == "path"} == set(
        re.findall(r"{(\w+)}", path)
    )


def test_defaults_of_paging_are_those_that_are_applied() -> None:
    told = operation("get", "/v1/responses/{id}/input_items")["parameters"]
    defaults = {each["name"]: each["schema"]["default"] for each in told if "default" in each["schema"]}
    assert defaults == {"limit": Page().limit, "order": Page().order}


def test_every_error_that_a_client_can_meet_is_described_with_its_status() -> None:
    leaves = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AntiphonError)}
    leaves -= {kind for kind in leaves if kind.__subclasses__()}
    assert leaves - set(NOT_ON_THE_WIRE) - set(DESCRIBED) == set()
    told = {status for _, _, operation in operations() for status in operation["responses"]}
    assert {str(kind.status) for kind in DESCRIBED} <= told


def test_every_failure_has_the_envelope() -> None:
    for method, path, told in operations():
        for status, answer in told["responses"].items():
            if path.startswith("/v1beta"):
                told_as = answer["content"]["application/json"]["schema"].get("properties", {})
                assert status == "200" or set(told_as["error"]["required"]) == {"code", "message", "status"}
            elif path.startswith("/v1/messages"):
                assert status == "200" or "request_id" in answer["content"]["application/json"]["schema"]["properties"]
            elif not status.startswith("2") and path != "/health/ready":
                told_as = resolved(answer)["content"]["application/json"]["schema"]
                shared = path.startswith(("/v1/models", "/v1/files", "/p/"))
                own = {"$ref": "#/components/schemas/Error"}
                assert (told_as["anyOf"][0] if shared and "anyOf" in told_as else told_as) == own, (method, path)
                assert shared == ("anyOf" in told_as) or status == "default", (method, path)


def test_an_answer_that_may_be_streamed_is_described_as_events_too() -> None:
    for method, path in (("post", "/v1/responses"), ("get", "/v1/responses/{id}")):
        assert set(operation(method, path)["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}


def test_every_field_of_a_request_is_described_and_no_private_one() -> None:
    told = described()["components"]["schemas"]["Request"]["properties"]
    assert set(told) == KNOWN_FIELDS
    assert all("description" in member for member in told.values())


def test_the_examples_are_requests_that_are_accepted() -> None:
    examples = operation("post", "/v1/responses")["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        parse_request(json.dumps(example["value"]).encode())
        assert not faults("Request", example["value"])


def test_the_superset_fits() -> None:
    assert not faults("Response", SUPERSET)


@pytest.mark.parametrize("member", sorted(set(SUPERSET) - {"prompt_cache_retention"}))
def test_a_response_without_one_of_its_members_does_not_fit(member: str) -> None:
    assert faults("Response", {name: value for name, value in SUPERSET.items() if name != member})


def test_a_known_item_that_lacks_something_does_not_pass_as_an_unknown_one() -> None:
    assert faults("OutputItem", {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"})
    assert not faults("OutputItem", {"type": "acme:thing", "id": "x_1"})


def test_a_recorded_request_fits_when_it_is_accepted_and_only_then() -> None:
    bodies = {name: each.request["body"] for name, each in recordings().items() if each.request["body"] is not None}
    assert len(bodies) > 100
    for name, body in bodies.items():
        try:
            parse_request(json.dumps(body).encode())
        except BadRequest:
            assert faults("Request", body), name
        else:
            assert not faults("Request", body), name


def test_recorded_answers_fit() -> None:
    wholes = {name: each.whole for name, each in recordings().items() if each.whole is not None}
    assert len(wholes) > 100
    assert {name: found for name, whole in wholes.items() if (found := faults("Response", whole))} == {}


def test_recorded_events_fit() -> None:
    stream = described()["components"]["schemas"]["StreamEvent"]
    kinds = {kind: ref.rpartition("/")[2] for kind, ref in stream["discriminator"]["mapping"].items()}
    unfit: dict[str, list[str]] = {}
    for name, each in recordings().items():
        for kind, event in each.events.items():
            if found := faults(kinds.get(kind, "StreamEvent"), event):
                unfit[f"{name} {kind}"] = found
    assert unfit == {}


def test_an_event_fits_exactly_one_kind() -> None:
    for event in synthesised(json.dumps(SUPERSET).encode()):
        assert not faults("StreamEvent", json.loads(event.data))
    failure = error_event(3, {"code": "server_error", "message": "It broke."})
    assert not faults("StreamEvent", json.loads(failure.data))
    assert faults("StreamEvent", {"type": "response.output_text.delta", "sequence_number": 1})


@pytest.mark.parametrize("kind", DESCRIBED)
def test_an_error_fits(kind: type[AntiphonError]) -> None:
    assert not faults("Error", json.loads(envelope(kind("It broke.", param="input"))))


async def test_health_fits() -> None:
    async def broken() -> str | None:
        raise errors.StoreFailed("The disk is full.")

    async def lacking() -> str | None:
        return "Nobody listens."

    async def sound() -> str | None:
        return None

    endpoints = HealthEndpoints("1.2.3", {"database": broken}, {"bus": sound})
    assert not faults("Health", (await asked(endpoints.health)).json)
    readiness = await asked(endpoints.ready)
    assert (readiness.status, readiness.json["checks"]) == (503, {"database": "The disk is full.", "bus": "ok"})
    assert not faults("Readiness", readiness.json)
    readiness = await asked(HealthEndpoints("1.2.3", {"database": sound}, {"bus": lacking}).ready)
    assert (readiness.status, readiness.json["status"]) == (200, "degraded")
    assert not faults("Readiness", readiness.json)


def test_a_model_fits() -> None:
    pricing = {"input": 1.25, "output": "10"}
    entry = {"id": "large", "context_window": 1000, "supported_parameters": ["tools"], "pricing": pricing}
    told = card("acme", "large", entry, fact_of(entry))
    model = json.loads(msgspec.json.encode(told))
    assert model["context_window"] == 1000
    assert model["usd_per_million_tokens"] == {"input": "1.25", "output": "10"}
    assert not faults("Model", model)
    assert not faults("ModelList", {"object": "list", "data": [model]})


async def test_the_document_is_sent_once_and_then_confirmed() -> None:
    endpoint = OpenApiEndpoint("1.2.3")
    first = await asked(endpoint, "/openapi.json")
    assert (first.status, first.headers["content-type"]) == (200, "application/json")
    assert first.json["info"]["version"] == "1.2.3"
    again = await asked(endpoint, "/openapi.json", if_none_match=f'"other", {first.headers["etag"]}')
    assert (again.status, again.body) == (304, b"")
