"""The context of a turn as Google's contents: roles that alternate, calls and their results side by side.

Law: a content with calls is followed by one that begins with exactly as many results, in the order of the calls; the
first content is the user's. https://ai.google.dev/gemini-api/docs/function-calling,
…/docs/thought-signatures (read 2026-11).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.dialects.gemini_keepsakes import (
    SIGNATURE,
    CallSignature,
    KeptPart,
    PictureSignature,
    TextSignature,
    recalled,
)
from antiphon.dialects.gemini_models import Place, Traits
from antiphon.dialects.gemini_parts import IN_RESULTS, PartWriter
from antiphon.dialects.gemini_tools import legal
from antiphon.dialects.grouped import output_of
from antiphon.dialects.losses import Losses
from antiphon.dialects.parts import Content
from antiphon.dialects.steps import Answered, Called, Said, Step, Thought
from antiphon.dialects.tools import Offer
from antiphon.wire.requests import Item

UNSIGNED: Final = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""``skip_thought_signature_validator`` in base64: Google's own word for a call that came from elsewhere."""

_BEHIND: Final = "The output follows."

_object: Final = msgspec.json.Decoder(dict[str, Raw]).decode


class ContentWriter:
    """Writes steps in their order into `contents`, and what the system says first into `system`."""

    __slots__ = ("_calls", "_losses", "_model", "_offer", "_parts", "_picture", "_signatures", "_thoughts", "_traits",
                 "contents", "system")  # fmt: skip

    def __init__(self, traits: Traits, place: Place, offer: Offer, losses: Losses) -> None:
        """`offer` names the tools that calls are of."""
        self._traits = traits
        self._offer = offer
        self._losses = losses
        self._parts = PartWriter(place, losses)
        self._model: list[Item] = []
        self._calls: list[Called] = []
        self._thoughts: list[Thought] = []
        self._signatures: dict[str, str] = {}
        self._picture: str | None = None
        self.contents: list[Item] = []
        self.system: list[Item] = []

    @property
    def resolution(self) -> str | None:
        """How closely all pictures are to be looked at, which Google cannot be told of each; None for as it likes."""
        details = self._parts.details
        if not details or (len(details) == 1 and self._traits.resolves):
            return next(iter(details), None)
        self._losses.report("part.input_image.detail", "input")
        return None

    def instruct(self, text: str) -> None:
        """Adds to what the system says before everything else."""
        self.system.append({"text": text})

    def write(self, steps: list[Step]) -> None:
        """Adds all steps."""
        for step in steps:
            match step:
                case Said(role="assistant"):
                    self._model += self._parts.texts(step.content, step.place, "part.media_from_assistant")
                case Said(role="user"):
                    self._say(step)
                case Said():
                    self._direct(step)
                case Thought():
                    self._think(step)
                case Called():
                    self._call(step)
                case Answered():
                    self._answer()
        self._answer()
        if not self._traits.instructed and self.system:
            self.contents = _merged(self.system, self.contents)
            self.system = []
        if self.contents and self.contents[0]["role"] == "model":
            self.contents.insert(0, {"role": "user", "parts": [{"text": ""}]})

    def _say(self, said: Said) -> None:
        """What the user says, or a picture that the model has made."""
        parts = self._parts.parts(said.content, said.place)
        if said.made and (self._picture is not None or not self._traits.signs):
            if self._picture:
                parts = [part | {SIGNATURE: self._picture} for part in parts]
            self._picture = None
            self._model += parts
            return
        self._answer()
        self._user(parts)

    def _direct(self, said: Said) -> None:
        """The system's word: an instruction at the beginning; later it stands where it was said, and is marked."""
        texts = self._parts.texts(said.content, said.place, "part.media_from_system")
        if not self.contents and not self._model:
            self.system += texts
            return
        self._answer()
        self._user([{"text": f"<system>\n{part['text']}\n</system>"} for part in texts])

    def _think(self, thought: Thought) -> None:
        if thought.envelope is None:
            return
        self._thoughts.append(thought)
        for kept in recalled(thought.envelope):
            match kept:
                case KeptPart():
                    self._model.append(kept.part)
                case CallSignature():
                    self._signatures[kept.call_id] = kept.signature
                case TextSignature():
                    self._sign_text(kept)
                case PictureSignature():
                    self._picture = kept.signature

    def _sign_text(self, kept: TextSignature) -> None:
        """Puts a signature on the end of the text before it, or on an empty part if that is where it came."""
        count = kept.characters
        last = self._model[-1] if self._model else {}
        text = str(last.get("text", ""))
        if count == 0 or last.get("thought") or SIGNATURE in last or not text:
            self._model.append({"text": "", SIGNATURE: kept.signature})
            return
        if count < len(text):
            self._model[-1] = {"text": text[:-count]}
            self._model.append({"text": text[-count:], SIGNATURE: kept.signature})
        else:
            self._model[-1] = {"text": text, SIGNATURE: kept.signature}

    def _call(self, call: Called) -> None:
        name = legal(self._offer.name_of(call.tool))
        part: Item = {"functionCall": {"id": call.id, "name": name, "args": _arguments(call.arguments)}}
        signature = self._signatures.get(call.id)
        if signature is None and self._traits.signs and not self._calls:
            signature = UNSIGNED
        if signature is not None:
            part[SIGNATURE] = signature
        self._model.append(part)
        self._calls.append(call)

    def _answer(self) -> None:
        """Ends what the model says, with the results of its calls behind it."""
        parts, self._model = self._model, []
        calls, self._calls = self._calls, []
        thoughts, self._thoughts = self._thoughts, []
        if not any(_tells(part) for part in parts):
            for thought in thoughts:
                self._losses.report("item.reasoning.dangling", "input", id=thought.id)
            return
        if self.contents and self.contents[-1]["role"] == "model":
            self.contents[-1]["parts"] += parts
        else:
            self.contents.append({"role": "model", "parts": parts})
        if calls:
            self._results(calls)

    def _results(self, calls: list[Called]) -> None:
        """One result for each call, then all that results cannot hold."""
        results: list[Item] = []
        behind: list[Item] = []
        for call in calls:
            result, others = self._result(output_of(call, marked=True), call)
            results.append({"functionResponse": result})
            if others:
                behind += [{"text": f"Output of the function call {call.id}:"}, *others]
        self._user(results + behind)

    def _result(self, output: Content, call: Called) -> tuple[Item, list[Item]]:
        result: Item = {"id": call.id, "name": legal(self._offer.name_of(call.tool))}
        if isinstance(output, str):
            return result | {"response": _response(output, failed=call.failed)}, []
        parts = self._parts.parts(output, call.place)
        texts = [part["text"] for part in parts if "text" in part]
        media = [part for part in parts if "text" not in part]
        inside = [part for part in media if self._traits.signs and _type(part) in IN_RESULTS]
        others = [part for part in media if part not in inside]
        text = "\n".join(texts)
        if text or not media or call.failed:
            result["response"] = _response(text, failed=call.failed)
        else:
            result["response"] = {"output": _BEHIND} if others else {}
        if inside:
            result["parts"] = inside
        return result, others

    def _user(self, parts: list[Item]) -> None:
        if not parts:
            return
        if self.contents and self.contents[-1]["role"] == "user":
            self.contents[-1]["parts"] += parts
        else:
            self.contents.append({"role": "user", "parts": parts})


def _merged(system: list[Item], contents: list[Item]) -> list[Item]:
    """Instructions as the user's first words, for models that take none."""
    if contents and contents[0]["role"] == "user":
        return [{"role": "user", "parts": system + contents[0]["parts"]}, *contents[1:]]
    return [{"role": "user", "parts": system}, *contents]


def _tells(part: Item) -> bool:
    """Whether a part of the model's is more than a thought or a signature."""
    if part.get("thought"):
        return False
    return bool(part["text"]) if "text" in part else True


def _type(part: Item) -> str:
    media: Any = part.get("inlineData") or part.get("fileData") or {}
    return str(media.get("mimeType"))


def _arguments(text: str) -> Any:
    """Arguments as the object that Google wants."""
    try:
        return _object(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {"arguments": text}


def _response(text: str, *, failed: bool) -> Any:
    """A result as the object that Google wants: an object of the tool's own, or one around its words.

    An ``error`` in it tells of a failure: https://ai.google.dev/api/caching#FunctionResponse (read 2026-11).
    """
    if failed:
        return {"error": text}
    try:
        return _object(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return {"output": text}
