"""Read one GPT's use of whole days, summed by person. Needs a system scope.

Use comes from usage events, so it outlives deleted chats; durations and look-ups of those are lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Left

from gpts.assistants.models import GPT
from gpts.chat.models import Message
from gpts.chat.states import MessageRole
from gpts.insights.grouping import Span
from gpts.knowledge.retrieval import ANSWERABLE_SCORE
from gpts.llm.models import LanguageModel
from gpts.llm.states import TurnState
from workspaces.models import Member
from workspaces.states import ADMIN_ROLES, COMPANY_KINDS

# Replaces the names of other workspaces' own models, which are private.
OTHER_MODEL = "*"
QUESTION_LENGTH = 2_000
# No period that could be shown waits longer after its last use (insights.services.periods).
MAX_PERIOD_WAIT_DAYS = 15
# The payee of an event is the owner at its time. These fragments are constants; values are parameters.
_EVENTS = """
    e.gpt_id = %(gpt)s AND e.version_id IS NOT NULL AND e.occurred_at >= %(start)s AND e.occurred_at < %(end)s
    AND e.user_id <> ALL(%(insiders)s) AND e.user_id <> e.payee_id
"""
_DAY = "(e.occurred_at AT TIME ZONE 'UTC')::date"
_USE = f"""
    SELECT {_DAY}, e.user_id, e.conversation_id, v.number, e.model_name, count(*),
           sum(e.input_tokens)::bigint, sum(e.output_tokens)::bigint, sum(e.cost_micros)::bigint
      FROM gpts_usageevent e JOIN gpts_version v ON v.id = e.version_id
     WHERE {_EVENTS} GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - made of the constants above
_DURATIONS = f"""
    SELECT {_DAY}, e.user_id, extract(epoch FROM t.first_token_at - t.started_at)::float8,
           extract(epoch FROM t.ended_at - t.started_at)::float8
      FROM gpts_usageevent e JOIN gpts_turn t ON t.id = e.event_id
     WHERE {_EVENTS} AND t.state = 'finished'
"""  # noqa: S608 - made of the constants above
_ENDED = f"""
    SELECT {_DAY}, e.user_id, 'ended', '', count(*)
      FROM gpts_usageevent e WHERE {_EVENTS} GROUP BY 1, 2
"""  # noqa: S608 - made of the constants above
_FAILED = """
    SELECT (e.started_at AT TIME ZONE 'UTC')::date, e.user_id, 'failed',
           coalesce(nullif(e.error_code, ''), e.state), count(*)
      FROM gpts_turn e
     WHERE e.gpt_id = %(gpt)s AND e.version_id IS NOT NULL AND e.started_at >= %(start)s
       AND e.started_at < %(end)s AND e.user_id <> ALL(%(insiders)s) AND e.state = ANY(%(failed)s)
     GROUP BY 1, 2, 4
"""
_ANSWERED = f"""
    SELECT {_DAY}, e.user_id,
           CASE WHEN t.retrieval_score IS NULL THEN 'none'
                WHEN t.retrieval_score < %(enough)s THEN 'low' ELSE 'found' END, '', count(*)
      FROM gpts_usageevent e LEFT JOIN gpts_turn t ON t.id = e.event_id
     WHERE {_EVENTS} GROUP BY 1, 2, 3
"""  # noqa: S608 - made of the constants above
_THUMBS = """
    SELECT (e.created_at AT TIME ZONE 'UTC')::date, e.user_id,
           CASE WHEN e.is_positive THEN 'positive' ELSE 'negative' END, e.reason, count(*)
      FROM gpts_turnfeedback e
     WHERE e.gpt_id = %(gpt)s AND e.version_id IS NOT NULL AND e.created_at >= %(start)s
       AND e.created_at < %(end)s AND e.user_id <> ALL(%(insiders)s)
     GROUP BY 1, 2, 3, 4
"""
_REACH = f"""
    SELECT count(DISTINCT e.user_id) FROM gpts_usageevent e WHERE {_EVENTS}
"""  # noqa: S608 - made of the constants above
_ESTIMATED = f"""
    SELECT count(DISTINCT e.user_id) FROM gpts_usageevent e WHERE {_EVENTS} AND e.is_estimated
"""  # noqa: S608 - made of the constants above
_WEEKS = f"""
    SELECT DISTINCT e.user_id, date_trunc('week', e.occurred_at AT TIME ZONE 'UTC')::date
      FROM gpts_usageevent e WHERE {_EVENTS}
"""  # noqa: S608 - made of the constants above
# GPTs with use since the last run, with use so recent that a period may still wait, or with figures of the
# last days, which go out of date.
_WAITING = """
    SELECT g.id FROM gpts_gpt g JOIN workspaces_workspace w ON w.id = g.workspace_id
      LEFT JOIN gpts_insightstate s ON s.gpt_id = g.id
     WHERE g.deleted_at IS NULL AND w.suspended_at IS NULL AND (s.id IS NULL OR s.read_until < %(until)s)
       AND (EXISTS (SELECT 1 FROM gpts_insightreach r WHERE r.gpt_id = g.id)
            OR EXISTS (SELECT 1 FROM gpts_usageevent e
                        WHERE e.gpt_id = g.id AND e.version_id IS NOT NULL AND e.occurred_at < %(end)s
                          AND e.occurred_at >= coalesce(
                              (s.read_until - %(waits)s)::timestamp AT TIME ZONE 'UTC', '2000-01-01')))
     ORDER BY s.computed_at NULLS FIRST, g.id LIMIT %(limit)s
"""


