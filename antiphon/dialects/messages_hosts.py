"""Who serves the Messages API, and how each departs from Anthropic's own: data.

https://platform.claude.com/docs/en/api/messages, .../build-with-claude/claude-on-vertex-ai and
.../claude-on-amazon-bedrock-legacy (read 2026-11), recordings bedrock.invoke.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

HostName = Literal["anthropic", "vertex", "bedrock"]


class Host(Struct, frozen=True, kw_only=True):
    """One host. `version` stands in the body, where it does; else the model and the wish for a stream may.

    `in_frames`: streams come in Amazon's frames, and errors in Amazon's words.
    `betas_in_body`: the names of betas are no header. `runs` are the hosted tools that it has. `addresses` and `files`:
    it fetches what has an address, and keeps files under ids. `betas` are those that it knows by name, None for all;
    others are errors. `whole`: it has all of what Anthropic itself has besides:
    service tiers, names of users, system messages between others, settings for the binding of thoughts.
    """

    dialect: str
    version: str = ""
    says_model: bool = False
    says_stream: bool = True
    in_frames: bool = False
    betas_in_body: bool = False
    runs: frozenset[str] = frozenset()
    addresses: bool = False
    files: bool = False
    whole: bool = False
    betas: frozenset[str] | None = None


_BETAS: Final = frozenset(
    {
        "computer-use-2025-01-24",
        "computer-use-2025-11-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dev-full-thinking-2025-05-14",
        "effort-2025-11-24",
        "interleaved-thinking-2025-05-14",
        "output-128k-2025-02-19",
        "token-efficient-tools-2025-02-19",
        "tool-examples-2025-10-29",
        "tool-search-tool-2025-10-19",
    }
)

HOSTS: Final[dict[HostName, Host]] = {
    "anthropic": Host(
        dialect="messages",
        says_model=True,
        runs=frozenset({"web_search", "code_interpreter", "mcp", "computer"}),
        addresses=True,
        files=True,
        whole=True,
    ),
    "vertex": Host(
        dialect="vertex-messages", version="vertex-2023-10-16", runs=frozenset({"web_search", "computer"}), betas=_BETAS
    ),
    "bedrock": Host(
        dialect="bedrock-messages",
        version="bedrock-2023-05-31",
        says_stream=False,
        in_frames=True,
        betas_in_body=True,
        runs=frozenset({"computer"}),
        betas=_BETAS,
    ),
}
