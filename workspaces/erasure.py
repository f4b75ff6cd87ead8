"""What each app erases when an account or a workspace is deleted: its part, named in settings.ERASURE_PARTS.

docs/erasure.md says what is erased, what is kept and why. A test compares the parts with the tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from workspaces.models import RetiredName, User, Workspace

# Rows that one step erases in one transaction.
BATCH = 200
# Not translated: they are stored in place of names.
DELETED_NAME = "Deleted account"
DELETED_WORKSPACE = "Deleted workspace"


class ErasureWaits(Exception):
    """This step cannot finish yet, such as while a case of moderation about the rows is open."""


# Erases at most a batch of rows in the caller's transaction, in a system scope; returns how many, 0 when
# nothing is left. Idempotent.
PersonStep = Callable[[User, datetime], int]
WorkspaceStep = Callable[[Workspace, datetime], int]


@dataclass(frozen=True)
class ErasurePart:
    """One app's or package's part. ``after`` names parts that must have finished before this one begins.

    ``find_obstacle`` returns why the account cannot be deleted now, for the person, or an empty text;
    ``find_workspace_obstacle`` does so for a workspace, in the scope of one of its owners.
    """

    name: str
    label: Any
    erase_person: PersonStep | None = None
    erase_workspace: WorkspaceStep | None = None
    after: tuple[str, ...] = ()
    find_obstacle: Callable[[User], str] | None = None
    find_workspace_obstacle: Callable[[Workspace], str] | None = None


@lru_cache(maxsize=1)
def load_parts() -> tuple[ErasurePart, ...]:
    """Return all parts in the order of the setting: higher apps first."""
    return tuple(import_string(path) for path in settings.ERASURE_PARTS)


def retire_name(kind: str, name: str) -> None:
    RetiredName.objects.get_or_create(kind=kind, digest=_digest(name))


def is_retired(kind: str, name: str) -> bool:
    return RetiredName.objects.filter(kind=kind, digest=_digest(name)).exists()


def _digest(name: str) -> str:
    return hashlib.sha256(name.lower().encode()).hexdigest()
