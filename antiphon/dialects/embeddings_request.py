"""A request for embeddings, in OpenAI's words and in those that its relatives added, read for everybody else.

https://platform.openai.com/docs/api-reference/embeddings/create. Beside it clients may say what the
vectors are for (`input_type` of Cohere and Voyage, `task` of Jina, `task_type` of Google), what becomes of inputs that
are too long (`truncate` of Cohere and Jina, `truncation` of Voyage), and send pictures: ``{"image": …}`` as Jina has
it, or parts of the type ``image_url``.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeGuard

from msgspec import Meta, Struct

from antiphon.dialects.service_members import read
from antiphon.errors import BadRequest
from antiphon.service_protocols import Asked
from antiphon.wire.requests import is_item

Cut = Literal["none", "start", "end"]
"""What an input that is too long loses; ``none`` makes it an error."""

PURPOSES: Final = ("input_type", "task", "task_type")
CUTS: Final = ("truncate", "truncation")
COMMON: Final = ("input", "dimensions", "encoding_format")

_PURPOSES: Final = {
    "query": "query",
    "search_query": "query",
    "retrieval.query": "query",
    "retrieval_query": "query",
    "document": "document",
    "passage": "document",
    "search_document": "document",
    "retrieval.passage": "document",
    "retrieval_document": "document",
    "classification": "classification",
    "clustering": "clustering",
    "separation": "clustering",
    "text-matching": "similarity",
    "semantic_similarity": "similarity",
}
"""What vendors call the uses of vectors, in small letters, by what they have in common."""


class Text(Struct, frozen=True):
    """An input of words."""

    text: str


class Picture(Struct, frozen=True):
    """An input that is a picture, by its address or as a data URL."""

    url: str


class Tokens(Struct, frozen=True):
    """An input in a vocabulary of OpenAI's."""

    numbers: list[int]


Piece = Text | Picture | Tokens


class Embedding(Struct, frozen=True, kw_only=True):
    """The members that dialects read."""

    input: str | list[Any]
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    input_type: str | None = None
    task: str | None = None
    task_type: str | None = None
    truncate: str | bool | None = None
    truncation: bool | None = None
    embedding_types: list[str] | None = None
    normalize: bool | None = None
    title: str | None = None

    @property
    def purpose(self) -> str | None:
        """What the vectors are for, in a word of `_PURPOSES` where it is one of theirs."""
        said = self.input_type or self.task or self.task_type
        return None if said is None else _PURPOSES.get(said.lower(), said)

    @property
    def cut(self) -> Cut | None:
        """What is to be cut off, None where the client leaves that to the provider."""
        said = self.truncation if self.truncate is None else self.truncate
        if said is None:
            return None
        if isinstance(said, bool):
            return "end" if said else "none"
        match said.lower():
            case "none" | "start" | "end" as known:
                return known
            case _:
                raise BadRequest(
                    f"Invalid value: '{said[:64]}'. Supported values are: 'NONE', 'START', and 'END'.",
                    param="truncate",
                    code="invalid_value",
                )


def asked_embedding(asked: Asked) -> Embedding:
    """The request. Raises BadRequest."""
    return read(asked, Embedding)


def pieces(wanted: Embedding) -> list[Piece]:
    """The inputs, each of which gets a vector. Raises BadRequest."""
    said = wanted.input
    if isinstance(said, str):
        return [Text(said)]
    if not said:
        raise BadRequest("Invalid 'input': it is empty.", param="input", code="invalid_value")
    if all(type(each) is int for each in said):
        return [Tokens(said)]
    return [_piece(each, f"input[{number}]") for number, each in enumerate(said)]


def texts(wanted: Embedding, provider: str) -> list[str]:
    """The inputs, all of them words. Raises BadRequest for any other."""
    return [text_of(piece, provider) for piece in pieces(wanted)]


def text_of(piece: Piece, provider: str) -> str:
    """The words of a piece. Raises BadRequest for one that has none."""
    if isinstance(piece, Text):
        return piece.text
    raise refused(piece, provider)


def refused(piece: Piece, provider: str) -> BadRequest:
    """The error for a kind of input that a provider does not take."""
    kind = "token numbers, which only OpenAI's models share" if isinstance(piece, Tokens) else "pictures"
    message = f"This model of {provider} embeds no {kind}. Send text."
    return BadRequest(message, param="input", code="unsupported_value")


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a decoded JSON value is an array."""
    return isinstance(value, list)


def _piece(value: object, place: str) -> Piece:
    if isinstance(value, str):
        return Text(value)
    if is_list(value) and value and all(type(each) is int for each in value):
        return Tokens(value)
    if is_item(value):
        picture: Any = value.get("image") or value.get("image_url")
        address = picture.get("url") if is_item(picture) else picture
        if isinstance(address, str):
            return Picture(address)
        words: Any = value.get("text")
        if isinstance(words, str):
            return Text(words)
    message = f"Invalid '{place}': an input is a text, a list of token numbers, or an object with 'text' or 'image'."
    raise BadRequest(message, param=place, code="invalid_type")
