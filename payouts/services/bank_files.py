"""Bank files: created once per batch, checked against the ledger, and stored unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.csv_files import write_csv
from core.errors import Conflict, InvalidInput
from core.money import minor_to_decimal
from payouts.models import Batch, Payout, PayoutAccount, Posting
from payouts.services.batches import drop_blocked_payouts, lock_batch
from payouts.services.ledger import in_transit_account, lock_ledger
from payouts.services.payout_accounts import unseal_iban
from payouts.services.transitions import change_state
from payouts.states import BatchState, PayoutMethod, PayoutState, check_transition
from workspaces.models import User

FORMATS = ("csv",)
HEADER = ("reference", "payee", "legal_name", "country", "method", "iban", "amount", "currency", "note")


@dataclass(frozen=True)
class BankFile:
    """A written file: its bytes, and the count and sum of the payouts in it."""

    content: bytes
    count: int
    total_minor: int


def export_batch(*, batch_id: int, format: str, by: User, at: datetime) -> bytes:  # noqa: A002 - the word of the command
    """Return the bank file of an approved batch; the first call creates and stores it.

    The first call checks all payouts again and fails blocked ones. Idempotent: later calls return the same
    bytes and add one audit event. Takes the ledger lock, then the batch's row. Raises InvalidInput for an
    unknown format or another than the stored one, IllegalTransition unless the batch is approved, Conflict
    when no payout is left or when file, batch and ledger disagree.
    """
    if format not in FORMATS:
        raise InvalidInput(
            _("There is no such file format. Choose %(formats)s.") % {"formats": _(", ").join(FORMATS)},
            code="format_unknown",
            field="format",
        )
    with transaction.atomic():
        lock_ledger()
        batch = lock_batch(batch_id)
        if batch.file_bytes is None:
            _create_file(batch, format, by=by, at=at)
        elif batch.file_format != format:
            raise InvalidInput(
                _("This batch was exported as %(format)s; its file does not change.")
                % {"format": batch.file_format},
                code="format_frozen",
                field="format",
            )
        content = bytes(batch.file_bytes or b"")
        record(
            action="payouts.batch_exported", by=by, at=at, subject=batch,
            data={"sha256": batch.file_sha256, "format": format},
        )  # fmt: skip
    return content


def _create_file(batch: Batch, file_format: str, *, by: User, at: datetime) -> None:
    check_transition(batch.state, BatchState.EXPORTED)
    payouts = drop_blocked_payouts(batch, by=by, at=at)
    file = build_bank_file(payouts, _get_ibans(payouts))
    _check_totals(batch, payouts, file)
    batch.file_bytes, batch.file_sha256 = file.content, hashlib.sha256(file.content).hexdigest()
    batch.file_format, batch.exported_at = file_format, at
    change_state(
        batch, BatchState.EXPORTED, by=by, at=at, reason=f"Exported as {file_format}.",
        fields=("file_bytes", "file_sha256", "file_format", "exported_at"),
    )  # fmt: skip
    for payout in payouts:
        change_state(payout, PayoutState.EXPORTED, by=by, at=at, reason="In the bank file.")


def build_bank_file(payouts: Sequence[Payout], ibans: dict[int, str]) -> BankFile:
    """Return a UTF-8 CSV with one row per payout; spreadsheet formulas are escaped, amounts are not."""
    rows = [
        (
            build_payment_reference(payout),
            payout.payee_id,
            payout.legal_name,
            payout.country,
            payout.method,
            ibans.get(payout.payee_id, ""),
            f"{minor_to_decimal(payout.amount_minor, payout.currency):f}",
            payout.currency,
            f"Loggia earnings, batch {payout.batch_id}",
        )
        for payout in payouts
    ]
    return BankFile(write_csv(HEADER, rows), len(rows), sum(payout.amount_minor for payout in payouts))


def build_payment_reference(payout: Payout) -> str:
    """Return the end-to-end reference: stable, at most 35 characters (the limit of SEPA)."""
    return f"LOGGIA-{payout.batch_id}-{payout.pk}"


def _get_ibans(payouts: Sequence[Payout]) -> dict[int, str]:
    accounts = PayoutAccount.objects.filter(
        payee_id__in=[payout.payee_id for payout in payouts], method=PayoutMethod.IBAN
    )
    return {account.payee_id: unseal_iban(account) for account in accounts}


def _check_totals(batch: Batch, payouts: Sequence[Payout], file: BankFile) -> None:
    """Raise Conflict unless count and sum of file, batch and the ledger's InTransit account agree."""
    ledger = Posting.objects.filter(
        account__name=in_transit_account(batch.pk).name, account__currency=batch.currency
    ).aggregate(total=Sum("amount_minor"))["total"]
    total = sum(payout.amount_minor for payout in payouts)
    if (file.count, file.total_minor) != (len(payouts), total) or total != -(ledger or 0):
        raise Conflict(
            _("The file, the batch and the ledger do not agree. Nothing was exported; run verify_ledger."),
            code="export_unproved",
            data={"file": file.total_minor, "batch": total, "ledger": -(ledger or 0)},
        )
