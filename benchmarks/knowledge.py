"""Retrieval: recall on the tests' questions, time over 20 files of 5 MB, indexing 100 MB of text, vectors.

Run by `script/bench knowledge [files] [megabytes]`. Starts servers of its own in a temporary
directory (PostgreSQL, Redis, the model server of the tests for vectors), prints tables, removes everything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.chat import MODEL_PORT, _model_server
from benchmarks.store import ROOT, _manage


def main(arguments: list[str]) -> None:
    data = Path(tempfile.mkdtemp(prefix="loggia-bench-"))
    os.environ |= {
        "LOGGIA_ENV": "development", "DEBUG": "false", "LOGGIA_DATA_DIR": str(data), "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    from config.servers.places import Places
    from config.servers.postgres import EmbeddedPostgres
    from config.servers.redis import EmbeddedRedis

    postgres, redis = EmbeddedPostgres(Places(data)), EmbeddedRedis(Places(data))
    try:
        postgres.start()
        redis.start()
        for command in ("setup_database", "migrate"):
            _manage(command)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
        with _model_server():
            subprocess.run(
                [sys.executable, "-m", "benchmarks.knowledge_world", f"http://127.0.0.1:{MODEL_PORT}/v1",
                 *arguments],
                cwd=ROOT, check=True,
            )  # fmt: skip
    finally:
        redis.stop()
        postgres.stop()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
