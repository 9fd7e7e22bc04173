"""A vendor that has batches of its own, in OpenAI's API and in Anthropic's, and answers them when the test says so."""

from __future__ import annotations

import email.policy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any

from typing_extensions import override

from tests.e2e.upstream import Provider, Reply, Seen, refusing, whole

Json = dict[str, Any]
Answer = Callable[[Json], tuple[int, Json] | None]
"""Status and body for the body of a request; None where it is not answered."""

JSONL = "application/jsonl"


@dataclass(slots=True)
class VendorBatch:
    """One batch as the vendor has it. `requests` are bodies by their names; `headers` those of its creation."""

    id: str
    asked: Json
    requests: dict[str, Json]
    headers: Mapping[str, str]
    status: str = "in_progress"
    looks: int = 0
    files: dict[str, str] = field(default_factory=dict[str, str])


class BatchVendor(Provider):
    """Answers a batch with `answer` once `release` was called; what is not about batches, from its script."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: dict[str, VendorBatch] = {}
        self.files: dict[str, bytes] = {}
        self.forms: list[Json] = []
        self.answer_with: Answer = lambda _: None
        self.refuses = False
        self.spoils: tuple[str, ...] = ()

    def release(self, status: str = "completed") -> None:
        """Ends every batch that is under way."""
        for batch in self.batches.values():
            if batch.status == "in_progress":
                self._end(batch, status)

    @property
    def only(self) -> VendorBatch:
        (batch,) = self.batches.values()
        return batch

    @override
    def reset(self) -> None:
        super().reset()
        self.batches.clear()
        self.files.clear()
        self.forms.clear()
        self.answer_with = lambda _: None
        self.refuses = False
        self.spoils = ()

    @override
    def reply(self, request: Seen) -> Reply:
        path = request.path.partition("?")[0].removeprefix("/v1")
        if not path.startswith(("/batches", "/files", "/messages/batches")):
            return super().reply(request)
        if self.refuses:
            return refusing("Batches are not for you.", 403)
        messages = path.startswith("/messages")
        parts = path.removeprefix("/messages").strip("/").split("/")
        match request.method, parts:
            case "POST", ["files"]:
                return self._upload(request)
            case "POST", ["batches"]:
                return self._create(request, messages=messages)
            case "GET", ["batches"]:
                return whole({"object": "list", "data": [_openai(each) for each in self.batches.values()]})
            case "GET", ["files", name, "content"]:
                return Reply(self.files[name], media_type=JSONL)
            case "GET", ["batches", name, "results"]:
                return Reply(self.files[name], media_type=JSONL)
            case "POST", ["batches", name, "cancel"]:
                self._end(self.batches[name], "cancelled")
            case _:
                self.batches[parts[1]].looks += 1
        batch = self.batches[parts[1]]
        return whole(_anthropic(batch) if messages else _openai(batch))

    def _upload(self, request: Seen) -> Reply:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        form = BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
        name = f"file-{len(self.files)}"
        fields: Json = {}
        for part in form.iter_parts():
            content: Any = part.get_payload(decode=True)
            fields[str(part.get_param("name", header="content-disposition"))] = content
        self.files[name] = fields.pop("file")
        self.forms.append({key: value.decode() for key, value in fields.items()})
        return whole({"id": name, "object": "file"})

    def _create(self, request: Seen, *, messages: bool) -> Reply:
        asked = request.json
        name = f"vendor_{len(self.batches)}"
        if messages:
            requests = {each["custom_id"]: each["params"] for each in asked["requests"]}
        else:
            lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
            assert {(each["method"], each["url"]) for each in lines} == {("POST", asked["endpoint"])}
            requests = {each["custom_id"]: each["body"] for each in lines}
        batch = self.batches[name] = VendorBatch(name, asked, requests, request.headers)
        return whole(_anthropic(batch) if messages else _openai(batch))

    def _end(self, batch: VendorBatch, status: str) -> None:
        batch.status = status
        told = {name: self.answer_with(body) for name, body in batch.requests.items()}
        if "requests" in batch.asked:
            self.files[batch.id] = self._lines(_result(name, answer, status) for name, answer in told.items())
            return
        good = {name: answer for name, answer in told.items() if answer is not None and answer[0] == 200}
        for kind, names in (("output", good), ("error", told.keys() - good.keys())):
            if names:
                batch.files[f"{kind}_file_id"] = f"{batch.id}-{kind}"
                # A vendor's answers come in no order.
                lines = (_answered(name, told[name]) for name in sorted(names, reverse=True))
                self.files[f"{batch.id}-{kind}"] = self._lines(lines)

    def _lines(self, lines: Any) -> bytes:
        """Of a request that it `spoils` there is no whole line."""
        written = {each["custom_id"]: json.dumps(each).encode() for each in lines}
        return b"".join((line[:-9] if name in self.spoils else line) + b"\n" for name, line in written.items())


def _answered(name: str, answer: tuple[int, Json] | None) -> Json:
    line: Json = {"id": f"batch_req_{name}", "custom_id": name, "response": None, "error": None}
    if answer is None:
        return line | {"error": {"code": "batch_expired", "message": "Too late."}}
    return line | {"response": {"status_code": answer[0], "request_id": "req_v", "body": answer[1]}}


def _result(name: str, answer: tuple[int, Json] | None, status: str) -> Json:
    if answer is None:
        return {"custom_id": name, "result": {"type": "canceled" if status == "cancelled" else "expired"}}
    if answer[0] == 200:
        return {"custom_id": name, "result": {"type": "succeeded", "message": answer[1]}}
    return {"custom_id": name, "result": {"type": "errored", "error": answer[1]}}


def _openai(batch: VendorBatch) -> Json:
    known = {"id": batch.id, "object": "batch", "status": batch.status, "metadata": batch.asked.get("metadata")}
    errors = {"data": [{"message": "The models differ.", "line": 2}]} if batch.status == "failed" else None
    return known | batch.files | {"errors": errors}


def _anthropic(batch: VendorBatch) -> Json:
    status = "in_progress" if batch.status == "in_progress" else "ended"
    return {"id": batch.id, "type": "message_batch", "processing_status": status}
