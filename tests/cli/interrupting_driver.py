"""Runs the command line and sends it a signal at a moment that can be named: the n-th import, or the n-th file that is opened
after one whose name ends in a given way. Arguments: the signal's number, "import" or that ending, n, the command."""

from __future__ import annotations

import os
import sys

number, moment, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
left = [count]
begun = [moment == "import"]


def hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "import" and moment == "import":
        count_down()
    elif event == "open" and moment != "import":
        if begun[0]:
            count_down()
        elif str(arguments[0]).endswith(moment):
            begun[0] = True


def count_down() -> None:
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), number)


if __name__ == "__main__":
    from inspector.cli import main

    sys.argv[1:] = sys.argv[4:]
    sys.addaudithook(hear)
    sys.exit(main())
