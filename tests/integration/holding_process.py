"""A process that tries to hold a conversation, says how that went, and then does nothing until it is killed.

python -m tests.integration.holding_process URL CONVERSATION RESPONSE
"""

import asyncio
import os
import sys
import time

import uvloop

from antiphon.conversation_protocols import Holder
from antiphon.store.conversation_turns import SqlConversationTurns
from antiphon.store.database import SqlDatabase
from tests.contracts.responses_store import MINE


async def hold(url: str, conversation_id: str, response_id: str) -> None:
    async with SqlDatabase.open(url) as database:
        held = await SqlConversationTurns(database, time.time).hold(Holder(MINE, conversation_id, response_id))
        os.write(sys.stdout.fileno(), f"{held.verdict.value}\n".encode())
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(hold(*sys.argv[1:4]))
