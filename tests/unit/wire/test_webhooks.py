import base64
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import InvalidWebhookSignatureError, OpenAI

from antiphon.wire.webhooks import event_body, event_id, key_of, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + base64.b64encode(b"the one that was used before").decode()
ENDINGS = ("completed", "cancelled", "failed", "incomplete")

keys = st.binary(min_size=24, max_size=64)


def test_the_signature_is_the_one_that_the_specification_gives_as_an_example() -> None:
    headers = signed([key_of(SECRET)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_openssl_signs_in_the_same_way() -> None:
    key = bytes(range(32))
    body = event_body("evt_1", "response.completed", 1_800_000_000, "resp_1")
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary"]
    done = subprocess.run(command, input=b"evt_1.1800000001." + body, check=True, capture_output=True)
    expected = "v1," + base64.b64encode(done.stdout).decode()
    assert signed([key], "evt_1", 1_800_000_001, body)["webhook-signature"] == expected


def test_the_body_names_the_response_and_says_nothing_of_it() -> None:
    assert event_body("evt_1", "response.failed", 1_800_000_000, "resp_1") == (
        b'{"id":"evt_1","object":"event","type":"response.failed","created_at":1800000000,"data":{"id":"resp_1"}}'
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_openai_s_client_knows_the_event_and_its_signature(ending: str) -> None:
    body = event_body("evt_1", f"response.{ending}", 1_800_000_000, "resp_1")
    headers = signed([key_of(SECRET)], "evt_1", int(time.time()), body)
    with OpenAI(api_key="none", webhook_secret=SECRET) as client:
        event = client.webhooks.unwrap(body, headers)
    assert type(event).__name__ == f"Response{ending.capitalize()}WebhookEvent"
    assert (event.id, event.type, event.created_at) == ("evt_1", f"response.{ending}", 1_800_000_000)
    assert event.object == "event"
    assert event.model_dump()["data"] == {"id": "resp_1"}


def test_while_secrets_are_exchanged_either_will_do() -> None:
    body = event_body("evt_1", "response.completed", 1_800_000_000, "resp_1")
    headers = signed([key_of(SECRET), key_of(OLD)], "evt_1", int(time.time()), body)
    with OpenAI(api_key="none") as client:
        for secret in (SECRET, OLD):
            client.webhooks.verify_signature(body, headers, secret=secret)
        with pytest.raises(InvalidWebhookSignatureError):
            client.webhooks.verify_signature(body, headers, secret="whsec_" + base64.b64encode(bytes(32)).decode())


@given(key=keys, at=st.integers(0, 2**40), body=st.binary(min_size=1))
def test_nothing_of_what_is_signed_can_be_changed(key: bytes, at: int, body: bytes) -> None:
    def signature(*, id: str = "evt_1", at: int = at, body: bytes = body) -> str:
        return signed([key], id, at, body)["webhook-signature"]

    others = (signature(id="evt_2"), signature(at=at + 1), signature(body=body + b" "))
    assert signature() == signature()
    assert signature() not in others


def test_an_event_has_one_id_for_ever_and_each_receiver_its_own() -> None:
    made = {
        event_id(response, f"response.{ending}", receiver)
        for response in ("resp_1", "resp_2")
        for ending in ENDINGS
        for receiver in ("we_1", "we_2")
    }
    assert len(made) == 16
    assert event_id("resp_1", "response.completed", "we_1") == "evt_ad5718b18f2f4db64c62e4c4e7b69a303d3cbe1d948be93b"


@given(key=keys)
def test_a_secret_holds_its_key(key: bytes) -> None:
    assert key_of("whsec_" + base64.b64encode(key).decode()) == key


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "plain", base64.b64encode(bytes(32)).decode(), "whsec_====", "whsec_c2hvcnQ=", "whsec_" + "A" * 92],
)
def test_what_is_no_secret_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(ValueError, match=r"signing secret|not base64") as caught:
        key_of(secret)
    assert len(secret) <= len("whsec_") or secret not in str(caught.value)
