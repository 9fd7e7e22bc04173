"""What becomes of each thing that a client can ask for or send, in one format that providers speak.

A table of fates is data: dialects report losses by it, the pages of the documentation are written from it, and a test
holds it against what the dialect does. Subjects are written with the kind of thing first:

- ``field.temperature``, ``field.reasoning.effort``: a member of the request
- ``tool.web_search``: a type of tool; ``choice.allowed_tools``: a form of `tool_choice`
- ``item.mcp_call``: a type of input item; ``part.input_audio``: a type of content part
- ``output.annotations``, ``output.logprobs``: something of the answer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Way = Literal["native", "emulated", "approximated", "refused"]
"""The provider does it itself; the gateway does it, and nothing is lost; it is lost or changed, and the client is told;
the request is answered with an error."""


class Fate(Struct, frozen=True):
    """`sentence` tells the client what was lost, with ``{provider}`` and what else stands in braces put in."""

    way: Way
    sentence: str = ""


Fates = Mapping[str, Fate]
"""By subject."""

NATIVE = Fate("native")
EMULATED = Fate("emulated")


def approximated(sentence: str) -> Fate:
    """Lost or changed; `sentence` says so."""
    return Fate("approximated", sentence)


def refused(sentence: str) -> Fate:
    """Answered with an error of these words."""
    return Fate("refused", sentence)
