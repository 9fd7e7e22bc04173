"""A legacy completions request as the create requests that ask the same, one for each of its prompts.

https://platform.openai.com/docs/api-reference/completions/create (read 2026-11).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from antiphon.dialects.client_chat_request import MOST_CHOICES, limited
from antiphon.errors import BadRequest
from antiphon.wire.faults import UNDECODABLE, missing, told
from antiphon.wire.requests import Item, Request

_SAME: Final = (
    *("model", "stream", "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "user", "top_k"),
    *("provider", "strict", "logit_bias", "service_tier", "safety_identifier", "prompt_cache_key"),
)
"""Members that mean the same in both APIs."""

_SPOKEN: Final = frozenset(
    {*_SAME, "prompt", "suffix", "echo", "best_of", "n", "logprobs", "max_tokens", "stop", "stream_options"}
)
_MOST_LOGPROBS: Final = 20
_INSERT: Final = (
    "Continue the user's text so that the text below can follow it. Answer with nothing but what stands between the"
    " two.\n\n{suffix}"
)
_RANKED: Final = "Nobody tells which of several answers is the best; 'best_of' was left out."


class _Options(Struct, frozen=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class _Completion(Struct, frozen=True):
    model: str | None = None
    prompt: str | list[Any] | None = None
    suffix: str | None = None
    echo: bool | None = None
    best_of: Annotated[int, Meta(ge=1, le=20)] | None = None
    n: Annotated[int, Meta(ge=1, le=MOST_CHOICES)] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=_MOST_LOGPROBS)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: _Options | None = None


_completion: Final = msgspec.json.Decoder(_Completion).decode
_members: Final = msgspec.json.Decoder(dict[str, Any]).decode


class AskedByCompletion(Struct, frozen=True):
    """What is asked: one request for each prompt, and so many answers to each. `echo`: they begin with the prompt.

    `notes` are sentences about what was lost.
    """

    requests: tuple[Request, ...]
    prompts: tuple[str, ...]
    choices: int = 1
    echo: bool = False
    includes_usage: bool = False
    notes: tuple[str, ...] = ()


def asked_by_completion(body: bytes) -> AskedByCompletion:
    """Reads a legacy completions body. Raises BadRequest, whose `param` names its member."""
    try:
        if not body.isascii():
            body.decode()
        said, members = _completion(body), _members(body)
    except UNDECODABLE as error:
        raise told(error, _Completion) from None
    prompts = _prompts(said.prompt)
    choices = said.n or 1
    if len(prompts) * choices > MOST_CHOICES:
        message = f"{len(prompts)} prompts with {choices} answers each are more than {MOST_CHOICES}; ask for fewer."
        raise BadRequest(message, param="n", code="invalid_value")
    asked = {name: members[name] for name in _SAME if members.get(name) is not None}
    asked |= {name: value for name, value in members.items() if name not in _SPOKEN and value is not None}
    asked |= {"store": False, "stream_options": {"include_obfuscation": False}}
    if said.stop:
        asked["stop"] = [said.stop] if isinstance(said.stop, str) else said.stop
    if said.suffix:
        asked["instructions"] = _INSERT.format(suffix=said.suffix)
    if said.logprobs is not None:
        asked |= {"include": ["message.output_text.logprobs"], "top_logprobs": said.logprobs}
    options = said.stream_options or _Options()
    return AskedByCompletion(
        requests=tuple(limited(asked | {"input": [_user(prompt)]}, said.max_tokens) for prompt in prompts),
        prompts=prompts,
        choices=choices,
        echo=said.echo is True,
        includes_usage=options.include_usage is True,
        notes=(_RANKED,) if said.best_of is not None and said.best_of > choices else (),
    )


def _user(prompt: str) -> Item:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": prompt}]}


def _prompts(prompt: str | list[Any] | None) -> tuple[str, ...]:
    """The texts. Numbers of tokens mean something to one vocabulary alone."""
    if prompt is None or prompt == []:
        raise missing("prompt")
    texts = [prompt] if isinstance(prompt, str) else prompt
    found = tuple(text for text in texts if isinstance(text, str))
    if len(found) < len(texts):
        message = (
            "This model is asked in words: 'prompt' must be a text or a list of texts. Lists of token numbers can only"
            " be told to a provider that has legacy completions itself."
        )
        raise BadRequest(message, param="prompt", code="unsupported_value")
    return found
