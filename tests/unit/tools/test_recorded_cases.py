"""Whatever case is recorded, of whatever provider: the golden tests hold for the new file without a change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from antiphon.config.environment import Environment
from antiphon.providers.table import TABLE
from tests.listening import scripted
from tests.replayed import answers, requests
from tests.unit.dialects import test_chat_recordings as chat_answers
from tests.unit.dialects import test_chat_request_golden as chat_requests
from tests.unit.dialects import test_responses_recordings as native
from tools.record import FORMATS, record
from tools.recording_cases import CASES

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
COMPLETION: dict[str, Any] = {
    "id": "c",
    "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}],
}
MESSAGE: dict[str, Any] = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
}
RESPONSE: dict[str, Any] = {"id": "resp_1", "object": "response", "status": "completed", "output": [MESSAGE]}


async def recorded_cases(name: str, dialect: str, folder: Path, answer: object) -> None:
    async with scripted(HEAD, json.dumps(answer).encode()) as (origin, _):
        settings = f"{{base_url: '{origin}/v1', api_key: abcdefgh, dialect: {dialect}}}"
        (folder / "antiphon.yaml").write_text(f"providers: {{{name}: {settings}}}\n")
        for case in CASES:
            await record(f"{name}/model-1", case, Environment({"XDG_DATA_HOME": str(folder)}, folder), folder)


@pytest.mark.parametrize("name", ["mistral"])
async def test_chat_completions(name: str, tmp_path: Path) -> None:
    assert "chat" in TABLE[name].dialects
    await recorded_cases(name, "chat", tmp_path, COMPLETION)
    form = FORMATS["chat"]
    assert len(requests(form, tmp_path)) == len(answers(form, tmp_path)) == sum(map(len, CASES.values()))
    for exchange in requests(form, tmp_path):
        chat_requests.test_a_recorded_request_is_asked_again_in_the_same_words(exchange)
    for exchange in answers(form, tmp_path):
        chat_answers.test_a_recorded_whole_answer(exchange)


@pytest.mark.parametrize("name", ["groq"])
async def test_the_responses_api(name: str, tmp_path: Path) -> None:
    assert "responses" in TABLE[name].dialects
    await recorded_cases(name, "responses", tmp_path, RESPONSE)
    form = FORMATS["responses"]
    assert len(requests(form, tmp_path)) == len(answers(form, tmp_path)) == sum(map(len, CASES.values()))
    for exchange in requests(form, tmp_path):
        native.test_a_recorded_request_reaches_the_provider_as_it_was(exchange)
    for exchange in answers(form, tmp_path):
        native.test_a_recorded_answer_keeps_every_member(exchange)
