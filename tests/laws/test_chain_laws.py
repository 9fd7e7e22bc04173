"""Chains that change their vendor at every turn: each vendor gets what it takes, and what it said comes back as it was.

The fakes of `tests/vendors` check each request by their own vendor's rules: who may speak when, which results belong to
which calls, whose signatures are whose.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.app.upstreams import dialects_of
from antiphon.gateway.history import lineage_of, new_items
from antiphon.protocols import Ancestor, Caller, Target, Turn, UpstreamReply
from antiphon.quirks import Quirks
from antiphon.sealing import Seals
from antiphon.wire.assembly import events_of
from antiphon.wire.events import Event, Outcome
from antiphon.wire.requests import parse_request
from tests.grammar import check_stream
from tests.vendors.anthropic import Anthropic
from tests.vendors.cohere import Cohere
from tests.vendors.converse import Converse
from tests.vendors.gemini import Gemini
from tests.vendors.openai import Chat, OpenAI
from tests.vendors.vendor import Body, Plan, Vendor, arguments_for

SEALS = Seals(["a secret of the gateway"], bytes)
DIALECTS = dialects_of(SEALS)

MAKERS: dict[str, Callable[[], Vendor]] = {
    "openai": OpenAI,
    "anthropic": Anthropic,
    "anthropic-adaptive": lambda: Anthropic("claude-opus-4-6"),
    "gemini": Gemini,
    "gemini-2.5": lambda: Gemini("gemini-2.5-flash"),
    "bedrock": Converse,
    "cohere": Cohere,
    "chat": Chat,
}
QUIRKS = {
    "chat": Quirks(developer_role=False, max_tokens_field="max_tokens", stores=False),
    "openai": Quirks(allowed_tools=True, custom_tools=True, encrypted_reasoning_models="^gpt-5", blob_prefix="gAAAA"),
}

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQkAKP8/wc53yE8AAAAA"
    "SUVORK5CYII="
)
LOOK = {
    "type": "function",
    "name": "look_around",
    "description": "Looks.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
LONG_NAME = "a-very-long-name-of-a-tool-that-no-vendor-takes-as-it-is-because-it-is-longer-than-64"
LONG = LOOK | {"name": LONG_NAME}
CUSTOM = {"type": "custom", "name": "say", "description": "Says."}
SPACE = {"type": "namespace", "name": "space", "description": "Tools of space.", "tools": [LOOK]}


@dataclass(frozen=True)
class Step:
    """One turn: who answers, what is asked, and what the model does."""

    vendor: str
    plan: Plan
    streamed: bool
    words: tuple[str, ...]
    system: str | None
    tools: tuple[Any, ...]
    effort: str | None
    outputs: int


words = st.sampled_from(["Hello", "  ", "Grüße 👋", "a\n\nb ", "x" * 40])
texts = st.sampled_from(["", "Well.", "Ünïcode 🎈 here", "two\n\nparagraphs"])
plans = st.builds(
    Plan,
    thought=st.sampled_from(["", "Let me think.", "Hm 🤔 …"]),
    text=texts,
    calls=st.lists(st.integers(0, 3), max_size=3).map(tuple),
).filter(lambda plan: bool(plan.text or plan.calls))
steps = st.builds(
    Step,
    vendor=st.sampled_from(sorted(MAKERS)),
    plan=plans,
    streamed=st.booleans(),
    words=st.lists(words, min_size=1, max_size=2).map(tuple).filter(lambda said: any(map(str.strip, said))),
    system=st.sampled_from([None, "Be brief."]),
    tools=st.sampled_from([(), (LOOK,), (LOOK, LONG), (CUSTOM, LOOK), (SPACE, LOOK)]),
    effort=st.sampled_from([None, "none", "low", "high"]),
    outputs=st.integers(0, 4),
)


@dataclass
class Chain:
    """A conversation on its way through the vendors, kept as the store keeps it."""

    keeps: bool
    vendors: dict[str, Vendor] = field(default_factory=lambda: _vendors())  # noqa: PLW0108 - it stands further down
    ancestors: list[Ancestor] = field(default_factory=list[Ancestor])
    replayed: list[Body] = field(default_factory=list[Body])
    counter: Any = field(default_factory=itertools.count)

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self.counter):048x}"

    def go_on(self, step: Step) -> None:
        """Asks, checks what the vendor was sent, and what the client gets."""
        vendor = self.vendors[step.vendor]
        said = [*self._results(step.outputs), *(_user(text) for text in step.words)]
        body: Body = {
            "model": f"{vendor.name}/{vendor.model}",
            "input": said if self.keeps else [*self.replayed, *said],
            "instructions": step.system,
            "tools": list(step.tools),
            "stream": step.streamed,
            "store": self.keeps,
            "include": ["reasoning.encrypted_content"],
            "reasoning": {"effort": step.effort, "summary": "auto"},
        }
        turn = self._turn({name: value for name, value in body.items() if value is not None})
        target = _target(vendor, QUIRKS.get(step.vendor, Quirks()))
        built = target.dialect.build(turn, target)
        vendor.take(json.loads(built.body))
        outcome = _answered(turn, target, vendor, step)
        _agrees(outcome, step)
        self.ancestors.append(
            Ancestor(turn.id, None, outcome.status, json.dumps(turn.own).encode(), outcome.body),
        )
        self.replayed += [*said, *json.loads(outcome.body)["output"]]

    def _turn(self, body: Body) -> Turn:
        request = parse_request(json.dumps(body).encode())
        turn = Turn(
            id=self.new_id("resp"),
            created_at=1_700_000_000,
            caller=Caller("tenant-a", "key-a"),
            request=request,
            input=new_items(request, self.new_id, []),
            new_id=self.new_id,
            clock=lambda: 1_700_000_000.0,
        )
        if self.keeps and self.ancestors:
            lineage = lineage_of(self.ancestors)
            turn.history, turn.origins = lineage.items, lineage.origins
        return turn

    def _results(self, kind: int) -> list[Body]:
        """The output of each call that the last answer made."""
        if not self.ancestors:
            return []
        results: list[Body] = [
            {"type": f"{item['type']}_output", "call_id": item["call_id"], "output": _output(kind)}
            for item in json.loads(self.ancestors[-1].body)["output"]
            if item["type"] in ("function_call", "custom_tool_call")
        ]
        return results[::-1] if kind == 0 else results


def _vendors() -> dict[str, Vendor]:
    vendors = {name: make() for name, make in MAKERS.items()}
    signed: dict[str, dict[str, str]] = {}
    for vendor in vendors.values():
        vendor.signed = signed.setdefault(vendor.name, vendor.signed)
    return vendors


def _user(text: str) -> Body:
    content: list[Body] = [{"type": "input_text", "text": text or "."}]
    if text.startswith("x"):
        content = [{"type": "input_image", "image_url": PNG, "detail": "low"}, *content]
    return {"type": "message", "role": "user", "content": content}


def _output(kind: int) -> Any:
    said: Sequence[Any] = (
        "It is there.",
        "",
        json.dumps({"found": [1, 2]}),
        [{"type": "input_text", "text": "See:"}, {"type": "input_image", "image_url": PNG}],
        "[1, 2]",
    )
    return said[kind]


async def _nobody(body: bytes, *, streamed: bool, seconds: float | None = None, headers: bytes = b"") -> UpstreamReply:
    raise AssertionError("nothing is posted here")


def _target(vendor: Vendor, quirks: Quirks) -> Target:
    return Target(
        name=f"{vendor.name}/{vendor.model}",
        provider=vendor.name,
        model=vendor.model,
        dialect=DIALECTS[vendor.dialect],
        post=_nobody,
        quirks=quirks,
    )


def _answered(turn: Turn, target: Target, vendor: Vendor, step: Step) -> Outcome:
    if not step.streamed:
        return target.dialect.whole(turn, target, vendor.whole(step.plan))
    reader = target.dialect.reader(turn, target)
    events: list[Event] = []
    data = vendor.stream(step.plan)
    for start in range(0, len(data), 97):
        events += reader.feed(data[start : start + 97]).events
        if reader.outcome is not None:
            break
    if reader.outcome is None:
        events += reader.close().events
    outcome = reader.outcome
    assert outcome is not None
    check_stream(events)
    assert json.loads(events[-1].data)["response"]["id"] == turn.id
    assert events_of(b"") == []
    return outcome


def _agrees(outcome: Outcome, step: Step) -> None:
    """What the client gets is what the vendor's model did."""
    output = json.loads(outcome.body)["output"]
    parts = [part for item in output if item["type"] == "message" for part in item["content"]]
    assert "".join(part["text"] for part in parts) == step.plan.text
    calls = [item for item in output if item["type"].endswith("_call")]
    assert len(calls) == (len(step.plan.calls) if step.tools else 0)
    for call, place in zip(calls, step.plan.calls, strict=False):
        said = arguments_for(place)
        if call["type"] == "function_call":
            assert json.loads(call["arguments"]) == said
        assert call["name"] in {"look_around", LONG_NAME, "say"}


chains = st.lists(steps, min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(chains)
def test_a_chain_that_is_stored_gives_every_vendor_what_it_takes(chain: list[Step]) -> None:
    answered(chain, keeps=True)


@settings(max_examples=100, deadline=None)
@given(chains)
def test_a_chain_that_the_client_replays_gives_every_vendor_what_it_takes(chain: list[Step]) -> None:
    answered(chain, keeps=False)


def answered(chain: list[Step], *, keeps: bool) -> None:
    conversation = Chain(keeps=keeps)
    for step in chain:
        conversation.go_on(step)
