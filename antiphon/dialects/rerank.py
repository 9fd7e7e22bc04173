"""Rankings of documents: requests of Cohere, Jina and Voyage, told to each other and to those who speak like them.

https://docs.cohere.com/reference/rerank, https://api.jina.ai/redoc, https://docs.voyageai.com/reference/reranker-api,
https://docs.together.ai/reference/rerank, https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html, and
https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-supported.html. From recordings of Cohere, Voyage and
Together; these pages were not read for it (2026-11). A document is a text or an object; to who takes texts alone, an
object with nothing but `text` goes as that, any other as its JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from antiphon.dialects.converse_refusals import bedrock_refusal
from antiphon.dialects.refusals import refusal
from antiphon.dialects.rerank_answer import Shape, ranking_told
from antiphon.dialects.service_members import filled, given, portions, read, unsaid
from antiphon.errors import BadRequest, UpstreamError
from antiphon.service_protocols import Asked, At, Plan
from antiphon.wire.requests import Item

_COMMON: Final = frozenset({"query", "documents", "top_n", "top_k", "return_documents"})


class Manner(Struct, frozen=True, kw_only=True):
    """How a vendor is asked.

    `limit` is its name for the number of results; `takes` are members that it has beside the common ones, and None
    lets pass whatever clients send. `objects` tells whether documents may be objects, `fixed` what always goes along.
    """

    limit: str = "top_n"
    takes: frozenset[str] | None = None
    objects: bool = False
    fixed: Mapping[str, object] = {}
    names_model: bool = True


MANNERS: Final[Mapping[str, Manner]] = {
    "cohere": Manner(takes=frozenset({"max_tokens_per_doc", "priority"})),
    "jina": Manner(takes=frozenset({"truncation", "max_doc_length"}), objects=True),
    "voyage": Manner(limit="top_k", takes=frozenset({"truncation"})),
    "together": Manner(takes=frozenset({"rank_fields"}), objects=True),
    "compatible": Manner(),
    "bedrock": Manner(takes=frozenset(), fixed={"api_version": 2}, names_model=False),
    "bedrock-amazon": Manner(takes=frozenset(), names_model=False),
}


class _Ranking(Struct, frozen=True):
    query: str | Item
    documents: Annotated[list[str | Item], Meta(min_length=1)]
    top_n: Annotated[int, Meta(ge=1)] | None = None
    top_k: Annotated[int, Meta(ge=1)] | None = None
    return_documents: bool | None = None

    @property
    def limit(self) -> int | None:
        return self.top_n if self.top_n is not None else self.top_k


class Rankings:
    """Implements `ServiceDialect`."""

    def __init__(self, manner: str) -> None:
        """One of `MANNERS`."""
        self._manner = MANNERS[manner]
        self._at_amazon = manner.startswith("bedrock")

    def plan(self, asked: Asked, at: At) -> Plan:
        """One body, or several where the vendor takes fewer documents at once than there are.

        A document's score depends on no other, so several rankings can be made one.
        """
        wanted, manner = read(asked, _Ranking), self._manner
        members = self._members(asked, at, wanted)
        documents = [_document(each, objects=manner.objects) for each in wanted.documents]
        bodies = [filled(members | self._documents(each, wanted)) for each in portions(documents, at.batch)]
        shape = _shape(asked, at, wanted)
        starts = range(0, len(documents), at.batch or len(documents))
        warnings = () if manner.takes is None else unsaid(asked, at, _COMMON | manner.takes)
        return Plan(bodies, lambda answers: ranking_told(answers, starts, shape), warnings)

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """As `refusals.refusal`, or Bedrock's."""
        return (bedrock_refusal if self._at_amazon else refusal)(status, body, retry_after)

    def _members(self, asked: Asked, at: At, wanted: _Ranking) -> dict[str, Any]:
        """All but the documents. What ours tells itself, the documents in the answer, is asked of nobody."""
        manner = self._manner
        if not manner.objects and not isinstance(wanted.query, str):
            message = f"{at.provider} takes a text as 'query'."
            raise BadRequest(message, param="query", code="invalid_type")
        others = {name: value for name, value in given(asked).items() if name not in _COMMON}
        if manner.takes is not None:
            others = {name: value for name, value in others.items() if name in manner.takes}
        return {
            **others,
            "model": at.model if manner.names_model else None,
            "query": wanted.query,
            **manner.fixed,
        }

    def _documents(self, portion: Sequence[str | Item], wanted: _Ranking) -> dict[str, Any]:
        limit = None if wanted.limit is None else min(wanted.limit, len(portion))
        return {"documents": list(portion), self._manner.limit: limit}


def _shape(asked: Asked, at: At, wanted: _Ranking) -> Shape:
    """How the client wants to be answered: `top_k` is Voyage's word alone, whose client says it always, as null too."""
    says_top_k = wanted.top_k is not None or (wanted.top_n is None and "top_k" in asked.members)
    returned: list[Raw] = msgspec.json.decode(asked.members["documents"], type=list[Raw])
    return Shape(
        id=asked.id,
        at=at,
        limit=wanted.limit,
        voyages=says_top_k and not asked.v2,
        documents=returned if wanted.return_documents else None,
        count=len(wanted.documents),
    )


def _document(document: str | Item, *, objects: bool) -> str | Item:
    if isinstance(document, str) or objects:
        return document
    text: Any = document.get("text")
    if isinstance(text, str) and len(document) == 1:
        return text
    return msgspec.json.encode(document).decode()
