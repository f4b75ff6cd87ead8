"""A held payee's payout cannot go into a bank file; a calculation that does not end can be broken off."""
# ruff: noqa: E501 - SQL in readable lines

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import FixSearchPath

PERIOD = """
CREATE OR REPLACE FUNCTION payouts_guard_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'open' THEN
      RAISE EXCEPTION 'a month begins open' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' OR OLD.state = 'closed' OR NEW.month <> OLD.month THEN
    RAISE EXCEPTION 'month %% cannot be changed', OLD.month USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
    ('open', 'grace'), ('grace', 'calculating'), ('calculating', 'review'), ('review', 'calculating'),
    %(broken_off)s('review', 'closed')) THEN
    RAISE EXCEPTION 'month %% cannot go from %% to %%', OLD.month, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  NEW.closed_xact := CASE WHEN NEW.state = 'closed' THEN pg_current_xact_id() END;
  RETURN NEW;
END $$;
"""

HOLDS = """
CREATE FUNCTION payouts_refuse_held_payee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM reviews_enforcement e WHERE e.builder_id = NEW.payee_id
             AND e.kind = 'hold_payout' AND e.state = 'executed')
     OR EXISTS (SELECT 1 FROM payouts_payoutaccount a WHERE a.payee_id = NEW.payee_id AND a.held_at IS NOT NULL) THEN
    RAISE EXCEPTION 'payouts to payee % are on hold', NEW.payee_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_payout_held BEFORE UPDATE ON payouts_payout
  FOR EACH ROW WHEN (OLD.state <> NEW.state AND NEW.state IN ('in_batch', 'exported'))
  EXECUTE FUNCTION payouts_refuse_held_payee();
CREATE TRIGGER payouts_payout_held_at_once BEFORE INSERT ON payouts_payout
  FOR EACH ROW EXECUTE FUNCTION payouts_refuse_held_payee();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("payouts", "0008_row_policies"),
        ("reviews", "0005_first_policies"),
    ]

    operations: ClassVar = [
        migrations.RunSQL(PERIOD % {"broken_off": "('calculating', 'grace'), "}, PERIOD % {"broken_off": ""}),
        migrations.RunSQL(HOLDS, "DROP FUNCTION payouts_refuse_held_payee() CASCADE;"),
        FixSearchPath("payouts_guard_period()", "payouts_refuse_held_payee()"),
    ]
