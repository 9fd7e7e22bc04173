"""What a provider cannot be told: a sentence for each loss, or a refusal where the client wants no loss."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from antiphon.dialects.common_fates import reported
from antiphon.dialects.fates import Fate, Fates, Gap
from antiphon.dialects.sealed import removal
from antiphon.errors import BadRequest
from antiphon.protocols import Target
from antiphon.quirks import Quirks
from antiphon.wire.faults import explained
from antiphon.wire.responses import Transformation, TransformationReason

_Value = TypeVar("_Value")

_NO_FATES: Final[Fates] = MappingProxyType({})


class _Words(dict[str, object]):
    """What is put into a sentence; a word that is not there stays as it is written."""

    def __missing__(self, word: str) -> Gap:
        return Gap(word)


class Losses:
    """Collects one sentence per loss, in order and without repetition."""

    __slots__ = ("_fates", "_provider", "_quirks", "_strict", "_warnings", "removed")

    def __init__(
        self, *, strict: bool, provider: str = "", fates: Fates = _NO_FATES, quirks: Quirks | None = None
    ) -> None:
        """`strict` makes the first loss an error. `removed` are the reasoning items among the losses.

        `quirks` are those of the provider, on which fates may depend.
        """
        self._strict = strict
        self._provider = provider
        self._fates = fates
        self._quirks = quirks or Quirks()
        self.removed: list[Transformation] = []
        self._warnings: dict[str, None] = {}

    @property
    def strict(self) -> bool:
        """Whether the client refuses any loss."""
        return self._strict

    def lose(self, message: str, param: str, code: str | None = "unsupported_value") -> None:
        """Notes that what stands at `param` does not reach the model. Raises BadRequest when strict."""
        if self._strict:
            raise BadRequest(message, param=param, code=code)
        self._warnings[message] = None

    def report(self, subject: str, place: str, **words: object) -> None:
        """Notes what the table of fates says of `subject`, which stands at `place` in the request.

        `words` are put into its sentence, with `provider` and `param`, the place. Raises BadRequest for what is
        refused, and for any loss when strict.
        """
        self._tell(reported(self._fates, subject).at(self._quirks), place, words)

    def miss(self, subject: str, place: str, fate: Fate, **words: object) -> None:
        """As `report`, for what is lost for certain: where the table has it done, that holds for other models.

        Then `fate` is told.
        """
        found = reported(self._fates, subject).at(self._quirks)
        self._tell(found if found.way in ("approximated", "refused") else fate, place, words)

    def _tell(self, fate: Fate, place: str, words: dict[str, object]) -> None:
        message = fate.sentence.format_map(_Words({"provider": self._provider, "param": place} | words))
        if fate.way == "refused":
            raise BadRequest(message, param=place, code=fate.code)
        if fate.way == "approximated":
            self.lose(message, place, fate.code)

    def remove(self, id: str, reason: TransformationReason, target: Target, place: str) -> None:
        """Notes that a reasoning item does not reach the model. Raises BadRequest when strict."""
        self.lose(removal(reason, target), place)
        self.removed.append(Transformation(id, reason))

    def sentences(self) -> tuple[str, ...]:
        return tuple(self._warnings)


def decoded(value: Any, kind: type[_Value], place: str) -> _Value:
    """`value` as `kind`. Raises BadRequest whose `param` begins with `place`, such as ``input[3]``."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise explained(error, kind, place) from None
