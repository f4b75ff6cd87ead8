"""Exports of workspaces: one that is there, and reading their files."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core.ids import uuid7
from workspaces.models import User, Workspace, WorkspaceExport


def create_ready_export(workspace: Workspace, *, by: User, at: datetime) -> WorkspaceExport:
    """Create an export with a file of a few bytes, without a job."""
    key = default_storage.save(f"exports/{workspace.pk}/{uuid7().hex}.zip", ContentFile(b"PK whole"))
    return WorkspaceExport.objects.create(
        workspace=workspace, requested_by=by, requested_at=at, state="ready", storage_key=key, size=8,
        ended_at=at, expires_at=at + timedelta(days=7), sha256="0" * 64, steps_total=1, steps_done=1,
    )  # fmt: skip


class ExportFile:
    """The content of an export."""

    def __init__(self, export: WorkspaceExport) -> None:
        with default_storage.open(export.storage_key) as stored:
            self.zip = zipfile.ZipFile(io.BytesIO(stored.read()))
        assert self.zip.testzip() is None

    @property
    def names(self) -> set[str]:
        return set(self.zip.namelist())

    def text(self, path: str) -> str:
        return self.zip.read(path).decode("utf-8-sig")

    def rows(self, path: str) -> list[dict[str, Any]]:
        text = self.text(path)
        if path.endswith(".csv"):
            return list(csv.DictReader(io.StringIO(text)))
        return [json.loads(line) for line in text.splitlines()]

    def everything(self) -> bytes:
        """Return all names and contents."""
        parts = [name.encode() + b"\n" + self.zip.read(name) for name in self.zip.namelist()]
        return b"\n".join(parts)
