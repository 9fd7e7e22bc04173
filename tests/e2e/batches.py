"""What tests of batches do again and again, with the official clients."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import openai
from openai.types import Batch

from tests.e2e.background import PATIENCE

T = TypeVar("T")
OVER = ("completed", "failed", "expired", "cancelled")


def line(custom_id: str, url: str, **body: Any) -> dict[str, Any]:
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body}


def submitted(client: openai.OpenAI, endpoint: str, *lines: dict[str, Any] | str, **more: Any) -> Batch:
    """A batch of a file with these lines."""
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    file = client.files.create(file=("input.jsonl", text.encode()), purpose="batch")
    window: Any = more.pop("completion_window", "24h")
    kind: Any = endpoint
    return client.batches.create(input_file_id=file.id, endpoint=kind, completion_window=window, **more)


def ended(client: openai.OpenAI, batch: Batch) -> Batch:
    return until(lambda: client.batches.retrieve(batch.id), lambda now: now.status in OVER)


def until(look: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """What is seen once it is enough: as clients do, it is looked again and again."""
    for _ in range(int(PATIENCE * 50)):
        seen = look()
        if enough(seen):
            return seen
        threading.Event().wait(0.02)
    raise AssertionError("it never came to that")


def written(client: openai.OpenAI, file_id: str | None) -> list[Any]:
    """The lines of a file, none where there is no file."""
    return [] if file_id is None else [json.loads(each) for each in client.files.content(file_id).text.splitlines()]
