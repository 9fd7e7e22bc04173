"""The context of a turn as Cohere's messages and documents (https://docs.cohere.com/reference/chat, read 2026-11).

Text files are documents, which answers cite; Cohere takes them beside the messages, and not together with tools or a
form that the answer is to have: then they are told in the words of the message that brings them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from antiphon.dialects.grouped import ELSEWHERE, Spoken, grouped, output_of
from antiphon.dialects.leftovers import report_breakpoint, report_media
from antiphon.dialects.losses import Losses
from antiphon.dialects.parts import (
    Content,
    InputAudio,
    InputFile,
    InputText,
    Part,
    Picture,
    Refusal,
    Words,
    contents,
    readable,
)
from antiphon.dialects.steps import Called, Said, Step, Thought
from antiphon.dialects.thoughts import recalled
from antiphon.dialects.tools import Offer
from antiphon.wire.faults import missing

Body = dict[str, Any]

_DETAILS: Final = {"original": "high"}


class MessageWriter:
    """Writes steps in their order; `messages` and `documents` are what they come to."""

    __slots__ = ("_losses", "_offer", "documents", "documents_apart", "messages")

    def __init__(self, offer: Offer, losses: Losses, *, documents_apart: bool) -> None:
        """`offer` names the tools that calls are of; `documents_apart` tells whether files may be documents."""
        self._offer = offer
        self._losses = losses
        self.documents_apart = documents_apart
        self.messages: list[Body] = []
        self.documents: list[Body] = []

    def system(self, text: str) -> None:
        """Adds a system message."""
        self.messages.append({"role": "system", "content": text})

    def write(self, steps: Iterable[Step]) -> None:
        """Adds all steps."""
        for each in grouped(steps):
            if isinstance(each, Spoken):
                self._spoken(each)
            elif each.role == "user":
                self.messages.append({"role": "user", "content": self._content(each.content, each.place)})
            else:
                self.system("\n\n".join(self._texts(each, "system")))

    def _spoken(self, spoken: Spoken) -> None:
        text = "\n\n".join(filter(None, ("".join(self._texts(said, "assistant")) for said in spoken.said)))
        if not text and not spoken.calls:
            if spoken.thoughts:
                self._losses.report("item.reasoning.dangling", "input", id=spoken.thoughts[0].id)
            return
        message: Body = {"role": "assistant"}
        thoughts, plan = _memories(spoken.thoughts, calls=bool(spoken.calls))
        if thoughts:
            message["content"] = [{"type": "thinking", "thinking": thoughts}]
            if text:
                message["content"].append({"type": "text", "text": text})
        elif text:
            message["content"] = text
        if spoken.calls:
            if plan:
                message["tool_plan"] = plan
            message["tool_calls"] = [self._call(call) for call in spoken.calls]
        self.messages.append(message)
        self._outputs(spoken.calls)

    def _call(self, call: Called) -> Body:
        function = {"name": self._offer.name_of(call.tool), "arguments": call.arguments}
        return {"id": call.id, "type": "function", "function": function}

    def _outputs(self, calls: Iterable[Called]) -> None:
        """One tool message for each call, then one user message for all that tool messages cannot hold."""
        behind: list[Body] = []
        for call in calls:
            content, others = self._output(output_of(call), call.place)
            if others:
                behind += [{"type": "text", "text": f"Output of the tool call {call.id}:"}, *others]
                content = content or ELSEWHERE
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
        if behind:
            self.messages.append({"role": "user", "content": behind})

    def _output(self, output: Content, place: str) -> tuple[str | list[Body], list[Body]]:
        """What a tool message holds: text, or a document for each of several texts, so that each can be cited."""
        if isinstance(output, str):
            return output, []
        texts: list[Body] = []
        others: list[Body] = []
        for index, part in enumerate(output):
            if isinstance(part, InputFile) and (found := contents(part)) is not None:
                texts.append(_data(*found))
            elif (written := self._part(part, f"{place}.output[{index}]")) is not None:
                if written["type"] == "text":
                    texts.append({"content": written["text"]})
                else:
                    others.append(written)
        if len(texts) == 1 and texts[0].keys() == {"content"}:
            return texts[0]["content"], others
        return [{"type": "document", "document": {"data": data}} for data in texts] or "", others

    def _content(self, content: Content, place: str) -> str | list[Body]:
        """Content of a user's message; a string wherever that says the same."""
        if isinstance(content, str):
            return content
        written = [self._part(part, f"{place}.content[{index}]") for index, part in enumerate(content)]
        parts = [part for part in written if part is not None]
        return parts[0]["text"] if len(parts) == 1 and parts[0]["type"] == "text" else parts

    def _part(self, part: Part, place: str) -> Body | None:
        report_breakpoint(part, place, self._losses)
        match part:
            case Words():
                return {"type": "text", "text": part.text}
            case Refusal():
                return {"type": "text", "text": part.refusal}
            case Picture():
                return self._image(part, place)
            case InputFile():
                return self._file(part, place)
            case InputAudio():
                return self._losses.report("part.input_audio", place)
            case _:
                return self._losses.report("part.input_video", place)

    def _image(self, part: Picture, place: str) -> Body | None:
        address, detail = part.image_url, part.detail
        if address is None:
            if part.file_id is None:
                raise missing(f"{place}.image_url")
            return self._losses.report("part.input_image.file_id", place)
        if not isinstance(address, str):
            detail = detail or address.detail
            address = address.url
        image = {"url": address}
        if detail in _DETAILS:
            self._losses.report("part.input_image.detail", f"{place}.detail")
        if detail:
            image["detail"] = _DETAILS.get(detail, detail)
        return {"type": "image_url", "image_url": image}

    def _file(self, part: InputFile, place: str) -> Body | None:
        found = contents(part)
        if found is None:
            return self._losses.report("part.input_file", place)
        name, text = found
        if not self.documents_apart:
            return {"type": "text", "text": readable(part)}
        id_ = f"file_{len(self.documents) + 1}"
        self.documents.append({"id": id_, "data": _data(name, text)})
        return {"type": "text", "text": f"(The file {name or id_} is among the documents.)"}

    def _texts(self, said: Said, role: str) -> list[str]:
        content = [InputText(said.content)] if isinstance(said.content, str) else said.content
        texts: list[str] = []
        for index, part in enumerate(content):
            place = f"{said.place}.content[{index}]"
            report_breakpoint(part, place, self._losses)
            if isinstance(part, Words):
                texts.append(part.text)
            elif isinstance(part, Refusal):
                texts.append(part.refusal)
            else:
                report_media(role, place, self._losses)
        return texts


def _memories(thoughts: Iterable[Thought], *, calls: bool) -> tuple[str, str]:
    """What was thought, and the plan for the calls: under the names that Cohere had for them.

    Reasoning that came without a seal is the plan for the calls that follow it, if any do.
    """
    thinking: list[str] = []
    plan: list[str] = []
    for thought in thoughts:
        if thought.envelope is None:
            (plan if calls else thinking).append(thought.content or thought.summary)
        else:
            thinking.append(recalled(thought, "thinking") or "")
            plan.append(recalled(thought, "tool_plan") or "")
    return "\n\n".join(filter(None, thinking)), "\n\n".join(filter(None, plan))


def _data(name: str | None, text: str) -> Body:
    return {"title": name, "content": text} if name else {"content": text}
