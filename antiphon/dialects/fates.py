"""What becomes of each thing that a client can ask for or send, in one format that providers speak.

A table of fates is data: dialects report losses by it, the pages of the documentation are written from it, and a test
holds it against what the dialect does. Subjects are written with the kind of thing first; `subjects.py` has them all:

- ``field.temperature``, ``field.reasoning.effort``: a member of the request
- ``tool.web_search``: a type of tool; ``choice.allowed_tools``: a form of `tool_choice`
- ``item.mcp_call``: a type of input item; ``part.input_audio``: a type of content part
- ``output.annotations``, ``output.logprobs``: something of the answer

A fate may depend on a provider's quirks: `Fate.at` says what holds for one provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace
from typing_extensions import override

from antiphon.quirks import Quirks

Way = Literal["native", "emulated", "approximated", "refused"]
"""The provider does it itself; the gateway does it, and nothing is lost; it is lost or changed, and the client is told;
the request is answered with an error."""

Relation = Literal["is", "is not", "holds"]


class Fate(Struct, frozen=True):
    """`sentence` tells the client what was lost, with ``{provider}`` and what else stands in braces put in.

    `code` is the error's where the loss is refused. `note` says to a reader of the documentation how it is done. With
    `at_times` that is so for some models or in some circumstances alone; else the provider does it. The first of
    `cases` that a provider's quirks fulfil holds in place of all that.
    """

    way: Way
    sentence: str = ""
    code: str | None = "unsupported_value"
    note: str = ""
    cases: tuple[Case, ...] = ()
    at_times: bool = False

    def at(self, quirks: Quirks) -> Fate:
        """The fate at a provider with these quirks, which has no cases any more."""
        for case in self.cases:
            if case.fulfilled(quirks):
                return case.fate.at(quirks)
        return replace(self, cases=()) if self.cases else self

    def where(self, quirk: str, relation: Relation, value: object, fate: Fate) -> Fate:
        """This fate, but `fate` where the quirk is, is not, or holds `value`. Cases that were named before go first."""
        return replace(self, cases=(*self.cases, Case(quirk, relation, value, fate)))

    def unless(self, quirk: str, fate: Fate) -> Fate:
        """This fate, but `fate` where the quirk is not true."""
        return self.where(quirk, "is", False, fate)  # noqa: FBT003 - the value that a quirk has

    def without(self, *fields: str) -> Fate:
        """This fate, but left out where the provider refuses one of these members of its API. This goes first."""
        refusals = (Case("refused_fields", "holds", field, LEFT_OUT) for field in fields)
        return replace(self, cases=(*refusals, *self.cases))


class Case(Struct, frozen=True):
    """What holds where a quirk is so."""

    quirk: str
    relation: Relation
    value: object
    fate: Fate

    def fulfilled(self, quirks: Quirks) -> bool:
        """Whether the quirk is so."""
        found = getattr(quirks, self.quirk)
        match self.relation:
            case "is":
                return found == self.value
            case "is not":
                return found != self.value
            case _:
                return self.value in found


Fates = Mapping[str, Fate]
"""By subject."""

NATIVE: Final = Fate("native")
EMULATED: Final = Fate("emulated")

ABSENT: Final = "The provider's answers hold none."


def native(note: str) -> Fate:
    """The provider does it itself; `note` says what there is to know of that."""
    return Fate("native", note=note)


def absent(note: str = "") -> Fate:
    """The provider's answers never hold it, so that nothing is lost; `note` says what there is to know of that."""
    return native(" ".join(filter(None, (ABSENT, note))))


def emulated(note: str) -> Fate:
    """The gateway does it, as `note` says, and nothing is lost."""
    return Fate("emulated", note=note)


def approximated(sentence: str, code: str | None = "unsupported_value", note: str = "") -> Fate:
    """Lost or changed; `sentence` says so."""
    return Fate("approximated", sentence, code, note)


def all_of(kind: str, names: str, fate: Fate) -> dict[str, Fate]:
    """One fate for several subjects of a kind, whose names are given with blanks between them."""
    return {f"{kind}.{name}": fate for name in names.split()}


def sometimes(sentence: str, code: str | None = "unsupported_value", note: str = "") -> Fate:
    """As `approximated`, for some models or in some circumstances; native else."""
    return Fate("approximated", sentence, code, note, at_times=True)


def refused(sentence: str, code: str | None = "unsupported_value") -> Fate:
    """Answered with an error of these words."""
    return Fate("refused", sentence, code)


LEFT_OUT: Final = approximated("{provider} does not take '{param}'; it was left out.", "unsupported_parameter")
"""A member of the request that a provider is not told; `param` is its name in the request."""


class Gap(str):
    """What stands in a sentence for a word that is not given, whatever its format."""

    __slots__ = ()

    @override
    def __format__(self, format_spec: str, /) -> str:
        return str(self)


UNKNOWN: Final = approximated("These parameters were left out: {names}.", "unsupported_parameter")
"""Members of the request that nobody acts on."""
