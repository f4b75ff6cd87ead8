"""A directory sync of N people: each is looked for, added, and put in a group, over HTTP as a provider does.

Run by `script/bench directory_sync [people] [connections]` (default 5,000 and 4, the most that the large
identity providers open). Half of the people are added by one connection, half by all. Starts servers of its
own in a temporary directory, prints one table, removes everything.
"""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.servers import ROOT, run_databases, run_web

PORT = 8945


def main(arguments: list[str]) -> None:
    with run_databases(PORT=str(PORT)) as databases:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
        with run_web(PORT, workers=2) as web:
            watched = [str(PORT), str(web), str(databases["PostgreSQL"])]
            subprocess.run(
                [sys.executable, "-m", "benchmarks.directory_sync_measurements", *watched, *arguments],
                cwd=ROOT,
                check=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
