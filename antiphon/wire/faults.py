"""What is wrong with a client's JSON, in the OpenAI API's own words."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from antiphon.errors import BadRequest

_PATH: Final = re.compile(r" - at (?:`?key`? in )?`\$(?P<path>[^`]*)`$")
_BOUND: Final = re.compile(r"Expected `(?P<type>int|float)` (?P<op><=|>=|<|>) (?P<bound>\S+)")
_LENGTH: Final = re.compile(r"Expected `(?P<type>str|array|object)` of length (?P<op><=|>=) (?P<bound>\d+)")
_TYPE: Final = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`")
_ENUM: Final = re.compile(r"Invalid enum value (?P<value>.+)")
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]+)`")

_CUT_SHORT: Final = "Input data was truncated"

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


def told(error: Exception) -> BadRequest:
    """Any of `UNDECODABLE` as an error of the caller."""
    if isinstance(error, msgspec.ValidationError):
        return explained(error)
    if isinstance(error, RecursionError):
        return BadRequest("The JSON body is nested too deeply.", code="invalid_json")
    reason = "it is empty, or ends too early" if str(error) == _CUT_SHORT else _plain(str(error))
    message = f"We could not parse the JSON body of your request: {reason}."
    return BadRequest(message, code="invalid_json")


def explained(error: msgspec.ValidationError) -> BadRequest:
    """One ValidationError as an error of the caller: which field, what was expected, and a code for the kind."""
    text = str(error)
    found = _PATH.search(text)
    param = found["path"].lstrip(".").removesuffix("[...]") if found else ""
    text = text[: found.start()] if found else text
    if missing := _MISSING.search(text):
        param = f"{param}.{missing['field']}".lstrip(".")
        return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    if bound := _BOUND.search(text):
        return _out_of_bounds(bound, param)
    if length := _LENGTH.search(text):
        return _wrong_length(length, param)
    if enum := _ENUM.search(text):
        return BadRequest(f"Invalid value: {enum['value']}.", param=param or None, code="invalid_value")
    if wrong := _TYPE.search(text):
        wanted = " or ".join(_NAMES.get(name.strip(), name.strip()) for name in wrong["wanted"].split("|"))
        got = _NAMES.get(wrong["got"], wrong["got"])
        message = f"Invalid type for {_called(param)}: expected {wanted}, but got {got} instead."
        return BadRequest(message, param=param or None, code="invalid_type")
    message = f"Invalid value for {_called(param)}: {_plain(text)}."
    return BadRequest(message, param=param or None, code="invalid_value")


def _out_of_bounds(found: re.Match[str], param: str) -> BadRequest:
    kind = "integer" if found["type"] == "int" else "decimal"
    low = found["op"].startswith(">")
    wanted = "at least" if low else "at most"
    side = "below minimum" if low else "above maximum"
    message = f"Invalid '{param}': {kind} {side} value. Expected a value of {wanted} {found['bound']}."
    return BadRequest(message, param=param, code=f"{kind}_{'below_min' if low else 'above_max'}_value")


def _wrong_length(found: re.Match[str], param: str) -> BadRequest:
    kind = {"str": "string", "array": "array", "object": "object"}[found["type"]]
    low = found["op"] == ">="
    side = "too short" if low else "too long"
    wanted = "at least" if low else "at most"
    message = f"Invalid '{param}': {kind} {side}. Expected a length of {wanted} {found['bound']}."
    code = f"{kind}_{'below_min' if low else 'above_max'}_length"
    return BadRequest(message, param=param or None, code=code)


def _called(param: str) -> str:
    return f"'{param}'" if param else "the JSON body"


def _plain(text: str) -> str:
    return text.rstrip(".")
