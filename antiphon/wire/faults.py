"""What is wrong with a client's JSON, in the OpenAI API's own words."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec
from msgspec import Struct

from antiphon.errors import BadRequest
from antiphon.wire.legal import legal_words, supported

_PATH: Final = re.compile(r" - at (?P<key>`?key`? in )?`\$(?P<path>[^`]*?)(?P<value>\[\.\.\.\])?`$")
_BOUND: Final = re.compile(r"Expected `(?P<type>int|float)` (?P<op><=|>=|<|>) (?P<bound>\S+)")
_LENGTH: Final = re.compile(r"Expected `(?P<type>str|array|object)` of length (?P<op><=|>=) (?P<bound>\d+)")
_TYPE: Final = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`")
_WORD: Final = re.compile(r"Invalid (?:enum )?value (?P<value>.+)")
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]+)`")

_CUT_SHORT: Final = "Input data was truncated"
_CUT: Final = "it is empty, ends too early, or has half of a surrogate pair near its end"
"""A decoder that has read the first half of a pair looks for the other one, if need be behind the end."""

_NAMES: Final = {
    "int": "an integer",
    "float": "a decimal",
    "str": "a string",
    "bool": "a boolean",
    "null": "null",
    "array": "an array",
    "object": "an object",
}


UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for JSON that it cannot take: wrong, no text, or nested without end."""


def told(error: Exception, shape: object = None) -> BadRequest:
    """Any of `UNDECODABLE` as an error of the caller; `shape` is what the JSON was to be."""
    if isinstance(error, msgspec.ValidationError):
        return explained(error, shape)
    if isinstance(error, RecursionError):
        return BadRequest("The JSON body is nested too deeply.", code="invalid_json")
    reason = _CUT if str(error) == _CUT_SHORT else _plain(str(error))
    message = f"We could not parse the JSON body of your request: {reason}."
    return BadRequest(message, code="invalid_json")


def explained(error: msgspec.ValidationError, shape: object = None, place: str = "") -> BadRequest:
    """One ValidationError as an error of the caller: which field, what was expected, and a code for the kind.

    `shape` is what was to stand at `place`, such as ``input[3]``: where it permits some words only, they are told.
    """
    text = str(error)
    found = _PATH.search(text)
    path = found["path"] if found else ""
    text = text[: found.start()] if found else text
    subject = _Subject(f"{place}{path}".lstrip("."), _part(found))
    if lack := _MISSING.search(text):
        param = f"{subject.param}.{lack['field']}".lstrip(".")
        return missing(param)
    if bound := _BOUND.search(text):
        return _out_of_bounds(bound, subject)
    if length := _LENGTH.search(text):
        return _wrong_length(length, subject)
    if word := _WORD.search(text):
        message = f"Invalid value: {word['value']}.{supported(legal_words(shape, path))}"
        return BadRequest(message, param=subject.param or None, code="invalid_value")
    if wrong := _TYPE.search(text):
        wanted = " or ".join(_NAMES.get(name.strip(), name.strip()) for name in wrong["wanted"].split("|"))
        got = _NAMES.get(wrong["got"], wrong["got"])
        message = f"Invalid type for {subject.called}: expected {wanted}, but got {got} instead."
        return BadRequest(message, param=subject.param or None, code="invalid_type")
    message = f"Invalid value for {subject.called}: {_plain(text)}."
    return BadRequest(message, param=subject.param or None, code="invalid_value")


def missing(param: str) -> BadRequest:
    """The error for a field that must be there."""
    return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


class _Subject(Struct, frozen=True):
    """What an error is about. `part` says which part of the object at `param`, if it is not the whole."""

    param: str
    part: Literal["", "name", "value"]

    @property
    def called(self) -> str:
        if not self.param:
            return "the JSON body"
        return f"a {self.part} in '{self.param}'" if self.part else f"'{self.param}'"

    @property
    def bare(self) -> str:
        """As `called`, to stand behind an adjective."""
        return f"{self.part} in '{self.param}'" if self.part else f"'{self.param}'"


def _part(found: re.Match[str] | None) -> Literal["", "name", "value"]:
    if found is None:
        return ""
    return "name" if found["key"] else "value" if found["value"] else ""


def _out_of_bounds(found: re.Match[str], subject: _Subject) -> BadRequest:
    kind = "integer" if found["type"] == "int" else "decimal"
    low = found["op"].startswith(">")
    wanted = "at least" if low else "at most"
    side = "below minimum" if low else "above maximum"
    message = f"Invalid {subject.bare}: {kind} {side} value. Expected a value of {wanted} {found['bound']}."
    return BadRequest(message, param=subject.param, code=f"{kind}_{'below_min' if low else 'above_max'}_value")


def _wrong_length(found: re.Match[str], subject: _Subject) -> BadRequest:
    kind = {"str": "string", "array": "array", "object": "object"}[found["type"]]
    low = found["op"] == ">="
    side = "too short" if low else "too long"
    wanted = "at least" if low else "at most"
    message = f"Invalid {subject.bare}: {kind} {side}. Expected a length of {wanted} {found['bound']}."
    code = f"{kind}_{'below_min' if low else 'above_max'}_length"
    return BadRequest(message, param=subject.param or None, code=code)


def _plain(text: str) -> str:
    return text.rstrip(".")
