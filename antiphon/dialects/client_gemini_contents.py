"""Google's contents as input items: the way in for clients that speak generateContent.

https://ai.google.dev/api/caching#Content (read 2026-11). Signatures that the gateway gave are its own seals, in base64;
one that Google gave itself goes on as it is, for the dialects to leave out where it means nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.client_gemini_media import part_of, standard
from antiphon.dialects.client_gemini_members import camel, objects, text
from antiphon.errors import BadRequest
from antiphon.wire.envelope import is_sealed
from antiphon.wire.requests import Item, is_item

_OF_NOBODY: Final = frozenset(
    {
        *("skip_thought_signature_validator", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="),
        *("context_engineering_is_the_way_to_go", "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv"),
    }
)
"""Google's words for a call that no model of its signed: https://ai.google.dev/gemini-api/docs/thought-signatures."""

_RESOLUTIONS: Final = {"LOW": "low", "HIGH": "high"}
_RESOLUTION: Final = "MEDIA_RESOLUTION_"
_DROPPED: Final = ("videoMetadata", "partMetadata")
_FAILED: Final = ("OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED", 2, 3)
"""Of code that was run, in words and in the numbers of older clients."""

_OWN_WORK: Final = ("toolCall", "toolResponse")
_encode: Final = msgspec.json.Encoder().encode


def seal_of(signature: object) -> str | None:
    """What a signature is to us: a seal of ours, another's own signature, or None for nothing."""
    if not isinstance(signature, str) or not signature or signature in _OF_NOBODY:
        return None
    try:
        seal = base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_").decode("ascii")
    except (binascii.Error, ValueError):
        return signature
    return seal if is_sealed(seal) else signature


def detail_of(resolution: object) -> str | None:
    """How closely a picture is to be looked at, in the words of the Responses API, where these have one for it."""
    word = str(resolution.get("level")) if is_item(resolution) else str(resolution)
    return _RESOLUTIONS.get(word.removeprefix(_RESOLUTION))


class _Call(Struct):
    """One that waits for its response, under its id and under its name, until it is found by either."""

    id: str
    answered: bool = False


