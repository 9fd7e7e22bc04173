"""One answer of Google's, whole or in pieces, told to a ResponseWriter.

Law: an answer that comes whole has the outcome that it would have if each of its parts came in a chunk of its own.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.dialects.answering import writer_for
from antiphon.dialects.chat_calls import Calls
from antiphon.dialects.chat_notes import logprobs_of
from antiphon.dialects.chat_shapes import Function, Logprob, TopLogprob
from antiphon.dialects.chat_shapes import ToolCall as CallPiece
from antiphon.dialects.gemini_endings import blocked, incompleteness
from antiphon.dialects.gemini_grounding import Foundations
from antiphon.dialects.gemini_keepsakes import SIGNATURE, Keepsakes
from antiphon.dialects.gemini_models import as_google_chooses, hosts_of
from antiphon.dialects.gemini_pieces import GrowingCall
from antiphon.dialects.gemini_refusals import told_inside
from antiphon.dialects.gemini_shapes import (
    NULL,
    Blob,
    Candidate,
    Code,
    CodeResult,
    FunctionCall,
    Generated,
    Logprobs,
    Part,
    ToolCall,
    generated,
    told,
)
from antiphon.dialects.gemini_tools import ours
from antiphon.dialects.gemini_usage import tier_of, usage_of
from antiphon.dialects.sealed import Enclosing
from antiphon.dialects.tools import tool_names
from antiphon.dialects.writer import ResponseWriter
from antiphon.errors import UpstreamBroke
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.requests import Item
from antiphon.wire.usage import NO_USAGE

_CONTAINER: Final = "google"
"""Google names no container; clients read one unasked."""


def whole(turn: Turn, target: Target, body: bytes, sealer: Sealer) -> Outcome:
    """The outcome of an answer that was not streamed.

    Raises UpstreamBroke when `body` is no answer, or the UpstreamError that it holds in place of one.
    """
    said = generated(body)
    answer = GeminiAnswer(turn, target, sealer, silent=True)
    if said is not None:
        answer.take_in(said, body)
    if not answer.ended:
        raise UpstreamBroke("The provider sent something that is no answer.")
    return answer.finish()


class GeminiAnswer:
    """Takes what Google says of one answer, in its order."""

    __slots__ = (
        "_calls",
        "_code",
        "_found",
        "_growing",
        "_incomplete",
        "_kept",
        "_names",
        "_new_id",
        "_parts",
        "_signature",
        "_starts",
        "_usage",
        "_wants_logprobs",
        "_whole",
        "_written",
        "ended",
        "writer",
    )

    def __init__(self, turn: Turn, target: Target, sealer: Sealer, *, silent: bool = False) -> None:
        """`silent`: the answer comes whole, nobody reads events. `ended`: Google has said why it ended."""
        kept = self._kept = Keepsakes(Enclosing(turn, target, sealer, "gemini"), hides=turn.request.hides_seals)
        self.writer: Final = writer_for(turn, target, kept, silent=silent)
        self.ended = False
        self._new_id = turn.new_id
        self._names = tool_names(turn, as_google_chooses(target), hosts_of(target))
        sign = partial(_sign_call, kept, self.writer)  # a method would leave all of it to the collector
        self._calls = Calls(self.writer, self._names, turn.new_id, sign)
        self._wants_logprobs = turn.request.includes("message.output_text.logprobs")
        self._incomplete: str | None = None
        self._usage = NULL
        self._found = Foundations()
        self._growing: GrowingCall | None = None
        self._signature: tuple[str, int] | None = None
        self._code: list[tuple[str, Raw, str | None]] = []
        self._whole = silent
        self._parts = 0
        self._starts: dict[int, int] = {}
        self._written = 0

    @property
    def speaks(self) -> bool:
        """Whether text that comes goes on with text that is being written."""
        return not (self._signature or self._code or self._growing or self._calls.open)

    def said_on(self, text: str, usage: Raw, number: int) -> bytes | None:
        """The frame, of this number, of a chunk that brought nothing but more text; None where that takes more."""
        if not self.speaks:
            return None
        frame = self.writer.said_on(text, number)
        if frame is not None:
            if usage != NULL:
                self._note_usage(usage)
            self._written += len(text)
        return frame

    def take_in(self, said: Generated, data: bytes) -> None:
        """A chunk, or a whole answer, and its bytes. Raises the UpstreamError that it reports."""
        if said.error != NULL:
            raise told_inside(data)
        feedback = said.prompt_feedback
        if feedback is not None and feedback.block_reason and not said.candidates:
            raise blocked(feedback)
        self.writer.open()
        if said.response_id and self.writer.upstream_id is None:
            self.writer.upstream_id = said.response_id
        if said.usage_metadata != NULL:
            self._note_usage(said.usage_metadata)
        for candidate in said.candidates or ():
            if not candidate.index:
                self._take_candidate(candidate)
                return

    def finish(self) -> Outcome:
        """Writes the end."""
        growing, self._growing = self._growing, None
        if growing is not None:
            self._tell_call(growing.whole(), growing.signature, cut=self._incomplete is not None)
        self._settle_code()
        if self._found.cites and not self._calls.open:
            self.writer.annotate(partial(self._found.notes, parts=dict(self._starts)))
        if self._incomplete is not None:
            self._signature = None  # whose seal would end the text as if it were whole; nobody asks for it back
        self._settle()
        for item in self._found.items():
            self.writer.item(item)
        self._calls.close()
        if self._usage != NULL:
            self.writer.usage = usage_of(self._usage) or NO_USAGE
            self.writer.service_tier = tier_of(self._usage)
        return self.writer.finish(self._incomplete)

    def _note_usage(self, usage: Raw) -> None:
        """The last word counts; some chunks of Vertex AI count nothing."""
        if b"TokenCount" in bytes(usage) or self._usage == NULL:
            self._usage = usage

    def _take_candidate(self, candidate: Candidate) -> None:
        self._found.note(candidate)
        likely = self._likely(candidate.logprobs_result) if self._wants_logprobs else []
        content = candidate.content
        for part in (content.parts if content is not None else None) or ():
            if part.text is not None and not part.thought:
                self._speak(part.text, part.thought_signature, likely)
                likely = []
            else:
                self._take_part(part)
            self._parts += 1
        if likely:
            self.writer.text("", likely)
        if candidate.finish_reason:
            self.ended = True
            self._incomplete = self._incomplete or incompleteness(candidate)

    def _take_part(self, part: Part) -> None:
        signature = part.thought_signature
        if part.thought:
            self._think(part.text or "", signature)
        elif part.function_call is not None:
            self._take_call(part.function_call, signature)
        elif part.executable_code != NULL:
            self._settle()
            self._code.append(("executableCode", part.executable_code, signature))
        elif part.code_execution_result != NULL:
            self._code.append(("codeExecutionResult", part.code_execution_result, signature))
            self._settle_code()
        elif part.tool_call != NULL:
            self._take_search(part.tool_call, signature)
        elif part.tool_response != NULL:
            self._take_found(part.tool_response, signature)
        elif part.inline_data is not None:
            self._draw(part.inline_data, signature)
        elif signature is not None:
            self._speak("", signature, [])

    def _speak(self, text: str, signature: str | None, likely: list[Item]) -> None:
        if text or likely:
            if not self.speaks:
                self._settle()
            if self._whole:
                self._starts[self._parts] = self._written
            self.writer.text(text, likely)
            self._written += len(text)
        if signature is not None:
            if self._signature is not None:
                self._settle()
            self._signature = signature, len(text)

    def _think(self, text: str, signature: str | None) -> None:
        self._settle()
        if not text and signature is None:
            return
        self._kept.think(text, signature)
        if text:
            self.writer.summary(text)
        else:
            self.writer.reasoning("", sealed=True)

    def _settle(self) -> None:
        """Something of another kind follows: what was held back is said now."""
        growing, self._growing = self._growing, None
        if growing is not None:
            self._tell_call(growing.whole(), growing.signature)
        if self._calls.open:
            self._calls.settle()
        self._settle_code()
        if self._signature is not None:
            signature, characters = self._signature
            self._signature = None
            self._kept.sign_text(signature, characters)
            self.writer.reasoning("", sealed=True)
        self._starts.clear()
        self._written = 0

    # --- calls

    def _take_call(self, call: FunctionCall, signature: str | None) -> None:
        """A call, or a piece of one: a piece that names nothing goes on with the call before it."""
        growing = self._growing
        if growing is not None and not call.name:
            growing.add(call)
            growing.signature = growing.signature or signature
            if not call.will_continue:
                self._growing = None
                self._tell_call(growing.whole(), growing.signature)
            return
        if growing is not None:
            self._growing = None
            self._tell_call(growing.whole(), growing.signature)
        if call.will_continue or call.partial_args:
            self._growing = GrowingCall(call, signature)
        else:
            self._tell_call(call, signature)

    def _tell_call(self, call: FunctionCall, signature: str | None, *, cut: bool = False) -> None:
        if self._signature is not None or self._code:
            self._settle()
        arguments = "{}" if call.args == NULL else msgspec.json.format(bytes(call.args), indent=-1).decode()
        if cut:
            arguments = arguments.removesuffix("}")
        function = Function(ours(call.name or "", self._names), arguments)
        extra = None if signature is None else {"google": {"thought_signature": signature}}
        self._calls.add(CallPiece(id=call.id, function=function, extra_content=extra), whole=True)

    # --- what Google's own tools do

    def _settle_code(self) -> None:
        """Code that was run, with what came of it if that has come."""
        if not self._code:
            return
        parts, self._code = self._code, []
        raws = {name: raw for name, raw, _ in parts}
        code = told(raws.get("executableCode", NULL), Code)
        identity = self._new_id("ci")
        if any(signature is not None for _, _, signature in parts):
            for name, raw, signature in parts:
                self._keep(name, raw, signature, identity)
        outputs: list[Item] = []
        if "codeExecutionResult" in raws:
            outputs.append({"type": "logs", "logs": told(raws["codeExecutionResult"], CodeResult).output})
        self.writer.item(
            {
                "type": "code_interpreter_call",
                "id": identity,
                "status": "completed",
                "code": code.code,
                "container_id": _CONTAINER,
                "outputs": outputs,
            }
        )

    def _take_search(self, raw: Raw, signature: str | None) -> None:
        """A search that Google tells of as a call; its item is written at the end, when its sources are known."""
        self._settle()
        call = told(raw, ToolCall)
        kind = "fs" if call.tool_type == "FILE_SEARCH" else "ws"
        identity = self._new_id(kind)
        self._found.searches.append((identity, call))
        self._keep("toolCall", raw, signature, identity)

    def _take_found(self, raw: Raw, signature: str | None) -> None:
        self._settle()
        call = told(raw, ToolCall)
        identity = next((known for known, other in self._found.searches if other.id == call.id), "")
        self._keep("toolResponse", raw, signature, identity)

    def _keep(self, name: str, raw: Raw, signature: str | None, identity: str) -> None:
        part: Item = {name: msgspec.json.decode(raw)}
        if signature is not None:
            part[SIGNATURE] = signature
        self._kept.part(part, identity)
        self.writer.reasoning("", sealed=True)

    def _draw(self, blob: Blob, signature: str | None) -> None:
        """A picture. Other media have no item to stand in."""
        kind, _, form = blob.mime_type.partition("/")
        if kind != "image" or not blob.data:
            return
        self._settle()
        if signature is not None:
            self._kept.sign_picture(signature)
            self.writer.reasoning("", sealed=True)
        self.writer.item(
            {"type": "image_generation_call", "status": "completed", "result": blob.data, "output_format": form}
        )

    def _likely(self, logprobs: Logprobs | None) -> list[Item]:
        if logprobs is None:
            return []
        top = logprobs.top_candidates or []
        tokens: list[Logprob] = []
        for place, chosen in enumerate(logprobs.chosen_candidates or ()):
            others: Any = top[place].candidates if place < len(top) else None
            likely = [TopLogprob(other.token, other.log_probability) for other in others or ()]
            tokens.append(Logprob(chosen.token, chosen.log_probability, None, likely))
        return logprobs_of(tokens)


def _sign_call(kept: Keepsakes, writer: ResponseWriter, extra: Item, call_id: str) -> None:
    kept.sign_call(extra["google"]["thought_signature"], call_id)
    writer.reasoning("", sealed=True)
