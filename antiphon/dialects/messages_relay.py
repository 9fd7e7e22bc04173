"""A client's own request of the Messages API, as each host takes it; and Amazon's streams as the client reads them.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
and https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.invoke_reader import event_in
from antiphon.dialects.messages_hosts import Host
from antiphon.errors import BadRequest
from antiphon.protocols import Built, Target
from antiphon.wire.aws_frames import MessageSplitter

BETA: Final = b"anthropic-beta"

_encode: Final = msgspec.json.Encoder().encode


class _Typed(Struct, frozen=True, gc=False):
    type: str = "ping"


_typed: Final = msgspec.json.Decoder(_Typed).decode
_strings: Final = msgspec.json.Decoder(list[str]).decode


def wrapped(members: Mapping[str, Raw], target: Target, headers: Mapping[bytes, bytes], host: Host) -> Built:
    """The request for one host. Names of betas that a host refuses are left out: it has what they stand for, or not."""
    body = {name: value for name, value in members.items() if name not in ("model", "anthropic_version")}
    if host.says_model:
        body["model"] = Raw(_encode(target.model))
    if host.version:
        body["anthropic_version"] = Raw(_encode(host.version))
    if not host.says_stream:
        body.pop("stream", None)
    betas = [name.strip() for name in headers.get(BETA, b"").decode("ascii", "replace").split(",")]
    betas = [name for name in betas if name and (host.betas is None or name in host.betas)]
    lines = b"".join(b"%b: %b\r\n" % (name, value) for name, value in headers.items() if name != BETA)
    if host.betas_in_body:
        given = _betas_in(body["anthropic_beta"]) if "anthropic_beta" in body else []
        if betas := list(dict.fromkeys([*given, *betas])):
            body["anthropic_beta"] = Raw(_encode(betas))
    elif betas:
        lines += b"%b: %b\r\n" % (BETA, ",".join(betas).encode())
    return Built(_encode(body), headers=lines)


def _betas_in(value: Raw) -> list[str]:
    try:
        return _strings(value)
    except msgspec.ValidationError:
        raise BadRequest("'anthropic_beta' must be a list of names.", param="anthropic_beta") from None


def unframing() -> Callable[[bytes], bytes]:
    """For one stream of Amazon's: the events of what has come, as Anthropic sends them.

    It raises UpstreamError for what is no such stream, or for the failure that Amazon tells of.
    """
    splitter = MessageSplitter()

    def unframed(data: bytes) -> bytes:
        events = [event for message in splitter.feed(data) if (event := event_in(message)) is not None]
        return b"".join([b"event: %b\ndata: %b\n\n" % (_typed(event).type.encode(), event) for event in events])

    return unframed
