"""Child processes of the test's own process, such as those that render markdown."""

from __future__ import annotations

import psutil


def find_children(module: str) -> list[psutil.Process]:
    """Return the running children that were started with ``module``, without those that have just ended."""
    return [child for child in psutil.Process().children() if module in _get_command(child)]


def get_renderer_seconds() -> float:
    """Return the CPU seconds of this process's renderers so far."""
    times = [child.cpu_times() for child in find_children("core.render_process")]
    return sum(time.user + time.system for time in times)


def _get_command(child: psutil.Process) -> list[str]:
    # A child may end, or be a zombie that nobody has waited for yet, while it is looked at.
    try:
        found: list[str] = child.cmdline()
    except psutil.Error:
        return []
    return found
