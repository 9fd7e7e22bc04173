"""What the log says of a request, and of which requests it says nothing."""

import io
import json
import logging

import pytest

from antiphon.observe.logs import RequestLog, human_line, json_line
from antiphon.records import RequestRecord

RECORD = RequestRecord(
    request_id="req_1", method="POST", path="/v1/responses", status=502, seconds=0.1, upstream_request_id="up_1"
)


def test_the_log_keeps_what_the_provider_calls_a_request() -> None:
    assert '"upstream_request_id":"up_1"' in json_line(0.0, RECORD)
    assert "up_1" not in human_line(0.0, RECORD)


def test_a_person_is_shown_it_where_something_went_wrong() -> None:
    failed = RequestRecord(
        request_id="req_1",
        method="POST",
        path="/v1/responses",
        status=502,
        seconds=0.1,
        upstream_request_id="up\n1",
        error="It broke.",
    )
    assert "upstream request 'up\\n1'  error: It broke." in human_line(0.0, failed)


def test_what_the_provider_said_to_the_owner_alone_is_in_the_log() -> None:
    denied = RequestRecord(
        request_id="req_1",
        method="POST",
        path="/v1/responses",
        status=502,
        seconds=0.1,
        error="Denied.",
        upstream_error="Your key has lapsed.",
    )
    assert human_line(0.0, denied).endswith("error: Denied.  the provider said: Your key has lapsed.")
    assert '"upstream_error":"Your key has lapsed."' in json_line(0.0, denied)
    assert "upstream_error" not in json_line(0.0, RECORD)


PROBE = RequestRecord(
    request_id="req_2", method="GET", path="/health/ready", status=200, seconds=0.001, route="/health/ready"
)
UNREADY = RequestRecord(
    request_id="req_3", method="GET", path="/health/ready", status=503, seconds=0.001, route="/health/ready"
)
ASKED = RequestRecord(request_id="req_4", method="POST", path="/v1/responses", status=200, seconds=0.1)
REFUSED = RequestRecord(request_id="req_5", method="GET", path="/metrics", status=401, seconds=0.1, route="/metrics")
FAILED = RequestRecord(
    request_id="req_6", method="POST", path="/v1/responses", status=200, seconds=0.1, error="Cut.", error_status=502
)


@pytest.mark.parametrize(
    ("least", "told"),
    [
        (
            logging.DEBUG,
            [("req_2", "debug"), ("req_3", "error"), ("req_4", "info"), ("req_5", "info"), ("req_6", "error")],
        ),
        (logging.INFO, [("req_3", "error"), ("req_4", "info"), ("req_5", "info"), ("req_6", "error")]),
        (logging.WARNING, [("req_3", "error"), ("req_6", "error")]),
    ],
)
async def test_probes_that_go_well_are_told_to_who_wants_everything(least: int, told: list[tuple[str, str]]) -> None:
    stream = io.StringIO()
    log = RequestLog(stream, json_line, lambda: 0.0, least=least)
    for record in (PROBE, UNREADY, ASKED, REFUSED, FAILED):
        log(record)
    log.flush()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["request_id"], line["level"]) for line in lines] == told
