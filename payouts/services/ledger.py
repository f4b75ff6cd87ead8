"""Writing journal entries: balanced, each under an idempotency key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from core.periods import Period
from payouts.models import Account, AccountingPeriod, JournalEntry, Posting
from payouts.services.periods import open_period
from payouts.states import EntryKind
from workspaces.models import User

# One writer at a time: entries update shared balances in any order and would deadlock otherwise.
LEDGER_LOCK = 0x10661A
BATCH_ROWS = 2_000


@dataclass(frozen=True)
class AccountName:
    """The name of an account; ``payee_id`` if the balance belongs to a payee."""

    name: str
    payee_id: int | None = None


def revenue_share_account(month: str) -> AccountName:
    return AccountName(f"Expenses:RevenueShare:{month}")


def pool_account(month: str) -> AccountName:
    return AccountName(f"Liabilities:Pool:{month}")


def pending_account(payee_id: int) -> AccountName:
    return AccountName(f"Liabilities:Creators:{payee_id}:Pending", payee_id)


def available_account(payee_id: int) -> AccountName:
    return AccountName(f"Liabilities:Creators:{payee_id}:Available", payee_id)


def in_transit_account(batch_id: int) -> AccountName:
    return AccountName(f"Liabilities:PayoutsInTransit:{batch_id}")


def bank_account(name: str) -> AccountName:
    return AccountName(f"Assets:Bank:{name}")


@dataclass(frozen=True)
class EntryDraft:
    """One entry to post. Legs are (account, minor units), debits positive; two legs may share an account."""

    kind: EntryKind
    key: str
    description: str
    currency: str
    legs: Sequence[tuple[AccountName, int]]
    reversal_of: JournalEntry | None = field(default=None)


def post_entries(
    drafts: Iterable[EntryDraft], *, by: User | None, at: datetime, period: AccountingPeriod | None = None
) -> list[JournalEntry]:
    """Write the entries in the caller's transaction, into ``period`` or the month of ``at``.

    Takes the ledger lock. Raises Conflict for an idempotency key that was used before. The database checks
    at commit that each entry balances and that its month is not closed.
    """
    drafts = list(drafts)
    with transaction.atomic():
        lock_ledger()
        _check_keys_are_new([draft.key for draft in drafts])
        month = period or open_period(Period.containing(at), at=at)
        accounts = _ensure_accounts(drafts)
        entries = JournalEntry.objects.bulk_create(
            [
                JournalEntry(
                    kind=draft.kind,
                    idempotency_key=draft.key,
                    period=month,
                    description=draft.description,
                    reversal_of=draft.reversal_of,
                    made_by=by,
                    happened_at=at,
                )
                for draft in drafts
            ],
            batch_size=BATCH_ROWS,
        )
        Posting.objects.bulk_create(
            [
                Posting(
                    entry=entry,
                    account=accounts[leg.name, draft.currency],
                    amount_minor=amount,
                    currency=draft.currency,
                )
                for entry, draft in zip(entries, drafts, strict=True)
                for leg, amount in draft.legs
            ],
            batch_size=BATCH_ROWS,
        )
    return entries


def reverse_entry(*, entry: JournalEntry, by: User, at: datetime, reason: str) -> JournalEntry:
    """Post the exact mirror of ``entry`` into the month of ``at``; Conflict if it was reversed before."""
    legs = [
        (AccountName(leg.account.name, leg.account.payee_id), -leg.amount_minor)
        for leg in entry.postings.select_related("account").order_by("pk")
    ]
    currency = entry.postings.values_list("currency", flat=True)[0]
    draft = EntryDraft(EntryKind.REVERSAL, f"reversal:{entry.pk}", reason, currency, legs, reversal_of=entry)
    return post_entries([draft], by=by, at=at)[0]


def lock_ledger() -> None:
    """Take the one lock of all ledger writers. Taken before any row lock, to avoid deadlocks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LEDGER_LOCK])


def _check_keys_are_new(keys: list[str]) -> None:
    used = JournalEntry.objects.filter(idempotency_key__in=keys).values_list("idempotency_key", flat=True)[:5]
    if found := list(used):
        raise Conflict(
            _("This was posted before, so it was not posted again."),
            code="already_posted",
            data={"keys": found},
        )


def _ensure_accounts(drafts: Iterable[EntryDraft]) -> Mapping[tuple[str, str], Account]:
    wanted = {(leg.name, draft.currency): leg.payee_id for draft in drafts for leg, _amount in draft.legs}
    known = _accounts(wanted)
    missing = sorted(set(wanted) - set(known))
    if missing:
        Account.objects.bulk_create(
            [Account(name=name, currency=ccy, payee_id=wanted[name, ccy]) for name, ccy in missing],
            batch_size=BATCH_ROWS,
        )
        known = _accounts(wanted)
    return known


def _accounts(wanted: Mapping[tuple[str, str], int | None]) -> dict[tuple[str, str], Account]:
    names = {name for name, _currency in wanted}
    found = Account.objects.filter(name__in=names)
    return {(account.name, account.currency): account for account in found}
