"""Issuing a calculated month: statements with their lines, and the ledger entries that match them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from payouts.models import AccountingPeriod, CloseLine, CloseRun, Statement, StatementLine
from payouts.services.ledger import (
    EntryDraft,
    pending_account,
    pool_account,
    post_entries,
    revenue_share_account,
)
from payouts.services.valuation import compute_canonical_sha256
from payouts.states import EntryKind, Verdict
from workspaces.models import User

BATCH_ROWS = 2_000
ENTITY = "main"


def issue_statements(*, row: AccountingPeriod, run: CloseRun, by: User, at: datetime) -> list[Statement]:
    """Write statements, lines and ledger entries of the approved ``run`` in the caller's transaction.

    The caller holds the ledger lock and the lock of ``row``, the run's month, and closes it afterwards.
    """
    lines = _lines_by_payee(run)
    statements = _create_statements(row, run, lines, at)
    drafts = _build_entries(row, run, lines)
    if drafts:
        post_entries(drafts, by=by, at=at, period=row)
    return statements


def _lines_by_payee(run: CloseRun) -> dict[int, list[CloseLine]]:
    grouped: dict[int, list[CloseLine]] = defaultdict(list)
    ordered = run.lines.select_related("payee").order_by(
        "payee_id", "gpt_id", "category", "origin_month", "verdict"
    )
    for line in ordered:
        grouped[line.payee_id].append(line)
    # No statement for payees whose only use is their own.
    return {
        payee_id: lines
        for payee_id, lines in grouped.items()
        if any(line.verdict != Verdict.SELF_USE for line in lines)
    }


def _create_statements(
    row: AccountingPeriod, run: CloseRun, lines: dict[int, list[CloseLine]], at: datetime
) -> list[Statement]:
    currency = run.rate_card.currency
    statements = Statement.objects.bulk_create(
        (
            Statement(
                period=row,
                run=run,
                payee_id=payee_id,
                payee_name=str(own[0].payee)[:80],
                currency=currency,
                total_minor=sum(line.amount_minor for line in own),
                sha256=compute_statement_sha256(row.month, payee_id, str(own[0].payee)[:80], currency, own),
                issued_at=at,
            )
            for payee_id, own in lines.items()
        ),
        batch_size=BATCH_ROWS,
    )
    StatementLine.objects.bulk_create(
        (
            StatementLine(
                statement=statement,
                payee_id=statement.payee_id,
                position=position,
                gpt_id=line.gpt_id,
                gpt_name=line.gpt_name,
                category=line.category,
                origin_month=line.origin_month,
                verdict=line.verdict,
                conversations=line.conversations,
                messages=line.messages,
                output_tokens=line.output_tokens,
                estimated=line.estimated,
                amount_minor=line.amount_minor,
            )
            for statement in statements
            for position, line in enumerate(lines[statement.payee_id], start=1)
        ),
        batch_size=BATCH_ROWS,
    )
    return statements


def compute_statement_sha256(
    month: str, payee_id: int, payee_name: str, currency: str, lines: Sequence[CloseLine | StatementLine]
) -> str:
    """Return the hash of a statement's head and lines; the same for close lines and statement lines."""
    return compute_canonical_sha256(
        {
            "month": month,
            "payee": payee_id,
            "payee_name": payee_name,
            "currency": currency,
            "lines": [
                [line.gpt_id, line.gpt_name, line.category, line.origin_month, line.verdict,
                 line.conversations, line.messages, line.output_tokens, line.amount_minor,
                 # Left out where nothing is estimated, as in statements from before there were estimates.
                 *([line.estimated] if line.estimated else [])]
                for line in lines
            ],
        }
    )  # fmt: skip


def _build_entries(
    row: AccountingPeriod, run: CloseRun, lines: dict[int, list[CloseLine]]
) -> list[EntryDraft]:
    currency, month, version = run.rate_card.currency, row.month, f"v{run.number}"
    fund = 0
    allocations: list[EntryDraft] = []
    for payee_id, own in lines.items():
        by_origin: dict[str, int] = defaultdict(int)
        for line in own:
            by_origin[line.origin_month] += line.amount_minor
        for origin, amount in sorted(by_origin.items()):
            if amount == 0:
                continue
            if origin == month:
                fund += amount
                kind, key, source = (
                    EntryKind.ALLOCATE,
                    f"alloc:{month}:{currency}:{version}:{payee_id}",
                    pool_account(month),
                )
                description = f"Earnings of {month}"
            else:
                kind, key, source = (
                    EntryKind.LATE,
                    f"late:{origin}:{run.pk}:{payee_id}",
                    revenue_share_account(month),
                )
                description = f"Late usage of {origin}"
            legs = [(source, amount), (pending_account(payee_id), -amount)]
            allocations.append(EntryDraft(kind, key, description, currency, legs))
    if fund == 0:
        return allocations
    funding = EntryDraft(
        EntryKind.FUND,
        f"fund:{ENTITY}:{month}:{currency}:{version}",
        f"Revenue share of {month}",
        currency,
        [(revenue_share_account(month), fund), (pool_account(month), -fund)],
    )
    return [funding, *allocations]
