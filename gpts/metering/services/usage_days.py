"""Adds usage events to the sums by day, each once."""

from __future__ import annotations

from django.db import connection, transaction

from gpts.metering.models import UsageDayState

# Each event is of one transaction, so it lies between two watermarks exactly once, however late it comes.
_ADD = """
INSERT INTO gpts_usageday (workspace_id, day, user_id, gpt_id, model_name,
                           answers, input_tokens, output_tokens, cost_micros, batch)
SELECT workspace_id, (occurred_at AT TIME ZONE 'UTC')::date, user_id, gpt_id, model_name,
       count(*), sum(input_tokens), sum(output_tokens), sum(cost_micros), %(until)s::numeric
  FROM gpts_usageevent
 WHERE xact >= %(since)s::text::xid8 AND xact < %(until)s::text::xid8
 GROUP BY 1, 2, 3, 4, 5
 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (workspace_id, day, user_id, gpt_id, model_name) DO UPDATE SET
  answers = gpts_usageday.answers + excluded.answers,
  input_tokens = gpts_usageday.input_tokens + excluded.input_tokens,
  output_tokens = gpts_usageday.output_tokens + excluded.output_tokens,
  cost_micros = gpts_usageday.cost_micros + excluded.cost_micros,
  batch = excluded.batch
"""


def add_usage_to_days() -> int:
    """Add the events below the oldest transaction still running; return how many rows were written.

    The watermark is the snapshot's xmin, so that no event of a transaction that commits late is skipped.
    Idempotent: sums and watermark change together, and a concurrent run waits for the row lock. Needs a
    system scope.
    """
    with transaction.atomic():
        UsageDayState.objects.get_or_create(singleton=True)
        state = UsageDayState.objects.select_for_update().get()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
            until = str(cursor.fetchone()[0])
            cursor.execute(_ADD, {"since": str(int(state.watermark)), "until": until})
            written = cursor.rowcount
        state.watermark = int(until)
        state.save(update_fields=["watermark"])
    return int(written)
