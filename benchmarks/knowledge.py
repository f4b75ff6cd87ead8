"""Retrieval: recall on the tests' questions, time over 20 files of 5 MB, indexing 100 MB of text, vectors.

Run by `script/bench knowledge [files] [megabytes]`. Starts servers of its own in a temporary
directory (PostgreSQL, Redis, the model server of the tests for vectors), prints tables, removes everything.
"""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.servers import ROOT, run_databases, run_module

MODEL_PORT = 8945


def main(arguments: list[str]) -> None:
    with run_databases(), run_module("tests.fakes.openai_server", "--port", str(MODEL_PORT)):
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.knowledge_measurements", f"http://127.0.0.1:{MODEL_PORT}/v1",
             *arguments],
            cwd=ROOT, check=True,
        )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
