"""`python -m tests.fuzz.run_atheris [SECONDS [TARGET …]]`: coverage-guided fuzzing of each parser, one process a parser.

Stops at the first finding of a parser and keeps the input in build/fuzz. Slower than 2 s or more than 1 GB is a finding.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOUND = ROOT / "build" / "fuzz"
SLOWEST_S, MOST_MB = 2, 1024
_SPEED = re.compile(
    r"stat::number_of_executed_units:\s*(\d+)|stat::average_exec_per_sec:\s*(\d+)|stat::slowest_unit_time_sec:\s*(\d+)"
)


def fuzz_one(name: str, seconds: int, corpus: Path) -> None:
    """Fuzz one parser in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["inspector", "store_adapters"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS

    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    FOUND.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MOST_MB}", "-max_len=8192"]
    options += ["-print_final_stats=1", "-close_fd_mask=0", f"-artifact_prefix={FOUND}/{name}-"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name].run)
    atheris.Fuzz()


def main(arguments: list[str]) -> int:
    """Fuzz one parser after another; return how many had a finding."""
    from tests.fuzz.targets import TARGETS

    seconds = int(arguments[0]) if arguments else 60
    findings = 0
    for name in arguments[1:] or TARGETS:
        with tempfile.TemporaryDirectory() as corpus:
            command = [sys.executable, "-m", "tests.fuzz.run_atheris", "--one", name, str(seconds), corpus]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
        numbers = ["".join(found) for found in _SPEED.findall(done.stderr)]
        units, speed, slowest = (*numbers, "?", "?", "?")[:3]
        print(f"{name:20} {units:>9} inputs  {speed:>6}/s  slowest {slowest} s  exit {done.returncode}", flush=True)
        if done.returncode:
            findings += 1
            print((done.stdout + done.stderr)[-3000:], flush=True)
    return min(findings, 100)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz_one(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        os.environ.setdefault("PYTHONHASHSEED", "0")
        sys.exit(main(sys.argv[1:]))
