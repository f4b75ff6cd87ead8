"""Provides a Chromium if the pytest arguments select browser tests; root on Debian or Ubuntu installs it.

Exits with status 3 if they select none, so that script/test can leave Playwright out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.browsers import find_browser  # noqa: E402 - the root must be on the path first

BROWSER_TESTS = ROOT / "tests" / "browser"
NONE_SELECTED = 3


def selects_browser_tests(arguments: list[str]) -> bool:
    """Whether a path among the arguments contains browser tests; without a path all tests are selected."""
    paths = [Path(argument.partition("::")[0]).resolve() for argument in arguments]
    paths = [path for path in paths if path.exists()]
    return not paths or any(
        path.is_relative_to(BROWSER_TESTS) or BROWSER_TESTS.is_relative_to(path) for path in paths
    )


def main() -> None:
    if not selects_browser_tests(sys.argv[1:]):
        sys.exit(NONE_SELECTED)
    if find_browser():
        return
    apt = shutil.which("apt-get")
    if os.getuid() == 0 and apt:
        print("Installing chromium for the browser tests ...", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([apt, "update", "-qq"], env=environment, stdout=subprocess.DEVNULL, check=False)
        for package in ("chromium-headless-shell", "chromium"):
            if not find_browser():
                install = [apt, "install", "-y", "-qq", "--no-install-recommends", package]
                subprocess.run(install, env=environment, stdout=subprocess.DEVNULL, check=False)
    if not find_browser():
        print(
            "*** NO BROWSER: the tests in tests/browser are skipped. Install chromium, or name one with"
            " LOGGIA_BROWSER=/path/to/chromium. ***",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
