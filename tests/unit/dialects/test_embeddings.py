import json
import struct
from base64 import b64decode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.dialects.embeddings_answer import base64_of
from antiphon.errors import BadRequest, UpstreamBroke
from antiphon.service_protocols import Answer
from tests.unit.dialects.asked_services import DIALECTS, answered, asked, bodies, planned, told

RELAYED = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1.25]}], "model": "m"}
USAGE = {"prompt_tokens": 3, "total_tokens": 3}
PICTURE = "data:image/png;base64,iVBORw0K"
EMBEDDINGS = sorted(name for service, name in DIALECTS if service == "embeddings")

NO_ANSWERS: dict[str, Any] = {
    "list": [],
    "empty": {},
    "number": {"data": 1},
    "none": {"data": []},
    "no vectors": {"embeddings": []},
    "no list": {"embedding": "x", "data": [{"embedding": {}}]},
}


def unpacked(text: str) -> list[float]:
    return [number for (number,) in struct.iter_unpack("<f", b64decode(text))]


def entry(index: int, vector: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": vector}


def test_an_answer_that_is_as_it_was_asked_for_is_relayed_byte_for_byte() -> None:
    plan = planned("embeddings", "openai", asked("embeddings", input="Hi", vendor=[1, 2.50]))
    body = (
        b'{"data": [{"embedding": [1.50], "index": 0}],\n "usage": {"prompt_tokens": 1, "total_tokens": 1}, "x": 2.0}'
    )
    assert bodies(plan) == [{"model": "m", "input": "Hi", "vendor": [1, 2.5]}]
    assert plan.tell([Answer(body)]).body == body


@pytest.mark.parametrize("dialect", ["openai", "plain", "mistral", "jina", "voyage"])
def test_base64_is_made_where_the_provider_makes_none(dialect: str) -> None:
    plan = planned("embeddings", dialect, asked("embeddings", input="Hi", encoding_format="base64"))
    body = answered(plan, RELAYED | {"usage": USAGE, "extra": 1})
    assert unpacked(body["data"][0]["embedding"]) == [0.5, 1.25]
    assert (body["usage"], body["extra"]) == (USAGE, 1)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=20))
def test_what_is_packed_is_what_was_there(numbers: list[float]) -> None:
    assert unpacked(base64_of(numbers).decode()) == numbers


@pytest.mark.parametrize(
    ("dialect", "said", "sent"),
    [
        ("openai", {"dimensions": 2, "user": "u", "encoding_format": "float"}, None),
        ("plain", {"dimensions": 2, "encoding_format": "float"}, {"dimensions": 2}),
        ("mistral", {"dimensions": 2, "encoding_format": "base64"}, {"output_dimension": 2}),
        ("voyage", {"dimensions": 2, "encoding_format": "float"}, {"output_dimension": 2}),
        ("voyage", {"encoding_format": "base64"}, None),
        ("voyage", {"task": "retrieval.query", "truncate": "END"}, {"input_type": "query", "truncation": True}),
        ("voyage", {"truncation": False}, None),
        (
            "jina",
            {"input_type": "search_document", "normalize": True},
            {"task": "retrieval.passage", "normalized": True},
        ),
        ("jina", {"truncation": True, "late_chunking": True}, {"truncate": True, "late_chunking": True}),
        ("jina", {"task": "code.query"}, None),
    ],
)
def test_members_are_said_in_the_vendors_words(dialect: str, said: Any, sent: Any) -> None:
    plan = planned("embeddings", dialect, asked("embeddings", input="Hi", **said))
    assert bodies(plan) == [{"model": "m", "input": "Hi", **(said if sent is None else sent)}]
    assert plan.warnings == ()


@pytest.mark.parametrize("dialect", [name for name in EMBEDDINGS if name != "openai"])
def test_what_cannot_be_said_is_told(dialect: str) -> None:
    plan = planned("embeddings", dialect, asked("embeddings", input="Hi", user="u", dimensions=None))
    assert plan.warnings == ("vendor has no such parameter, so 'user' was left out.",)
    assert "user" not in json.dumps(bodies(plan))


