"""Running PostgreSQL, which refuses to be root, when we are root.

First choice: a user namespace in which we are an ordinary user. Files stay root's own, so it works under
a home that nobody else may enter. Where the kernel or a container forbids that: a real unprivileged
account, with data and programs copied to a place it can enter when it cannot enter the clone.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from embedded.errors import StartupError

SHARED_DIRECTORY = Path("/var/lib/loggia")  # where an account can work that may not enter the clone
ACCOUNTS = ("postgres", "nobody", "daemon")  # initdb wants its user to have a name


def find_account() -> pwd.struct_passwd:
    """An ordinary account of this machine."""
    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid:
            return found
    for found in pwd.getpwall():
        if found.pw_uid:
            return found
    raise StartupError(
        "PostgreSQL cannot run as root and this machine has no other account: add one (useradd loggia),"
        " or set DATABASE_URL."
    )


@cache
def can_use_namespaces() -> bool:
    done = subprocess.run(
        [*namespace_prefix(), sys.executable, "-c", "import os, sys; sys.exit(os.getuid() == 0)"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0 and not os.environ.get("LOGGIA_NO_USER_NAMESPACE")


def namespace_prefix() -> list[str]:
    """What to put before a command to run it in a user namespace."""
    found = find_account()
    program = Path(__file__).resolve().with_name("namespace.py")
    return [sys.executable, "-I", str(program), str(found.pw_uid), str(found.pw_gid)]


def change_owner(path: Path, uid: int, gid: int) -> None:
    """Let ``uid`` own the whole tree; a data directory may come from a run with another choice."""
    if not path.exists() or path.lstat().st_uid == uid:
        return
    for directory, _, files in os.walk(path):
        os.lchown(directory, uid, gid)
        for name in files:
            os.lchown(os.path.join(directory, name), uid, gid)


def can_enter(path: Path, found: pwd.struct_passwd) -> bool:
    """Whether the account reaches ``path`` through all of its parents."""
    done = subprocess.run(
        ["test", "-x", str(path)],
        user=found.pw_uid,
        group=found.pw_gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return done.returncode == 0


def copy_programs(programs: Path, place: Path) -> Path:
    """Copy the wheel's PostgreSQL and its libraries to ``place`` once; return its bin directory."""
    package = programs.parent.parent
    if not place.exists():
        draft = place.with_name(f"{place.name}.{os.getpid()}")
        for tree in (programs.parent, package.with_name(f"{package.name}.libs")):
            if tree.exists():
                shutil.copytree(tree, draft / tree.relative_to(package.parent))
        make_readable(draft)
        draft.rename(place)
    return place / programs.relative_to(package.parent)


def make_readable(tree: Path) -> None:
    """Let everybody read and run what root installed with a narrow umask; nothing in it is secret."""
    for directory, _, files in os.walk(tree):
        os.chmod(directory, 0o755)
        for name in files:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755 if os.stat(path).st_mode & 0o100 else 0o644)
