"""Insights as CSV: one figure a line, so that any table program can turn it.

Columns: ``section``, ``from``, ``to`` (both days counted, UTC), ``name`` (version, model, code, reason, word
or week offset; empty in a section of parts: the groups too small to show, together), ``figure``, ``value``.
Durations are seconds, costs micro-units; a figure that is hidden is empty.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from defusedcsv import csv

from gpts.insights.queries import Insights, Part, SharePeriod

COLUMNS = ("section", "from", "to", "name", "figure", "value")
Line = tuple[str, str, str, str, str, str]


def write_csv(found: Insights) -> bytes:
    """UTF-8 with a mark, as spreadsheets want it; what they would run is made harmless."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_build_lines(found))
    return text.getvalue().encode("utf-8-sig")


def _build_lines(found: Insights) -> Iterator[Line]:
    first, last = found.range.start.isoformat(), found.range.last.isoformat()
    yield "range", first, last, "", "people", _format_value(found.people)
    for period in found.use:
        figures = {
            "people": period.people,
            "conversations": period.conversations,
            "turns": period.turns,
            "input_tokens": period.input_tokens,
            "output_tokens": period.output_tokens,
            "cost_micros": period.cost_micros,
            "first_token_p50": period.first_token.p50,
            "first_token_p90": period.first_token.p90,
            "total_p50": period.total.p50,
            "total_p90": period.total.p90,
        }
        for name, value in figures.items():
            yield "use", period.start.isoformat(), period.last.isoformat(), "", name, _format_value(value)
    for section, parts in (("version", found.versions), ("model", found.models)):
        for part in parts:
            for name in ("turns", "tokens", "cost_micros"):
                yield section, first, last, part.key, name, _format_value(getattr(part, name))
    yield from _build_share_lines("failure", found.failures, "failed", "turns")
    yield from _build_part_lines("failure_code", first, last, found.codes, "failed")
    yield from _build_share_lines("thumb", found.thumbs, "positive", "thumbs")
    yield from _build_part_lines("thumb_reason", first, last, found.reasons, "negative")
    yield from _build_share_lines("unanswered", found.unanswered, "unanswered", "lookups")
    if found.words is not None:
        days = found.words.start.isoformat(), found.words.last.isoformat()
        for word in found.words.words:
            yield "unanswered_word", *days, word.word, "people", _format_value(word.people)
    for cohort in found.cohorts:
        week = cohort.week.isoformat()
        yield "cohort", week, week, "0", "people", _format_value(cohort.size)
        for cell in cohort.cells:
            yield "cohort", week, week, str(cell.offset), "people", _format_value(cell.active)


def _build_share_lines(
    section: str, shares: Iterable[SharePeriod], counted: str, whole: str
) -> Iterator[Line]:
    for share in shares:
        days = share.start.isoformat(), share.last.isoformat()
        yield section, *days, "", counted, _format_value(share.count)
        yield section, *days, "", whole, _format_value(share.whole)


def _build_part_lines(
    section: str, first: str, last: str, parts: Iterable[Part], figure: str
) -> Iterator[Line]:
    for part in parts:
        yield section, first, last, part.key, figure, _format_value(part.turns)


def _format_value(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.2f}"
