"""Steps gathered into what a model said in one go: words, reasoning and calls that stand in one message.

Law: calls come with the outputs of exactly these calls, since providers refuse anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, field

from antiphon.dialects.parts import Content, InputText
from antiphon.dialects.steps import Called, Said, Step, Thought

UNANSWERED: Final = "The call is still running; it has no output yet."
"""What stands in for the output of a call that may go without."""

FAILED: Final = "The call did not succeed:"
"""What stands before the output of such a call, for providers that have no mark for it."""

_PATCH: Final = "apply patch call"
"""Its output begins with how it went."""

ELSEWHERE: Final = "The output is in the message that follows."
"""What stands in for an output that a message about a tool cannot hold."""


def output_of(call: Called, *, marked: bool = False) -> Content:
    """What is told of a call's output: in words also that it failed, unless the provider is told by a mark."""
    output = UNANSWERED if call.output is None else call.output
    if marked or not call.failed or call.label == _PATCH:
        return output
    return f"{FAILED}\n{output}" if isinstance(output, str) else [InputText(FAILED), *output]


class Spoken(Struct):
    """What a model said in one go. Thoughts alone, in the end, are thoughts that nothing followed."""

    thoughts: list[Thought] = field(default_factory=list[Thought])
    said: list[Said] = field(default_factory=list[Said])
    calls: list[Called] = field(default_factory=list[Called])


def grouped(steps: Iterable[Step]) -> Iterator[Said | Spoken]:
    """The model's turns, and between them what others said.

    Text after calls that nobody has answered yet belongs to their message; text after text is another one.
    """
    spoken: Spoken | None = None
    thoughts: list[Thought] = []
    for step in steps:
        match step:
            case Thought():
                thoughts.append(step)
            case Called():
                spoken = spoken or Spoken()
                spoken.thoughts += thoughts
                spoken.calls.append(step)
                thoughts = []
            case Said(role="assistant"):
                if spoken is not None and not spoken.calls:
                    yield spoken
                    spoken = None
                spoken = spoken or Spoken()
                spoken.thoughts += thoughts
                spoken.said.append(step)
                thoughts = []
            case Said():
                yield from _closed(spoken, thoughts)
                spoken, thoughts = None, []
                yield step
            case _:
                yield from _closed(spoken, [])
                spoken = None
    yield from _closed(spoken, thoughts)


def _closed(spoken: Spoken | None, thoughts: list[Thought]) -> Iterator[Spoken]:
    if spoken is not None:
        yield spoken
    if thoughts:
        yield Spoken(thoughts)
