"""Search by meaning: recall and false answers of words, vectors and both; times of the built-in model.

Run by `script/bench meaning [megabytes]`. Starts servers of its own in a temporary directory, prints tables,
removes everything.
"""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.servers import ROOT, run_databases


def main(arguments: list[str]) -> None:
    with run_databases():
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
        subprocess.run(
            [sys.executable, "-m", "benchmarks.meaning_measurements", *arguments], cwd=ROOT, check=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])
