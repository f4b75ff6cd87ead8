"""What is never changed: rates, calculated lines, verdicts, statements, the ledger and the log of steps."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import MakeAppendOnly

# A header remembers its transaction; its rows can be added in that transaction only.
HEADERS = """
ALTER TABLE payouts_usageverdict ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE payouts_ratecard ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE payouts_statement ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE payouts_journalentry ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE payouts_journalentry ADD COLUMN posted_at timestamptz NOT NULL DEFAULT clock_timestamp();

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

DROP_HEADERS = """
DROP FUNCTION payouts_only_with_header() CASCADE;
ALTER TABLE payouts_usageverdict DROP COLUMN xact;
ALTER TABLE payouts_ratecard DROP COLUMN xact;
ALTER TABLE payouts_statement DROP COLUMN xact;
ALTER TABLE payouts_journalentry DROP COLUMN xact, DROP COLUMN posted_at;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0003_append_only"), ("payouts", "0003_isolation")]

    operations: ClassVar = [
        migrations.RunSQL(HEADERS, DROP_HEADERS),
        MakeAppendOnly("payouts_ratecard"),
        MakeAppendOnly("payouts_ratecardline"),
        MakeAppendOnly("payouts_closeline"),
        MakeAppendOnly("payouts_usageverdict"),
        MakeAppendOnly("payouts_statement"),
        MakeAppendOnly("payouts_statementline"),
        MakeAppendOnly("payouts_account"),
        MakeAppendOnly("payouts_journalentry"),
        MakeAppendOnly("payouts_posting"),
        MakeAppendOnly("payouts_transition"),
    ]
