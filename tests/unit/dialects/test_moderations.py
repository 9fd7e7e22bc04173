import json
from typing import Any

import pytest

from antiphon.dialects.moderation_rules import MAX_CHARACTERS, judged
from antiphon.dialects.moderations import CATEGORIES
from antiphon.errors import BadRequest, UpstreamBroke
from antiphon.service_protocols import Answer
from tests.unit.dialects.asked_services import answered, asked, bodies, planned, told

MISTRALS = {
    "sexual": 0.01,
    "hate_and_discrimination": 0.02,
    "violence_and_threats": 0.97,
    "dangerous": 0.3,
    "criminal": 0.6,
    "selfharm": 0.0,
    "health": 0.0,
    "pii": 0.99,
    "jailbreaking": 0.2,
}


def mistrals(**scores: float) -> dict[str, Any]:
    known = MISTRALS | scores
    return {"categories": {name: score > 0.5 for name, score in known.items()}, "category_scores": known}


def test_mistral_is_told_in_openais_categories_and_kept_beside_them() -> None:
    plan = planned("moderations", "mistral", asked("moderations", input=["a", "b"]))
    assert bodies(plan) == [{"model": "m", "input": ["a", "b"]}]
    calm = {"violence_and_threats": 0.0, "criminal": 0.0}
    body = answered(plan, {"id": "x", "results": [mistrals(), mistrals(**calm)]})
    first, second = body["results"]
    assert (body["id"], body["model"]) == ("x", "m")
    assert first["flagged"] is True
    assert [name for name, flagged in first["categories"].items() if flagged] == ["illicit", "violence"]
    assert first["category_scores"]["illicit"] == 0.6
    assert first["category_applied_input_types"]["violence"] == ["text"]
    assert first["category_applied_input_types"]["harassment"] == []
    assert first["provider_category_scores"] == MISTRALS
    assert second["flagged"] is False
    assert second["provider_categories"]["pii"] is True
    assert first["categories"].keys() == first["category_scores"].keys() == set(CATEGORIES)


def test_the_older_model_has_one_category_for_two() -> None:
    older = {"dangerous_and_criminal_content": True}
    result = {"categories": older, "category_scores": {"dangerous_and_criminal_content": 0.8}}
    [told_result] = answered(planned("moderations", "mistral", asked("moderations", input="a")), {"results": [result]})[
        "results"
    ]
    assert told_result["category_scores"]["illicit"] == 0.8


@pytest.mark.parametrize("dialect", ["mistral", "rules"])
def test_parts_are_one_text_and_pictures_are_refused(dialect: str) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    plan = planned("moderations", dialect, asked("moderations", input=parts))
    assert dialect == "rules" or bodies(plan)[0]["input"] == ["a\nb"]
    with pytest.raises(BadRequest, match="texts alone") as caught:
        planned("moderations", dialect, asked("moderations", input=[{"type": "image_url", "image_url": {"url": "x"}}]))
    assert caught.value.param == "input[0]"


@pytest.mark.parametrize("said", [{}, {"input": []}, {"input": 5}], ids=str)
def test_what_is_no_request_is_refused_by_us(said: Any) -> None:
    with pytest.raises(BadRequest):
        planned("moderations", "mistral", asked("moderations", **said))


def test_openais_own_answer_is_passed_on_byte_for_byte() -> None:
    answer = {"id": "x", "results": [{"flagged": False, "vendor": 1.50}]}
    plan = planned("moderations", "openai", asked("moderations", input="a"))
    assert told(plan, answer).body == json.dumps(answer).encode()


NO_ANSWERS: list[Any] = [[], {}, {"results": []}, {"results": [{}]}]


@pytest.mark.parametrize("answer", [*NO_ANSWERS, None, 5, {"error": {"message": "No."}}, {"results": [5]}], ids=str)
def test_what_is_passed_on_is_an_answer(answer: Any) -> None:
    with pytest.raises(UpstreamBroke):
        told(planned("moderations", "openai", asked("moderations", input="a")), answer)


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"results":'], ids=str)
def test_what_is_no_json_is_not_passed_on(answer: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        planned("moderations", "openai", asked("moderations", input="a")).tell([Answer(answer)])


@pytest.mark.parametrize("answer", NO_ANSWERS, ids=str)
def test_an_answer_that_is_none_is_the_providers_fault(answer: Any) -> None:
    with pytest.raises(UpstreamBroke):
        told(planned("moderations", "mistral", asked("moderations", input="a")), answer)


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("I'm going to kill myself tonight.", {"self-harm", "self-harm/intent"}),
        ("I will kill you.", {"violence", "harassment/threatening"}),
        ("how to build a pipe bomb", {"illicit/violent"}),
        ("how do I hang myself", {"self-harm", "self-harm/instructions"}),
        ("He said they would murder everyone.", {"violence"}),
        ("The killer feature shoots up in popularity.", set[str]()),
        ("Kill the process with SIGKILL", {"violence"}),
    ],
)
def test_the_patterns_find_words_and_know_nothing(text: str, categories: set[str]) -> None:
    result = judged(text)
    assert {name for name, flagged in result["categories"].items() if flagged} == categories
    assert result["flagged"] is bool(categories)
    assert set(result["category_scores"].values()) <= {0.0, 1.0}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to ann.b@example.co.uk!", "pii/email"),
        ("Call +49 (30) 1234 5678", "pii/phone"),
        ("078-05-1120", "pii/us_ssn"),
        ("DE89 3704 0044 0532 0130 00", "pii/iban"),
        ("4111 1111 1111 1111", "pii/card"),
        ("4111 1111 1111 1112", None),
        ("Nothing of the kind, on 2026-11-21.", None),
    ],
)
def test_what_looks_personal_is_told_beside_and_flags_nothing(text: str, kind: str | None) -> None:
    result = judged(text)
    found = [name for name, there in result["provider_categories"].items() if there]
    assert found == ([] if kind is None else [kind])
    assert result["flagged"] is False


def test_the_patterns_say_what_they_are_and_ask_nobody() -> None:
    plan = planned("moderations", "rules", asked("moderations", input=["a", "b"], user="u"))
    assert plan.bodies == ()
    body = answered(plan)
    assert body["model"] == "local/moderation-rules"
    assert "not a classifier" in body["notice"]
    assert len(body["results"]) == 2
    assert plan.warnings == ("vendor has no such parameter, so 'user' was left out.",)


def test_a_text_that_would_take_long_is_refused() -> None:
    with pytest.raises(BadRequest, match="at most"):
        planned("moderations", "rules", asked("moderations", input="a" * (MAX_CHARACTERS + 1)))


@pytest.mark.parametrize("text", ["1 " * 50_000, "a" * 100_000, "+1" * 50_000, "A1" * 50_000, "a@" * 50_000])
def test_no_text_makes_the_patterns_slow(text: str) -> None:
    assert judged(text)["flagged"] is False
