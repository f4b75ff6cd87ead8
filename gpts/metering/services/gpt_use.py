"""Adds the sums by day up to what each GPT's row says about its use inside its workspace."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

DAYS = 28

# One statement, so that no figure is of another moment than the others. Only rows that change are written.
_COUNT = """
WITH used AS (
  SELECT gpt_id, workspace_id, max(day) AS last_day,
         COALESCE(sum(answers) FILTER (WHERE day > %(since)s), 0)::bigint AS answers,
         COALESCE(sum(cost_micros) FILTER (WHERE day > %(since)s), 0)::bigint AS cost
    FROM gpts_usageday
   GROUP BY gpt_id, workspace_id
)
UPDATE gpts_gpt g
   SET recent_answers = used.answers, recent_cost_micros = used.cost, last_used_date = used.last_day
  FROM used
 WHERE g.id = used.gpt_id AND g.workspace_id = used.workspace_id
   AND (g.recent_answers, g.recent_cost_micros, g.last_used_date)
       IS DISTINCT FROM (used.answers, used.cost, used.last_day)
"""


def count_gpt_use(*, at: datetime) -> int:
    """Count what each GPT's own workspace paid for in the last 28 days; return how many GPTs changed.

    A periodic job in a system scope, after the sums by day. Idempotent: it counts anew.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"since": (at - timedelta(days=DAYS)).date()})
        return int(cursor.rowcount)
