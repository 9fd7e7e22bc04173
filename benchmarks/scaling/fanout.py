"""What a word to everybody costs when 1,000 replicas listen: PostgreSQL's NOTIFY, and Redis' PUBLISH.

    python benchmarks/scaling/fanout.py [--words 2000]

Each listener is a connection of its own to a real server. What comes is counted as bytes and thrown away by one thread,
so that the listeners cost little beside the server.
"""

from __future__ import annotations

import argparse
import os
import resource
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Final

import msgspec
from psycopg import connect
from servers import Postgres, cpu_seconds, postgres, redis

from antiphon.bus import Word

CHANNEL: Final = "antiphon"
PAYLOAD: Final = "antiphon_0123456789abcdef 1 1 " + msgspec.json.encode([Word("more", "resp_" + "0" * 48)]).decode()
LISTENERS: Final = (1, 10, 100, 1000)
BURSTS: Final = (1, 50)
"""Words that are said together, as a bus says those that wait: one by one is the worst case."""

MANY: Final = 300
QUIET_SECONDS: Final = 20.0


class Ears:
    """Reads from many sockets in a thread, and knows when each has heard everything."""

    def __init__(self, sockets: Sequence[int], expected: int) -> None:
        """`expected` is how many bytes each gets."""
        self._selector = selectors.DefaultSelector()
        self._left = dict.fromkeys(sockets, expected)
        for each in sockets:
            self._selector.register(each, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def wait(self) -> None:
        """Returns when everybody has heard everything, or nobody hears any more."""
        self._thread.join()

    @property
    def missing(self) -> int:
        """How many have not heard everything."""
        return len(self._left)

    def _run(self) -> None:
        while self._left:
            ready = self._selector.select(QUIET_SECONDS)
            if not ready:
                return
            for key, _ in ready:
                got = len(os.read(key.fd, 1 << 16))
                self._left[key.fd] -= got
                if self._left[key.fd] <= 0 or not got:
                    self._selector.unregister(key.fd)
                    del self._left[key.fd]


def measured(processes: list[int], ears: Ears, speak: Callable[[], None], words: int, heard: int) -> dict[str, float]:
    """The figures of one round."""
    cpu, own, began = cpu_seconds(processes), time.process_time(), time.perf_counter()
    speak()
    ears.wait()
    seconds, spent = time.perf_counter() - began, cpu_seconds(processes) - cpu
    own = time.process_time() - own
    return {
        "words_a_second_here": words / seconds,
        "cpu_us_a_word": spent / words * 1e6,
        "cpu_us_a_listener_and_word": spent / (words * heard) * 1e6,
        "server_cores_busy": spent / seconds,
        "listeners_cores_busy": own / seconds,
        "missed": ears.missing,
    }


def notified(server: Postgres, listeners: int, words: int, burst: int) -> dict[str, float]:
    """Of PostgreSQL: bursts of words that share a transaction, as the bus says them."""
    connections = [connect(server.url(), autocommit=True) for _ in range(listeners)]
    try:
        for connection in connections:
            connection.execute(f"LISTEN {CHANNEL}".encode())
        message = 1 + 4 + 4 + len(CHANNEL) + 1 + len(PAYLOAD) + 1
        ears = Ears([connection.fileno() for connection in connections], words * message)
        with server.connected() as speaker:

            def speak() -> None:
                for start in range(0, words, burst):
                    with speaker.transaction():
                        for number in range(start, min(start + burst, words)):
                            # Words that are the same in one transaction are told once: each has a number.
                            said = PAYLOAD[:-8] + f"{number:08d}"
                            speaker.execute("SELECT pg_notify(%s, %s)", (CHANNEL, said), prepare=True)

            return measured(server.processes, ears, speak, words, listeners)
    finally:
        for connection in connections:
            connection.close()


def command(*words: str) -> bytes:
    """In Redis' own format."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word.encode()) for word in words)


def published(
    process: int, port: int, listeners: int, words: int, burst: int, channels: Iterable[str] = (CHANNEL,)
) -> dict[str, float]:
    """Of Redis: each listener hears its channel; the words go to the channels in turn."""
    named = list(channels)
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(listeners)]
    try:
        for place, each in enumerate(sockets):
            each.sendall(command("SUBSCRIBE", named[place % len(named)]))
            each.recv(4096)
        message = len(command("message", named[0], PAYLOAD))
        heard = words // len(named)
        ears = Ears([each.fileno() for each in sockets], heard * message)
        with closing(socket.create_connection(("127.0.0.1", port))) as speaker:

            def speak() -> None:
                for start in range(0, words, burst):
                    some = range(start, min(start + burst, words))
                    speaker.sendall(b"".join(command("PUBLISH", named[each % len(named)], PAYLOAD) for each in some))
                    answered = 0
                    while answered < len(some):
                        answered += speaker.recv(65536).count(b"\r\n")

            return measured([process], ears, speak, words, max(1, listeners // len(named)))
    finally:
        for each in sockets:
            each.close()


def main() -> None:
    """Prints every figure as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=2000)
    words = parser.parse_args().words
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    told: dict[str, object] = {}
    with postgres() as server:
        for burst in BURSTS:
            for listeners in LISTENERS:
                some = words if listeners < MANY else words // 4
                told[f"PostgreSQL, {listeners} listeners, {burst} at once"] = notified(server, listeners, some, burst)
    with redis() as (process, port):
        for burst in BURSTS:
            for listeners in LISTENERS:
                told[f"Redis, {listeners} listeners, {burst} at once"] = published(
                    process, port, listeners, words, burst
                )
        own = [f"antiphon_{number:016x}" for number in range(1000)]
        told["Redis, 1000 listeners with a channel each, 50 at once"] = published(
            process, port, 1000, words * 20, 50, own
        )
    print(msgspec.json.format(msgspec.json.encode(told)).decode())


if __name__ == "__main__":
    main()
