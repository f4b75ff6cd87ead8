"""Store search by words alone beside words and meaning together, in one process, without pages.

Run by `script/bench search [N] [rounds]` (20,000 listings, 6 rounds). Starts servers of its own in a
temporary directory, fills them by seed_catalogue with vectors, prints a table, removes everything.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.servers import ROOT, run_databases


def main(count: str, rounds: str) -> None:
    with run_databases():
        subprocess.run(
            [sys.executable, "manage.py", "seed_catalogue", count], cwd=ROOT, check=True, stdout=sys.stderr
        )
        subprocess.run([sys.executable, "-m", "benchmarks.search_measurements", rounds], cwd=ROOT, check=True)


if __name__ == "__main__":
    main(*[*sys.argv[1:3], *("20000", "6")[len(sys.argv) - 1 :]])
