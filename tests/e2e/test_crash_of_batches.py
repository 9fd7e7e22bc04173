"""A gateway killed in the midst of a batch: what was answered is kept and not asked for again, the rest is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from antiphon.batch_settings import BatchSettings
from tests.e2e.batches import ended, line, submitted, until, written
from tests.e2e.exchanges import chat_whole
from tests.e2e.gateway import CHAT_MODEL, running, settings_for, spawned
from tests.e2e.upstream import Gate, Provider, Reply, Seen

LINES = 12
ANSWERED = 8
AT_ONCE = 4
BATCHES = BatchSettings(
    native="never", lines_at_once=AT_ONCE, lines_per_batch=AT_ONCE, lease_seconds=2.0, poll_seconds=0.05
)


def test_a_batch_survives_its_gateway(tmp_path: Path, native: Provider, chat: Provider) -> None:
    visits: Counter[str] = Counter()
    gates = [Gate() for _ in range(AT_ONCE)]
    waiting = iter(gates)

    def reply(seen: Seen) -> Reply:
        text: str = json.loads(seen.body)["messages"][0]["content"]
        visits[text] += 1
        gate = next(waiting, None) if int(text) >= ANSWERED else None
        return chat_whole(f"Answer {text}") if gate is None else Reply(pieces=[gate])

    chat.answer(*[reply] * (LINES + AT_ONCE))
    url = "/v1/chat/completions"
    asked = [
        line(f"line-{number}", url, model=CHAT_MODEL, messages=[{"role": "user", "content": f"{number}"}])
        for number in range(LINES)
    ]
    settings = settings_for(tmp_path, native.url, chat.url, batches=BATCHES)
    with spawned(settings) as first, first.gateway.client() as client:
        begun = submitted(client, url, *asked)
        for gate in gates:
            gate.wait_until_reached()
        told = until(lambda: client.batches.retrieve(begun.id).request_counts, lambda now: now is not None)
        assert told is not None
        assert (told.total, told.completed) == (LINES, ANSWERED)
        first.process.kill()
        first.process.wait()
    for gate in gates:
        gate.wait_until_left()
    with running(settings) as second, second.client() as client:
        batch = ended(client, begun)
        assert batch.status == "completed"
        output = written(client, batch.output_file_id)
    assert [each["custom_id"] for each in output] == [f"line-{number}" for number in range(LINES)]
    for number, each in enumerate(output):
        assert each["response"]["body"]["choices"][0]["message"]["content"] == f"Answer {number}"
    assert visits == {f"{number}": 1 if number < ANSWERED else 2 for number in range(LINES)}
