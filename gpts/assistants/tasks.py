"""Jobs about the retirement of models, transfers of GPTs and notices of edits."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.services.edit_notices import send_edit_notices
from gpts.assistants.services.model_retirement import remind_owners
from gpts.assistants.services.transfers import resume_transfers, run_transfer


@shared_task(name="gpts.remind_of_retirements")
def remind_of_retirements() -> int:
    """Notify owners of GPTs two weeks before a model's last day. Running twice notifies nobody twice."""
    with system_scope("gpts.remind_of_retirements"):
        return remind_owners(at=timezone.now())


@shared_task(name="gpts.transfer_gpts")
def transfer(*, transfer_id: str) -> None:
    """Give the GPTs of a transfer to their new owner. Running twice finds each given, or all finished."""
    run_transfer(transfer_id=UUID(transfer_id), clock=timezone.now)


@shared_task(name="gpts.resume_transfers")
def resume_lost_transfers() -> int:
    """Start transfers again whose job was lost. Running twice changes nothing more."""
    with system_scope("gpts.resume_transfers"):
        return resume_transfers(at=timezone.now())


@shared_task(name="gpts.send_edit_notices")
def tell_of_edits() -> int:
    """Tell owners and editors of each other's edits. Running twice tells nobody twice."""
    with system_scope("gpts.send_edit_notices"):
        return send_edit_notices(at=timezone.now())
