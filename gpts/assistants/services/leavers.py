"""Removes a member of a workspace together with what GPTs have to do with them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from gpts.assistants.models import GPTShare
from gpts.assistants.services.transfers import transfer_gpts
from workspaces.models import Member, User
from workspaces.services.members import remove_member


def remove_leaver(*, member: Member, successor: Member | None, by: User, at: datetime) -> None:
    """Remove a member, or leave; all of their GPTs of the workspace go to ``successor``, if there is one.

    In one transaction: a successor who may own none refuses the whole removal. Without one the GPTs stay live
    in the list of GPTs without an owner. The caller has authorised ``by``, for a successor to manage GPTs
    too. Raises as ``remove_member`` and ``transfer_gpts`` do.
    """
    workspace, user = member.workspace, member.user
    with transaction.atomic():
        if successor is not None:
            transfer_gpts(workspace=workspace, from_user=user, to_user=successor.user, by=by, at=at)
        remove_member(member=member, by=by, at=at)


def end_shares(*, workspace_id: int, user_id: int) -> None:
    """Share nothing of the workspace with somebody who leaves (``MEMBERSHIP_ENDINGS``).

    In the caller's transaction, in a scope that administers the workspace.
    """
    GPTShare.objects.filter(workspace_id=workspace_id, user_id=user_id).delete()
