"""The seam of requests that are passed on in the client's own format: what a host wants said differently."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from msgspec import Raw

from antiphon.protocols import Built, Format, Target


class Wrapping(ABC):
    """A dialect of a host that takes a client's own request in the same format, but put differently."""

    relays: Format

    @abstractmethod
    def wrapped(self, members: Mapping[str, Raw], target: Target, headers: Mapping[bytes, bytes]) -> Built:
        """The request to send. `members` are those of the client's body, `headers` by lower-case name."""
        ...

    @abstractmethod
    def unwrapping(self) -> Callable[[bytes], bytes] | None:
        """For one stream: makes of the host's bytes what the client reads. None where these are the same.

        It raises UpstreamError for what is no stream, or for the failure that the host tells of.
        """
        ...