@pytest.mark.parametrize("dialect", ["openai", "mistral", "voyage", "jina", "plain"])
def test_a_list_is_cut_up_and_joined_in_order(dialect: str) -> None:
    plan = planned("embeddings", dialect, asked("embeddings", input=["a", [1, 2], "c"]), batch=2)
    assert [each["input"] for each in bodies(plan)] == [["a", [1, 2]], ["c"]]
    body = answered(
        plan,
        {"data": [entry(1, [1.0]), entry(0, [0.0])], "usage": {"total_tokens": 3}, "id": "x"},
        {"data": [entry(0, [2.0])], "usage": {"prompt_tokens": 4, "total_tokens": 4}, "id": "y"},
    )
    assert body["data"] == [entry(0, [0.0]), entry(1, [1.0]), entry(2, [2.0])]
    assert body["usage"] == {"prompt_tokens": 7, "total_tokens": 7}


def test_portions_that_do_not_add_up_are_the_providers_fault() -> None:
    plan = planned("embeddings", "openai", asked("embeddings", input=["a", "b"]), batch=1)
    with pytest.raises(UpstreamBroke):
        told(plan, RELAYED, {"data": []})


@pytest.mark.parametrize("said", ["a", [1, 2, 3], ["a", "b"]])
def test_what_is_one_portion_goes_as_it_came(said: Any) -> None:
    plan = planned("embeddings", "openai", asked("embeddings", input=said), batch=2)
    assert [each["input"] for each in bodies(plan)] == [said]


def test_cohere_is_asked_in_portions_and_for_documents_unless_something_else_is_said() -> None:
    plan = planned("embeddings", "cohere", asked("embeddings", input=["a", "b", "c"], dimensions=4), batch=2)
    shared = {"model": "m", "input_type": "search_document", "embedding_types": ["float"], "output_dimension": 4}
    assert bodies(plan) == [shared | {"texts": ["a", "b"]}, shared | {"texts": ["c"]}]
    counted = {"billed_units": {"input_tokens": 2, "image_tokens": 1}}
    body = answered(
        plan,
        {"embeddings": {"float": [[1.0], [2.0]]}, "meta": counted},
        {"embeddings": {"float": [[3.0]]}, "meta": counted},
    )
    assert [each["embedding"] for each in body["data"]] == [[1.0], [2.0], [3.0]]
    assert body["usage"] == {"prompt_tokens": 6, "total_tokens": 6}


