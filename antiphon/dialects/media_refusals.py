"""Refusals of pictures and sounds: as those of answers, but that parameters are called what the client called them."""

from __future__ import annotations

import re
from typing import Final

from antiphon.dialects.refusal_bodies import told_by
from antiphon.dialects.refusals import refusal as refusal_of_answer
from antiphon.errors import BadRequest, UpstreamError

_PARAM: Final = re.compile(r"[a-z][a-z0-9_]{0,63}(?:\[\d{0,4}\])?(?:\.[a-z0-9_]{1,64})?")


def refusal(status: int, body: bytes, retry_after: float | None) -> UpstreamError:
    """The error that an answer with a status of 400 or more stands for. `retry_after` is in seconds."""
    error = refusal_of_answer(status, body, retry_after)
    if error.type == BadRequest.type and error.code != "model_not_found":
        said = told_by(body).param or ""
        error.param = said if _PARAM.fullmatch(said) else None
    return error
