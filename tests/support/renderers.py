"""The processes that render markdown for the test's own process."""

from __future__ import annotations

import psutil


def get_renderer_seconds() -> float:
    """Return the CPU seconds of this process's renderers so far."""
    found = [child for child in psutil.Process().children() if "core.render_process" in child.cmdline()]
    return sum(child.cpu_times().user + child.cpu_times().system for child in found)
