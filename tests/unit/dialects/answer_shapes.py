"""How samples of answers are written down, and what is called in them in every format."""

from msgspec import Struct, field

from tests.unit.dialects.sampling import MARK, Body

LOGPROBS = "message.output_text.logprobs"


class Answer(Struct, frozen=True):
    """`body` is what the provider says, `mark` what must be in the response; `asked` is what the client wanted.

    `model` is one that answers so, where not every one does.
    """

    body: Body
    mark: str = MARK
    asked: Body = field(default_factory=lambda: {"input": "Hi"})
    model: str = ""


CALLS: dict[str, tuple[Body, str, Body, str]] = {
    "output.apply_patch_call": (
        {"type": "apply_patch"},
        "apply_patch",
        {"operation": {"type": "delete_file", "path": MARK}},
        f'"path":"{MARK}"',
    ),
    "output.custom_tool_call": ({"type": "custom", "name": "run"}, "run", {"input": MARK}, MARK),
    "output.function_call": ({"type": "function", "name": "look"}, "look", {"q": MARK}, MARK),
    "output.local_shell_call": ({"type": "local_shell"}, "local_shell", {"command": [MARK]}, "exec"),
    "output.shell_call": ({"type": "shell"}, "shell", {"commands": [MARK]}, '"shell_call"'),
    "output.tool_search_call": (
        {"type": "tool_search", "execution": "client"},
        "tool_search",
        {"query": MARK},
        '"tool_search_call"',
    ),
}
"""The client's tool, its name and its arguments at the provider, and what is seen of its call in the response."""
