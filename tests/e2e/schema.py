"""Decoded JSON against JSON Schema."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator


def faults(value: Any, validator: Draft202012Validator) -> list[str]:
    """What is wrong with a decoded JSON value, one sentence each."""
    errors = validator.iter_errors(value)  # pyright: ignore[reportUnknownMemberType]
    return [f"{error.json_path}: {error.message}" for error in errors]
