"""Triggers: entries balance, balances follow from postings, and months, runs, batches and payouts keep their states."""
# ruff: noqa: E501 - SQL in readable lines

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# Once per entry, at commit. The scope of the writer may have ended by then, and rows that a policy hides would
# count as absent: the check reads as finance and puts the setting back. (CREATE FUNCTION ... SET would do the
# same, but takes a right that only a superuser can grant.) The other triggers run within the writer's statement.
ENTRIES = """
CREATE FUNCTION payouts_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  month payouts_accountingperiod;
  before text := COALESCE(current_setting('loggia.staff', true), '');
BEGIN
  PERFORM set_config('loggia.staff', '{finance}', true);
  IF NOT EXISTS (SELECT 1 FROM payouts_posting p WHERE p.entry_id = NEW.id) THEN
    RAISE EXCEPTION 'journal entry % has no postings', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM payouts_posting p WHERE p.entry_id = NEW.id
             GROUP BY p.currency HAVING sum(p.amount_minor) <> 0) THEN
    RAISE EXCEPTION 'journal entry % does not balance', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.reversal_of_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM (
      SELECT p.account_id, p.amount_minor FROM payouts_posting p WHERE p.entry_id = NEW.id
      UNION ALL
      SELECT p.account_id, p.amount_minor FROM payouts_posting p WHERE p.entry_id = NEW.reversal_of_id
    ) legs GROUP BY account_id HAVING sum(amount_minor) <> 0
  ) THEN
    RAISE EXCEPTION 'journal entry % does not mirror the one it reverses', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  SELECT * INTO month FROM payouts_accountingperiod WHERE id = NEW.period_id FOR SHARE;
  IF month.id IS NULL OR month.state = 'closed' AND month.closed_xact IS DISTINCT FROM pg_current_xact_id() THEN
    RAISE EXCEPTION 'month % is closed', month.month USING ERRCODE = 'check_violation';
  END IF;
  PERFORM set_config('loggia.staff', before, true);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER payouts_journalentry_balances AFTER INSERT ON payouts_journalentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payouts_check_entry();

CREATE FUNCTION payouts_check_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.currency IS DISTINCT FROM (SELECT a.currency FROM payouts_account a WHERE a.id = NEW.account_id) THEN
    RAISE EXCEPTION 'the account is kept in another currency' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_posting_currency BEFORE INSERT ON payouts_posting
  FOR EACH ROW EXECUTE FUNCTION payouts_check_posting();
"""

BALANCES = """
CREATE FUNCTION payouts_add_to_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO payouts_accountbalance AS kept (account_id, balance_minor)
  SELECT account_id, sum(amount_minor)::bigint FROM added GROUP BY account_id ORDER BY account_id
  ON CONFLICT (account_id) DO UPDATE SET balance_minor = kept.balance_minor + EXCLUDED.balance_minor;
  RETURN NULL;
END $$;
CREATE TRIGGER payouts_posting_balances AFTER INSERT ON payouts_posting
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION payouts_add_to_balances();

CREATE FUNCTION payouts_only_by_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'balances follow from postings' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_accountbalance_kept BEFORE INSERT OR UPDATE OR DELETE ON payouts_accountbalance
  FOR EACH ROW EXECUTE FUNCTION payouts_only_by_postings();
"""

STATES = """
ALTER TABLE payouts_accountingperiod ADD COLUMN closed_xact xid8;

CREATE FUNCTION payouts_guard_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'open' THEN
      RAISE EXCEPTION 'a month begins open' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' OR OLD.state = 'closed' OR NEW.month <> OLD.month THEN
    RAISE EXCEPTION 'month % cannot be changed', OLD.month USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
    ('open', 'grace'), ('grace', 'calculating'), ('calculating', 'review'), ('review', 'calculating'),
    ('review', 'closed')) THEN
    RAISE EXCEPTION 'month % cannot go from % to %', OLD.month, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  NEW.closed_xact := CASE WHEN NEW.state = 'closed' THEN pg_current_xact_id() END;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_accountingperiod_guard BEFORE INSERT OR UPDATE OR DELETE ON payouts_accountingperiod
  FOR EACH ROW EXECUTE FUNCTION payouts_guard_period();

CREATE FUNCTION payouts_guard_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state IN ('approved', 'rejected')
     OR (NEW.period_id, NEW.number, NEW.started_by_id) IS DISTINCT FROM
        (OLD.period_id, OLD.number, OLD.started_by_id)
     OR OLD.digest <> '' AND NEW.digest <> OLD.digest THEN
    RAISE EXCEPTION 'run % is kept as it is', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_closerun_guard BEFORE UPDATE OR DELETE ON payouts_closerun
  FOR EACH ROW EXECUTE FUNCTION payouts_guard_run();

CREATE FUNCTION payouts_guard_closeline() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM payouts_closerun r WHERE r.id = NEW.run_id AND r.state = 'calculating') THEN
    RAISE EXCEPTION 'the run is not being calculated' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_closeline_guard BEFORE INSERT ON payouts_closeline
  FOR EACH ROW EXECUTE FUNCTION payouts_guard_closeline();

CREATE FUNCTION payouts_guard_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state IN ('rejected', 'settled', 'cancelled')
     OR (NEW.created_by_id, NEW.currency) IS DISTINCT FROM (OLD.created_by_id, OLD.currency)
     OR OLD.approved_by_id IS NOT NULL AND NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id
     OR OLD.file_bytes IS NOT NULL AND (NEW.file_bytes, NEW.file_sha256, NEW.file_format, NEW.exported_at)
        IS DISTINCT FROM (OLD.file_bytes, OLD.file_sha256, OLD.file_format, OLD.exported_at) THEN
    RAISE EXCEPTION 'batch % is kept as it is', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_batch_guard BEFORE UPDATE OR DELETE ON payouts_batch
  FOR EACH ROW EXECUTE FUNCTION payouts_guard_batch();

CREATE FUNCTION payouts_guard_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT 1 FROM payouts_batch b WHERE b.id = NEW.batch_id AND b.state = 'draft') THEN
      RAISE EXCEPTION 'the batch is not a draft' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' OR OLD.state IN ('failed', 'returned', 'cancelled')
     OR (NEW.batch_id, NEW.payee_id, NEW.currency, NEW.amount_minor, NEW.legal_name, NEW.country, NEW.method,
         NEW.iban_ending) IS DISTINCT FROM
        (OLD.batch_id, OLD.payee_id, OLD.currency, OLD.amount_minor, OLD.legal_name, OLD.country, OLD.method,
         OLD.iban_ending) THEN
    RAISE EXCEPTION 'payout % is kept as it is', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_payout_guard BEFORE INSERT OR UPDATE OR DELETE ON payouts_payout
  FOR EACH ROW EXECUTE FUNCTION payouts_guard_payout();
"""

DROP = """
DROP FUNCTION payouts_guard_payout() CASCADE;
DROP FUNCTION payouts_guard_batch() CASCADE;
DROP FUNCTION payouts_guard_closeline() CASCADE;
DROP FUNCTION payouts_guard_run() CASCADE;
DROP FUNCTION payouts_guard_period() CASCADE;
ALTER TABLE payouts_accountingperiod DROP COLUMN closed_xact;
DROP FUNCTION payouts_only_by_postings() CASCADE;
DROP FUNCTION payouts_add_to_balances() CASCADE;
DROP FUNCTION payouts_check_posting() CASCADE;
DROP FUNCTION payouts_check_entry() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("payouts", "0004_append_only")]

    operations: ClassVar = [
        migrations.RunSQL(ENTRIES + BALANCES + STATES, DROP),
    ]
