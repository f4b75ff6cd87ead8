"""What each app puts into the export of a workspace: its part, named in settings.EXPORT_PARTS.

Columns are listed one by one, so that a new one is left out until somebody decides; a test compares the parts
with the tables. docs/workspace-export.md says what is in an export, what is not, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from workspaces.models import User, Workspace

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows of one table as JSON lines or CSV (the ending of ``path`` says which), in the order of their ids.

    ``columns`` maps names in the file to lookups. ``label`` says in the README what the file holds.
    """

    path: str
    label: Any
    find: Callable[[Workspace], QuerySet[Any]]
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Lines:
    """JSON lines that are not the rows of one table.

    ``read`` gets where the page before ended (None: the first one) and returns a page and where it ends, None
    at the end of all.
    """

    path: str
    label: Any
    read: Callable[[Workspace, User, Any], tuple[list[Row], Any]]


@dataclass(frozen=True)
class Files:
    """Files of the object store. ``key`` is the lookup of their storage key.

    ``name`` makes the path in the export from the values of ``columns``, without anything that could leave
    the folder; rows with one path are the same content.
    """

    folder: str
    label: Any
    find: Callable[[Workspace], QuerySet[Any]]
    key: str
    columns: tuple[str, ...]
    name: Callable[..., str]


Step = Table | Lines | Files


@dataclass(frozen=True)
class ExportPart:
    """One app's or package's part."""

    steps: tuple[Step, ...]


@lru_cache(maxsize=1)
def load_steps() -> tuple[Step, ...]:
    """Return the steps of all parts in the order of the setting."""
    parts = [import_string(path) for path in settings.EXPORT_PARTS]
    return tuple(step for part in parts for step in part.steps)


def of_workspace(model: type[models.Model]) -> Callable[[Workspace], QuerySet[Any]]:
    """Return the function that finds the rows of a table with a column ``workspace``."""

    def find(workspace: Workspace) -> QuerySet[Any]:
        return model._default_manager.filter(workspace=workspace)

    return find


def columns(*names: str, people: tuple[str, ...] = (), **renamed: str) -> dict[str, str]:
    """Return the columns of a table: by their own names, people by id and name, and ``renamed`` lookups."""
    found = {name: name for name in names}
    for person in people:
        found |= {f"{person}_id": f"{person}_id", f"{person}_name": f"{person}__display_name"}
    return found | renamed
