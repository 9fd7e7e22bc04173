"""How samples of requests are written down."""

from typing import Any

from msgspec import Struct

Body = dict[str, Any]

MARK = "m4rk"
"""A word that means nothing, to be found in what is sent."""

PNG = f"data:image/png;base64,{MARK}AAAA"
MP4 = f"data:video/mp4;base64,{MARK}AAAA"
PDF = f"data:application/pdf;base64,{MARK}AAAA"
SEALED = "<sealed>"
"""In place of the encrypted content of reasoning: what the provider that is asked has sealed itself."""

OBJECT: Body = {"type": "object", "properties": {MARK: {"type": "string"}}, "required": [MARK]}


class Sample(Struct, frozen=True):
    """`param` is where a loss of the subject stands. `mark` is found in the body where the provider does it itself.

    `beside` are subjects that the request cannot do without, whose losses may be told as well. `plain` is the same
    request without the subject: where a provider is told of it, it is sent something else.
    """

    body: Body
    param: str
    mark: str | None = MARK
    beside: tuple[str, ...] = ()
    plain: Body | None = None


def asked(**members: Any) -> Body:
    return {"input": "Hi"} | members


def field(name: str, value: Any, mark: str | None = None, **more: Any) -> Sample:
    return Sample(asked(**{name: value}, **more), name, mark, plain=asked(**more))


def said(*items: Body) -> Body:
    return {"input": [{"type": "message", "role": "user", "content": "Hi"}, *items]}


def item(kind: str, *after: Body, mark: str | None = MARK, beside: tuple[str, ...] = (), **members: Any) -> Sample:
    return Sample(said({"type": kind, **members}, *after), "input[1].type", mark, beside)


def user(*content: Body) -> Body:
    return {"input": [{"type": "message", "role": "user", "content": list(content)}]}


def part(kind: str, mark: str | None = MARK, where: str = "", **members: Any) -> Sample:
    body = user({"type": "input_text", "text": "Look."}, {"type": kind, **members})
    return Sample(body, f"input[0].content[1]{where}", mark)


def tool(kind: str, where: str = ".type", mark: str | None = None, **members: Any) -> Sample:
    return Sample(asked(tools=[{"type": kind, **members}]), f"tools[0]{where}", mark)


def function(where: str = ".type", **members: Any) -> Sample:
    return tool("function", where, MARK, **({"name": MARK, "parameters": OBJECT} | members))


def choice(value: Any, *tools: Body, beside: tuple[str, ...] = ("tool.function",)) -> Sample:
    offered = list(tools) or [{"type": "function", "name": MARK}, {"type": "function", "name": "other"}]
    return Sample(asked(tools=offered, tool_choice=value), "tool_choice", None, beside)


def hosted_choice(kind: str, **members: Any) -> Sample:
    beside = (f"tool.{kind}", "choice.left_out")
    return choice({"type": kind}, {"type": kind, **members}, beside=beside)


def included(value: str, *beside: str, **more: Any) -> Sample:
    return Sample(asked(include=[value], **more), "include", value, beside)


def spoken(role: str, kind: str, **members: Any) -> Body:
    return {"type": "message", "role": role, "content": [{"type": kind, **members}]}
