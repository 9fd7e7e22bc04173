"""What is left of an answer when it has been given: an answer can be as large as a body, and the collector is slow."""

from __future__ import annotations

import gc

import pytest

from antiphon.dialects.chat_answer import ChatAnswer
from antiphon.dialects.cohere_answer import CohereAnswer
from antiphon.dialects.converse_answer import ConverseAnswer
from antiphon.dialects.gemini_answer import GeminiAnswer
from antiphon.dialects.ollama_answer import OllamaAnswer
from antiphon.wire.synthesis import synthesised
from tests.chat_streams import a_turn
from tests.fakes import SEALER
from tests.unit.dialects.chat_turns import target_of
from tests.unit.http.test_telling_streams import TELLERS

KINDS = (ChatAnswer, CohereAnswer, ConverseAnswer, GeminiAnswer, OllamaAnswer)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_does_not_hold_itself(kind: type[ChatAnswer]) -> None:
    answer = kind(a_turn(), target_of(), SEALER)
    assert answer in (each for each in gc.get_objects() if type(each) is kind)
    del answer
    assert not any(type(each) is kind for each in gc.get_objects())


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("dialect", TELLERS)
def test_who_tells_an_answer_does_not_hold_it(dialect: str) -> None:
    teller = TELLERS[dialect]()
    kind = type(teller)
    events = synthesised(b'{"status":"completed","output":[]}')
    assert teller.frames(events)
    assert any(type(each) is kind for each in gc.get_objects())
    del teller
    assert not any(type(each) is kind for each in gc.get_objects())
