from typing import Any

import pytest

from antiphon.errors import BadRequest, UpstreamBroke
from tests.unit.dialects.asked_services import DIALECTS, answered, asked, bodies, planned, told

RANKINGS = sorted(name for service, name in DIALECTS if service == "rerank")
DOCUMENTS = ["Paris", {"text": "London"}, {"title": "B", "text": "Berlin"}]


def result(index: int, score: float, **more: Any) -> dict[str, Any]:
    return {"index": index, "relevance_score": score, **more}


def request(**members: Any) -> Any:
    return asked("rerank", query="capital of France?", documents=DOCUMENTS, **members)


@pytest.mark.parametrize(
    ("dialect", "limit", "documents"),
    [
        ("cohere", "top_n", ["Paris", "London", '{"title":"B","text":"Berlin"}']),
        ("voyage", "top_k", ["Paris", "London", '{"title":"B","text":"Berlin"}']),
        ("compatible", "top_n", ["Paris", "London", '{"title":"B","text":"Berlin"}']),
        ("jina", "top_n", DOCUMENTS),
        ("together", "top_n", DOCUMENTS),
    ],
)
@pytest.mark.parametrize("word", ["top_n", "top_k"])
def test_each_vendor_is_asked_in_its_words(dialect: str, limit: str, documents: Any, word: str) -> None:
    plan = planned("rerank", dialect, request(**{word: 9}, return_documents=True))
    query = {"model": "m", "query": "capital of France?", "documents": documents}
    assert bodies(plan) == [query | {limit: 3}]
    assert plan.warnings == ()


def test_models_at_amazon_are_named_in_the_path() -> None:
    sent = {"query": "capital of France?", "documents": ["Paris", "London", '{"title":"B","text":"Berlin"}']}
    assert bodies(planned("rerank", "bedrock", request())) == [sent | {"api_version": 2}]
    assert bodies(planned("rerank", "bedrock-amazon", request())) == [sent]


def test_members_of_one_vendor_stay_with_it() -> None:
    said = request(truncation=True, max_tokens_per_doc=5, vendor=1)
    assert bodies(planned("rerank", "voyage", said))[0]["truncation"] is True
    plan = planned("rerank", "cohere", said)
    assert bodies(plan)[0]["max_tokens_per_doc"] == 5
    assert plan.warnings == tuple(
        f"vendor has no such parameter, so '{name}' was left out." for name in ("truncation", "vendor")
    )
    assert bodies(planned("rerank", "compatible", said))[0]["vendor"] == 1


ANSWERS = {
    "cohere": {"id": "c", "results": [result(0, 0.9), result(2, 0.1)], "meta": {"billed_units": {"search_units": 1}}},
    "jina": {"model": "j", "results": [result(0, 0.9), result(2, 0.1)], "usage": {"total_tokens": 7}, "x": 1},
    "voyage": {"data": [result(0, 0.9), result(2, 0.1)], "usage": {"total_tokens": 7}},
    "compatible": {"results": [result(0, 0.9, document={"text": "Paris"}), result(2, 0.1)]},
}


@pytest.mark.parametrize("dialect", ANSWERS)
def test_an_answer_for_clients_of_cohere_and_jina(dialect: str) -> None:
    plan = planned("rerank", dialect, request(top_n=2))
    body = answered(plan, ANSWERS[dialect])
    assert body["results"] == [result(0, 0.9), result(2, 0.1)]
    assert (body["id"], body["model"]) == ("c" if dialect == "cohere" else "req_1", "m")
    tokens = 7 if dialect in {"jina", "voyage"} else 0
    assert body["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    assert body["meta"].get("billed_units") == ({"search_units": 1} if dialect == "cohere" else None)
    assert body.get("x") == (1 if dialect == "jina" else None)


@pytest.mark.parametrize("dialect", ANSWERS)
def test_an_answer_for_clients_of_voyage(dialect: str) -> None:
    body = answered(planned("rerank", dialect, request(top_k=2, return_documents=True)), ANSWERS[dialect])
    assert body["object"] == "list"
    assert body["data"] == [result(0, 0.9, document="Paris"), result(2, 0.1, document=DOCUMENTS[2])]
    assert body["usage"].keys() == {"total_tokens"}
    assert "results" not in body


def test_the_client_of_voyage_says_how_many_though_it_is_not_told() -> None:
    answer = ANSWERS["voyage"]
    assert "data" in answered(planned("rerank", "voyage", request(top_k=None, truncation=True)), answer)
    assert "results" in answered(planned("rerank", "voyage", request(top_k=None, top_n=1)), answer)


@pytest.mark.parametrize("dialect", ANSWERS)
def test_documents_come_back_as_they_were_sent(dialect: str) -> None:
    body = answered(planned("rerank", dialect, request(return_documents=True)), ANSWERS[dialect])
    assert [each["document"] for each in body["results"]] == [{"text": "Paris"}, DOCUMENTS[2]]


def test_the_path_of_cohere_is_answered_as_cohere_does_whatever_the_words() -> None:
    assert "results" in answered(planned("rerank", "voyage", request(top_k=1, v2=True)), ANSWERS["voyage"])


def test_long_lists_are_ranked_in_portions_and_put_in_one_order() -> None:
    plan = planned("rerank", "voyage", request(top_n=2), batch=2)
    assert [(each["documents"], each["top_k"]) for each in bodies(plan)] == [
        (["Paris", "London"], 2),
        (['{"title":"B","text":"Berlin"}'], 1),
    ]
    usage = {"usage": {"total_tokens": 4}}
    body = answered(plan, {"data": [result(1, 0.5), result(0, 0.2)]} | usage, {"data": [result(0, 0.3)]} | usage)
    assert body["results"] == [result(1, 0.5), result(2, 0.3)]
    assert body["usage"]["total_tokens"] == 8


NO_ANSWERS: list[Any] = [[], {}, {"results": 1}, {"results": []}, {"results": [result(3, 1.0)]}, {"results": [{}]}]


@pytest.mark.parametrize("dialect", RANKINGS)
@pytest.mark.parametrize("answer", NO_ANSWERS, ids=str)
def test_an_answer_that_is_none_is_the_providers_fault(dialect: str, answer: Any) -> None:
    with pytest.raises(UpstreamBroke, match="vendor answered"):
        told(planned("rerank", dialect, request(return_documents=True)), answer)


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({}, "query"),
        ({"query": "x"}, "documents"),
        ({"query": "x", "documents": []}, "documents"),
        ({"query": "x", "documents": [1]}, "documents"),
        ({"query": "x", "documents": ["a"], "top_n": 0}, "top_n"),
        ({"query": {"image": "x"}, "documents": ["a"]}, "query"),
    ],
)
def test_what_is_no_request_is_refused_by_us(said: Any, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        planned("rerank", "cohere", asked("rerank", **said))
    assert (caught.value.param or "").startswith(param)