class Reading:
    """Reads contents one by one; afterwards `items` and `notes`, sentences on what was lost, are what they hold.

    Calls without an id get one of ours, by which their responses are found.
    """

    __slots__ = ("_by_id", "_by_name", "_detail", "_ids", "_number", "_seals", "items", "notes")

    def __init__(self, detail: str | None = None) -> None:
        """`detail` is how closely pictures are looked at that say nothing of that themselves."""
        self.items: list[Item] = []
        self.notes: list[str] = []
        self._detail = detail
        self._by_id: dict[str, deque[_Call]] = {}
        self._by_name: dict[str, deque[_Call]] = {}
        self._number = 0
        self._ids: set[str] = set()
        self._seals: set[str] = set()

    def read(self, contents: list[Item]) -> None:
        """Adds what they come to. Raises BadRequest whose `param` names the content."""
        for index, content in enumerate(contents):
            place = f"contents[{index}]"
            parts = objects(content.get("parts") or [], f"{place}.parts")
            role: Any = content.get("role") or "user"
            if role == "model":
                self._said(parts, place)
            elif role in ("user", "function"):
                self._asked(parts, place)
            else:
                message = f"Please use a valid role: user, model; not '{str(role)[:64]}'."
                raise BadRequest(message, param=f"{place}.role", code="invalid_value")

    def _said(self, parts: list[Item], place: str) -> None:
        """What the model said, thought, called and made."""
        texts: list[Item] = []
        for index, part in enumerate(parts):
            spot = f"{place}.parts[{index}]"
            seal = seal_of(part.get("thoughtSignature"))
            if seal is not None and seal not in self._seals:
                self._seals.add(seal)
                self._say(texts)
                self.items.append({"type": "reasoning", "summary": [], "encrypted_content": seal})
            if isinstance(part.get("text"), str):
                if part["text"] and not part.get("thought"):
                    texts.append({"type": "output_text", "text": part["text"], "annotations": []})
                continue
            self._say(texts)
            self._made(part, spot)
        self._say(texts)

    def _made(self, part: Item, place: str) -> None:
        """What is no text."""
        if is_item(part.get("functionCall")):
            self._call(camel(part["functionCall"]), f"{place}.functionCall")
        elif is_item(part.get("inlineData")):
            self._picture(camel(part["inlineData"]), f"{place}.inlineData")
        elif is_item(part.get("executableCode")):
            code = camel(part["executableCode"]).get("code")
            item: Item = {"type": "code_interpreter_call", "status": "completed", "container_id": "google"}
            self.items.append(item | {"code": str(code or ""), "outputs": []})
        elif is_item(part.get("codeExecutionResult")):
            self._ran(camel(part["codeExecutionResult"]))
        elif any(name in part for name in _OWN_WORK):
            self.notes.append("What Google's own tools did is only of use to Google's models; it was left out.")
        elif part.keys() - {"thoughtSignature", "thought"}:
            raise BadRequest(f"The part at '{place}' is of no known kind.", param=place, code="invalid_value")

    def _ran(self, result: Item) -> None:
        last = self.items[-1] if self.items else {}
        if last.get("type") != "code_interpreter_call":
            return
        if isinstance(result.get("output"), str):
            last["outputs"].append({"type": "logs", "logs": result["output"]})
        if result.get("outcome") in _FAILED:
            last["status"] = "failed"

    def _picture(self, blob: Item, place: str) -> None:
        kind, data = text(blob, "mimeType", place), standard(text(blob, "data", place))
        if not kind.startswith("image/"):
            self.notes.append("Of what a model said, only texts and pictures can be said again.")
            return
        item: Item = {"type": "image_generation_call", "status": "completed", "result": data}
        self.items.append(item | {"output_format": kind.removeprefix("image/")})

    def _asked(self, parts: list[Item], place: str) -> None:
        """What the user said, and what came of calls."""
        content: list[Item] = []
        for index, part in enumerate(parts):
            where = f"{place}.parts[{index}]"
            if is_item(part.get("functionResponse")):
                self._response(camel(part["functionResponse"]), f"{where}.functionResponse")
            else:
                content.append(self._part(part, where))
        if content:
            self.items.append({"type": "message", "role": "user", "content": content})

    def _part(self, part: Item, place: str) -> Item:
        self.notes += [f"'{name}' is for Google's own models; it was left out." for name in _DROPPED if part.get(name)]
        resolution = part.get("mediaResolution")
        detail = detail_of(resolution)
        if resolution and detail is None:
            self.notes.append(f"'{place}.mediaResolution' is for Google's own models; it was left out.")
        return part_of(part, place, detail or self._detail)

    def _say(self, texts: list[Item]) -> None:
        if texts:
            self.items.append({"type": "message", "role": "assistant", "content": list(texts)})
            texts.clear()

    def _call(self, call: Item, place: str) -> None:
        name = text(call, "name", place)
        args: Any = call.get("args")
        call_id = str(call.get("id") or self._new_id())
        self._ids.add(call_id)
        opened = _Call(call_id)
        self._by_id.setdefault(call_id, deque()).append(opened)
        self._by_name.setdefault(name, deque()).append(opened)
        arguments = _encode(args if is_item(args) else {}).decode()
        self.items.append({"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments})

    def _new_id(self) -> str:
        """The same in every request that repeats the conversation."""
        self._number = max(self._number, len(self._ids)) + 1
        while f"call_{self._number}" in self._ids:
            self._number += 1
        return f"call_{self._number}"

    def _response(self, response: Item, place: str) -> None:
        """Belongs to the call of its id, else to the first one of its name that has none yet."""
        name, identity = response.get("name"), response.get("id")
        call_id = _answered(self._by_id, identity) or _answered(self._by_name, name)
        if call_id is None:
            message = f"There is no function call '{str(name)[:64]}' that this response could belong to."
            raise BadRequest(message, param=place, code="invalid_value")
        media = objects(response.get("parts") or [], f"{place}.parts")
        said, failed = _output(response.get("response"))
        output: Any = said
        if media:
            told = [{"type": "input_text", "text": said}] if response.get("response") else []
            output = told + [self._part(part, f"{place}.parts[{index}]") for index, part in enumerate(media)]
        item: Item = {"type": "function_call_output", "call_id": call_id, "output": output}
        self.items.append(item | ({"status": "incomplete"} if failed else {}))


def _answered(calls: dict[str, deque[_Call]], key: object) -> str | None:
    """The id of the first call under `key` that waited until now; None if there is none."""
    waiting = calls.get(key) if isinstance(key, str) else None
    while waiting:
        call = waiting.popleft()
        if not call.answered:
            call.answered = True
            return call.id
    return None


def _output(response: object) -> tuple[str, bool]:
    """What a response says, and whether it tells of a failure.

    The members `output`, `result` and `error` are those of https://ai.google.dev/api/caching#FunctionResponse and of
    Google's clients; what they hold is said without them, unless it could be taken for another response.
    """
    if is_item(response) and len(response) == 1:
        failure = response.get("error")
        if isinstance(failure, str):
            return failure, True
        said = response.get("output", response.get("result"))
        if isinstance(said, str) and not said.lstrip().startswith("{"):
            return said, False
    return _encode(response if response is not None else {}).decode(), False
