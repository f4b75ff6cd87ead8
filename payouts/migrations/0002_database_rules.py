"""What the database itself refuses: changed rows, unbalanced entries, postings into closed months."""
# ruff: noqa: E501, S608 - SQL, built from constants of this file and kept in readable lines

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.scope import append_only, row_level_security

# A header remembers its transaction; its rows can be added in that transaction only.
HEADERS = """
ALTER TABLE payouts_usageverdict ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE payouts_ratecard ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE payouts_statement ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE payouts_journalentry ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE payouts_journalentry ADD COLUMN posted_at timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE payouts_accountingperiod ADD COLUMN closed_xact xid8;

CREATE FUNCTION payouts_only_with_header() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE written xid8;
BEGIN
  CASE TG_TABLE_NAME
    WHEN 'payouts_posting' THEN
      SELECT e.xact INTO written FROM payouts_journalentry e WHERE e.id = NEW.entry_id;
    WHEN 'payouts_statementline' THEN
      SELECT s.xact INTO written FROM payouts_statement s WHERE s.id = NEW.statement_id;
    WHEN 'payouts_ratecardline' THEN
      SELECT c.xact INTO written FROM payouts_ratecard c WHERE c.id = NEW.rate_card_id;
  END CASE;
  IF written IS DISTINCT FROM pg_current_xact_id() THEN
    RAISE EXCEPTION 'rows of % can only be added in the transaction of their head', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payouts_posting_with_header BEFORE INSERT ON payouts_posting
  FOR EACH ROW EXECUTE FUNCTION payouts_only_with_header();
CREATE TRIGGER payouts_statementline_with_header BEFORE INSERT ON payouts_statementline
  FOR EACH ROW EXECUTE FUNCTION payouts_only_with_header();
CREATE TRIGGER payouts_ratecardline_with_header BEFORE INSERT ON payouts_ratecardline
  FOR EACH ROW EXECUTE FUNCTION payouts_only_with_header();
"""

# Once per header, at commit. The scope of the writer may have ended by then, and rows that a policy hides would
# count as absent: the check looks as finance and puts the setting back. (CREATE FUNCTION ... SET would do the same,
# but takes a right that only a superuser can grant.) The other triggers run within the writer's own statement.
ENTRY = """
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
DROP FUNCTION payouts_only_with_header() CASCADE;
DROP FUNCTION payouts_check_entry() CASCADE;
DROP FUNCTION payouts_check_posting() CASCADE;
DROP FUNCTION payouts_add_to_balances() CASCADE;
DROP FUNCTION payouts_only_by_postings() CASCADE;
DROP FUNCTION payouts_guard_period() CASCADE;
DROP FUNCTION payouts_guard_run() CASCADE;
DROP FUNCTION payouts_guard_closeline() CASCADE;
DROP FUNCTION payouts_guard_batch() CASCADE;
DROP FUNCTION payouts_guard_payout() CASCADE;
ALTER TABLE payouts_usageverdict DROP COLUMN xact;
ALTER TABLE payouts_ratecard DROP COLUMN xact;
ALTER TABLE payouts_statement DROP COLUMN xact;
ALTER TABLE payouts_journalentry DROP COLUMN xact, DROP COLUMN posted_at;
ALTER TABLE payouts_accountingperiod DROP COLUMN closed_xact;
"""

FINANCE = "(SELECT loggia_has_staff('finance'))"
SIGNED_IN = f"(SELECT loggia_user_id()) IS NOT NULL OR {FINANCE}"
OWN = f"payee_id = (SELECT loggia_user_id()) OR {FINANCE}"
OWN_BALANCE = (
    f"{FINANCE} OR account_id IN (SELECT a.id FROM payouts_account a"
    " WHERE a.payee_id = (SELECT loggia_user_id()))"
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0001_initial"),
        ("gpts", "0002_usage_and_isolation"),
        ("payouts", "0001_initial"),
    ]

    operations: ClassVar = [
        # Not formatted: no parameters, so percent signs stand for themselves.
        migrations.RunSQL(HEADERS + ENTRY + STATES, DROP),
        *append_only("payouts_ratecard"),
        *append_only("payouts_ratecardline"),
        *append_only("payouts_closeline"),
        *append_only("payouts_usageverdict"),
        *append_only("payouts_statement"),
        *append_only("payouts_statementline"),
        *append_only("payouts_account"),
        *append_only("payouts_journalentry"),
        *append_only("payouts_posting"),
        *append_only("payouts_transition"),
        *row_level_security("payouts_ratecard", using=SIGNED_IN, check=FINANCE),
        *row_level_security("payouts_ratecardline", using=SIGNED_IN, check=FINANCE),
        *row_level_security("payouts_accountingperiod", using=SIGNED_IN, check=FINANCE),
        *row_level_security("payouts_closerun", using=FINANCE),
        *row_level_security("payouts_closeline", using=FINANCE),
        *row_level_security("payouts_usagerollup", using=OWN, check="false"),
        *row_level_security("payouts_rollupstate", using=FINANCE, check="false"),
        *row_level_security("payouts_usageverdict", using=FINANCE),
        *row_level_security("payouts_statement", using=OWN, check=FINANCE),
        *row_level_security("payouts_statementline", using=OWN, check=FINANCE),
        *row_level_security("payouts_account", using=OWN, check=FINANCE),
        *row_level_security("payouts_accountbalance", using=OWN_BALANCE, check=FINANCE),
        *row_level_security("payouts_journalentry", using=FINANCE),
        *row_level_security("payouts_posting", using=FINANCE),
        *row_level_security("payouts_payoutaccount", using=OWN),
        *row_level_security("payouts_batch", using=FINANCE),
        *row_level_security("payouts_payout", using=OWN, check=FINANCE),
        *row_level_security("payouts_transition", using=FINANCE),
    ]
