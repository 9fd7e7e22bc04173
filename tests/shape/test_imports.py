import json
import statistics
import subprocess
import sys
from pathlib import Path

from tests.shape.repository import ROOT, python_files

MAX_IMPORT_SECONDS = 0.3

TIMED = "import time; before = time.process_time(); import antiphon; print(time.process_time() - before)"

# Reports every way out of the process that importing takes, other than reading code and the lists of plug-ins that
# a dependency looks up among what is installed (Alembic does), or its own version there (httpx2 and psycopg do).
AUDITED = """
import importlib, json, sys
seen = []
about = ".dist-info/entry_points.txt", ".dist-info/METADATA"
def audit(event, args):
    if event == "open":
        path, mode = str(args[0]), args[1]
        code = path.endswith((".py", ".pyc", ".so", ".pyd", ".zip", *about))
        if not code or mode not in (None, "r", "rb"):
            seen.append([event, path])
    elif event.startswith(("socket.", "subprocess.", "sqlite3.", "os.mkdir", "os.system", "os.posix_spawn", "shutil.")):
        if event not in ("socket.gethostname", "sqlite3.enable_load_extension"):
            seen.append([event, str(args)])
names = json.loads(sys.argv[1])
sys.addaudithook(audit)
for name in names:
    importlib.import_module(name)
print(json.dumps(seen))
"""


def run(*arguments: str) -> str:
    """A fresh interpreter without this one's warnings filter or leave to write byte code."""
    command = [sys.executable, "-B", "-I", "-c", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_importing_is_quick() -> None:
    seconds = statistics.median(float(run(TIMED)) for _ in range(5))
    assert seconds < MAX_IMPORT_SECONDS


def test_importing_any_module_opens_nothing() -> None:
    modules = [
        module_name(path)
        for path in python_files("antiphon")
        if "migrations" not in path.parts and path.name != "__main__.py"
    ]
    assert "antiphon" in modules
    assert json.loads(run(AUDITED, json.dumps(modules))) == []
