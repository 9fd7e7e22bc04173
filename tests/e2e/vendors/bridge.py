"""The fakes of vendors behind HTTP, each with its own door: what it would refuse is a failure of the test."""

from __future__ import annotations

import struct
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import msgspec

from antiphon.model_settings import ModelSettings
from antiphon.settings import DownloadSettings, Settings
from tests.e2e.upstream import Piece, Provider, Reply, Seen, refusing, serving, whole
from tests.e2e.vendors.doors import AMAZON, DOORS, SSE, Door
from tests.vendors.vendor import Plan, Refused, need

_PIECES = 7
"""Streams come in so many pieces, wherever that cuts them."""


class Upstream:
    """One vendor behind the gateway. `faults` are the rules that were broken."""

    def __init__(self, door: Door, provider: Provider) -> None:
        self.door = door
        self.provider = provider
        self.vendor = door.make()
        self.faults: list[str] = []

    @property
    def model(self) -> str:
        """As clients call it."""
        return f"{self.door.kind}/{self.vendor.model}"

    @property
    def last(self) -> Any:
        """The body that came last."""
        return self.provider.seen[-1].json

    def does(self, *plans: Plan, middle: Piece | None = None) -> None:
        """Adds to what it will do. `middle` comes between the frames of a stream, after its first words."""
        self.provider.answer(*(partial(self._answer, plan, middle) for plan in plans))

    def says(self, *texts: str) -> None:
        self.does(*map(Plan, [""] * len(texts), texts))

    def breaks(self, plan: Plan, middle: Piece) -> None:
        """A stream that ends where it should go on."""
        self.provider.answer(lambda seen: self._cut_short(plan, middle, seen))

    def counts(self) -> None:
        """Its next answer is how many tokens a request has."""
        self.provider.answer(self._count)

    def _answer(self, plan: Plan, middle: Piece | None, seen: Seen) -> Reply:
        try:
            streamed = self.door.enter(seen, self.provider.url, self.vendor.model)
            self.vendor.take(seen.json)
        except Refused as refused:
            return self._refuse(refused)
        if not streamed:
            return Reply(self.vendor.whole(plan))
        data = self.vendor.stream(plan)
        if middle is None:
            size = len(data) // _PIECES + 1
            return self._stream([data[start : start + size] for start in range(0, len(data), size)])
        frames = frames_of(data, self.door.media_type)
        half = len(frames) // 2
        return self._stream([*frames[:half], middle, *frames[half:]])

    def _cut_short(self, plan: Plan, middle: Piece, seen: Seen) -> Reply:
        whole_stream = self._answer(plan, middle, seen)
        pieces = whole_stream.pieces or ()
        return self._stream(pieces[: list(pieces).index(middle) + 1])

    def _count(self, seen: Seen) -> Reply:
        try:
            need(seen.path == self.door.counts(self.vendor.model), f"counted at {seen.path}")
            self.door.open(seen, self.provider.url)
        except Refused as refused:
            return self._refuse(refused)
        return whole(self.door.counted)

    def _refuse(self, refused: Refused) -> Reply:
        self.faults.append(str(refused))
        return refusing(f"{self.door.kind}: {refused}", 400)

    def _stream(self, pieces: Sequence[Piece]) -> Reply:
        return Reply(pieces=pieces, media_type=self.door.media_type)


def frames_of(data: bytes, media_type: str) -> list[bytes]:
    """A stream, event by event."""
    if media_type == AMAZON:
        frames: list[bytes] = []
        while data:
            size = struct.unpack(">I", data[:4])[0]
            frames.append(data[:size])
            data = data[size:]
        return frames
    end = b"\n\n" if media_type == SSE else b"\n"
    return [piece + end for piece in data.split(end) if piece]


@contextmanager
def vendors_serving() -> Generator[dict[str, Provider]]:
    """A running provider for every vendor, by its kind."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(serving()) for kind in DOORS}


def settings_with_vendors(base: Settings, servers: Mapping[str, Provider], **changes: Any) -> Settings:
    """The settings with every vendor besides, and for each an alias that the next one answers if it fails."""
    providers = {kind: DOORS[kind].settings(server.url) for kind, server in servers.items()}
    names = {kind: f"{kind}/{DOORS[kind].make().model}" for kind in servers}
    aliases = {f"{kind}-or-next": ModelSettings(targets=[names[kind], names[following(kind)]]) for kind in servers}
    made: dict[str, Any] = {
        "providers": base.providers | providers,
        "models": base.models | aliases,
        "downloads": DownloadSettings(allow_private=True),
    }
    return msgspec.structs.replace(base, **made | changes)


def following(kind: str) -> str:
    """The next of the vendors, the first after the last."""
    kinds = list(DOORS)
    return kinds[(kinds.index(kind) + 1) % len(kinds)]
