"""Temporary servers for benchmarks: PostgreSQL and Redis in a temporary directory, web service, modules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def run_databases(**settings: str) -> Iterator[dict[str, int]]:
    """Set up a migrated, empty installation in os.environ; yields the process ids to watch by name."""
    data = Path(tempfile.mkdtemp(prefix="loggia-bench-"))
    os.environ |= {
        "LOGGIA_ENV": "development", "DEBUG": "false", "LOGGIA_DATA_DIR": str(data), "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "config.settings", "OUTBOUND_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
        **settings,
    }  # fmt: skip
    for name in ("DATABASE_URL", "REDIS_URL", "CACHE_URL"):
        os.environ.pop(name, None)
    from embedded.paths import DataPaths
    from embedded.postgres import EmbeddedPostgres
    from embedded.redis import EmbeddedCache, EmbeddedRedis

    postgres, redis = EmbeddedPostgres(DataPaths(data)), EmbeddedRedis(DataPaths(data))
    cache = EmbeddedCache(DataPaths(data))
    try:
        postgres.start()
        redis.start()
        cache.start()
        for command in ("setup_database", "migrate"):
            subprocess.run([sys.executable, "manage.py", command], cwd=ROOT, check=True, stdout=sys.stderr)
        yield {"PostgreSQL": postgres.pid() or 0, "Redis": redis.pid() or 0}
    finally:
        cache.stop()
        redis.stop()
        postgres.stop()
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def run_web(port: int, workers: int) -> Iterator[int]:
    """Run the web service as script/server does; yields the id of the workers' parent process."""
    command = [
        sys.executable, "-m", "config.web_server", "--port", str(port), "--log-level", "error",
        "--workers", str(workers),
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"LOGGIA_DATABASE_ROLE": "app"})
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz", process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def run_module(name: str, *arguments: str) -> Iterator[int]:
    """Run a Python module; yields its process id."""
    process = subprocess.Popen([sys.executable, "-m", name, *arguments], cwd=ROOT)
    try:
        time.sleep(1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _try in range(300):
        time.sleep(0.2)
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                raise
        else:
            return
