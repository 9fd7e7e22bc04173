"""The processes that a benchmark starts, what they cost, and their end. Linux only: it reads /proc."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent
KEY: Final = "sk-benchmark"
START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 10.0
PROCESSORS: Final = sorted(os.sched_getaffinity(0))
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")

CONFIGURATION: Final = """\
providers:
  native: {{type: openai, base_url: "http://127.0.0.1:{mock}", api_key: none, models: [gpt-5-mini], dialect: responses}}
  chat: {{type: openai, base_url: "http://127.0.0.1:{mock}", api_key: none, models: [gpt-5-mini], dialect: chat}}
"""

NGINX: Final = """\
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000;
  upstream mock {{ server 127.0.0.1:{mock}; keepalive 128; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A process that listens."""

    pid: int
    port: int

    def tree(self) -> list[int]:
        """The process and all its descendants."""
        children: dict[int, list[int]] = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended while we looked
            children.setdefault(int(fields[1]), []).append(int(status.parent.name))
        found = [self.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """Processor time, user and system, of the tree so far: the kernel's clock of each process in it."""
        return sum(_cpu_of(pid) for pid in self.tree())

    def resident_mib(self) -> float:
        """Resident memory of the tree; what processes share counts for each of them."""
        return sum(_resident_of(pid) for pid in self.tree()) / 2**20


def _cpu_of(pid: int) -> float:
    """The kernel's clock of a process, which counts in nanoseconds what /proc/PID/stat has in ticks of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    of_ended_children = (int(fields[13]) + int(fields[14])) / TICKS_PER_SECOND
    return time.clock_gettime((~pid << 3) | 2) + of_ended_children


def _resident_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def share_the_processors() -> None:
    """Gateways get the first processor to themselves, and whatever else is started from now on the others."""
    os.sched_setaffinity(0, PROCESSORS[1:] or PROCESSORS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def mock_provider() -> Generator[Server]:
    port = free_port()
    process = subprocess.Popen([sys.executable, str(HERE / "mock_provider.py"), str(port)])
    with _running(process, port) as server:
        yield server


@contextmanager
def gateway(folder: Path, mock: Server) -> Generator[Server]:
    """Antiphon as `antiphon serve` runs it, with its log and its database in `folder`."""
    port = free_port()
    configuration = folder / "antiphon.yaml"
    configuration.write_text(CONFIGURATION.format(mock=mock.port))
    variables = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))}
    variables |= {"ANTIPHON_MASTER_KEY": KEY, "ANTIPHON_DATABASE_URL": f"sqlite:///{folder}/antiphon.db"}
    command = [sys.executable, "-m", "antiphon", "serve", "--config", str(configuration), "--port", str(port)]
    with (folder / "antiphon.log").open("ab") as log:
        process = subprocess.Popen(command, env=variables, cwd=folder, stderr=log)
        os.sched_setaffinity(process.pid, PROCESSORS[:1])
        with _running(process, port, f"http://127.0.0.1:{port}/health/ready") as server:
            yield server


@contextmanager
def nginx(folder: Path, mock: Server) -> Generator[Server]:
    """A plain reverse proxy with one worker, which keeps its connections."""
    port = free_port()
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(NGINX.format(folder=folder, mock=mock.port, port=port, user=user))
    process = subprocess.Popen([nginx_program() or "nginx", "-e", f"{folder}/nginx.log", "-c", str(configuration)])
    os.sched_setaffinity(process.pid, PROCESSORS[:1])
    with _running(process, port) as server:
        yield server


def nginx_program() -> str | None:
    """Where it is, if it is installed; distributions put it where not everyone looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


@contextmanager
def _running(process: subprocess.Popen[bytes], port: int, health: str = "") -> Generator[Server]:
    """From when it answers until it has ended. Exits when it does not start."""
    try:
        _wait_for(process, port, health)
        yield Server(process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, health: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if health:
                urlopen(health, timeout=1).close()  # noqa: S310 - our own address
            else:
                socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except (OSError, URLError):
            time.sleep(0.02)
    sys.exit(f"{process.args} did not start.")


def load(url: str, body: object, **options: float) -> dict[str, float]:
    """One run of load.py in a process of its own."""
    command = [sys.executable, str(HERE / "load.py"), url, "--key", KEY, "--body", json.dumps(body)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def machine() -> str:
    """What the numbers were measured on, in one line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{os.cpu_count()} × {model}, {system}, Python {platform.python_version()}"
