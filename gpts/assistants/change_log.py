"""The change log of a GPT: what each version brought, as data and as Markdown."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from gpts.assistants.comparison import Snapshot, compare_snapshots
from gpts.assistants.differences import FieldDiff, Line
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import list_versions
from gpts.assistants.services.versions import build_content

LOG_SIZE = 200
# Of a long text only the changed lines stand in the Markdown.
MARKS = {"add": "+", "remove": "-"}


def get_change_log(gpt: GPT) -> dict[str, Any]:
    """Return the newest 200 versions, newest first, each with what differs from the one before it."""
    return {
        "gpt": gpt.slug,
        "name": gpt.name,
        "versions": [
            {
                "number": version.number,
                "created_at": version.created_at.isoformat(),
                "created_by": str(version.created_by),
                "release_notes": version.release_notes,
                "content_hash": version.content_hash,
                "live": sorted(row.audience for row in version.live_for.all()),
                "changes": [difference.as_json() for difference in changes],
            }
            for version, changes in _list_entries(gpt)
        ],
    }


def render_change_log_markdown(gpt: GPT) -> str:
    """Return the same for people: a heading a version, its notes, its changes field by field."""
    parts = [f"# {_join_lines(gpt.name)}"]
    for version, changes in _list_entries(gpt, in_words=True):
        title = _("Version %(number)s") % {"number": version.number}
        parts.append(f"## {title} · {version.created_at:%Y-%m-%d} · {_join_lines(str(version.created_by))}")
        if version.release_notes:
            parts.append(version.release_notes)
        parts += [f"### {difference.label}\n\n{_format_block(difference)}" for difference in changes]
        parts.append(f"`{version.content_hash}`")
    return "\n\n".join(parts) + "\n"


def _list_entries(gpt: GPT, *, in_words: bool = False) -> list[tuple[Version, list[FieldDiff]]]:
    versions = list(list_versions(gpt)[: LOG_SIZE + 1])
    pairs = zip(versions, [*versions[1:], None], strict=True)
    return [
        (
            version,
            []
            if before is None
            else compare_snapshots(gpt, _build_snapshot(before), _build_snapshot(version), in_words=in_words),
        )
        for version, before in pairs
    ][:LOG_SIZE]


def _build_snapshot(version: Version) -> Snapshot:
    content = build_content(version, knowledge_hashes=list(version.knowledge_hashes))
    return Snapshot(str(version.number), str(version.number), content)


def _format_block(difference: FieldDiff) -> str:
    lines = [_format_line(line) for line in difference.lines if line.kind in MARKS]
    # A fence longer than any in the text.
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    return "\n".join([f"{fence}diff", *lines, fence])


def _format_line(line: Line) -> str:
    return MARKS[line.kind] + " " + "".join(segment.text for segment in line.segments)


def _join_lines(text: str) -> str:
    return " ".join(text.split())
