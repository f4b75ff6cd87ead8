"""The Python half of script/server: reads .env, then starts everything (embedded/start.py)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config.environment import read_dot_env
from embedded.paths import ROOT
from embedded.start import main
from embedded.supervisor import ENVIRONMENT_MARK

if __name__ == "__main__":
    if os.environ.get(ENVIRONMENT_MARK) != str(ROOT):
        # Forked processes show the environment with which this one was started, and are found again by it.
        os.environ[ENVIRONMENT_MARK] = str(ROOT)
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 - this program again
    read_dot_env()
    sys.exit(main())
