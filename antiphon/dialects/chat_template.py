"""The chunks of one stream differ in nothing but their text: what surrounds it is understood once, then compared.

Law: a frame that fits a template says its text, and otherwise what the frame said of which the template was made.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.dialects.chat_shapes import NOTHING, Choice, Completion, Delta, completion
from antiphon.errors import UpstreamBroke

_CONTENT: Final = re.compile(rb'"content": ?("(?:[^"\\]|\\.)*")')
_DATA: Final = b"data: "
_END: Final = b"\n\n"
_PROBE: Final = "\u2042"

_string: Final = msgspec.json.Decoder(str).decode


class Template(Struct, frozen=True, gc=False):
    """A frame without its text."""

    before: bytes
    after: bytes

    def text(self, frame: bytes) -> str | None:
        """What the frame says, None if it does not fit."""
        before, after = self.before, self.after
        if not (frame.startswith(before) and frame.endswith(after)):
            return None
        try:
            return _string(frame[len(before) : len(frame) - len(after)])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


def template_of(frame: bytes) -> Template | None:
    """The template of a frame in canonical form that says nothing but text."""
    match = _CONTENT.search(frame)
    if match is None or not frame.startswith(_DATA) or frame.find(b"\n") != len(frame) - len(_END):
        return None
    template = Template(frame[: match.start(1)], frame[match.end(1) :])
    probe = template.before + msgspec.json.encode(_PROBE) + template.after
    try:
        said = completion(probe[len(_DATA) : -len(_END)])
    except UpstreamBroke:
        return None
    return template if said is not None and _says_only(said, _PROBE) else None


def _says_only(said: Completion, text: str) -> bool:
    if said.error not in NOTHING or said.object == "error" or said.x_groq is not None:
        return False
    choices = said.choices or ()
    return len(choices) == 1 and not choices[0].index and _adds_only(choices[0], text)


def _adds_only(choice: Choice, text: str) -> bool:
    delta = choice.delta
    if delta is None or choice.finish_reason or choice.logprobs is not None or choice.error not in NOTHING:
        return False
    if delta == Delta(content=text):
        return True
    added = {name: value for name, value in msgspec.structs.asdict(delta).items() if value or name == "content"}
    return added == {"content": text}
