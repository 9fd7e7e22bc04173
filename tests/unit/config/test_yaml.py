from pathlib import Path

import pytest

from antiphon.config.references import References
from antiphon.config.tree import Node, Problems, found_at
from antiphon.config.yaml_file import parsed, parsed_flow


def read(text: str, **variables: str) -> tuple[Node, list[str]]:
    problems = Problems()
    return parsed(text, "a.yaml", References(variables, Path()), problems), problems.found


def test_every_value_knows_where_it_and_its_name_stand() -> None:
    tree, found = read("server:\n  port: 80\n  hosts: [a,\n    b]\n")
    port = found_at(tree, ("server", "port"))
    hosts = found_at(tree, ("server", "hosts"))
    assert not found
    assert port == Node(80, "a.yaml:2:9", "a.yaml:2:3")
    assert hosts is not None
    assert hosts.value == [Node("a", "a.yaml:3:11"), Node("b", "a.yaml:4:5")]


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "{}"])
def test_a_file_without_settings_is_an_empty_one(text: str) -> None:
    tree, found = read(text)
    assert tree.value in ({}, None)
    assert not found


def test_scalars_are_what_yaml_says() -> None:
    tree, found = read("[1, -0x1F, 1.5, .inf, true, no, ~, text, '1', 2024-01-01, '']")
    assert isinstance(tree.value, list)
    assert [node.value for node in tree.value][:3] == [1, -31, 1.5]
    assert [node.value for node in tree.value][4:] == [True, False, None, "text", "1", "2024-01-01", ""]
    assert not found


def test_a_name_that_is_here_twice_tells_both_places() -> None:
    _, found = read("a: 1\nb: {c: 1, c: 2}\na: 2\n")
    assert found == [
        "a.yaml:2:11: `c` is here twice; it stands at a.yaml:2:5 too",
        "a.yaml:3:1: `a` is here twice; it stands at a.yaml:1:1 too",
    ]


def test_what_is_no_yaml_is_told_with_its_place() -> None:
    _, found = read("a: 1\nb: [1,\n")
    assert len(found) == 1
    assert found[0].startswith("a.yaml:3:1: not YAML: ")
    _, found = read("a: 1\n---\nb: 2\n")
    assert found[0].startswith("a.yaml:2:1: not YAML: ")
    assert read("a: \x00")[1] == ["a.yaml: not YAML: it holds characters that are no text"]
    assert read("a: *nobody")[1][0].startswith("a.yaml:1:4: not YAML: ")


def test_a_reference_that_breaks_the_syntax_is_told_to_be_quoted() -> None:
    _, found = read("a: {b: ${C}}")
    assert "in quotes" in found[0]


def test_nesting_beyond_measure_is_an_error() -> None:
    assert read("[" * 500)[1] == ["a.yaml: nested too deeply"]


def test_an_anchor_is_used_as_often_as_one_likes() -> None:
    tree, found = read("a: &x {b: [1]}\nc: *x\nd: *x\n")
    assert not found
    assert found_at(tree, ("c", "b")) == found_at(tree, ("d", "b"))


@pytest.mark.parametrize("text", ["&x [*x]", "a: &x {b: *x}", "a: &x [{b: [*x]}]"])
def test_an_anchor_that_contains_itself_is_an_error(text: str) -> None:
    assert any("contains itself" in line for line in read(text)[1])


def test_anchors_that_multiply_cost_nothing() -> None:
    lines = ["a0: &a0 [1, 2]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 60))]
    _, found = read("\n".join(lines))
    assert not found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !!python/name:os.system x", "tagged `tag:yaml.org,2002:python/name:os.system` mean nothing"),
        ("a: !secret x", "tagged `!secret` mean nothing"),
        ("a: !!binary aGk=", "mean nothing here"),
        ("a: !!python/object:os.system {b: 1}", "tagged `tag:yaml.org,2002:python/object:os.system` mean nothing"),
        ("a: !secret [1]", "tagged `!secret` mean nothing"),
        ("!secret\na: 1", "tagged `!secret` mean nothing"),
        ("a: !!int word", "`word` is no value of its kind (int)"),
        ("a: !!bool maybe", "`maybe` is no value of its kind (bool)"),
        ("a: !!int ''", "is no value of its kind (int)"),
        ("a: " + "9" * 5_000, "is no value of its kind (int)"),
        ("? [1]\n: 2", "a name must be a single word"),
    ],
)
def test_what_settings_cannot_be_is_an_error(text: str, message: str) -> None:
    _, found = read(text)
    assert len(found) == 1
    assert message in found[0]


def test_a_name_is_the_word_that_was_written() -> None:
    tree, _ = read("1: a\ntrue: b\n0x10: c\n")
    assert isinstance(tree.value, dict)
    assert list(tree.value) == ["1", "true", "0x10"]


def test_references_are_resolved_where_values_stand_and_nowhere_else() -> None:
    tree, found = read("# ${NOWHERE}\na: ${A}\n${A}: b\n", A="1")
    assert not found
    assert tree.value == {
        "a": Node("1", "a.yaml:2:4", "a.yaml:2:1", text=True),
        "${A}": Node("b", "a.yaml:3:7", "a.yaml:3:1"),
    }


def test_a_reference_that_leads_nowhere_tells_its_place_and_hides_its_node() -> None:
    tree, found = read("a: ${NOWHERE}\n")
    assert found[0].startswith("a.yaml:1:4: the variable NOWHERE is not set")
    assert found_at(tree, ("a",)) == Node(None, "a.yaml:1:4", "a.yaml:1:1", broken=True)


def test_the_text_of_a_variable_is_all_of_one_origin_and_of_no_type_yet() -> None:
    problems = Problems()
    tree = parsed_flow("{a: [1, yes, ~], b: ${X}}".replace("${X}", "x"), "VARIABLE", problems)
    assert isinstance(tree.value, dict)
    assert tree.value["a"].value == [
        Node("1", "VARIABLE", text=True),
        Node("yes", "VARIABLE", text=True),
        Node(None, "VARIABLE"),
    ]
    assert parsed_flow("[", "VARIABLE", problems).broken
    assert problems.found[0].startswith("VARIABLE: not YAML: ")
