"""Where requests to Anthropic's models may be cached."""

from __future__ import annotations

from antiphon.wire.requests import Item
from tests.chat_streams import function_tool
from tests.unit.dialects.messages_turns import (
    Body,
    assistant,
    lossy,
    part,
    sent,
    user,
)


def marks(body: Body) -> list[str]:
    """Where a request may be cached."""
    found = ["tools"] * any("cache_control" in each for each in body.get("tools", ()))
    found += ["system"] * any("cache_control" in each for each in body.get("system", ()))
    said = [(place, each) for place, message in enumerate(body["messages"]) for each in message["content"]]
    return found + [f"messages[{place}]" for place, each in said if "cache_control" in each]


def test_what_comes_again_is_cached() -> None:
    assert marks(sent({})) == []
    asked: Body = {"instructions": "Be kind.", "tools": [function_tool("f")]}
    assert marks(sent(asked)) == ["tools", "system"]
    long = asked | {"input": [user("1"), assistant("2"), user("3"), assistant("4"), user("5")]}
    assert marks(sent(long)) == ["tools", "system", "messages[2]", "messages[4]"]
    assert marks(sent({"prompt_cache_key": "k"})) == ["messages[0]"]
    assert marks(sent(asked, "gpt-oss:20b")) == []
    body, _ = lossy({"prompt_cache_retention": "24h"})
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_a_client_that_marks_parts_decides_alone() -> None:
    def marked(said: str, **mark: str) -> Item:
        return part("input_text", text=said, prompt_cache_breakpoint={"mode": "explicit", **mark})

    body = sent({"instructions": "Be kind.", "input": [marked("a", ttl="12h"), assistant("b"), marked("c"), user("d")]})
    assert marks(body) == ["messages[0]", "messages[2]"]
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    many = sent({"input": [each for place in range(6) for each in (marked(str(place)), assistant("x"))] + [user("y")]})
    assert marks(many) == [f"messages[{place}]" for place in (4, 6, 8, 10)]