class UseRow(NamedTuple):
    """One person's answers in one conversation, with one version and model, on one day."""

    day: date
    person: int
    conversation: object
    version: int
    model: str
    turns: int
    input_tokens: int
    output_tokens: int
    cost_micros: int


class OutcomeRow(NamedTuple):
    """How often one person had one outcome on a day; ``key`` is an error code or reason, or empty."""

    day: date
    person: int
    name: str
    key: str
    times: int


class DurationRow(NamedTuple):
    """Seconds of one finished answer; ``first`` is None when nothing was streamed."""

    day: date
    person: int
    first: float | None
    total: float


def get_midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def list_waiting_gpts(*, until: date, limit: int) -> list[int]:
    """Return ids of GPTs with something to read of the days before ``until``, those never read first."""
    params = {"until": until, "end": get_midnight(until), "waits": MAX_PERIOD_WAIT_DAYS, "limit": limit}
    return [row[0] for row in _fetch_rows(_WAITING, params)]


def list_insiders(gpt: GPT) -> list[int]:
    """Return ids of the owner and a company's admins: who may read the figures is not counted in them."""
    insiders = {gpt.owner_id}
    if gpt.workspace.kind in COMPANY_KINDS:
        insiders |= set(
            Member.objects.filter(workspace=gpt.workspace_id, role__in=ADMIN_ROLES).values_list(
                "user_id", flat=True
            )
        )
    return sorted(insiders)


@dataclass(frozen=True)
class FactReader:
    """Reads the use of one GPT, without insiders and without previews of the draft."""

    gpt: GPT
    insiders: list[int]

    def read_use(self, span: Span) -> list[UseRow]:
        foreign = _list_foreign_models(self.gpt)
        rows = (UseRow(*row) for row in self._read(_USE, span))
        return [row._replace(model=OTHER_MODEL) if row.model in foreign else row for row in rows]

    def read_durations(self, span: Span) -> list[DurationRow]:
        return [DurationRow(*row) for row in self._read(_DURATIONS, span)]

    def read_outcomes(self, span: Span) -> list[OutcomeRow]:
        """Return ``ended`` (one for each usage event) and ``failed`` with its error code."""
        return [OutcomeRow(*row) for statement in (_ENDED, _FAILED) for row in self._read(statement, span)]

    def read_lookups(self, span: Span) -> list[OutcomeRow]:
        """Return ``found``, ``low`` (no passage was similar enough) and ``none`` (no look-up is recorded)."""
        return [OutcomeRow(*row) for row in self._read(_ANSWERED, span)]

    def read_thumbs(self, span: Span) -> list[OutcomeRow]:
        """Return ``positive`` and ``negative`` with its reason."""
        return [OutcomeRow(*row) for row in self._read(_THUMBS, span)]

    def count_people(self, span: Span) -> int:
        found: int = self._read(_REACH, span)[0][0]
        return found

    def count_estimated_people(self, span: Span) -> int:
        """Count the people some of whose answers have estimated tokens."""
        found: int = self._read(_ESTIMATED, span)[0][0]
        return found

    def read_weeks(self, until: date) -> list[tuple[int, date]]:
        """Return each person with the Monday of each week in which they used the GPT."""
        return [(row[0], row[1]) for row in self._read(_WEEKS, Span(date(2000, 1, 1), until))]

    def read_unanswered_texts(self, span: Span) -> Iterator[tuple[int, str]]:
        """Yield person and text of questions without a matching passage; no deleted or temporary chats.

        Only questions asked in the GPT's own workspace or in personal ones: other companies' words stay
        private. Of a long text the beginning is read.
        """
        is_foreign = Q(workspace__kind__in=COMPANY_KINDS) & ~Q(workspace_id=self.gpt.workspace_id)
        questions = Message.objects.filter(
            role=MessageRole.USER,
            turn__gpt=self.gpt,
            turn__version__isnull=False,
            turn__started_at__gte=get_midnight(span.start),
            turn__started_at__lt=get_midnight(span.end),
            turn__retrieval_score__lt=ANSWERABLE_SCORE,
            turn__conversation__deleted_at__isnull=True,
            turn__conversation__is_temporary=False,
        )
        yield from (
            questions.exclude(is_foreign)
            .exclude(user__in=self.insiders)
            .values_list("user_id", Left("content", QUESTION_LENGTH))
            .iterator()
        )

    def _read(self, statement: str, span: Span) -> list[tuple[Any, ...]]:
        params = {
            "gpt": self.gpt.pk,
            "insiders": self.insiders,
            "start": get_midnight(span.start),
            "end": get_midnight(span.end),
            "failed": [TurnState.FAILED.value, TurnState.INTERRUPTED.value],
            "enough": ANSWERABLE_SCORE,
        }
        return _fetch_rows(statement, params)


def get_fact_reader(gpt: GPT) -> FactReader:
    return FactReader(gpt, list_insiders(gpt))


def _list_foreign_models(gpt: GPT) -> set[str]:
    """Return names that only other workspaces' own models have."""
    known: set[str] = set()
    foreign: set[str] = set()
    for name, workspace_id in LanguageModel.objects.values_list("name", "provider__workspace_id"):
        (known if workspace_id in (None, gpt.workspace_id) else foreign).add(name)
    return foreign - known


def _fetch_rows(statement: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())
