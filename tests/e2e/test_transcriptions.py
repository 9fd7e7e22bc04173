"""`/v1/audio/transcriptions` and `/v1/audio/translations`, asked by OpenAI's official client."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from antiphon.records import RequestRecord
from tests.e2e.gateway import Gateway
from tests.e2e.media import MOST_FORM_BYTES, WAV, bytes_reply, form_of, media_gateway
from tests.e2e.upstream import Provider, Reply, stream, whole

FILE = ("talk.wav", WAV, "audio/wav")
TOKENS = {"type": "tokens", "input_tokens": 9, "output_tokens": 4, "total_tokens": 13}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, chat_server: Provider) -> Iterator[Gateway]:
    with media_gateway(tmp_path_factory.mktemp("audio"), chat_server) as started:
        yield started


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
@pytest.mark.parametrize("kind", ["address", "data", "form", "kept"])
def test_a_recording_may_be_named_by_its_address(
    client: openai.OpenAI, wire: httpx.Client, chat: Provider, model: str, answered: Any, kind: str
) -> None:
    url = f"data:audio/wav;base64,{base64.b64encode(WAV).decode()}" if kind == "data" else f"{chat.url}/talk.wav?x=1"
    fetched = [bytes_reply(WAV, "audio/wav")] if kind in ("address", "form") else []
    chat.answer(*fetched, whole(answered))
    said = {"model": model, "url": url, "language": "en"}
    if kind == "kept":
        said = {"model": model, "file_id": client.files.create(file=FILE, purpose="user_data").id, "language": "en"}
    answer = (
        wire.post("/v1/audio/transcriptions", files={name: (None, value) for name, value in said.items()})
        if kind == "form"
        else wire.post("/v1/audio/transcriptions", json=said)
    )
    assert answer.status_code == 200, answer.text
    form = form_of(chat.seen[-1])
    names = {"data": "recording.wav", "kept": f"{said.get('file_id')}.wav"}
    assert form["file"] == [(names.get(kind, "talk.wav"), "audio/wav", WAV)]
    assert "file_id" not in form
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
