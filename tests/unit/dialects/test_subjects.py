"""Everything that the published descriptions of the API name is a subject of the tables of fates, or has a reason."""

from fnmatch import fnmatchcase

import pytest

from antiphon.dialects.members import CARRIED, IRRELEVANT, SHARED
from antiphon.dialects.subjects import EVENTS, FOLLOWS, SUBJECTS
from antiphon.dialects.tool_names import family
from antiphon.wire.requests import KNOWN_FIELDS, Include
from tests.unit.dialects.spec_subjects import SPEC, OpenAPI, Things, appendix, body_fields, components

published = pytest.mark.skipif(not SPEC.exists(), reason="the published descriptions are not on this machine")

OBJECTS = ("reasoning", "text", "stream_options", "include")
"""Members of the request whose own members, or values, are the subjects."""

OBSERVED = {"keepalive"}
"""Events that say nothing."""

GATEWAYS = {"id", "object", "status", "created_at", "completed_at", "output", "output_text"}
"""Members of a response that the gateway fills in, whoever answers."""

PAIRED = {"function_call_output", "custom_tool_call_output", "computer_call_output", "apply_patch_call_output"} | {
    "local_shell_call_output",
    "additional_tools",
    "mcp_approval_response",
}
"""Items that the client gives: they are among the output items since they are listed with them."""

MESSAGE = {"message", "reasoning"}
"""Items that are told of by their content."""


def known(thing: str) -> bool:
    return thing in SUBJECTS


def of(kind: str) -> set[str]:
    return {subject for subject in SUBJECTS if subject.startswith(f"{kind}.")}


@pytest.mark.parametrize("subject", sorted(FOLLOWS))
def test_what_follows_another_subject_is_one_and_follows_one(subject: str) -> None:
    assert known(subject)
    assert known(FOLLOWS[subject])


def test_no_subject_is_there_twice() -> None:
    assert len(SUBJECTS) == len(set(SUBJECTS))


@pytest.mark.parametrize("name", sorted(KNOWN_FIELDS - set(OBJECTS)))
def test_every_field_that_the_gateway_reads_is_a_subject(name: str) -> None:
    assert known(f"field.{name}")


@pytest.mark.parametrize("value", Include.__args__)
def test_every_value_of_include_is_a_subject(value: str) -> None:
    assert known(f"field.include.{value}")


@published
def test_every_published_field_is_a_subject() -> None:
    api = OpenAPI()
    listed = set(components("open-responses")["CreateResponseBody"]["properties"])
    names = (api.members("CreateResponse") | listed | body_fields()) - set(OBJECTS)
    assert {f"field.{name}" for name in names} <= of("field")
    nested = {f"field.reasoning.{name}" for name in api.members("Reasoning")}
    (options, _) = api.variants(api.schemas["ResponseStreamOptions"])
    nested |= {f"field.stream_options.{name}" for name in api.properties(options)}
    nested |= {f"field.include.{value}" for value in api.values(api.schemas["IncludeEnum"])}
    nested |= {f"field.text.{name}" for name in api.members("ResponseTextParam") - {"format"}}
    nested |= {f"field.text.format.{kind}" for kind in api.things("TextResponseFormatConfiguration")}
    ours = {f"field.{name}" for name in ("provider", "strict", "other", "stop", "top_k", "seed")}
    assert of("field") == nested | {f"field.{name}" for name in names} | ours


@published
def test_every_published_choice_is_a_subject() -> None:
    api = OpenAPI()
    kinds = {family(kind) for kind in api.things("ToolChoiceParam")}
    kinds |= {word for variant in api.variants(api.schemas["ToolChoiceParam"]) for word in variant.get("enum", ())}
    assert of("choice") == {f"choice.{kind}" for kind in kinds} | {"choice.left_out"}


@published
def test_every_published_event_is_a_subject() -> None:
    names = {f"event.{name}" for name in OpenAPI().things("ResponseStreamEvent")}
    names |= {f"event.{name}" for name in appendix("A.6").keys() - OBSERVED}
    assert names | {"event.response.reasoning.done"} <= set(EVENTS)
    spelled = ("apply_patch_call_operation_diff.done", "reasoning.done", "reasoning.delta")
    assert set(EVENTS) <= names | {f"event.response.{name}" for name in spelled}


@published
def test_every_published_output_item_is_a_subject() -> None:
    kinds = OpenAPI().things("OutputItem").keys() | appendix("A.1").keys()
    assert {f"output.{kind}" for kind in kinds - PAIRED - MESSAGE} <= of("output")
    members = OpenAPI().members("Response") - OpenAPI().members("CreateResponse") - GATEWAYS
    assert {f"output.{name}" for name in members} <= of("output")


@published
@pytest.mark.parametrize(
    ("kind", "section", "schema"),
    [("item", "A.2", "InputItem"), ("part", "A.4", "InputContent"), ("tool", "A.5", "Tool")],
)
def test_every_published_member_is_told_or_has_its_reason(kind: str, section: str, schema: str) -> None:
    found: Things = {}
    for things in (appendix(section), OpenAPI().things(schema)):
        for name, members in things.items():
            found.setdefault(family(name) if kind == "tool" else name, set()).update(members)
    assert found
    assert {f"{kind}.{name}" for name in found} <= of(kind)
    lost = [f"{kind}.{name}.{member}" for name in found for member in found[name] if not _said(kind, name, member)]
    assert lost == []


def _said(kind: str, name: str, member: str) -> bool:
    full = f"{kind}.{name}.{member}"
    carried = member in CARRIED.get(f"{kind}.{name}", ())
    return carried or known(full) or full in SHARED or any(fnmatchcase(full, pattern) for pattern in IRRELEVANT)


def test_the_data_about_members_speak_of_subjects() -> None:
    things = {*CARRIED, *(name.rpartition(".")[0] for name in IRRELEVANT if "*" not in name)}
    assert things <= set(SUBJECTS)
    assert set(SHARED.values()) <= set(SUBJECTS)
    assert all(reason.endswith(".") for reason in IRRELEVANT.values())
