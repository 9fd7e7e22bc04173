"""What the log says of the provider's own name for a request."""

from antiphon.observe.logs import human_line, json_line
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
