"""Runs PostgreSQL, which refuses to run as root, on behalf of root.

First choice: a user namespace in which this process is an ordinary user. Files stay owned by root, so it
works under a home directory that no other user can enter. Where the kernel or a container forbids that: an
unprivileged account, with data and programs in SHARED_DIRECTORY if the account cannot enter the clone.
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

SHARED_DIRECTORY = Path("/var/lib/loggia")  # for an account that cannot enter the clone
ACCOUNTS = ("postgres", "nobody", "daemon")  # initdb needs a user that has a name


def find_account() -> pwd.struct_passwd:
    """Return an ordinary account of this machine."""
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
    """Return the arguments to put before a command to run it in a user namespace."""
    found = find_account()
    program = Path(__file__).resolve().with_name("namespace.py")
    return [sys.executable, "-I", str(program), str(found.pw_uid), str(found.pw_gid)]


def change_owner(path: Path, uid: int, gid: int) -> None:
    """Give the whole tree to ``uid``; an earlier run may have used another account."""
    if not path.exists() or path.lstat().st_uid == uid:
        return
    for directory, _, files in os.walk(path):
        os.lchown(directory, uid, gid)
        for name in files:
            os.lchown(os.path.join(directory, name), uid, gid)


def can_enter(path: Path, found: pwd.struct_passwd) -> bool:
    """Whether the account can enter ``path`` and all of its parents."""
    done = subprocess.run(
        ["test", "-x", str(path)],
        user=found.pw_uid,
        group=found.pw_gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return done.returncode == 0


def copy_programs(programs: Path, target: Path) -> Path:
    """Copy the wheel's PostgreSQL and its libraries to ``target`` once; return its bin directory."""
    package = programs.parent.parent
    if not target.exists():
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        for tree in (programs.parent, package.with_name(f"{package.name}.libs")):
            if tree.exists():
                shutil.copytree(tree, draft / tree.relative_to(package.parent))
        make_readable(draft)
        draft.rename(target)
    return target / programs.relative_to(package.parent)


def make_readable(tree: Path) -> None:
    """Let all users read and run the programs, which root may have installed with a strict umask."""
    for directory, _, files in os.walk(tree):
        os.chmod(directory, 0o755)
        for name in files:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755 if os.stat(path).st_mode & 0o100 else 0o644)
