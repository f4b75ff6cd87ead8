"""Ledger checks: each rule is queried on the stored rows, independently of the triggers that enforce it."""
# ruff: noqa: E501 - SQL, built from constants of this file and kept in readable lines

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from payouts.models import Batch, Statement
from payouts.services.statements import compute_statement_sha256


@dataclass(frozen=True)
class Finding:
    """One violated rule and where."""

    rule: str
    detail: str


# Each query returns one sentence per violation.
_CHECKS = {
    "entries balance": """
        SELECT format('entry %s is off by %s %s', entry_id, sum(amount_minor), currency)
        FROM payouts_posting GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0""",
    "entries have legs of their own transaction": """
        SELECT format('entry %s has no postings', e.id) FROM payouts_journalentry e
        WHERE NOT EXISTS (SELECT 1 FROM payouts_posting p WHERE p.entry_id = e.id)""",
    "postings keep their account's currency": """
        SELECT format('posting %s is in %s, its account in %s', p.id, p.currency, a.currency)
        FROM payouts_posting p JOIN payouts_account a ON a.id = p.account_id WHERE p.currency <> a.currency""",
    "balances are the sums of postings": """
        SELECT format('%s holds %s, its postings sum to %s', a.name, COALESCE(b.balance_minor, 0), COALESCE(s.total, 0))
        FROM payouts_account a LEFT JOIN payouts_accountbalance b ON b.account_id = a.id
        LEFT JOIN (SELECT account_id, sum(amount_minor) AS total FROM payouts_posting GROUP BY 1) s
          ON s.account_id = a.id
        WHERE COALESCE(b.balance_minor, 0) <> COALESCE(s.total, 0)""",
    "pools of closed months are cleared": """
        SELECT format('%s holds %s %s', a.name, b.balance_minor, a.currency)
        FROM payouts_account a JOIN payouts_accountbalance b ON b.account_id = a.id
        JOIN payouts_accountingperiod m ON a.name = 'Liabilities:Pool:' || m.month AND m.state = 'closed'
        WHERE b.balance_minor <> 0""",
    "batches hold in transit what is open": """
        SELECT format('batch %s holds %s in transit, its open payouts are %s', b.id, -COALESCE(t.balance_minor, 0),
                      COALESCE(o.total, 0))
        FROM payouts_batch b
        LEFT JOIN payouts_account a ON a.name = 'Liabilities:PayoutsInTransit:' || b.id AND a.currency = b.currency
        LEFT JOIN payouts_accountbalance t ON t.account_id = a.id
        LEFT JOIN (SELECT batch_id, sum(amount_minor) AS total FROM payouts_payout
                   WHERE state IN ('in_batch', 'exported') GROUP BY 1) o ON o.batch_id = b.id
        WHERE -COALESCE(t.balance_minor, 0) <> COALESCE(o.total, 0)""",
    "lines sum to their statement": """
        SELECT format('statement %s says %s, its lines %s', s.id, s.total_minor, COALESCE(sum(l.amount_minor), 0))
        FROM payouts_statement s LEFT JOIN payouts_statementline l ON l.statement_id = s.id
        GROUP BY s.id HAVING s.total_minor <> COALESCE(sum(l.amount_minor), 0)""",
    "statements sum to what was funded": """
        SELECT format('%s was funded with %s, its statements sum to %s', m.month, m.funded_minor,
                      COALESCE(sum(s.total_minor), 0))
        FROM payouts_accountingperiod m LEFT JOIN payouts_statement s ON s.period_id = m.id
        WHERE m.state = 'closed' GROUP BY m.id HAVING m.funded_minor <> COALESCE(sum(s.total_minor), 0)""",
    "what was earned is owed, on its way, or paid": """
        WITH sums AS (
          SELECT a.currency,
            sum(b.balance_minor) FILTER (WHERE a.name LIKE 'Expenses:RevenueShare:%') AS earned,
            sum(b.balance_minor) FILTER (WHERE a.name ~ '^(Liabilities:|Assets:Bank:|Income:Forfeited$|Expenses:BadDebt:|Expenses:PayoutFees$|Equity:FX:)')
              AS elsewhere
          FROM payouts_account a JOIN payouts_accountbalance b ON b.account_id = a.id GROUP BY a.currency)
        SELECT format('%s: earned %s, accounted for %s', currency, COALESCE(earned, 0), -COALESCE(elsewhere, 0))
        FROM sums WHERE COALESCE(earned, 0) + COALESCE(elsewhere, 0) <> 0""",
    "statements equal their ledger entries": """
        SELECT format('payee %s in %s: statement %s, ledger %s', s.payee_id, m.month, s.total_minor, COALESCE(l.total, 0))
        FROM payouts_statement s JOIN payouts_accountingperiod m ON m.id = s.period_id
        LEFT JOIN (
          SELECT e.period_id, a.payee_id, -sum(p.amount_minor) AS total
          FROM payouts_journalentry e JOIN payouts_posting p ON p.entry_id = e.id
          JOIN payouts_account a ON a.id = p.account_id AND a.name LIKE '%:Pending'
          WHERE e.kind IN ('alloc', 'late') GROUP BY 1, 2) l ON l.period_id = s.period_id AND l.payee_id = s.payee_id
        WHERE s.total_minor <> COALESCE(l.total, 0)""",
}


def verify_ledger() -> list[Finding]:
    """Return every violation found. Read-only; needs a scope that sees all rows."""
    findings = []
    with connection.cursor() as cursor:
        for rule, query in _CHECKS.items():
            cursor.execute(query)
            findings += [Finding(rule, row[0]) for row in cursor.fetchall()]
    return [*findings, *_check_statement_hashes(), *_check_file_hashes()]


def _check_statement_hashes() -> Iterator[Finding]:
    statements = Statement.objects.select_related("period").prefetch_related("lines").order_by("pk")
    for statement in statements.iterator(chunk_size=500):
        lines = sorted(statement.lines.all(), key=lambda line: line.position)
        found = compute_statement_sha256(
            statement.period.month, statement.payee_id, statement.payee_name, statement.currency, lines
        )
        if found != statement.sha256:
            yield Finding("statements keep their hash", f"statement {statement.pk} has another hash")


def _check_file_hashes() -> Iterator[Finding]:
    for batch in Batch.objects.filter(file_bytes__isnull=False).order_by("pk").iterator(chunk_size=20):
        if hashlib.sha256(bytes(batch.file_bytes or b"")).hexdigest() != batch.file_sha256:
            yield Finding("bank files keep their hash", f"batch {batch.pk} has other bytes")
