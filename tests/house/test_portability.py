"""The program on a system that lacks what Linux and macOS have, as Windows does: every module imports, nothing ends in a traceback.

A fresh interpreter is stripped of those modules and names before anything of ours is imported.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPECIAL = re.compile(
    r"^\s*(?:import|from) (?:fcntl|resource|pwd|grp|termios|tty|pty|msvcrt|winreg)\b"
    r"|os\.(?:O_(?!RDONLY|WRONLY|RDWR|CREAT|EXCL|TRUNC|APPEND)\w+|geteuid|getuid|statvfs|pread|mkfifo|fork)"
    r"|socket\.AF_UNIX|renameat2",
    re.MULTILINE,
)
STRIP = """
import os, signal, socket, sys
MISSING = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "_posixshmem"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
import subprocess  # the interpreter's own, which goes by other means on Windows
for name in MISSING:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Refuse())
for name in (
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_SYNC", "O_PATH", "O_TMPFILE", "fchmod", "fchown", "chown",
    "lchown", "geteuid", "getegid", "getuid", "getgid", "pread", "pwrite", "statvfs", "fstatvfs", "listxattr", "getxattr", "setxattr",
    "removexattr", "mkfifo", "mknod", "sync", "fork",
):
    if hasattr(os, name):
        delattr(os, name)
os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks = set(), set(), set()
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGCHLD", "alarm", "pthread_sigmask", "setitimer"):
    if hasattr(signal, name):
        delattr(signal, name)
del socket.AF_UNIX
"""
IMPORT_ALL = """
import importlib, pkgutil
import inspector, store_adapters
for package in (store_adapters, inspector):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
from store_adapters import portability
assert not portability.HOLDS_FOLDERS
"""


def run_stripped(code: str, *arguments: str, home: Path, code_wanted: int = 0) -> str:
    """Run the code where those modules and names are missing; return what it printed and complained of."""
    done = subprocess.run(
        [sys.executable, "-c", STRIP + code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        env={
            "SESSION_INSPECTOR_HOME": str(home),
            "QT_QPA_PLATFORM": "offscreen",
            "PATH": "/nowhere",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        },
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code_wanted, done.stdout + done.stderr
    return done.stdout + done.stderr


def run_command(*arguments: str, home: Path, code_wanted: int = 0) -> str:
    return run_stripped(
        "from inspector.cli import main\nsys.exit(main(sys.argv[1:]))", *arguments, home=home, code_wanted=code_wanted
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    (sessions / "one.json").write_text(
        '{"cookie":{"originalMaxAge":9999999999999,"expires":null},"role":"user","__lastAccess":1}'
    )
    (sessions / "link.json").symlink_to(sessions / "one.json")
    return sessions


def test_every_module_imports_where_those_modules_are_missing(tmp_path: Path) -> None:
    run_stripped(IMPORT_ALL, home=tmp_path)


def test_one_module_alone_names_what_other_systems_lack() -> None:
    sources = [path for package in ("inspector", "store_adapters") for path in sorted((ROOT / package).rglob("*.py"))]
    found = [path.name for path in sources if SPECIAL.search(path.read_text())]
    assert found == ["portability.py"]


def test_session_files_are_listed_and_read_there(folder: Path, tmp_path: Path) -> None:
    said = run_command("list", f"file://{folder}", home=tmp_path)
    assert "one" in said
    assert '"role"' in run_command("show", f"file://{folder}", "one", "--json", home=tmp_path)
    assert "symbolic link" in run_command("show", f"file://{folder}", "link", home=tmp_path, code_wanted=3)


@pytest.mark.parametrize(
    "command",
    [
        ("edit", "one", "--set", 'role="admin"'),
        ("delete", "one"),
        ("create", "two"),
        ("expire", "one", "--in", "1h"),
    ],
)
def test_session_files_are_not_written_there_and_a_sentence_says_why(
    folder: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    act, *rest = command
    said = run_command(act, f"file://{folder}", *rest, home=tmp_path, code_wanted=3)
    assert "cannot exchange or lock session files safely" in said
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_export_into_a_file_works_there(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    run_command("export", f"file://{folder}", "-o", str(target), home=tmp_path, code_wanted=1)  # the link is left out
    assert target.read_text().count("\n") == 1


def test_demo_makes_its_sessions_there_and_the_window_shows_them(tmp_path: Path) -> None:
    code = """
from pathlib import Path
from PySide6.QtCore import QTimer
from inspector.app import Launch, make_application, open_window
from inspector.ui.stores.open_store import StoreState
application = make_application()
window = open_window(Launch())
window.show()
def look():
    store = window.current
    if store is not None and store.state is StoreState.OPEN and store.catalogue is not None and len(store.catalogue) > 20:
        print(store.write_refusal, flush=True)
        application.exit()
timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
QTimer.singleShot(90_000, lambda: application.exit(9))
code = application.exec()
window.close()
sys.stdout.flush()
os._exit(code)
"""
    assert "can only be viewed here" in run_stripped(code, home=tmp_path)
