"""`/v1/audio/speech`, asked by OpenAI's official client."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from antiphon.records import RequestRecord
from tests.e2e.gateway import Gateway
from tests.e2e.media import bytes_reply, media_gateway
from tests.e2e.upstream import Cut, Gate, Provider, Reply, refusing, stream, whole

SOUND = b"ID3" + bytes(range(256))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, chat_server: Provider) -> Iterator[Gateway]:
    with media_gateway(tmp_path_factory.mktemp("audio"), chat_server) as started:
        yield started


def sound(*pieces: Any, media_type: str = "audio/mpeg") -> Reply:
    return Reply(pieces=pieces, media_type=media_type)


def test_a_sound_leaves_as_it_comes(client: openai.OpenAI, chat: Provider) -> None:
    gate = Gate()
    chat.answer(sound(SOUND[:100], gate, SOUND[100:]))
    asked: Any = {"model": "openai/tts-1", "input": "Hello.", "voice": "nova", "extra_body": {"vendor": 1}}
    with client.audio.speech.with_streaming_response.create(**asked) as answer:
        pieces = answer.iter_bytes()
        assert next(pieces) == SOUND[:100]
        gate.open()
        assert b"".join(pieces) == SOUND[100:]
        assert answer.headers["content-type"] == "audio/mpeg"
    assert chat.seen[0].json == {"model": "tts-1", "input": "Hello.", "voice": "nova", "vendor": 1}


def test_openais_events_are_relayed(wire: httpx.Client, chat: Provider, records: list[RequestRecord]) -> None:
    frames = (
        b'data: {"type":"speech.audio.delta","audio":"AAAA"}\n\n',
        b'data: {"type":"speech.audio.done","usage":{"input_tokens":3,"output_tokens":50,"total_tokens":53}}\n\n',
    )
    chat.answer(stream(*frames))
    asked = {"model": "openai/gpt-4o-mini-tts", "input": "Hi", "voice": "nova", "stream_format": "sse"}
    answer = wire.post("/v1/audio/speech", json=asked)
    assert answer.content == b"".join(frames)
    assert (records[-1].input_tokens, records[-1].output_tokens, records[-1].stream) == (3, 50, True)


SPEAKERS: dict[str, tuple[str, str, Any, str]] = {
    "elevenlabs": (
        "elevenlabs/eleven_v3",
        "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/stream?output_format=mp3_44100_128",
        {"text": "Hello.", "model_id": "eleven_v3", "voice_settings": {"speed": 1.5}},
        "xi-api-key: sk-1",
    ),
    "deepgram": (
        "deepgram/aura-2",
        "/v1/speak?model=aura-2-thalia-en&encoding=mp3&speed=1.5",
        {"text": "Hello."},
        "authorization: Token sk-1",
    ),
    "cartesia": (
        "cartesia/sonic-3",
        "/tts/bytes",
        {
            "model_id": "sonic-3",
            "transcript": "Hello.",
            "voice": {"mode": "id", "id": "alloy"},
            "output_format": {"container": "mp3", "sample_rate": 44100, "bit_rate": 128000},
            "generation_config": {"speed": 1.5},
        },
        "x-api-key: sk-1",
    ),
    "groq": (
        "groq/canopylabs/orpheus",
        "/openai/v1/audio/speech",
        {"model": "canopylabs/orpheus", "input": "Hello.", "voice": "alloy", "speed": 1.5, "response_format": "mp3"},
        "authorization: Bearer sk-1",
    ),
    "compatible": (
        "openai-compatible/kokoro",
        "/v1/audio/speech",
        {"model": "kokoro", "input": "Hello.", "voice": "alloy", "speed": 1.5, "response_format": "mp3"},
        "authorization: Bearer sk-1",
    ),
}


@pytest.mark.parametrize("vendor", SPEAKERS)
@pytest.mark.parametrize("format", ["audio", "sse"])
def test_every_vendor_speaks_for_openais_client(wire: httpx.Client, chat: Provider, vendor: str, format: str) -> None:
    model, path, body, key = SPEAKERS[vendor]
    chat.answer(sound(SOUND[:100], SOUND[100:]))
    asked = {"model": model, "input": "Hello.", "voice": "alloy", "speed": 1.5, "stream_format": format}
    answer = wire.post("/v1/audio/speech", json=asked)
    assert answer.status_code == 200, answer.text
    [seen] = chat.seen
    assert (seen.path, seen.json) == (path, body)
    name, _, value = key.partition(": ")
    assert seen.headers[name] == value
    if format == "audio":
        assert (answer.content, answer.headers["content-type"]) == (SOUND, "audio/mpeg")
        return
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == SOUND
    assert events[-1]["type"] == "speech.audio.done"


def test_gemini_speaks_in_a_wav_file(client: openai.OpenAI, chat: Provider, records: list[RequestRecord]) -> None:
    samples = bytes(480)
    part = {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": base64.b64encode(samples).decode()}}
    chat.answer(
        whole(
            {
                "candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 25},
            }
        )
    )
    answer = client.audio.speech.create(
        model="gemini/gemini-2.5-flash-preview-tts", input="Hi", voice="alloy", instructions="Be glad."
    )
    assert answer.content[:4] == b"RIFF"
    assert answer.content[44:] == samples
    assert answer.response.headers["content-type"] == "audio/wav"
    assert "makes no mp3" in answer.response.headers["antiphon-warnings"]
    assert "'Zephyr'" in answer.response.headers["antiphon-warnings"]
    assert chat.seen[0].json["contents"][0]["parts"] == [{"text": "Be glad.\n\nHi"}]
    assert (records[-1].input_tokens, records[-1].output_tokens) == (5, 25)


def test_mistral_speaks_in_base64(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(whole({"audio_data": base64.b64encode(SOUND).decode()}))
    answer = client.audio.speech.create(model="mistral/voxtral-mini-tts", input="Hi", voice="v1")
    assert (answer.content, answer.response.headers["content-type"]) == (SOUND, "audio/mpeg")


def test_another_voice_speaks_when_the_first_cannot(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(*[refusing("down", 503)] * 2, whole({"oops": 1}), sound(SOUND))
    answer = client.audio.speech.create(model="speaker", input="Hi", voice="alloy")
    assert answer.content == SOUND
    assert answer.response.headers["antiphon-target"] == "elevenlabs/eleven_v3"


def test_a_sound_that_breaks_off_is_a_broken_connection(
    client: openai.OpenAI, chat: Provider, records: list[RequestRecord]
) -> None:
    chat.answer(sound(SOUND, Cut()))
    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        client.audio.speech.create(model="speaker", input="Hi", voice="alloy")
    assert (len(chat.seen), records[-1].status) == (1, 200)
    assert records[-1].error is not None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": "elevenlabs/e", "input": "Hi"}, "'voice'"),
        ({"model": "elevenlabs/e", "input": ""}, "input"),
        ({"model": "elevenlabs/e", "voice": "alloy"}, "input"),
        ({"model": "elevenlabs/e", "input": "Hi", "voice": "alloy", "response_format": "flac"}, "makes no 'flac'"),
        ({"model": "gemini/gemini-3-tts", "input": "Hi", "voice": "alloy", "response_format": "mp3"}, "wav or pcm"),
        ({"model": "xai/grok", "input": "Hi", "voice": "alloy"}, "xai has none"),
        ({"input": "Hi"}, "'model'"),
    ],
)
def test_speech_that_cannot_be(wire: httpx.Client, asked: Any, words: str) -> None:
    answer = wire.post("/v1/audio/speech", json=asked)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_a_client_that_leaves_ends_the_speech(gateway: Gateway, chat: Provider) -> None:
    gate = Gate()
    chat.answer(sound(SOUND, gate))
    asked: Any = {"model": "openai/tts-1", "input": "Hello.", "voice": "nova"}
    with gateway.client() as client, client.audio.speech.with_streaming_response.create(**asked) as answer:
        assert next(answer.iter_bytes()) == SOUND
    gate.wait_until_left()


@pytest.mark.parametrize("prefix", ["", "/openai/v1", "/api/llm", "/api/llm/api/inference/openai"])
def test_the_paths_of_other_gateways(wire: httpx.Client, chat: Provider, prefix: str) -> None:
    chat.answer(bytes_reply(SOUND, "audio/mpeg"))
    asked = {"model": "openai/tts-1", "input": "Hi", "voice": "alloy"}
    assert wire.post(f"{prefix}/audio/speech", json=asked).content == SOUND
