"""What Antiphon costs beside a plain nginx, in processor time per request, measured in one run on one machine.

    make bench                        # or: python benchmarks/run.py
    make bench ARGS="--rounds 5 --seconds 6"

A mock provider, Antiphon and nginx each run in processes of their own on 127.0.0.1, the gateways on one processor and
everything else on the others. A load generator drives one gateway after the other over 16 connections that are kept.
Antiphon runs as it is installed: it logs, and its database is safe against power loss.

Counted is the processor time, user and system, of the gateway's whole process tree, divided by its good answers. It
moves little when the machine is busy with something else; how many requests a second there are says more about the mock
provider and the load generator, so it is not told.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from processes import Server, gateway, load, machine, mock_provider, nginx, nginx_program, share_the_processors

from antiphon import __version__

CONNECTIONS: Final = 16
WARM_UP_SECONDS: Final = 0.7
LONGEST_RUN_SECONDS: Final = 170.0
QUESTION: Final = "How much is it? " * 8

Costs = Mapping[tuple[str, str], list[float]]
"""Microseconds per request of every round, by work and gateway."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request. `floor` is nginx's nearest: the answer of the same provider, untouched."""

    name: str
    path: str
    body: dict[str, object]
    floor: str


RELAYED: Final = "Responses, relayed, JSON, `store: false`"
STORED: Final = "Responses, relayed, JSON, stored"
STREAMED: Final = "Responses, relayed, streamed (an event every 10 ms), stored"
TRANSLATED: Final = "chat completions translated to Responses, streamed, stored"
PLAIN_JSON: Final = "JSON"
PLAIN_EVENTS: Final = "Responses, streamed"
PLAIN_CHAT: Final = "chat completions, streamed"


def asked(provider: str, **more: object) -> dict[str, object]:
    return {"model": f"{provider}/gpt-5-mini", "input": QUESTION, **more}


CHAT: Final[dict[str, object]] = {
    "model": "gpt-5-mini",
    "messages": [{"role": "user", "content": QUESTION}],
    "stream": True,
}
OURS: Final = (
    Work(RELAYED, "/v1/responses", asked("native", store=False), PLAIN_JSON),
    Work(STORED, "/v1/responses", asked("native"), PLAIN_JSON),
    Work(STREAMED, "/v1/responses", asked("native", stream=True), PLAIN_EVENTS),
    Work(TRANSLATED, "/v1/responses", asked("chat", stream=True), PLAIN_CHAT),
)
PLAIN: Final = (
    Work(PLAIN_JSON, "/v1/responses", asked("native", store=False), PLAIN_JSON),
    Work(PLAIN_EVENTS, "/v1/responses", asked("native", stream=True), PLAIN_EVENTS),
    Work(PLAIN_CHAT, "/v1/chat/completions", CHAT, PLAIN_CHAT),
)


def cost(server: Server, work: Work, seconds: float) -> float:
    """Microseconds of processor time per good answer. Exits when there was any other answer."""
    url = f"http://127.0.0.1:{server.port}{work.path}"
    before = server.cpu_seconds()
    told = load(url, work.body, seconds=seconds, connections=CONNECTIONS)
    spent = server.cpu_seconds() - before
    if told["errors"] or not told["answers"]:
        sys.exit(f"{work.name}: {told['errors']:.0f} bad answers of {told['answers'] + told['errors']:.0f}")
    return spent / told["answers"] * 1e6


def measured(gateways: Mapping[str, tuple[Server, Sequence[Work]]], rounds: int, seconds: float) -> Costs:
    """Every kind of work at every gateway, once per round, so that neighbours in time are compared."""
    costs: dict[tuple[str, str], list[float]] = {}
    began = time.monotonic()
    for name, (server, works) in gateways.items():
        for work in works:
            cost(server, work, WARM_UP_SECONDS)
            costs[name, work.name] = []
    for number in range(rounds):
        for name, (server, works) in gateways.items():
            for work in works:
                costs[name, work.name].append(cost(server, work, seconds))
        spent = time.monotonic() - began
        print(f"round {number + 1} of {rounds} done after {spent:.0f} s", file=sys.stderr, flush=True)
        if spent / (number + 1) * (number + 2) > LONGEST_RUN_SECONDS:
            break
    return costs


def lines(costs: Costs, *, with_nginx: bool) -> list[str]:
    """The table. A ratio is the median of the rounds' ratios, with the least and the greatest of them."""
    table = ["| Work | Antiphon, µs | nginx, µs | ratio (least to greatest) |", "|---|--:|--:|--:|"]
    for work in OURS:
        ours = costs["antiphon", work.name]
        if not with_nginx:
            table.append(f"| {work.name} | {median(ours):.0f} | not measured | |")
            continue
        floor = costs["nginx", work.floor]
        ratios = [one / other for one, other in zip(ours, floor, strict=True)]
        spread = f"{median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        table.append(f"| {work.name} | {median(ours):.0f} | {median(floor):.0f} | {spread} |")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (default: 3)")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each measurement takes (default: 4)")
    arguments = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit("The benchmark reads processor times from /proc, which only Linux has.")
    share_the_processors()
    with_nginx = nginx_program() is not None
    if not with_nginx:
        print("nginx is not installed, so there is nothing to compare with: it is left out.", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name, mock_provider() as mock:
        folder = Path(name)
        with gateway(folder, mock) as ours:
            gateways: dict[str, tuple[Server, Sequence[Work]]] = {"antiphon": (ours, OURS)}
            if with_nginx:
                with nginx(folder, mock) as theirs:
                    costs = measured(gateways | {"nginx": (theirs, PLAIN)}, arguments.rounds, arguments.seconds)
            else:
                costs = measured(gateways, arguments.rounds, arguments.seconds)
    rounds = len(costs["antiphon", RELAYED])
    print(f"Antiphon {__version__}, {time.strftime('%Y-%m-%d')}. {machine()}.")
    print(f"{CONNECTIONS} connections, {rounds} rounds of {arguments.seconds:g} s; processor time per request.\n")
    print("\n".join(lines(costs, with_nginx=with_nginx)))


if __name__ == "__main__":
    main()
