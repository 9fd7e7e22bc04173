"""Several answers told as the choices of one chat completion."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from antiphon.dialects.client_chat_answer import ChatTeller, chat_end
from antiphon.dialects.client_chat_shapes import ChatTold
from antiphon.dialects.client_chat_whole import chat_whole


class ChatTelling(Struct, frozen=True):
    """Tells choices, whole or chunk by chunk. Law: the chunks of each, joined, are what the whole says of it."""

    told: ChatTold

    def choice(self, index: int) -> ChatTeller:
        """What tells a streamed choice."""
        return ChatTeller(self.told, index, only=False)

    def whole(self, bodies: Sequence[bytes]) -> bytes:
        """The completion for response objects that ended well or early, a choice for each."""
        return chat_whole(bodies, self.told)

    def end(self, bodies: Sequence[bytes]) -> bytes:
        """What follows the last chunk of the last choice."""
        return chat_end(self.told, bodies)
