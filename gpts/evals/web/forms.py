"""The editor of a golden prompt: its form data, from a stored prompt and from a posted form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from gpts.evals.assertions import ASSERTION_COUNT, AssertionKind
from gpts.evals.models import GoldenPrompt
from gpts.evals.prompts import PROMPT_FIELDS
from gpts.evals.reading import LANGUAGES
from gpts.evals.tags import show_tag

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
_SPEAKER = re.compile(r"^(user|assistant|用户|助手)\s*[:：]\s*", re.I)
_ROLES = {"user": "user", "用户": "user", "assistant": "assistant", "助手": "assistant"}


def list_kind_choices() -> list[tuple[str, str]]:
    return [(kind.value, str(kind.label)) for kind in AssertionKind]


def list_language_choices() -> list[tuple[str, str]]:
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


def build_editor_data(prompt: GoldenPrompt | None) -> dict[str, Any]:
    """Return the data of the editor for a stored prompt, or for a new one (None)."""
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
        "tags": ", ".join(map(show_tag, prompt.tags)),
        "expected": prompt.expected,
        "seed": "" if prompt.seed is None else str(prompt.seed),
        "is_enabled": prompt.is_enabled,
        "rows": [_build_editor_row(assertion) for assertion in prompt.assertions],
    }


def _build_editor_row(assertion: Mapping[str, Any]) -> dict[str, Any]:
    row = EMPTY_ROW | dict(assertion)
    row["values"] = "\n".join(assertion.get("values", ()))
    for name in ("arguments", "schema"):
        row[name] = json.dumps(assertion[name], ensure_ascii=False, indent=2) if assertion.get(name) else ""
    for name in ("min", "max", "threshold"):
        row[name] = "" if row[name] is None else str(row[name])
    return row


def read_editor_form(post: QueryDict) -> dict[str, Any]:
    """Return the data of the editor as posted; removed rows and rows without a kind are left out."""
    rows = []
    for key in post.getlist("check")[: ASSERTION_COUNT * 2]:
        row: dict[str, Any] = {name: post.get(f"check-{key}-{name}", "") for name in EMPTY_ROW}
        row["case"] = bool(row["case"])
        if post.get(f"check-{key}-remove") or not row["kind"]:
            continue
        rows.append(row)
    return {
        name: post.get(name, "") for name in ("name", "prompt", "history", "tags", "expected", "seed")
    } | {
        "is_enabled": bool(post.get("is_enabled")),
        "rows": rows,
    }


def build_prompt_fields(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the service for the editor's data."""
    fields = {name: typed[name] for name in PROMPT_FIELDS if name in typed}
    fields["tags"] = [tag.strip() for tag in re.split(r"[,，;；]", typed["tags"]) if tag.strip()]
    fields["history"] = parse_history(typed["history"])
    fields["assertions"] = [_build_assertion(row) for row in typed["rows"]]
    return fields


def parse_history(text: str) -> list[dict[str, str]]:
    """Read lines "User: …" and "Assistant: …"; a line without a speaker continues the message before."""
    entries: list[dict[str, str]] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        speaker = _SPEAKER.match(line)
        if speaker:
            entries.append({"role": _ROLES[speaker[1].lower()], "content": line[speaker.end() :]})
        elif entries:
            entries[-1]["content"] += f"\n{line}"
        elif line.strip():
            entries.append({"role": "user", "content": line})
    return entries


def _build_assertion(row: Mapping[str, Any]) -> dict[str, Any]:
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
