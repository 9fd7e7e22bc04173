"""What the connections of one event loop share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from antiphon.http.call import Receive, Scope, Send
from antiphon.http.heads import CommonHeaders
from antiphon.http.patience import Patience
from antiphon.writes import writes_of

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Serving:
    """The application, and the server's state: uvicorn waits for its connections and tasks, and cancels what stays."""

    def __init__(self, config: Config, state: ServerState, app_state: dict[str, Any], patience: Patience) -> None:
        """`config` has been loaded."""
        self.config = config
        self.state = state
        self.app_state = app_state
        self.patience = patience
        self.app: App = vars(config)["loaded_app"]
        self.loop = asyncio.get_running_loop()
        self.writes = writes_of(self.loop)
        self.tasks = state.tasks
        self._new_task = partial(asyncio.Task[None], loop=self.loop, name="request")  # a name costs less than none
        self._common = CommonHeaders(state.default_headers)

    @property
    def common(self) -> CommonHeaders:
        """What every answer has."""
        common, headers = self._common, self.state.default_headers
        if headers is not common.headers:
            common = self._common = CommonHeaders(headers)
        return common

    def begin(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task of the server's, which takes itself out of `tasks` when it ends."""
        task = self._new_task(coroutine)
        self.tasks.add(task)
        return task
