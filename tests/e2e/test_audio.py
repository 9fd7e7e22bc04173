"""`/v1/audio/*`, asked by OpenAI's official client."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from antiphon.records import RequestRecord
from tests.e2e.gateway import Gateway
from tests.e2e.media import MOST_FORM_BYTES, WAV, bytes_reply, form_of, media_gateway, recorded
from tests.e2e.upstream import Cut, Gate, Provider, Reply, refusing, stream, whole

SOUND = b"ID3" + bytes(range(256))
FILE = ("talk.wav", WAV, "audio/wav")
TOKENS = {"type": "tokens", "input_tokens": 9, "output_tokens": 4, "total_tokens": 13}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, chat_server: Provider) -> Iterator[Gateway]:
    with media_gateway(tmp_path_factory.mktemp("audio"), chat_server) as started:
        yield started


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[RequestRecord]:
    return recorded(monkeypatch)


def sound(*pieces: Any, media_type: str = "audio/mpeg") -> Reply:
    return Reply(pieces=pieces, media_type=media_type)


# --- speech -----------------------------------------------------------------------------------------------------------


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


# --- transcriptions ---------------------------------------------------------------------------------------------------


def test_a_form_goes_to_openai_as_it_is(client: openai.OpenAI, chat: Provider, records: list[RequestRecord]) -> None:
    chat.answer(Reply(b'{"text": "Hello.",  "usage": %b}' % json.dumps(TOKENS).encode()))
    answer = client.audio.transcriptions.create(
        model="openai/gpt-4o-transcribe", file=FILE, language="en", include=["logprobs"], temperature=0.5
    )
    assert answer.text == "Hello."
    assert chat.seen[0].path == "/v1/audio/transcriptions"
    form = form_of(chat.seen[0])
    assert form["file"] == [("talk.wav", "audio/wav", WAV)]
    assert (form["model"], form["include[]"], form["temperature"]) == (["gpt-4o-transcribe"], ["logprobs"], ["0.5"])
    assert (records[-1].input_tokens, records[-1].output_tokens) == (9, 4)


def test_openais_stream_is_relayed(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(
        stream(
            b'data: {"type":"transcript.text.delta","delta":"Hel"}\n\n',
            b'data: {"type":"transcript.text.done","text":"Hello.","usage":%b}\n\n' % json.dumps(TOKENS).encode(),
        )
    )
    events = list(client.audio.transcriptions.create(model="openai/gpt-4o-transcribe", file=FILE, stream=True))
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert form_of(chat.seen[0])["stream"] == ["true"]


ELEVENS = {
    "text": "Hello there. Bye.",
    "language_code": "en",
    "audio_duration_secs": 3.0,
    "words": [
        {"text": "Hello", "start": 0.0, "end": 0.5, "type": "word", "speaker_id": "s0"},
        {"text": " ", "start": 0.5, "end": 0.6, "type": "spacing"},
        {"text": "there.", "start": 0.6, "end": 1.0, "type": "word", "speaker_id": "s0"},
        {"text": "Bye.", "start": 2.0, "end": 2.5, "type": "word", "speaker_id": "s1"},
    ],
}
DEEPS: dict[str, Any] = {
    "metadata": {"duration": 3.0},
    "results": {
        "channels": [{"detected_language": "en", "alternatives": [{"transcript": "Hello there. Bye.", "words": []}]}],
        "utterances": [
            {"start": 0.0, "end": 1.0, "transcript": "Hello there.", "speaker": 0},
            {"start": 2.0, "end": 2.5, "transcript": "Bye.", "speaker": 1},
        ],
    },
}
GOOGLES = {
    "candidates": [
        {
            "content": {
                "parts": [
                    {
                        "text": json.dumps(
                            {
                                "language": "English",
                                "segments": [
                                    {"start": 0, "end": 1, "speaker": "A", "text": "Hello there."},
                                    {"start": 2, "end": 2.5, "speaker": "B", "text": "Bye."},
                                ],
                            }
                        )
                    }
                ]
            },
            "finishReason": "STOP",
        }
    ]
}
VERBOSE = {
    "task": "transcribe",
    "language": "english",
    "duration": 3.0,
    "text": " Hello there. Bye.",
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.0, "text": " Hello there."},
        {"id": 1, "start": 2.0, "end": 2.5, "text": " Bye."},
    ],
}
MISTRALS = {
    "text": "Hello there. Bye.",
    "language": "en",
    "segments": [
        {"text": "Hello there.", "start": 0.0, "end": 1.0},
        {"text": "Bye.", "start": 2.0, "end": 2.5},
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "prompt_audio_seconds": 3},
}
WRITERS: dict[str, tuple[str, Any, str]] = {
    "elevenlabs": ("elevenlabs/scribe_v2", ELEVENS, "/v1/speech-to-text"),
    "deepgram": ("deepgram/nova-3", DEEPS, "/v1/listen?model=nova-3"),
    "gemini": ("gemini/gemini-3-flash", GOOGLES, "/v1beta/models/gemini-3-flash:generateContent"),
    "groq": ("groq/whisper-large-v3", VERBOSE, "/openai/v1/audio/transcriptions"),
    "fireworks": ("fireworks/whisper-v3", VERBOSE, "/v1/audio/transcriptions"),
    "together": ("together/openai/whisper-large-v3", VERBOSE, "/v1/audio/transcriptions"),
    "mistral": ("mistral/voxtral-mini-latest", MISTRALS, "/v1/audio/transcriptions"),
}
SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello there.\n\n2\n00:00:02,000 --> 00:00:02,500\nBye.\n"


@pytest.mark.parametrize("vendor", WRITERS)
def test_every_vendor_writes_for_openais_client(client: openai.OpenAI, chat: Provider, vendor: str) -> None:
    model, answered, path = WRITERS[vendor]
    transcriptions: Any = client.audio.transcriptions
    formats: list[Any] = ["verbose_json"] if vendor == "fireworks" else ["srt", "verbose_json"]
    chat.answer(*[whole(answered)] * len(formats))
    for format in formats:
        answer = transcriptions.create(model=model, file=FILE, response_format=format)
        if format == "srt":
            assert answer == SRT
        else:
            assert answer.text.strip() == "Hello there. Bye."
            assert answer.segments is not None
            told = [(each.start, each.end, each.text.strip()) for each in answer.segments]
            assert told == [(0.0, 1.0, "Hello there."), (2.0, 2.5, "Bye.")]
    assert chat.seen[0].path.startswith(path)


def test_deepgram_gets_the_recording_alone(wire: httpx.Client, chat: Provider) -> None:
    chat.answer(whole(DEEPS))
    fields = {"model": "deepgram/nova-3", "response_format": "text", "temperature": "0", "language": "en"}
    answer = wire.post("/v1/audio/transcriptions", data=fields, files={"file": FILE})
    assert (answer.text, answer.headers["content-type"]) == ("Hello there. Bye.\n", "text/plain; charset=utf-8")
    assert "'temperature' was left out" in answer.headers["antiphon-warnings"]
    [seen] = chat.seen
    assert (seen.body, seen.headers["content-type"]) == (WAV, "audio/wav")
    assert seen.path == "/v1/listen?model=nova-3&smart_format=true&language=en"


@pytest.mark.parametrize(
    ("model", "answered"), [("openai/whisper-1", {"text": "Hi."}), ("elevenlabs/scribe_v2", ELEVENS)]
)
@pytest.mark.parametrize("kind", ["address", "data", "form"])
def test_a_recording_may_be_named_by_its_address(
    wire: httpx.Client, chat: Provider, model: str, answered: Any, kind: str
) -> None:
    url = f"data:audio/wav;base64,{base64.b64encode(WAV).decode()}" if kind == "data" else f"{chat.url}/talk.wav?x=1"
    fetched = [] if kind == "data" else [bytes_reply(WAV, "audio/wav")]
    chat.answer(*fetched, whole(answered))
    said = {"model": model, "url": url, "language": "en"}
    answer = (
        wire.post("/v1/audio/transcriptions", files={name: (None, value) for name, value in said.items()})
        if kind == "form"
        else wire.post("/v1/audio/transcriptions", json=said)
    )
    assert answer.status_code == 200, answer.text
    form = form_of(chat.seen[-1])
    assert form["file"] == [("recording.wav" if kind == "data" else "talk.wav", "audio/wav", WAV)]
    assert "url" not in form
    assert ["en"] in form.values()


def test_gemini_streams_what_it_hears(client: openai.OpenAI, chat: Provider) -> None:
    def chunk(text: str, **more: Any) -> bytes:
        told: dict[str, Any] = {"candidates": [{"content": {"parts": [{"text": text}]}, **more}], "usageMetadata": {}}
        return b"data: %b\r\n\r\n" % json.dumps(told).encode()

    chat.answer(stream(chunk("Hello "), chunk("there.", finishReason="STOP")))
    events = list(client.audio.transcriptions.create(model="gemini/gemini-3-flash", file=FILE, stream=True))
    assert [event.type for event in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "Hello there."
    assert chat.seen[0].path.endswith(":streamGenerateContent?alt=sse")
    assert chat.seen[0].json["contents"][0]["parts"][0]["inlineData"]["mimeType"] == "audio/wav"


def test_a_vendor_without_a_stream_has_one_delta(client: openai.OpenAI, chat: Provider) -> None:
    chat.answer(whole(ELEVENS))
    events = list(client.audio.transcriptions.create(model="elevenlabs/scribe_v2", file=FILE, stream=True))
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]


def test_translations(client: openai.OpenAI, chat: Provider) -> None:
    words = {"candidates": [{"content": {"parts": [{"text": "Good day."}]}, "finishReason": "STOP"}]}
    chat.answer(whole({"text": "Good day."}), whole(words))
    translations: Any = client.audio.translations
    with pytest.deprecated_call():
        answers = [
            translations.create(model=model, file=FILE) for model in ("groq/whisper-large-v3", "gemini/gemini-3-flash")
        ]
    assert [answer.text for answer in answers] == ["Good day."] * 2
    assert chat.seen[0].path == "/openai/v1/audio/translations"
    assert "into English" in chat.seen[1].json["contents"][0]["parts"][1]["text"]


def test_a_form_that_is_none(wire: httpx.Client) -> None:
    def refused(**asked: Any) -> tuple[int, str]:
        answer = wire.post("/v1/audio/transcriptions", **asked)
        return answer.status_code, answer.json()["error"]["message"]

    model = {"model": "openai/whisper-1"}
    assert refused(json=model) == (
        400,
        "Missing required parameter: 'file'. Send the recording as a file of a form, or its address as 'url'.",
    )
    assert refused(data={"x": "y"}, files={"file": FILE})[1] == "Missing required parameter: 'model'."
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert refused(content=b"--x\r\n", headers=broken)[0] == 400
    assert refused(content=b"--x\r\n", headers={"content-type": "text/plain"})[0] == 415
    assert refused(data=model | {"temperature": "warm"}, files={"file": FILE})[0] == 400
    assert refused(data=model, files={"file": ("a.wav", b"x" * MOST_FORM_BYTES)})[0] == 413


@pytest.mark.parametrize("prefix", ["", "/openai/v1", "/api/llm", "/api/llm/api/inference/openai"])
def test_the_paths_of_other_gateways(wire: httpx.Client, chat: Provider, prefix: str) -> None:
    chat.answer(bytes_reply(SOUND, "audio/mpeg"))
    asked = {"model": "openai/tts-1", "input": "Hi", "voice": "alloy"}
    assert wire.post(f"{prefix}/audio/speech", json=asked).content == SOUND
