"""The Python half of script/server: reads .env, then starts everything (embedded/start.py)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config.environment import read_dot_env
from embedded.start import main

if __name__ == "__main__":
    read_dot_env()
    sys.exit(main())
