"""Speech asked for in the words of each vendor."""

from typing import Any

import pytest

from antiphon.dialects.speech_answer import wav_head
from antiphon.errors import BadRequest
from antiphon.service_protocols import At
from tests.unit.dialects.asked_media import asked, body_of, planned


def speech(**said: Any) -> Any:
    return asked("audio/speech", **{"input": "Hi", "voice": "v1"} | said)


@pytest.mark.parametrize(
    ("dialect", "format", "sent"),
    [
        ("elevenlabs", "opus", "/v1/stream?output_format=opus_48000_64"),
        ("elevenlabs", "pcm", "/v1/stream?output_format=pcm_24000"),
        ("deepgram", "wav", "?model=m-v1-en&encoding=linear16&container=wav&sample_rate=24000"),
        ("deepgram", "flac", "?model=m-v1-en&encoding=flac"),
        ("cartesia", "wav", {"container": "wav", "encoding": "pcm_s16le", "sample_rate": 24000}),
        ("together", "pcm", "raw"),
        ("groq", "wav", "wav"),
        ("mistral", "flac", "flac"),
    ],
)
def test_formats_in_the_vendors_words(dialect: str, format: str, sent: Any) -> None:
    plan = planned(dialect, speech(response_format=format))
    body = body_of(plan)
    assert sent in (plan.sent[0].tail, body.get("output_format"), body.get("response_format"))
    assert plan.warnings == ()


@pytest.mark.parametrize("dialect", ["groq", "together", "elevenlabs", "cartesia", "mistral", "gemini"])
def test_a_format_that_is_not_made_is_an_error_that_lists_those_that_are(dialect: str) -> None:
    with pytest.raises(BadRequest, match=r"makes no 'aac': ask for \w+( or \w+)+ as"):
        planned(dialect, speech(response_format="aac"))


@pytest.mark.parametrize(
    ("model", "said", "voice"),
    [
        ("aura-2", {"voice": "thalia"}, "aura-2-thalia-en"),
        ("aura-2", {"voice": "thalia", "language": "es"}, "aura-2-thalia-es"),
        ("aura-2", {"voice": "aura-2-zeus-en"}, "aura-2-zeus-en"),
        ("aura-2-zeus-en", {"voice": "zeus"}, "aura-2-zeus-en"),
        ("aura-2-zeus-en", {"voice": None}, "aura-2-zeus-en"),
    ],
)
def test_a_model_of_deepgrams_is_a_voice(model: str, said: Any, voice: str) -> None:
    plan = planned("deepgram", speech(**said), At("vendor", model))
    assert plan.sent[0].tail.startswith(f"?model={voice}&")


@pytest.mark.parametrize("dialect", ["elevenlabs", "deepgram", "gemini"])
def test_openais_voices_have_others_in_their_place(dialect: str) -> None:
    plan = planned(dialect, speech(voice="Nova", response_format="wav"))
    assert "'Nova' is a voice of OpenAI's" in " ".join(plan.warnings)
    assert "nova" not in plan.sent[0].tail.lower()
    assert not planned(dialect, speech(voice={"id": "own"}, response_format="wav")).warnings


@pytest.mark.parametrize("voice", ["../../v1/history", "a?b", "é/x"])
def test_a_voice_cannot_leave_its_place_in_the_address(voice: str) -> None:
    tail = planned("elevenlabs", speech(voice=voice)).sent[0].tail
    assert tail.count("/") == 2
    assert tail.count("?") == 1
    assert tail.isascii()


@pytest.mark.parametrize("name", ["..", ".", "accounts/../../v1/x", "a//b"])
def test_names_that_would_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="Invalid value for 'model'"):
        planned("fireworks", asked("images/generations", prompt="x"), At("vendor", name + "/x"))
    with pytest.raises(BadRequest, match="Invalid value for 'voice'"):
        planned("elevenlabs", speech(voice=".." if "/" in name else name))


def test_the_head_of_a_wav_file_tells_its_length() -> None:
    head = wav_head(24000, 480)
    assert len(head) == 44
    assert int.from_bytes(head[4:8], "little") == 44 + 480 - 8
    assert int.from_bytes(head[40:44], "little") == 480
    assert wav_head(24000, None)[40:44] == b"\xff" * 4


def test_what_a_vendor_cannot_be_told_is_warned_of() -> None:
    plan = planned("elevenlabs", speech(instructions="Be glad.", sample_rate=8000))
    assert plan.warnings == (
        "vendor has no such parameter, so 'instructions' was left out.",
        "vendor has no such parameter, so 'sample_rate' was left out.",
    )
