"""Four kinds of provider whose model works as a coding agent's is to: it calls tools by name, and says when it is done.

Each is a vendor of `tests/vendors`, which refuses what the real one would.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from antiphon.provider_settings import ProviderSettings
from tests.e2e.gateway import Gateway, running, settings_for
from tests.e2e.upstream import SSE, Provider, Reply, Seen, serving
from tests.vendors.anthropic import Anthropic
from tests.vendors.gemini import Gemini
from tests.vendors.openai import Chat, OpenAI
from tests.vendors.vendor import Plan, Refused, Vendor

DONE = "All is done."
THOUGHT = "Let me see."
_MOST_REQUESTS = 64
_PIECE = 300

NEWEST = "gpt-6-sol"
"""A model for which Codex brings tools of another kind along."""

kinds = pytest.mark.parametrize("kind", ["responses", "chat", "anthropic", "gemini"])
newest_kinds = pytest.mark.parametrize("kind", ["newest", "newest-chat"])


@dataclass(frozen=True, slots=True)
class Step:
    """A call: the tool goes by `name`, or by its last part where tools have a namespace in front."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(slots=True)
class Coder:
    """One provider. Without tools it is asked for something by the way, such as a title."""

    vendor: Vendor
    provider: Provider
    model: str
    steps: deque[Step] = field(default_factory=deque[Step])
    refused: list[str] = field(default_factory=list[str])
    bodies: list[Any] = field(default_factory=list[Any])

    def will(self, *steps: Step) -> None:
        """Begins a conversation."""
        self.steps = deque(steps)
        self.refused.clear()
        self.bodies.clear()

    def answer(self, seen: Seen) -> Reply:
        if seen.method == "GET":
            return Reply(b"{}", 404)  # it lists nothing
        body = seen.json
        try:
            self.vendor.take(body)
        except Refused as refusal:
            self.refused.append(str(refusal))
        names = _names(body)
        if names:
            self.bodies.append(body)
        plan = self._plan(names)
        if not (body.get("stream") or "stream" in seen.path):
            return Reply(self.vendor.whole(plan))
        raw = self.vendor.stream(plan)
        return Reply(pieces=[raw[at : at + _PIECE] for at in range(0, len(raw), _PIECE)], media_type=SSE)

    def _plan(self, names: list[str]) -> Plan:
        if not names:
            return Plan(text='{"title": "Work"}')
        if not self.steps:
            return Plan(thought=THOUGHT, text=DONE)
        step = self.steps.popleft()
        place = next(at for at, name in enumerate(names) if name == step.name or name.endswith(f"__{step.name}"))
        return Plan(thought=THOUGHT, text="I shall.", calls=(place,), arguments=json.dumps(step.arguments))


def _names(body: Any) -> list[str]:
    """The tools that a model of any kind is offered, as its vendor counts them: only OpenAI counts those of its own."""
    names: list[str] = []
    added = [tool for item in _items(body) if item.get("type") == "additional_tools" for tool in item["tools"]]
    for tool in [*body.get("tools", []), *added]:
        match tool:
            case {"function": {"name": name}} | {"name": name, "input_schema": _}:
                names.append(name)
            case {"functionDeclarations": inner} | {"type": "namespace", "tools": inner}:
                names += [each["name"] for each in inner]
            case {"type": kind} if "input" in body:
                names.append(tool.get("name", kind))
            case _:
                pass
    return names


def _items(body: Any) -> list[Any]:
    items: Any = body.get("input", [])
    return [] if isinstance(items, str) else items


@contextmanager
def coders(folder: Path) -> Generator[tuple[Gateway, dict[str, Coder]]]:
    """A gateway before all of them."""
    vendors: dict[str, Vendor] = {
        "responses": OpenAI(),
        "chat": Chat(),
        "anthropic": Anthropic(),
        "gemini": Gemini(),
        "newest": OpenAI(NEWEST),
        "newest-chat": Chat(NEWEST),
    }
    types = {"responses": "openai", "newest": "openai", "chat": "openai-compatible", "newest-chat": "openai-compatible"}
    made: dict[str, Coder] = {}
    providers = {"demo": ProviderSettings(enabled=False)}
    with ExitStack() as stack:
        for kind, vendor in vendors.items():
            provider = stack.enter_context(serving())
            made[kind] = Coder(vendor, provider, f"{kind}/{vendor.model}")
            provider.answer(*[made[kind].answer] * _MOST_REQUESTS)
            providers[kind] = ProviderSettings(
                type=types.get(kind, kind),
                base_url=provider.url + ("/v1" if kind in types else ""),
                api_key="sk-of-the-vendor",
                dialect="chat" if kind.endswith("chat") else None,
                models=[vendor.model],
            )
        settings = settings_for(folder, "http://127.0.0.1:9", "http://127.0.0.1:9", providers=providers, models={})
        yield stack.enter_context(running(settings)), made
