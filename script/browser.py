"""Finds a Chromium for the browser tests; as root on Debian or Ubuntu it installs one when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.browsers import find_browser


def main() -> None:
    if find_browser():
        return
    apt = shutil.which("apt-get")
    if os.getuid() == 0 and apt:
        print("Installing chromium for the browser tests ...", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run([apt, *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
    if not find_browser():
        print(
            "*** NO BROWSER: the tests in tests/browser are skipped. Install chromium, or name one with"
            " LOGGIA_BROWSER=/path/to/chromium. ***",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
