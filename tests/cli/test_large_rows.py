"""The command line says who is signed in with a large record too."""

from __future__ import annotations

import io
import json
from pathlib import Path

from inspector.cli._arguments import parse_arguments
from inspector.cli._output import Output
from inspector.cli._run import run_command
from inspector.cli._signals import Signals


def test_list_names_the_user_of_a_record_of_two_megabytes(tmp_path: Path) -> None:
    record = {"cookie": {"path": "/"}, "note": "n" * (2 << 20), "user": {"name": "Berta"}, "__lastAccess": 4e12}
    (tmp_path / "a.json").write_text(json.dumps(record))
    answers = io.StringIO()
    options = parse_arguments(["list", f"file://{tmp_path}", "--json"])
    assert run_command(options, Output(answers, io.StringIO(), Signals())) == 0
    assert '"Berta"' in answers.getvalue()
