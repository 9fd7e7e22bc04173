"""Every secret that the gateway holds is a canary; whatever happens, none of them is in what it writes or answers.

The provider is a rude one: it repeats the key that it was given in whatever it says.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from antiphon.key_digests import hashed
from antiphon.provider_settings import ProviderSettings
from antiphon.security_settings import SecuritySettings
from antiphon.settings import KeySettings, LoggingSettings, WebhookSettings
from tests.integration.harness import Answer, Gateway, ask, serving, settings_for, until
from tests.integration.provider import Hangup, Upstream, event, native_events, providing, response, streamed, whole
from tests.integration.upstream.origin import Peer, Request

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANN = "sk-ann-canary-0123456789abcdef"
BOB = "sk-bob-canary-0123456789abcdef"
MASTER = "sk-master-canary-0123456789abc"
WRONG = "sk-wrong-canary-0123456789abcd"
VENDOR = "sk-vendor-canary-0123456789abc"
HEADER = "vendor-header-canary-012345678"
SEALING = "sealing-canary-0123456789abcde"
ENCRYPTING = "encrypting-canary-0123456789ab"
SIGNING = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"
SAID = "said-in-confidence-canary-0123"
SECRETS = (ANN, BOB, MASTER, WRONG, VENDOR, HEADER, SEALING, ENCRYPTING, SIGNING)

CASES = ["well", "refuse-400", "refuse-401", "refuse-500", "garbage", "fail", "error-event", "cut"]


async def rude(request: Request, peer: Peer) -> None:
    """Answers as the request's text says."""
    echo = b" ".join(b"%b=%b" % field for field in request.headers.items()).decode()
    if request.line.startswith(b"GET"):
        await peer.say(whole(b'{"data": []}'))
        return
    case = next((case for case in CASES if f"do {case}" in request.body.decode()), "well")
    if case == "cut":
        raise Hangup
    await peer.say(told(case, echo, streams=b'"stream":true' in request.body))


def told(case: str, echo: str, *, streams: bool) -> bytes:
    error = json.dumps({"error": {"message": f"No: {echo}", "type": "x", "code": echo, "param": echo}}).encode()
    failed = response(status="failed", error={"code": "server_error", "message": f"Failed: {echo}"})
    created = event("response.created", 0, response=response(status="in_progress"))
    well = streamed(*native_events("Hi")) if streams else whole(json.dumps(response()).encode())
    return {
        "refuse-400": whole(error, status="400 Bad Request", x_echo=VENDOR),
        "refuse-401": whole(error, status="401 Unauthorized"),
        "refuse-500": whole(f"<html>{echo}</html>".encode(), status="500 Oops", kind="text/html"),
        "garbage": whole(f"{{{echo}".encode()),
        "fail": whole(json.dumps(failed).encode()),
        "error-event": streamed(created, event("error", 1, code="x", message=f"Broke: {echo}", param=None)),
    }.get(case, well)


class Scene(msgspec.Struct):
    """A gateway, and all that clients were told by it."""

    gateway: Gateway
    provider: Upstream
    folder: Path
    told: list[Answer]

    async def ask(self, method: str, path: str, body: object = None, key: str = ANN, **headers: str) -> Answer:
        fields = {"Authorization": f"Bearer {key}"} if key else {}
        answer = await ask(self.gateway, method, path, body, **(fields | headers))
        self.told.append(answer)
        return answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    async with providing(rude) as upstream:
        root = f"http://127.0.0.1:{upstream.port}"
        native = ProviderSettings(
            type="openai-compatible",
            base_url=f"{root}/v1",
            api_key=VENDOR,
            dialect="responses",
            headers={"X-Vendor": HEADER},
        )
        chat = msgspec.structs.replace(native, dialect="chat")
        settings = settings_for(
            upstream.port,
            f"sqlite:///{folder}/store.db",
            master_key=MASTER,
            keys=[
                KeySettings(name="ann", key=hashed(ANN, b"a" * 16).written()),
                KeySettings(name="bob", key=BOB),
            ],
            providers={"native": native, "chat": chat},
            security=SecuritySettings(sealing_keys=[SEALING], encryption_keys=[ENCRYPTING]),
            webhooks=[WebhookSettings(url=f"{root}/hook", secret=SIGNING, allow_http=True, allow_private=True)],
            logging=LoggingSettings(level="debug", format="json"),
        )
        async with serving(settings, folder / "log") as gateway:
            yield Scene(gateway, upstream, folder, [])


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("model", ["native/m", "chat/m"])
async def test_answers(scene: Scene, model: str, case: str, stream: bool) -> None:  # noqa: FBT001 - a parameter
    body = {"model": model, "input": f"{SAID} do {case}", "stream": stream}
    answer = await scene.ask("POST", "/v1/responses", body)
    if case == "refuse-401":
        assert answer.status in {200, 502}, "a client would take it for its own key"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/p/native/responses", "/v1/embeddings"])
