"""Writes the export of a workspace as a ZIP file, with a page of rows or a piece of a file in memory."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO, Any

from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from core.csv_files import write_csv, write_csv_rows
from workspaces.exports import Files, Lines, Row, Step, Table
from workspaces.models import User, Workspace

FORMAT = "loggia.workspace-export/1"
ROWS = 500
PIECE = 1024 * 1024
# Runs the function in a scope of its own that sees the workspace, after a look at whether it still may.
Reading = Callable[[Callable[[Workspace, User], Any]], Any]


class Sink:
    """What zipfile writes to: it cannot seek, so nothing is written twice; counts and hashes the bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.size, self.hash = file, 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.file.write(data)
        self.size += len(data)
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        """Who opened the file closes it."""


@dataclass
class Written:
    """What is in the file so far; ``counts`` has rows or files by path or folder."""

    counts: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class ExportWriter:
    """One export. ``read`` opens the scopes in which rows are read; ``at`` is the time in all entries."""

    def __init__(self, sink: Sink, *, read: Reading, at: datetime) -> None:
        self.sink, self.read, self.at = sink, read, at
        self.zip = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)
        self.written = Written()

    def __enter__(self) -> ExportWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        # Without this the collector would try to end a file that was broken off.
        self.zip.fp = None

    def write_step(self, step: Step) -> None:
        if isinstance(step, Files):
            self._write_files(step)
        else:
            self._write_rows(step.path, self._serialise(step))

    def close(self, *, workspace: Workspace, steps: tuple[Step, ...]) -> None:
        """Write the README and the manifest, and end the file."""
        text = describe_export(workspace, steps, self.written, at=self.at)
        self._write_text("README.md", text)
        manifest = {
            "format": FORMAT,
            "workspace": {"id": workspace.pk, "slug": workspace.slug, "name": workspace.name},
            "made_at": self.at,
            "counts": self.written.counts,
            "missing_files": self.written.missing,
        }
        self._write_text(
            "manifest.json", json.dumps(manifest, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        )
        self.zip.close()

    def _write_rows(self, path: str, pages: Iterator[tuple[bytes, int]]) -> None:
        count = 0
        with self.zip.open(self._entry(path), "w", force_zip64=True) as entry:
            for data, rows in pages:
                entry.write(data)
                count += rows
        self.written.counts[path] = count

    def _serialise(self, step: Table | Lines) -> Iterator[tuple[bytes, int]]:
        if isinstance(step, Lines):
            after: Any = None
            while True:
                rows, after = self.read(lambda tenant, person: step.read(tenant, person, after))  # noqa: B023 - runs at once
                yield _write_lines(rows), len(rows)
                if after is None:
                    return
        is_csv = step.path.endswith(".csv")
        if is_csv:
            yield write_csv(list(step.columns), (), has_mark=True), 0
        for page in self._read_pages(step, tuple(step.columns.values())):
            values = [row[1:] for row in page]
            if is_csv:
                yield write_csv_rows([_write_cell(value) for value in row] for row in values), len(values)
            else:
                yield _write_lines([dict(zip(step.columns, row, strict=True)) for row in values]), len(values)

    def _read_pages(self, step: Table | Files, lookups: tuple[str, ...]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield pages of rows, each as its id and the lookups."""
        after: Any = None
        while True:
            page = self.read(lambda tenant, _person: _read_page(step, tenant, lookups, after))  # noqa: B023 - runs at once
            if page:
                yield page
            if len(page) < ROWS:
                return
            after = page[-1][0]

    def _write_files(self, step: Files) -> None:
        count = 0
        for page in self._read_pages(step, (step.key, *step.columns)):
            for _identifier, key, *values in page:
                path = step.name(*values)
                if path in self.written.names:
                    continue
                self.written.names.add(path)
                count += self._copy(key, path)
        self.written.counts[step.folder] = self.written.counts.get(step.folder, 0) + count

    def _copy(self, key: str, path: str) -> int:
        """Copy a stored file, outside of any transaction; one that is gone is noted. Return how many."""
        if not default_storage.exists(key):
            self.written.missing.append(path)
            return 0
        with (
            default_storage.open(key) as stored,
            # Most knowledge files are packed already.
            self.zip.open(self._entry(path, zipfile.ZIP_STORED), "w", force_zip64=True) as entry,
        ):
            while piece := stored.read(PIECE):
                entry.write(piece)
        return 1

    def _write_text(self, path: str, text: str) -> None:
        with self.zip.open(self._entry(path), "w") as entry:
            entry.write(text.encode())

    def _entry(self, path: str, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(path, self.at.utctimetuple()[:6])
        entry.compress_type, entry.external_attr = method, 0o600 << 16
        return entry


def describe_export(workspace: Workspace, steps: tuple[Step, ...], written: Written, *, at: datetime) -> str:
    """Return the README: what each file holds, and what is left out and why."""
    lines = [
        "# " + _("Export of %(name)s") % {"name": " ".join(workspace.name.split())},
        "",
        _(
            "Made on %(day)s (UTC). JSON lines and CSV are in UTF-8; times are UTC in ISO 8601; amounts named"
            " _micros are millionths of this server’s currency. Cells that a spreadsheet could run begin with"
            " an apostrophe."
        )
        % {"day": at.strftime("%Y-%m-%d %H:%M")},
        "",
        "## " + _("What is in it"),
        "",
    ]
    for step in steps:
        place = f"{step.folder}/" if isinstance(step, Files) else step.path
        lines.append(f"- `{place}` ({written.counts[place.rstrip('/')]}): {step.label}")
    if written.missing:
        lines += ["", "## " + _("Files that were not in the store of files any more"), ""]
        lines += [f"- `{path}`" for path in written.missing]
    lines += ["", "## " + _("What is not in it, and why"), ""]
    lines += [f"- {text}" for text in list_left_out()]
    return "\n".join([*lines, ""])


def list_left_out() -> list[str]:
    """Return what an export does not have, each with the reason."""
    return [
        _(
            "Conversations, their files and the Create conversations: they are private to their people. Only"
            " break-glass access by two people opens them, on the page. Each person downloads their own."
        ),
        _(
            "Passwords, keys, tokens, secrets of identity providers and model providers, links of"
            " invitations: whoever has the file must not be able to act with them."
        ),
        _("Earnings and payout data: they belong to the people, not to the workspace."),
        _("Deleted GPTs, and files that were deleted everywhere."),
        _("Search indexes and vectors, and figures for creators: they are computed from what is here."),
        _("What other workspaces own, also of GPTs from outside that are used here."),
    ]


def _read_page(
    step: Table | Files, tenant: Workspace, lookups: tuple[str, ...], after: Any
) -> list[tuple[Any, ...]]:
    rows = step.find(tenant)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk").values_list("pk", *lookups)[:ROWS])


def _write_lines(rows: list[Row]) -> bytes:
    return "".join(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n" for row in rows).encode()


def _write_cell(value: Any) -> object:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, dict)):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return value
