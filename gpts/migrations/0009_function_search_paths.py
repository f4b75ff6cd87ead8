"""Functions of usage events look names up in our schema only: see core.0004_function_search_paths."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations

from core.migration_operations import FixSearchPath

# With pg_catalog first in the path, a new table needs the name of its schema.
ADD_PARTITIONS = """
CREATE OR REPLACE FUNCTION loggia_add_usage_partitions(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE month date; name text; made integer := 0;
BEGIN
  IF months NOT BETWEEN 1 AND 240 THEN RAISE EXCEPTION 'months must lie between 1 and 240'; END IF;
  FOR step IN 0 .. months - 1 LOOP
    month := (date_trunc('month', first) + make_interval(months => step))::date;
    name := 'gpts_usageevent_' || to_char(month, 'YYYY_MM');
    IF to_regclass('public.' || name) IS NULL THEN
      EXECUTE format('CREATE TABLE public.%%I PARTITION OF public.gpts_usageevent'
        ' FOR VALUES FROM (%%L) TO (%%L)', name, to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      -- Rows are reached through the parent, whose policies hold; the parts stay closed.
      EXECUTE format('REVOKE ALL ON public.%%I FROM "%(app)s", "%(worker)s"', name);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0004_function_search_paths"), ("gpts", "0008_append_only")]

    operations: ClassVar = [
        migrations.RunSQL(ADD_PARTITIONS % settings.DATABASE_ROLES, migrations.RunSQL.noop),
        FixSearchPath("loggia_uuid7_time(uuid)", "loggia_add_usage_partitions(date, integer)"),
    ]
