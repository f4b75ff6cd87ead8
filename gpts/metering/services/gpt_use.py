"""Adds the sums by day up to what each GPT's row says about its use inside its workspace."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from gpts.metering.models import UsageDayState

DAYS = 28

# GPTs whose sums changed since the last count, or had a day that entered or left the 28 days since then; the
# first time all of them. One statement, so that no figure is of another moment than the others. Only rows
# that change are written.
_COUNT = """
WITH touched AS (
  SELECT gpt_id FROM gpts_usageday WHERE batch > %(counted)s
   UNION
  SELECT gpt_id FROM gpts_usageday WHERE day > %(edge)s AND day <= %(other_edge)s
), used AS (
  SELECT g.id, sums.answers, sums.cost, last.day
    FROM touched
    JOIN gpts_gpt g ON g.id = touched.gpt_id
    CROSS JOIN LATERAL (
      SELECT COALESCE(sum(u.answers), 0)::bigint AS answers, COALESCE(sum(u.cost_micros), 0)::bigint AS cost
        FROM gpts_usageday u
       WHERE u.gpt_id = g.id AND u.workspace_id = g.workspace_id AND u.day > %(since)s
    ) sums
    CROSS JOIN LATERAL (
      SELECT u.day FROM gpts_usageday u
       WHERE u.gpt_id = g.id AND u.workspace_id = g.workspace_id
       ORDER BY u.day DESC LIMIT 1
    ) last
)
UPDATE gpts_gpt g
   SET recent_answers = used.answers, recent_cost_micros = used.cost, last_used_date = used.day
  FROM used
 WHERE g.id = used.id
   AND (g.recent_answers, g.recent_cost_micros, g.last_used_date)
       IS DISTINCT FROM (used.answers, used.cost, used.day)
"""


@transaction.atomic
def count_gpt_use(*, at: datetime) -> int:
    """Count what each GPT's own workspace paid for in the last 28 days; return how many GPTs changed.

    A periodic job in a system scope, after the sums by day. Idempotent: GPTs that it looks at are counted
    anew, and a concurrent run waits for the row lock.
    """
    UsageDayState.objects.get_or_create(singleton=True)
    state = UsageDayState.objects.select_for_update().get()
    since = (at - timedelta(days=DAYS)).date()
    former = state.counted_since or since
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "counted": -1 if state.counted_since is None else int(state.counted_batch),
                "since": since,
                "edge": min(former, since),
                "other_edge": max(former, since),
            },
        )
        changed = int(cursor.rowcount)
    state.counted_batch, state.counted_since = state.watermark, since
    state.save(update_fields=["counted_batch", "counted_since"])
    return changed
