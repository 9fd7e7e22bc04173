"""Clients of Google's: their recorded requests come out at Google as they went in, recorded answers as they were."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

import pytest

from antiphon.dialects.client_gemini_answer import GeminiTeller
from antiphon.dialects.client_gemini_shapes import GeminiTold, signature_of
from antiphon.dialects.client_gemini_whole import gemini_whole
from antiphon.dialects.client_gemini_contents import seal_of
from antiphon.dialects.client_gemini_request import AskedByGemini, asked_by_gemini
from antiphon.dialects.gemini_request import build_gemini
from antiphon.errors import BadRequest
from antiphon.gateway.history import new_items
from antiphon.protocols import Caller, Turn
from antiphon.wire.synthesis import synthesised
from tests.fakes import SEALER
from tests.gemini_streams import gemini_target
from tests.replayed import name_of, requests
from tests.unit.dialects.test_gemini_request_golden import ASKED, Body, said

TOLD = GeminiTold("resp_1", "gemini-x", includes_thoughts=True)
OTHERWISE = {
    "web_fetch": "the Responses API reads pages only in the course of a search",
    "invalid_temperature": "no temperature of a response is as high",
    "url_input-AudioUrl": "a response's sounds have no address",
    "url_input-VideoUrl-gs": "not even a film is named by an address of Cloud Storage",
}
"""Recorded requests that have no like in the Responses API: parts of their names, and why."""


def asked(body: Body, model: str = "google/m") -> AskedByGemini:
    return asked_by_gemini(json.dumps(body).encode(), model, streamed=False)


def turn_for(request: AskedByGemini) -> Turn:
    count = itertools.count()
    return Turn(
        id="resp_1",
        created_at=1_700_000_000,
        caller=Caller("tenant-a", "key-a"),
        request=request.request,
        input=new_items(request.request, lambda prefix: f"{prefix}_{next(count)}", []),
        new_id=lambda prefix: f"{prefix}_{next(count)}",
        clock=lambda: 0.0,
    )


def unsigned(value: Any) -> Any:
    """Without what only its maker could have signed, and without thoughts, which no client has to repeat."""
    if isinstance(value, dict):
        kept = {name: unsigned(member) for name, member in value.items() if name != "thoughtSignature"}
        if kept.get("mode") == "VALIDATED":
            kept["mode"] = "AUTO"
        kept.pop("includeServerSideToolInvocations", None)
        return kept
    if isinstance(value, list):
        return [unsigned(each) for each in value if not (isinstance(each, dict) and (each.get("thought") or not each))]
    return value


@pytest.mark.parametrize(
    "exchange", [each for each in ASKED if not any(n in each["id"] for n in OTHERWISE)], ids=name_of
)
def test_a_recorded_request_comes_out_as_it_went_in(exchange: Body) -> None:
    body, path = exchange["request"]["body"], exchange["request"]["url_path"]
    model = path.rpartition("/")[2].partition(":")[0]
    target = gemini_target(model, google_api="vertex" if exchange["api"].startswith("vertex") else "studio")
    sent = json.loads(build_gemini(turn_for(asked(body, model)), target, SEALER).body)
    assert said(unsigned(sent)) == said(unsigned(body))
