"""Which items of a context can go without the others losing their sense.

Law: a call goes with its output, reasoning with what it led to, and the newest input stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from antiphon.wire.requests import Item


def groups_of(items: Sequence[Item]) -> list[range]:
    """The context cut where it may be cut: each group is whole in itself, and they follow one another."""
    ends = _last_answers(items)
    groups: list[range] = []
    start = reach = 0
    for place, item in enumerate(items):
        reach = max(reach, ends.get(place, place))
        if item.get("type") == "reasoning":
            reach = max(reach, place + 1)
        if place >= reach:
            groups.append(range(start, place + 1))
            start = place + 1
    if start < len(items):
        groups.append(range(start, len(items)))
    return groups


def newest_input(items: Sequence[Item], groups: Sequence[range]) -> int:
    """The number of the group with which the newest input begins: the user's last words and all that follow them."""
    last = len(groups) - 1
    number = next((n for n in range(last, -1, -1) if any(_is_said(items[p]) for p in groups[n])), max(last, 0))
    return _first_in_row(items, groups, number)


def unanswered(items: Sequence[Item], groups: Sequence[range]) -> int:
    """The number of the group with which what nobody has answered begins: the user's words, or a call's output."""
    return _first_in_row(items, groups, max(len(groups) - 1, 0))


def _first_in_row(items: Sequence[Item], groups: Sequence[range], number: int) -> int:
    """Messages in a row are one input: the number of the first of those that end with this group."""
    while number and all(_is_said(items[place]) for place in (*groups[number], *groups[number - 1])):
        number -= 1
    return number


def trimmed(items: Sequence[Item], fits: Callable[[int], bool]) -> int:
    """How many items to drop from the beginning: the fewest with which `fits`, given that number, is content.

    Where nothing fits, all that may be dropped. `fits` must stay content once it is.
    """
    groups = groups_of(items)
    if not groups:
        return 0
    cuts = [group.start for group in groups[: newest_input(items, groups) + 1]]
    low, high = 0, len(cuts) - 1
    while low < high:
        middle = (low + high) // 2
        if fits(cuts[middle]):
            high = middle
        else:
            low = middle + 1
    return cuts[low]


def _last_answers(items: Sequence[Item]) -> dict[int, int]:
    """For each item that shares a call with later ones, the place of the last of those."""
    first: dict[str, int] = {}
    ends: dict[int, int] = {}
    for place, item in enumerate(items):
        key = item.get("call_id") or item.get("approval_request_id")
        if key is None and item.get("type") in ("mcp_approval_request", "local_shell_call", "local_shell_call_output"):
            key = item.get("id")
        if isinstance(key, str):
            ends[first.setdefault(key, place)] = place
    return ends


def _is_said(item: Item) -> bool:
    """Whether it is a message that is not the model's."""
    return item.get("type", "message") == "message" and item.get("role") != "assistant"
