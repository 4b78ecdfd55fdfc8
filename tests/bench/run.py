"""Runs every benchmark in a process of its own, then prints one table. SIZE= says how many sessions (100,000)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HEAD = ["measure", "reached", "baseline in the same run", "ratio", "to reach", "reached?"]


def main() -> int:
    """Run them all (or those named); a benchmark that ends badly is told, and the others go on."""
    folder = Path(__file__).parent
    names = sys.argv[1:] or sorted(path.stem for path in folder.glob("bench_*.py"))
    failed = []
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as rows:
        for name in names:
            print(f"--- {name}", flush=True)
            run = subprocess.run(
                [sys.executable, "-m", f"tests.bench.{name}"], env={**os.environ, "BENCH_ROWS": rows.name}
            )
            if run.returncode:
                failed.append(name)
        table = [HEAD, *(json.loads(line) for line in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD))]
    print(f"\nSIZE={os.environ.get('SIZE', '100000')}, {os.cpu_count()} cores")
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for name in failed:
        print(f"{name} failed, see above")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
