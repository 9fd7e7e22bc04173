"""The context of a turn as Ollama's messages (https://docs.ollama.com/api/chat, read 2026-11).

A message has one text and, beside it, images; so what is said after an image begins another message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from antiphon.dialects.grouped import Spoken, grouped, output_of
from antiphon.dialects.leftovers import report_breakpoint, report_detail, report_media
from antiphon.dialects.losses import Losses
from antiphon.dialects.parts import Content, InputAudio, InputFile, Part, Picture, Refusal, Words, readable
from antiphon.dialects.steps import Called, Said, Step
from antiphon.dialects.thoughts import recalled
from antiphon.dialects.tools import Offer
from antiphon.wire.faults import missing

Body = dict[str, Any]

_DATA: Final = re.compile(r"data:image/[a-z0-9.+-]*;base64,", re.IGNORECASE)

_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


class MessageWriter:
    """Writes steps in their order; `messages` is what they come to."""

    __slots__ = ("_losses", "_offer", "messages")

    def __init__(self, offer: Offer, losses: Losses) -> None:
        """`offer` names the tools that calls are of."""
        self._offer = offer
        self._losses = losses
        self.messages: list[Body] = []

    def system(self, text: str) -> None:
        """Adds a system message."""
        self.messages.append({"role": "system", "content": text})

    def write(self, steps: Iterable[Step]) -> None:
        """Adds all steps."""
        for each in grouped(steps):
            if isinstance(each, Spoken):
                self._spoken(each)
            else:
                role = "user" if each.role == "user" else "system"
                self.messages += [{"role": role} | said for said in self._messages(each.content, each.place)]

    def _spoken(self, spoken: Spoken) -> None:
        texts = [self._text(said) for said in spoken.said]
        message: Body = {"role": "assistant", "content": "\n\n".join(filter(None, texts))}
        if not message["content"] and not spoken.calls:
            if spoken.thoughts:
                self._losses.report("item.reasoning.dangling", "input", id=spoken.thoughts[0].id)
            return
        words = [recalled(each, "thinking") or each.content or each.summary for each in spoken.thoughts]
        if any(words):
            message["thinking"] = "\n\n".join(filter(None, words))
        if spoken.calls:
            message["tool_calls"] = [self._call(call) for call in spoken.calls]
        self.messages.append(message)
        self.messages += [self._output(call) for call in spoken.calls]

    def _call(self, call: Called) -> Body:
        try:
            arguments = _object(call.arguments)
        except msgspec.DecodeError:
            self._losses.report("item.function_call", call.place)
            arguments = {"arguments": call.arguments}
        return {"id": call.id, "function": {"name": self._offer.name_of(call.tool), "arguments": arguments}}

    def _output(self, call: Called) -> Body:
        said = self._messages(output_of(call), call.place)
        message: Body = {"role": "tool", "content": "\n".join(each["content"] for each in said if each["content"])}
        if images := [image for each in said for image in each.get("images", ())]:
            message["images"] = images
        return message | {"tool_name": self._offer.name_of(call.tool), "tool_call_id": call.id}

    def _text(self, said: Said) -> str:
        """What an assistant's message says; a picture in it is told of as lost."""
        if isinstance(said.content, str):
            return said.content
        texts: list[str] = []
        for index, part in enumerate(said.content):
            place = f"{said.place}.content[{index}]"
            report_breakpoint(part, place, self._losses)
            if isinstance(part, Words):
                texts.append(part.text)
            elif isinstance(part, Refusal):
                texts.append(part.refusal)
            else:
                report_media("assistant", place, self._losses)
        return "".join(texts)

    def _messages(self, content: Content, place: str) -> list[Body]:
        """Texts with the images that follow them."""
        if isinstance(content, str):
            return [{"content": content}]
        messages: list[tuple[list[str], list[str]]] = []
        for index, part in enumerate(content):
            text, image = self._read(part, f"{place}.content[{index}]")
            if not messages or (text is not None and messages[-1][1]):
                messages.append(([], []))
            texts, images = messages[-1]
            if image is not None:
                images.append(image)
            elif text is not None:
                texts.append(text)
        told = [(texts, images) for texts, images in messages if texts or images]
        return [{"content": "\n\n".join(texts)} | ({"images": images} if images else {}) for texts, images in told]

    def _read(self, part: Part, place: str) -> tuple[str | None, str | None]:
        """The text of a part, or its image in base64."""
        report_breakpoint(part, place, self._losses)
        match part:
            case Words():
                return part.text, None
            case Refusal():
                return part.refusal, None
            case Picture():
                return None, self._image(part, place)
            case InputFile():
                text = readable(part)
                return (self._losses.report("part.input_file", place), None) if text is None else (text, None)
            case InputAudio():
                return self._losses.report("part.input_audio", place), None
            case _:
                return self._losses.report("part.input_video", place), None

    def _image(self, part: Picture, place: str) -> str | None:
        address = part.image_url if part.image_url is None or isinstance(part.image_url, str) else part.image_url.url
        if address is None and part.file_id is None:
            raise missing(f"{place}.image_url")
        report_detail(part, place, self._losses)
        if address is None:
            return self._losses.report("part.input_image.file_id", place)
        found = _DATA.match(address)
        return self._losses.report("part.input_image", place) if found is None else address[found.end() :]
