"""Insights as CSV: one figure a line, so that any table program can turn it.

Columns: ``section``, ``from``, ``to`` (both days counted, UTC), ``name`` (version, model, code, reason, word
or week offset; empty in a section of parts: the groups too small to show, together), ``figure``, ``value``.
Durations are seconds, costs micro-units; a figure that is hidden is empty.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from defusedcsv import csv

from gpts.insights.queries import Insights, Part, Share

COLUMNS = ("section", "from", "to", "name", "figure", "value")
Line = tuple[str, str, str, str, str, str]


def write_csv(found: Insights) -> bytes:
    """UTF-8 with a mark, as spreadsheets want it; what they would run is made harmless."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_lines(found))
    return text.getvalue().encode("utf-8-sig")


def _lines(found: Insights) -> Iterator[Line]:
    first, last = found.range.start.isoformat(), found.range.last.isoformat()
    yield "range", first, last, "", "people", _text(found.people)
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
            yield "use", period.start.isoformat(), period.last.isoformat(), "", name, _text(value)
    for section, parts in (("version", found.versions), ("model", found.models)):
        for part in parts:
            for name in ("turns", "tokens", "cost_micros"):
                yield section, first, last, part.key, name, _text(getattr(part, name))
    yield from _shares("failure", found.failures, "failed", "turns")
    yield from _parts("failure_code", first, last, found.codes, "failed")
    yield from _shares("thumb", found.thumbs, "positive", "thumbs")
    yield from _parts("thumb_reason", first, last, found.reasons, "negative")
    yield from _shares("unanswered", found.unanswered, "unanswered", "lookups")
    if found.words is not None:
        days = found.words.start.isoformat(), found.words.last.isoformat()
        for word in found.words.words:
            yield "unanswered_word", *days, word.word, "people", _text(word.people)
    for cohort in found.cohorts:
        week = cohort.week.isoformat()
        yield "cohort", week, week, "0", "people", _text(cohort.size)
        for cell in cohort.cells:
            yield "cohort", week, week, str(cell.offset), "people", _text(cell.active)


def _shares(section: str, shares: Iterable[Share], counted: str, whole: str) -> Iterator[Line]:
    for share in shares:
        days = share.start.isoformat(), share.last.isoformat()
        yield section, *days, "", counted, _text(share.count)
        yield section, *days, "", whole, _text(share.whole)


def _parts(section: str, first: str, last: str, parts: Iterable[Part], figure: str) -> Iterator[Line]:
    for part in parts:
        yield section, first, last, part.key, figure, _text(part.turns)


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.2f}"
