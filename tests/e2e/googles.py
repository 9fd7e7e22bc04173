"""Google's own client before a gateway, and four kinds of providers behind it."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import httpx
from google import genai
from google.genai import types
from typing_extensions import override

from tests.e2e.background import PATIENCE
from tests.e2e.exchanges import chat_call, chat_stream, function_call, native_stream, native_whole, reasoning, said
from tests.e2e.gateway import CHAT_MODEL, KEY_A, NATIVE_MODEL, Gateway
from tests.e2e.upstream import Provider, Reply, whole
from tests.e2e.vendors.bridge import Upstream
from tests.e2e.vendors.doors import DOORS, Door
from tests.unit.dialects.gemini_to_responses import camel
from tests.vendors.gemini import Gemini
from tests.vendors.vendor import Body, Plan

ARGUMENTS = '{"at":"you"}'


class PatientGemini(Gemini):
    """Google before its own client: members in either spelling, contents of one role in a row, some of them empty."""

    @override
    def take(self, body: Body) -> None:
        body = camel(body)
        joined: list[Body] = []
        for content in body["contents"]:
            if joined and joined[-1]["role"] == content["role"]:
                joined[-1]["parts"] += content["parts"]
            else:
                joined.append({"role": content["role"], "parts": list(content["parts"])})
        super().take(body | {"contents": joined})


SERVED: Mapping[str, Door] = {
    "gemini": replace(DOORS["gemini"], make=PatientGemini),
    "anthropic": DOORS["anthropic"],
}
"""The vendors that know their own rules."""


@contextmanager
def google_client(gateway: Gateway, key: str = KEY_A, *, vertex: bool = False) -> Generator[Any]:
    """The official client, whose types are partly unknown; it retries nothing, its key goes into `x-goog-api-key`."""
    retries = types.HttpRetryOptions(attempts=1)
    with httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), timeout=PATIENCE) as bare:
        options = types.HttpOptions(base_url=gateway.root, httpx_client=bare, retry_options=retries)
        yield genai.Client(api_key=key, vertexai=vertex, http_options=options)


class Says(Protocol):
    """Has a provider say something next."""

    def __call__(self, text: str, *, streamed: bool) -> None: ...


class Calls(Protocol):
    """Has a provider think and then call the first tool next."""

    def __call__(self, *, streamed: bool) -> None: ...


def conversation(google: Any, model: str, config: types.GenerateContentConfig, history: Any = ()) -> Any:
    """A conversation of the client's."""
    return google.chats.create(model=model, config=config, history=list(history))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of provider: the model's name, where it answers, and how it is told what to answer next."""

    model: str
    provider: Provider
    says: Says
    thinks_and_calls: Calls

    @property
    def last(self) -> Any:
        """The body that came last."""
        return self.provider.seen[-1].json


def vendor_kind(upstream: Upstream) -> Kind:
    """A vendor that knows its own rules."""

    def says(text: str, *, streamed: bool) -> None:
        upstream.says(text)

    def calls(*, streamed: bool) -> None:
        upstream.does(Plan(thought="Look first.", calls=(0,), arguments=ARGUMENTS))

    return Kind(upstream.model, upstream.provider, says, calls)


def native_kind(provider: Provider) -> Kind:
    """A provider of the Responses API."""
    output = reasoning("Look first.", "gAAAAseal"), function_call("look", ARGUMENTS, "call_1")

    def calls(*, streamed: bool) -> None:
        provider.answer(native_stream(*output) if streamed else native_whole(*output))

    return Kind(NATIVE_MODEL, provider, _saying(provider, "native"), calls)


def chat_kind(provider: Provider) -> Kind:
    """A provider of chat completions."""

    def calls(*, streamed: bool) -> None:
        call = chat_call("look", ARGUMENTS, "call_1")
        if streamed:
            provider.answer(
                chat_stream({"reasoning_content": "Look first."}, {"tool_calls": [call]}, finish="tool_calls")
            )
            return
        said_so = {"role": "assistant", "content": None, "reasoning_content": "Look first.", "tool_calls": [call]}
        choice = {"index": 0, "message": said_so, "finish_reason": "tool_calls"}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        provider.answer(whole({"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage}))

    return Kind(CHAT_MODEL, provider, _saying(provider, "chat"), calls)


def _saying(provider: Provider, kind: str) -> Says:
    def says(text: str, *, streamed: bool) -> None:
        reply: Reply = said(kind, text, streamed=streamed)
        provider.answer(reply)

    return says
