"""The editor of a golden prompt: fields and rows of checks, read from a form and shown again as typed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from gpts.evals.assertions import ASSERTION_COUNT, AssertionKind
from gpts.evals.models import GoldenPrompt
from gpts.evals.prompts import FIELDS
from gpts.evals.reading import LANGUAGES

EMPTY_ROW: dict[str, Any] = {
    "kind": AssertionKind.CONTAINS.value,
    "values": "",
    "mode": "all",
    "case": False,
    "pattern": "",
    "file": "",
    "operation": "",
    "arguments": "",
    "schema": "",
    "min": "",
    "max": "",
    "unit": "words",
    "language": "en",
    "rubric": "",
    "threshold": "70",
    "model": "",
}
SPEAKER = re.compile(r"^(user|assistant|用户|助手)\s*[:：]\s*", re.I)
ROLES = {"user": "user", "用户": "user", "assistant": "assistant", "助手": "assistant"}


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.value, str(kind.label)) for kind in AssertionKind]


def language_choices() -> list[tuple[str, str]]:
    names = {
        "ar": _("Arabic"),
        "de": _("German"),
        "el": _("Greek"),
        "en": _("English"),
        "es": _("Spanish"),
        "fr": _("French"),
        "he": _("Hebrew"),
        "hi": _("Hindi"),
        "it": _("Italian"),
        "ja": _("Japanese"),
        "ko": _("Korean"),
        "nl": _("Dutch"),
        "pt": _("Portuguese"),
        "ru": _("Russian"),
        "th": _("Thai"),
        "zh": _("Chinese"),
    }
    return sorted(
        ((code, names[code]) for code in LANGUAGES),
        key=lambda choice: (choice[0] not in ("en", "zh"), choice[1]),
    )


def shown_prompt(prompt: GoldenPrompt | None) -> dict[str, Any]:
    """Return what the editor shows of a stored prompt, or of none."""
    if prompt is None:
        names = ("name", "prompt", "history", "tags", "expected", "seed")
        return dict.fromkeys(names, "") | {"is_enabled": True, "rows": []}
    return {
        "name": prompt.name,
        "prompt": prompt.prompt,
        "history": "\n".join(
            f"{'User' if entry['role'] == 'user' else 'Assistant'}: {entry['content']}"
            for entry in prompt.history
        ),
        "tags": ", ".join(prompt.tags),
        "expected": prompt.expected,
        "seed": "" if prompt.seed is None else str(prompt.seed),
        "is_enabled": prompt.is_enabled,
        "rows": [shown_row(assertion) for assertion in prompt.assertions],
    }


def shown_row(assertion: Mapping[str, Any]) -> dict[str, Any]:
    row = EMPTY_ROW | dict(assertion)
    row["values"] = "\n".join(assertion.get("values", ()))
    for name in ("arguments", "schema"):
        row[name] = json.dumps(assertion[name], ensure_ascii=False, indent=2) if assertion.get(name) else ""
    for name in ("min", "max", "threshold"):
        row[name] = "" if row[name] is None else str(row[name])
    return row


def typed_prompt(post: QueryDict) -> dict[str, Any]:
    """Return a posted form in the shape that the editor shows."""
    rows = []
    for mark in post.getlist("check")[: ASSERTION_COUNT * 2]:
        row: dict[str, Any] = {name: post.get(f"check-{mark}-{name}", "") for name in EMPTY_ROW}
        row["case"] = bool(row["case"])
        if post.get(f"check-{mark}-remove") or not row["kind"]:
            continue
        rows.append(row)
    return {
        name: post.get(name, "") for name in ("name", "prompt", "history", "tags", "expected", "seed")
    } | {
        "is_enabled": bool(post.get("is_enabled")),
        "rows": rows,
    }


def prompt_fields(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the service takes of a typed form. Rows left empty do not count."""
    fields = {name: typed[name] for name in FIELDS if name in typed}
    fields["tags"] = [tag.strip() for tag in re.split(r"[,，;；]", typed["tags"]) if tag.strip()]
    fields["history"] = history_of(typed["history"])
    fields["assertions"] = [_assertion(row) for row in typed["rows"]]
    return fields


def history_of(text: str) -> list[dict[str, str]]:
    """Read "User: …" and "Assistant: …" lines; lines without a speaker go on with the one before."""
    entries: list[dict[str, str]] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        speaker = SPEAKER.match(line)
        if speaker:
            entries.append({"role": ROLES[speaker[1].lower()], "content": line[speaker.end() :]})
        elif entries:
            entries[-1]["content"] += f"\n{line}"
        elif line.strip():
            entries.append({"role": "user", "content": line})
    return entries


def _assertion(row: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "contains": ("values", "mode", "case"),
        "not_contains": ("values", "case"),
        "matches": ("pattern", "case"),
        "cites": ("file",),
        "calls": ("operation", "arguments"),
        "json_schema": ("schema",),
        "length": ("min", "max", "unit"),
        "language": ("language",),
        "judge": ("rubric", "threshold", "model"),
    }.get(row["kind"], ())
    return {"kind": row["kind"], **{name: row[name] for name in names}}
