"""Insights as CSV in long format: one figure on each line, ready for pivot tables.

Columns: ``section``, ``from``, ``to`` (both inclusive, UTC), ``name`` (version, model, error code, reason,
word or week offset; empty for parts too small to show, together), ``figure``, ``value``. Durations are
seconds, costs micro-units; suppressed figures are empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.csv_files import write_csv
from gpts.insights.queries import Insights, Part, SharePeriod

COLUMNS = ("section", "from", "to", "name", "figure", "value")
Line = tuple[str, str, str, str, str, str]


def write_insights_csv(insights: Insights) -> bytes:
    """Return UTF-8 with a byte order mark, for spreadsheets."""
    return write_csv(COLUMNS, _build_lines(insights), has_mark=True)


def _build_lines(insights: Insights) -> Iterator[Line]:
    first, last = insights.range.start.isoformat(), insights.range.last.isoformat()
    yield "range", first, last, "", "people", _format_value(insights.people)
    for period in insights.use:
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
    for section, parts in (("version", insights.versions), ("model", insights.models)):
        for part in parts:
            for name in ("turns", "tokens", "cost_micros"):
                yield section, first, last, part.key, name, _format_value(getattr(part, name))
    yield from _build_share_lines("failure", insights.failures, "failed", "turns")
    yield from _build_part_lines("failure_code", first, last, insights.codes, "failed")
    yield from _build_share_lines("thumb", insights.thumbs, "positive", "thumbs")
    yield from _build_part_lines("thumb_reason", first, last, insights.reasons, "negative")
    yield from _build_share_lines("unanswered", insights.unanswered, "unanswered", "lookups")
    if insights.words is not None:
        days = insights.words.start.isoformat(), insights.words.last.isoformat()
        for word in insights.words.words:
            yield "unanswered_word", *days, word.word, "people", _format_value(word.people)
    for cohort in insights.cohorts:
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
