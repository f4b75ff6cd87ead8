"""Large workspaces: effective access, what-if over all members, private store, row-level security.

Run by `script/bench workspaces [people] [GPTs] [GPTs in the stores]` (default 5,000, 2,000 and 20,000).
Starts servers of its own in a temporary directory, prints tables, removes everything.
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
            [sys.executable, "-m", "benchmarks.workspaces_measurements", *arguments], cwd=ROOT, check=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])