def test_pictures_and_other_kinds_of_vectors_at_cohere() -> None:
    inputs = ["a", {"image": PICTURE}, {"type": "image_url", "image_url": {"url": PICTURE}}, {"text": "b"}]
    request = asked("embeddings", input=inputs, embedding_types=["int8"], encoding_format="base64", priority=1)
    plan = planned("embeddings", "cohere", request)
    [sent] = bodies(plan)
    picture = {"content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}
    words = [{"content": [{"type": "text", "text": text}]} for text in "ab"]
    assert sent["inputs"] == [words[0], picture, picture, words[1]]
    assert (sent["embedding_types"], sent["priority"]) == (["int8"], 1)
    body = answered(plan, {"embeddings": {"int8": [[1, -2]] * 4}})
    assert unpacked(body["data"][3]["embedding"]) == [1.0, -2.0]
    assert body["usage"] == {"prompt_tokens": 0, "total_tokens": 0}


def test_several_kinds_of_vectors_at_once_have_no_place_in_the_answer() -> None:
    with pytest.raises(BadRequest, match="one of 'embedding_types' at a time"):
        planned("embeddings", "cohere", asked("embeddings", input="a", embedding_types=["float", "int8"]))


def test_google_is_told_pictures_as_bytes_and_what_vectors_are_for() -> None:
    request = asked("embeddings", input=["a", {"image": PICTURE}], input_type="document", title="T", truncate="END")
    plan = planned("embeddings", "gemini", request, model="models/g")
    [sent] = bodies(plan)
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0K"}}
    shared = {"model": "models/g", "taskType": "RETRIEVAL_DOCUMENT", "title": "T"}
    parts = [{"text": "a"}, picture]
    assert sent["requests"] == [shared | {"content": {"parts": [part]}} for part in parts]
    assert plan.warnings == ("vendor has no such parameter, so 'truncate' was left out.",)
    with pytest.raises(BadRequest, match="data URL"):
        planned("embeddings", "gemini", asked("embeddings", input=[{"image": "https://x.example/a.png"}]))


def test_the_older_way_of_vertex() -> None:
    request = asked("embeddings", input=["a", "b"], input_type="query", dimensions=2, truncate=False)
    plan = planned("embeddings", "vertex-predict", request, batch=1)
    parameters = {"outputDimensionality": 2, "autoTruncate": False}
    assert bodies(plan) == [
        {"instances": [{"content": text, "task_type": "RETRIEVAL_QUERY"}], "parameters": parameters} for text in "ab"
    ]
    one = {"predictions": [{"embeddings": {"values": [1], "statistics": {"token_count": 2, "truncated": False}}}]}
    body = answered(plan, one, one)
    assert ([each["embedding"] for each in body["data"]], body["usage"]["total_tokens"]) == ([[1], [1]], 4)


def test_amazons_picture_model_and_nova() -> None:
    request = asked("embeddings", input=["a", {"image": PICTURE}], dimensions=256)
    length = {"embeddingConfig": {"outputEmbeddingLength": 256}}
    plan = planned("embeddings", "titan-image", request)
    assert bodies(plan) == [{"inputText": "a"} | length, {"inputImage": "iVBORw0K"} | length]
    [_, nova] = bodies(planned("embeddings", "nova", request))
    assert nova["singleEmbeddingParams"]["image"] == {"format": "png", "source": {"bytes": "iVBORw0K"}}
    assert answered(plan, {"embedding": [1]}, {"embedding": [2]}, tokens=5)["usage"]["total_tokens"] == 10
    with pytest.raises(BadRequest, match="data URL"):
        planned("embeddings", "nova", asked("embeddings", input=[{"image": "https://x.example/a.png"}]))


@pytest.mark.parametrize("dialect", ["cohere", "bedrock-cohere", "gemini", "vertex", "vertex-predict", "titan", "nova"])
@pytest.mark.parametrize("numbers", [[1, 2], [[1, 2]]], ids=["one", "several"])
def test_token_numbers_are_refused_where_nobody_knows_the_vocabulary(dialect: str, numbers: Any) -> None:
    with pytest.raises(BadRequest, match="token numbers") as caught:
        planned("embeddings", dialect, asked("embeddings", input=numbers), batch=1)
    assert caught.value.param == "input"


@pytest.mark.parametrize("dialect", [name for name in EMBEDDINGS if name not in {"openai", "plain"}])
@pytest.mark.parametrize(
    "said",
    [{}, {"input": 5}, {"input": "a", "dimensions": 0}, {"input": "a", "encoding_format": "x"}],
    ids=["no input", "a number", "no dimensions", "no format"],
)
def test_what_is_no_request_is_refused_by_us(dialect: str, said: Any) -> None:
    with pytest.raises(BadRequest):
        planned("embeddings", dialect, asked("embeddings", **said))


@pytest.mark.parametrize("said", [[], [None], [{}], [[]], ["a", True]], ids=str)
def test_inputs_that_are_none(said: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        planned("embeddings", "cohere", asked("embeddings", input=said))
    assert (caught.value.param or "").startswith("input")


@pytest.mark.parametrize("dialect", EMBEDDINGS)
@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_an_answer_that_is_none_is_the_providers_fault(dialect: str, answer: Any) -> None:
    plan = planned("embeddings", dialect, asked("embeddings", input="a", encoding_format="base64"))
    with pytest.raises(UpstreamBroke, match="vendor answered"):
        told(plan, answer)


@pytest.mark.parametrize("dialect", ["openai", "plain", "voyage"])
@pytest.mark.parametrize("vectors", [[], [[1]], [[1], None], [[1], [2], [3]]], ids=str)
def test_as_many_vectors_as_inputs_are_an_answer(dialect: str, vectors: Any) -> None:
    plan = planned("embeddings", dialect, asked("embeddings", input=["a", [1, 2]]))
    data = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    answer = {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 2, "total_tokens": 2}}
    with pytest.raises(UpstreamBroke, match="vendor answered"):
        told(plan, answer)


def test_how_many_vectors_a_vendor_gives_for_what_only_it_knows_is_its_affair() -> None:
    plan = planned("embeddings", "plain", asked("embeddings", input=[{"text": "a"}, {"video": "https://x.example"}]))
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    answer = {"data": [{"object": "embedding", "index": 0, "embedding": [1]}], "model": "m", "usage": usage}
    assert answered(plan, answer) == answer
