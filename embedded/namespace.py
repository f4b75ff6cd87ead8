"""A program, run as a script: enters a user namespace as an ordinary user, then becomes the given command.

It imports nothing of ours, because it is started in isolation. Files stay the real user's own.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def enter_namespace(uid: int, gid: int) -> None:
    """Make this process look like ``uid`` to itself; seen from outside it stays root."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    Path("/proc/self/uid_map").write_text(f"{uid} 0 1")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{gid} 0 1")


if __name__ == "__main__":
    enter_namespace(int(sys.argv[1]), int(sys.argv[2]))
    os.execv(sys.argv[3], sys.argv[3:])
