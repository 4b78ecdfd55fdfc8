"""How fast one core verifies express-session cookies, beside Node's own cookie-signature in the same run.

Both get the same cookies: percent-encoded `connect.sid` values, a tenth of them tampered, two secrets. To reach: a ratio of 1.
Prints; asserts nothing but that both come to the same verdicts.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import tempfile
import time
from pathlib import Path

from inspector.cookies import encode_value, sign, verify_express
from inspector.core.secret import Secret
from tests.bench.report import SIZE, row

COOKIES = min(SIZE, 100_000)
NODE = Path(__file__).resolve().parent.parent / "interop" / "node"
SECRETS = ("bench current", "bench old")
SCRIPT = """
const fs = require("fs");
const { unsign } = require("cookie-signature");
const [file, ...secrets] = process.argv.slice(1);
const values = JSON.parse(fs.readFileSync(file, "utf8"));
let best = Infinity, good = 0;
for (let round = 0; round < 3; round++) {
  const begun = process.hrtime.bigint();
  good = 0;
  for (const raw of values) {
    const value = decodeURIComponent(raw);
    if (!value.startsWith("s:")) continue;
    for (const secret of secrets) if (unsign(value.slice(2), secret) !== false) { good++; break; }
  }
  best = Math.min(best, Number(process.hrtime.bigint() - begun) / 1e9);
}
console.log(JSON.stringify({ seconds: best, good }));
"""


def make_cookies() -> list[str]:
    keys = [Secret.from_text(one) for one in SECRETS]
    found = []
    for number in range(COOKIES):
        signed = sign(secrets.token_urlsafe(24), keys[0 if number % 4 else 1])
        found.append(encode_value("s:" + (signed[:-3] + "AAA" if number % 10 == 0 else signed)))
    return found


def main() -> None:
    values, keys = make_cookies(), [Secret.from_text(one) for one in SECRETS]
    best, good = float("inf"), 0
    for _ in range(3):
        begun = time.perf_counter()
        good = sum(index is not None for index in verify_express(values, keys))
        best = min(best, time.perf_counter() - begun)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(values, file)
        file.flush()
        command = ["node", "-e", SCRIPT, file.name, *SECRETS]
        told = json.loads(subprocess.run(command, cwd=NODE, capture_output=True, check=True, text=True).stdout)
    assert told["good"] == good, "the two do not agree"
    print(f"{COOKIES} express cookies, {good} valid")
    row(
        "verify express cookies, one core", f"{COOKIES / best:,.0f}/s", f"Node's cookie-signature {COOKIES / told['seconds']:,.0f}/s",
        told["seconds"] / best, "at least 1", holds=told["seconds"] >= best,
    )  # fmt: skip


if __name__ == "__main__":
    main()
