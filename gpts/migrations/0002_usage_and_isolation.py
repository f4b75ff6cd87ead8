"""The partitioned usage table, immutable versions, and row-level security of what is private."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations

from core.scope import append_only, row_level_security

USAGE = """
CREATE FUNCTION loggia_uuid7_time(identifier uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_timestamp(('x' || translate(left(identifier::text, 13), '-', ''))::bit(48)::bigint / 1000.0)
$$;

CREATE TABLE gpts_usageevent (
  event_id uuid NOT NULL,
  kind varchar(10) NOT NULL DEFAULT 'turn',
  workspace_id bigint NOT NULL,
  user_id bigint NOT NULL,
  gpt_id bigint NOT NULL,
  gpt_workspace_id bigint NOT NULL,
  version_id bigint,
  payee_id bigint NOT NULL,
  conversation_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  input_tokens bigint NOT NULL CHECK (input_tokens >= 0),
  output_tokens bigint NOT NULL CHECK (output_tokens >= 0),
  cost_micros bigint NOT NULL CHECK (cost_micros >= 0),
  model_name varchar(120) NOT NULL,
  price_version varchar(40) NOT NULL,
  is_paid_user boolean NOT NULL,
  is_regeneration boolean NOT NULL,
  outcome varchar(12) NOT NULL CHECK (outcome IN ('finished', 'stopped')),
  source varchar(10) NOT NULL,
  payload_hash varchar(64) NOT NULL,
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (event_id, occurred_at),
  -- The key is unique within a partition only, so an id must not be able to stand in two months.
  CONSTRAINT gpts_usageevent_month CHECK (
    date_trunc('month', loggia_uuid7_time(event_id) AT TIME ZONE 'UTC')
    = date_trunc('month', occurred_at AT TIME ZONE 'UTC'))
) PARTITION BY RANGE (occurred_at);

CREATE INDEX gpts_usageevent_time ON gpts_usageevent USING brin (occurred_at);
CREATE INDEX gpts_usageevent_xact ON gpts_usageevent (xact);
CREATE INDEX gpts_usageevent_payee ON gpts_usageevent (payee_id, occurred_at);
CREATE INDEX gpts_usageevent_gpt ON gpts_usageevent (gpt_id, occurred_at);
CREATE INDEX gpts_usageevent_user ON gpts_usageevent (user_id, gpt_id, occurred_at);
CREATE INDEX gpts_usageevent_workspace ON gpts_usageevent (workspace_id, occurred_at);

CREATE FUNCTION loggia_add_usage_partitions(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE month date; name text; made integer := 0;
BEGIN
  IF months NOT BETWEEN 1 AND 240 THEN RAISE EXCEPTION 'months must lie between 1 and 240'; END IF;
  FOR step IN 0 .. months - 1 LOOP
    month := (date_trunc('month', first) + make_interval(months => step))::date;
    name := 'gpts_usageevent_' || to_char(month, 'YYYY_MM');
    IF to_regclass('public.' || name) IS NULL THEN
      EXECUTE format('CREATE TABLE %%I PARTITION OF gpts_usageevent FOR VALUES FROM (%%L) TO (%%L)', name,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      -- Rows are reached through the parent, whose policies hold; the parts stay closed.
      EXECUTE format('REVOKE ALL ON %%I FROM "%(app)s", "%(worker)s"', name);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
SELECT loggia_add_usage_partitions('2025-01-01', 48);
"""

DROP_USAGE = """
DROP TABLE gpts_usageevent;
DROP FUNCTION loggia_add_usage_partitions(date, integer);
DROP FUNCTION loggia_uuid7_time(uuid);
"""

OWN = "user_id = (SELECT loggia_user_id())"
INSIDE = "workspace_id = ANY((SELECT loggia_workspace_ids())::bigint[])"
USAGE_SEEN = (
    f"{OWN} OR workspace_id = ANY((SELECT loggia_admin_workspace_ids())::bigint[])"
    " OR (SELECT loggia_has_staff('finance'))"
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0001_initial"), ("gpts", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(USAGE % settings.DATABASE_ROLES, DROP_USAGE),
        *append_only("gpts_usageevent"),
        *append_only("gpts_usagevoid"),
        *append_only("gpts_version"),
        *row_level_security("gpts_conversation", using=OWN),
        *row_level_security("gpts_turn", using=OWN),
        *row_level_security("gpts_message", using=OWN),
        *row_level_security("gpts_knowledgefile", using=INSIDE),
        *row_level_security("gpts_passage", using=INSIDE),
        *row_level_security("gpts_usageevent", using=USAGE_SEEN, check=OWN),
        *row_level_security("gpts_usagevoid", using="(SELECT loggia_has_staff('finance'))"),
    ]