@pytest.mark.parametrize("case", ["well", "refuse-400", "refuse-500"])
async def test_other_doors(scene: Scene, path: str, case: str) -> None:
    said = f"{SAID} do {case}"
    body: dict[str, Any] = {"model": "native/m", "messages": [{"role": "user", "content": said}], "max_tokens": 9}
    if path.endswith(("responses", "embeddings")):
        body = {"model": "native/m", "input": said}
    answer = await scene.ask("POST", path, body, key=MASTER if path.startswith("/p/") else ANN)
    if path.startswith("/p/") and case == "refuse-400":
        assert b"*" * len(VENDOR) in answer.body


async def test_background_answers_and_webhooks(scene: Scene) -> None:
    body = {"model": "native/m", "input": f"{SAID} do fail", "background": True}
    assert (await scene.ask("POST", "/v1/responses", body)).status == 200
    sent = scene.provider.requests
    await until(lambda: any(b"/hook" in request.line for request in sent), "the webhook is sent")
    assert all(SAID.encode() not in request.body for request in sent if b"/hook" in request.line)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {WRONG}"},
        {"Authorization": WRONG},
        {"api-key": WRONG},
        {"x-api-key": WRONG},
        {"x-goog-api-key": WRONG},
    ],
    ids=["bearer", "bare", "api-key", "x-api-key", "x-goog-api-key"],
)
async def test_keys_that_open_nothing(scene: Scene, headers: dict[str, str]) -> None:
    assert (await scene.ask("GET", "/v1/models", key=WRONG, **headers)).status == 401


@pytest.mark.parametrize("key", [WRONG, ANN, BOB, MASTER], ids=["wrong", "ann", "bob", "master"])
async def test_keys_where_they_do_not_belong(scene: Scene, key: str) -> None:
    for path in (f"/v1/models?key={key}", f"/v1beta/models?key={key}", f"/v1/responses/x?api_key={key}"):
        await scene.ask("GET", path, key="")
    await scene.ask("GET", f"/p/native/models?key={key}", key=BOB)
    await scene.ask("POST", "/v1/responses", {"model": "native/m", "input": "do well", "api_key": key})
    await scene.ask("POST", "/v1/responses", b'{"model": "' + key.encode())
    await scene.ask("POST", "/v1/responses", {"model": "native/m", "input": "do well"}, Cookie=key, X_Whatever=key)


@pytest.mark.parametrize("key", [ANN, BOB, MASTER], ids=["ann", "bob", "master"])
async def test_keys_that_open(scene: Scene, key: str) -> None:
    for _ in range(2):
        assert (await scene.ask("GET", "/v1/models", key=key)).status == 200


async def test_the_digest_of_a_key_opens_nothing(scene: Scene) -> None:
    assert (await scene.ask("GET", "/v1/models", key=hashed(ANN, b"a" * 16).written())).status == 401


async def test_none_of_it_was_told(scene: Scene) -> None:
    """After all others: what was logged, answered, and kept."""
    await scene.gateway.mark()
    files = [path for path in scene.folder.glob("store.db*") if path.is_file()]
    kept = b"".join([path.read_bytes() for path in files])
    places = {
        "the log": scene.gateway.log.read_bytes(),
        "the answers": b"".join(repr(answer).encode() for answer in scene.told),
        "the database": kept,
    }
    assert all(places.values())
    found = [(place, secret) for place, text in places.items() for secret in SECRETS if secret.encode() in text]
    assert not found
    assert SAID.encode() not in places["the log"]
    assert SAID.encode() not in places["the database"]


async def test_the_provider_saw_its_own_keys_alone(scene: Scene) -> None:
    asked = [request for request in scene.provider.requests if b"/hook" not in request.line]
    assert asked
    for request in asked:
        assert VENDOR.encode() in request.headers[b"authorization"]
        heads = request.line + repr(request.headers).encode()
        assert not [secret for secret in (ANN, BOB, MASTER, SEALING, ENCRYPTING) if secret.encode() in heads]
