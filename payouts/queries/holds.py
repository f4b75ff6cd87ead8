"""Why a person's payouts wait: holds by finance and by decisions of moderation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payouts.models import Batch, Payout, PayoutAccount
from payouts.services.batches import find_block_reasons
from payouts.services.eligibility import BlockReason
from payouts.states import BatchState, PayoutState
from reviews.queries import list_payout_holds
from workspaces.models import User


@dataclass(frozen=True)
class Hold:
    """One reason why nothing is paid to a person. ``decision_id`` is None for a hold by finance."""

    reason: str
    since: datetime
    decision_id: UUID | None = None

    @property
    def held_by(self) -> str:
        return "finance" if self.decision_id is None else "moderation"


def list_holds(user: User) -> list[Hold]:
    """Return the holds in force. Earnings go on meanwhile and are paid in full after the last hold ends."""
    holds = []
    if (found := list_payout_holds([user.pk]).get(user.pk)) is not None:
        holds.append(Hold(found.reasoning, found.since, found.decision_id))
    account = PayoutAccount.objects.filter(payee=user, held_at__isnull=False).first()
    if account is not None and account.held_at is not None:
        holds.append(Hold(account.hold_reason, account.held_at))
    return holds


def list_block_labels(batch: Batch, *, at: datetime) -> dict[int, str]:
    """Return why payouts of a batch will be left out at its approval or export, by payout.

    Empty once the bank file is written.
    """
    wanted = {BatchState.DRAFT.value: PayoutState.QUEUED, BatchState.APPROVED.value: PayoutState.IN_BATCH}
    if batch.state not in wanted:
        return {}
    payouts: list[Payout] = list(batch.payouts.filter(state=wanted[batch.state]).order_by("pk"))
    found = find_block_reasons(batch, payouts, at, is_reserved=batch.state == BatchState.APPROVED)
    return {payout.pk: str(BlockReason(reason).label) for payout, reason in found if reason}
