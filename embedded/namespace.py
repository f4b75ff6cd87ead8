"""Script: enters a user namespace as an ordinary user, then replaces itself by the given command.

It runs with ``python -I``, so it can import no other module of this project.
Files stay owned by the real user.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def enter_namespace(uid: int, gid: int) -> None:
    """Map this process to ``uid`` inside the namespace; outside it is still root."""
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
