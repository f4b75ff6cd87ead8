"""Give GPTs of a workspace to another owner: one at once, many as a job with its progress."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.jobs import enqueue_on_commit, log_refused_task
from core.scope import system_scope
from gpts.assistants.models import GPT, GPTShare, GPTTransfer
from gpts.assistants.services.gpts import lock_gpt
from workspaces.access import open_admin_scope
from workspaces.models import Member, User, Workspace
from workspaces.services.notifications import notify
from workspaces.states import BUILDER_ROLES

NOTE_KIND = "gpts_transferred"
PURPOSE = "gpts.transfer_gpts"
# A transfer that waits this long lost its job.
LOST = timedelta(minutes=2)
MAX_GPTS = 10_000


@transaction.atomic
def transfer_gpt(*, gpt: GPT, to_user: User, by: User, at: datetime) -> GPT:
    """Give one GPT to a builder of its workspace, who is told. Idempotent. Audited.

    The caller has authorised ``by`` to manage the GPT. Who hands over their own GPT goes on as its editor.
    From here on ``to_user`` earns by it (get_payee_id); figures and versions stay with the GPT. Raises
    InvalidInput unless ``to_user`` may build there, Forbidden for a personal workspace, Conflict in
    quarantine.
    """
    fresh = lock_gpt(gpt)
    check_successor(fresh.workspace, to_user)
    if fresh.owner_id == to_user.pk:
        return fresh
    with open_admin_scope(fresh.workspace_id, user_id=by.pk):
        _give(fresh, to_user=to_user, by=by, at=at)
    _notify_owner(to_user, [fresh], workspace=fresh.workspace, at=at)
    return fresh


def transfer_gpts(
    *, workspace: Workspace, from_user: User, to_user: User, by: User | None, at: datetime
) -> GPTTransfer:
    """Give all GPTs that ``from_user`` owns in ``workspace`` to ``to_user``: queue the job, return its row.

    For somebody who leaves: call it in the transaction that ends the membership, before or after, or later.
    The caller has authorised ``by`` to manage the workspace's GPTs (WorkspaceAct.MANAGE_GPTS), or is the
    system. The job changes each GPT in a transaction of its own with an audit event, skips those that have
    another owner meanwhile and quarantined ones, which stay in the list of GPTs without an owner, and tells
    ``to_user`` once; a killed job goes on where it was. Progress: ``done_count`` of ``len(gpt_ids)``,
    ``finished_at``. Nothing to give is finished at once. Raises InvalidInput (``unknown_successor``) unless
    ``to_user`` is an active builder of the workspace and somebody else, Forbidden for a personal workspace;
    nothing is written then.
    """
    if from_user.pk == to_user.pk:
        raise _refuse_successor()
    owned = GPT.objects.filter(workspace=workspace, owner=from_user, deleted_at__isnull=True)
    identifiers = list(owned.order_by("pk").values_list("pk", flat=True)[:MAX_GPTS])
    return request_transfer(workspace=workspace, gpt_ids=identifiers, to_user=to_user, by=by, at=at)


@transaction.atomic
def request_transfer(
    *, workspace: Workspace, gpt_ids: Collection[int], to_user: User, by: User | None, at: datetime
) -> GPTTransfer:
    """Queue the transfer of chosen GPTs of ``workspace``, as transfer_gpts; other ids are not of use.

    Raises NotFound when one of them is not a GPT of the workspace.
    """
    check_successor(workspace, to_user)
    wanted = sorted(set(gpt_ids))
    found = GPT.objects.filter(pk__in=wanted, workspace=workspace, deleted_at__isnull=True)
    owners = dict(found.values_list("pk", "owner_id"))
    if len(wanted) > MAX_GPTS or len(owners) != len(wanted):
        raise NotFound(gettext_lazy("There is no such GPT."), code="gpt_not_found")
    transfer = GPTTransfer.objects.create(
        workspace=workspace,
        to_user=to_user,
        requested_by=by,
        requested_at=at,
        gpt_ids=wanted,
        owner_ids=[owners[gpt_id] for gpt_id in wanted],
        finished_at=None if wanted else at,
    )
    if wanted:
        enqueue_on_commit("gpts.transfer_gpts", transfer_id=str(transfer.pk))
    return transfer


def run_transfer(*, transfer_id: UUID, clock: Callable[[], datetime]) -> bool:
    """Give the GPTs of a transfer one by one; return whether this run finished it.

    Each in a system scope of its own, which locks the row, so that two runs do not meet and one that was
    killed goes on. Ends with the rest skipped when ``to_user`` may not have them any more.
    """
    with system_scope(PURPOSE):
        transfer = GPTTransfer.objects.filter(pk=transfer_id, finished_at__isnull=True).first()
    if transfer is None:
        log_refused_task(PURPOSE, "not_open", transfer=str(transfer_id))
        return False
    for gpt_id in transfer.gpt_ids:
        with system_scope(PURPOSE):
            _move_one(transfer_id, gpt_id, at=clock())
    with system_scope(PURPOSE):
        return _finish(transfer_id, at=clock())


def resume_transfers(*, at: datetime) -> int:
    """Enqueue transfers whose job was lost; return how many. Idempotent."""
    waiting = GPTTransfer.objects.filter(finished_at__isnull=True, requested_at__lt=at - LOST)
    identifiers = list(waiting.order_by("requested_at").values_list("pk", flat=True)[:100])
    for identifier in identifiers:
        enqueue_on_commit("gpts.transfer_gpts", transfer_id=str(identifier))
    return len(identifiers)


def check_successor(workspace: Workspace, to_user: User) -> None:
    """Raise InvalidInput unless the person may own GPTs of the workspace, Forbidden if it is personal."""
    if workspace.person_id is not None:
        raise Forbidden(
            gettext_lazy("A GPT of a personal workspace stays with its person."), code="personal_workspace"
        )
    places = Member.objects.filter(
        workspace=workspace, user=to_user, role__in=BUILDER_ROLES, user__is_active=True
    )
    if not places.exists():
        raise _refuse_successor()


def _refuse_successor() -> InvalidInput:
    return InvalidInput(
        gettext_lazy("Choose somebody else who may build in this workspace."),
        code="unknown_successor",
        field="to",
    )


def _move_one(transfer_id: UUID, gpt_id: int, *, at: datetime) -> None:
    transfer = (
        GPTTransfer.objects.select_for_update(of=("self",))
        .select_related("to_user", "requested_by", "workspace")
        .get(pk=transfer_id)
    )
    if transfer.finished_at is not None or gpt_id in (*transfer.moved_ids, *transfer.skipped_ids):
        return
    if _give_if_possible(transfer, gpt_id, at=at):
        transfer.moved_ids = [*transfer.moved_ids, gpt_id]
    else:
        transfer.skipped_ids = [*transfer.skipped_ids, gpt_id]
    transfer.save(update_fields=["moved_ids", "skipped_ids"])


def _give_if_possible(transfer: GPTTransfer, gpt_id: int, *, at: datetime) -> bool:
    try:
        check_successor(transfer.workspace, transfer.to_user)
        gpt = lock_gpt(GPT(pk=gpt_id))
    except (InvalidInput, NotFound, Conflict):
        return False
    if gpt.workspace_id != transfer.workspace_id:
        return False
    if gpt.owner_id != transfer.to_user_id:
        owners = dict(zip(transfer.gpt_ids, transfer.owner_ids, strict=False))
        if owners.get(gpt_id, gpt.owner_id) != gpt.owner_id:
            return False
        _give(gpt, to_user=transfer.to_user, by=transfer.requested_by, at=at)
    return True


def _finish(transfer_id: UUID, *, at: datetime) -> bool:
    transfer = (
        GPTTransfer.objects.select_for_update(of=("self",))
        .select_related("to_user", "workspace")
        .get(pk=transfer_id)
    )
    if transfer.finished_at is not None:
        return False
    transfer.finished_at = at
    transfer.save(update_fields=["finished_at"])
    moved = list(GPT.objects.filter(pk__in=transfer.moved_ids).order_by("name", "pk")[:5])
    if moved:
        _notify_owner(
            transfer.to_user, moved, count=len(transfer.moved_ids), workspace=transfer.workspace, at=at
        )
    return True


def _give(gpt: GPT, *, to_user: User, by: User | None, at: datetime) -> None:
    """Change the owner of a locked GPT, in a scope that may."""
    former_id = gpt.owner_id
    GPT.objects.filter(pk=gpt.pk).update(owner=to_user)
    gpt.owner = to_user
    GPTShare.objects.filter(gpt=gpt, user=to_user).delete()
    if by is not None and by.pk == former_id:
        GPTShare.objects.update_or_create(
            gpt=gpt,
            user_id=former_id,
            group=None,
            defaults={
                "workspace_id": gpt.workspace_id,
                "right": "edit",
                "created_by": by,
                "created_at": at,
            },
        )
    record(
        action="gpts.gpt_transferred",
        by=by,
        at=at,
        subject=gpt,
        workspace_id=gpt.workspace_id,
        changes={"owner_id": (former_id, to_user.pk)},
    )


def _notify_owner(
    owner: User, gpts: list[GPT], *, workspace: Workspace, at: datetime, count: int | None = None
) -> None:
    count = len(gpts) if count is None else count
    with translation.override(owner.language or translation.get_language()):
        title = ngettext(
            "%(count)d GPT of %(workspace)s is yours now",
            "%(count)d GPTs of %(workspace)s are yours now",
            count,
        ) % {"count": count, "workspace": workspace.name}
        names = _(", ").join(gpt.name for gpt in gpts[:5])
        body = _("You own and edit from now on: %(names)s.") % {"names": names}
        url = reverse("gpts:build-share", args=[gpts[0].slug]) if count == 1 else reverse("gpts:build-list")
        notify(user=owner, kind=NOTE_KIND, title=title, body=body, url=url, at=at)
