"""Read and write golden prompts as CSV and JSONL.

The columns of CSV and the keys of JSONL are the same: ``name``, ``prompt``, ``expected`` (empty, answer,
refuse, escalate), ``tags`` (in CSV separated by semicolons), ``enabled`` (true, false), ``seed``, ``history``
and ``assertions`` (in CSV as JSON). Only ``prompt`` is required.
"""

from __future__ import annotations

import csv as plain_csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from core.csv_files import unescape_cell, write_csv
from core.errors import DomainError, InvalidInput, TooLarge
from gpts.evals.prompts import PROMPT_COUNT, clean_prompt

COLUMNS = ("name", "prompt", "expected", "tags", "enabled", "seed", "history", "assertions")
MAX_FILE_BYTES = 2_000_000
MAX_LISTED_ERRORS = 20
FORMATS = ("csv", "jsonl")
# After UTF-8, the encodings that Excel uses on Chinese and western Windows.
ENCODINGS = ("utf-8-sig", "gb18030", "cp1252")
TRUE, FALSE = ("true", "yes", "1", "是"), ("false", "no", "0", "否")


@dataclass(frozen=True)
class RowError:
    """``line`` is the number, from 1, of the line in the file where the row begins."""

    line: int
    message: str


@dataclass
class ParsedRows:
    prompts: list[dict[str, Any]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


def read_file(data: bytes, name: str) -> list[dict[str, Any]]:
    """Return the cleaned prompts of a CSV or JSONL file (by its name, else by its first character).

    All or nothing. Raises TooLarge for too many bytes or rows, InvalidInput for a file that cannot be read,
    and InvalidInput with ``data["rows"]`` ([{"line", "message"}], at most 20) for invalid rows.
    """
    if not data.strip():
        raise InvalidInput(_("This file is empty."), code="file_empty", field="file")
    if len(data) > MAX_FILE_BYTES:
        raise TooLarge(_("This file is larger than 2 MB."), code="file_too_large", field="file")
    text = decode(data)
    is_lines = name.lower().endswith((".jsonl", ".ndjson")) or (
        not name.lower().endswith(".csv") and text.lstrip()[:1] == "{"
    )
    rows = _clean_rows(_read_jsonl_rows(text) if is_lines else _read_csv_rows(text))
    if rows.errors:
        raise _build_rows_error(rows.errors)
    if not rows.prompts:
        raise InvalidInput(_("This file has no rows."), code="file_empty", field="file")
    return rows.prompts


def decode(data: bytes) -> str:
    """Decode as UTF-16 if there is a byte order mark, else as the first of ENCODINGS that fits."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise _build_encoding_error() from None
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise _build_encoding_error()


def _build_encoding_error() -> InvalidInput:
    return InvalidInput(
        _("The file's characters cannot be read. Save it as UTF-8."), code="file_encoding", field="file"
    )


# (line, row), or (line, message) for a row that cannot be read.
RawRows = Iterable[tuple[int, Mapping[str, Any] | str]]


def _read_csv_rows(text: str) -> RawRows:
    first = text.splitlines()[0]
    # Excel writes semicolons in countries where the comma is the decimal separator.
    delimiter = max((",", ";", "\t"), key=first.count)
    reader = plain_csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [column.strip().lower() for column in next(reader)]
        if "prompt" not in header:
            raise InvalidInput(
                _("The first line must name the columns, one of them “prompt”."),
                code="file_header",
                field="file",
            )
        unknown = [column for column in header if column and column not in COLUMNS]
        if unknown or len(set(header)) != len(header):
            raise InvalidInput(
                _("Unknown or repeated columns: %(columns)s. Known are: %(known)s.")
                % {"columns": _(", ").join(unknown or header)[:200], "known": _(", ").join(COLUMNS)},
                code="file_header",
                field="file",
            )
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(header):
                    yield line, _("This row has more cells than the header.")
                else:
                    yield line, _parse_cells(dict(zip(header, cells, strict=False)))
            line = reader.line_num + 1
    except plain_csv.Error as problem:
        yield reader.line_num, _("This is not valid CSV: %(problem)s") % {"problem": str(problem)[:100]}


def _parse_cells(cells: dict[str, str]) -> Mapping[str, Any] | str:
    row: dict[str, Any] = {key: unescape_cell(value) for key, value in cells.items()}
    row["tags"] = [tag for tag in row.get("tags", "").split(";") if tag.strip()]
    for key in ("history", "assertions"):
        typed = row.get(key, "").strip()
        try:
            row[key] = json.loads(typed) if typed else []
        except (ValueError, RecursionError):
            return _("“%(column)s” is not valid JSON.") % {"column": key}
    return row


def _read_jsonl_rows(text: str) -> RawRows:
    for line, written in enumerate(text.splitlines(), 1):
        if not written.strip():
            continue
        try:
            row = json.loads(written)
        except (ValueError, RecursionError):
            yield line, _("This line is not valid JSON.")
            continue
        if not isinstance(row, dict):
            yield line, _("This line is not a JSON object.")
            continue
        unknown = [key for key in row if key not in COLUMNS]
        if unknown:
            yield line, _("Unknown keys: %(keys)s.") % {"keys": _(", ").join(unknown)[:200]}
        else:
            yield line, row


def _clean_rows(raw: RawRows) -> ParsedRows:
    rows = ParsedRows()
    count = 0
    for line, row in raw:
        count += 1
        if count > PROMPT_COUNT:
            raise TooLarge(
                _("This file has more than %(limit)d rows; a GPT takes at most %(limit)d golden prompts.")
                % {"limit": PROMPT_COUNT},
                code="too_many_prompts",
                field="file",
                data={"limit": PROMPT_COUNT},
            )
        if isinstance(row, str):
            rows.errors.append(RowError(line, row))
            continue
        try:
            rows.prompts.append(clean_prompt(_build_prompt_fields(row)))
        except DomainError as refusal:
            prefix = f"{refusal.field}: " if refusal.field and refusal.field != "assertions" else ""
            rows.errors.append(RowError(line, f"{prefix}{refusal.message}"))
    return rows


def _build_prompt_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    enabled = row.get("enabled", True)
    if isinstance(enabled, str):
        word = enabled.strip().lower()
        enabled = True if word in ("", *TRUE) else False if word in FALSE else None
    seed = row.get("seed")
    if isinstance(seed, str):
        seed = seed.strip() or None
    prompt = row.get("prompt")
    return {
        "name": row.get("name") or "",
        "prompt": prompt,
        "expected": row.get("expected") or "",
        "tags": row.get("tags") or [],
        "is_enabled": enabled,
        "seed": seed,
        "history": row.get("history") or [],
        "assertions": row.get("assertions") or [],
    }


def _build_rows_error(errors: list[RowError]) -> InvalidInput:
    first = errors[0]
    return InvalidInput(
        _("Nothing was imported. Line %(line)d: %(message)s")
        % {"line": first.line, "message": first.message},
        code="rows_invalid",
        field="file",
        data={
            "rows": [{"line": error.line, "message": error.message} for error in errors[:MAX_LISTED_ERRORS]],
            "count": len(errors),
        },
    )


def write_prompts_csv(prompts: Iterable[Mapping[str, Any]]) -> str:
    """Return CSV with a byte order mark, for spreadsheets."""
    return write_csv(COLUMNS, map(_build_cells, map(_build_row, prompts)), has_mark=True).decode()


def _build_cells(row: Mapping[str, Any]) -> list[object]:
    return [
        row["name"],
        row["prompt"],
        row["expected"],
        ";".join(row["tags"]),
        "true" if row["enabled"] else "false",
        "" if row["seed"] is None else row["seed"],
        _dump_json(row["history"]) if row["history"] else "",
        _dump_json(row["assertions"]) if row["assertions"] else "",
    ]


def write_jsonl(prompts: Iterable[Mapping[str, Any]]) -> str:
    return "".join(_dump_json(_build_row(prompt)) + "\n" for prompt in prompts)


def _build_row(prompt: Mapping[str, Any]) -> dict[str, Any]:
    return {column: prompt["is_enabled" if column == "enabled" else column] for column in COLUMNS}


def _dump_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
