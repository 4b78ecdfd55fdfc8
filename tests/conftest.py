"""What every test runs under: no display needed, a home of its own, no keyring."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
_home = tempfile.mkdtemp(prefix="session-inspector-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["SESSION_INSPECTOR_HOME"] = _home
os.environ["XDG_CONFIG_HOME"] = os.path.join(_home, "config")
os.environ["XDG_DATA_HOME"] = os.path.join(_home, "data")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

from hypothesis import HealthCheck, settings  # noqa: E402 - after the environment

pytest_plugins = [
    "tests.garbage",
    "tests.servers",
    "tests.sql_servers",
    "tests.leaks",
    "tests.stalls",
    "tests.threads",
    "tests.faults.summary",
    "tests.faults.redis.rigs",
    "tests.faults.mongo.rigs",
]
settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
