"""Share a GPT with people and groups of its workspace, change their rights, end a share."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from gpts.assistants.models import GPT, GPTShare
from gpts.assistants.queries.shares import MAX_EDITORS, is_guest_of, list_editors
from gpts.assistants.services.gpts import lock_gpt
from gpts.assistants.states import ShareRight
from workspaces.acts import Act, check_act
from workspaces.models import Group, Member, User
from workspaces.policy import Target, TargetKind, gpt_targets
from workspaces.queries import may_share_with_group
from workspaces.states import BUILDER_ROLES


@transaction.atomic
def set_share(
    *, gpt: GPT, right: str, by: User, at: datetime, user: User | None = None, group: Group | None = None
) -> GPTShare:
    """Share a GPT with one person or one group, or change their right. Idempotent. Audited.

    The caller has authorised ``by`` to manage the GPT. Raises Forbidden as check_act does, InvalidInput for
    a person or group of another workspace, an unknown right, the owner, and the right to edit for somebody
    without the role of a builder, and Conflict (``too_many_editors``) beyond MAX_EDITORS people.
    """
    if (user is None) == (group is None):
        raise ValueError("A share is with a person or with a group.")
    fresh = lock_gpt(gpt)
    if right not in ShareRight.values:
        raise InvalidInput(_("Choose what they may do."), code="unknown_choice", field="right")
    if fresh.workspace.person_id is not None:
        raise Forbidden(_("A personal workspace has no colleagues to share with."), code="personal_workspace")
    if group is None:
        check_act(by, Act.SHARE_WITH_PERSON, workspace_id=fresh.workspace_id, targets=gpt_targets(fresh.pk))
    else:
        targets = [*gpt_targets(fresh.pk), Target(TargetKind.GROUP, str(group.pk))]
        check_act(by, Act.SHARE_WITH_GROUP, workspace_id=fresh.workspace_id, targets=targets)
    if user is not None:
        _check_person(fresh, user, right)
    elif group is not None and (
        group.workspace_id != fresh.workspace_id or not may_share_with_group(by, group)
    ):
        raise InvalidInput(_("There is no such group in this workspace."), code="unknown_group", field="who")
    share = GPTShare.objects.filter(gpt=fresh, user=user, group=group).first()
    if share is not None and share.right == right:
        return share
    before = None if share is None else share.right
    if share is None:
        share = GPTShare(
            workspace_id=fresh.workspace_id, gpt=fresh, user=user, group=group, created_by=by, created_at=at
        )
    share.right = right
    share.save()
    if right == ShareRight.EDIT and has_too_many_editors(fresh):
        raise Conflict(
            _("A GPT has at most %(count)d editors. Let some of them view instead.") % {"count": MAX_EDITORS},
            code="too_many_editors",
            field="right",
            data={"limit": MAX_EDITORS},
        )
    record(
        action="gpts.gpt_shared",
        by=by,
        at=at,
        subject=fresh,
        workspace_id=fresh.workspace_id,
        data=_describe(share),
        changes={"right": (before, right)},
    )
    return share


@transaction.atomic
def remove_share(*, share: GPTShare, by: User, at: datetime) -> None:
    """End a share: answers of people who have no other way to the GPT stop at once. Idempotent. Audited.

    The caller has authorised ``by`` to manage the GPT, or it is the share of ``by``.
    """
    found = GPTShare.objects.select_for_update(of=("self",)).filter(pk=share.pk).first()
    if found is None:
        return
    data, right = _describe(found), found.right
    found.delete()
    record(
        action="gpts.gpt_unshared",
        by=by,
        at=at,
        subject=share.gpt,
        workspace_id=share.workspace_id,
        data=data,
        changes={"right": (right, None)},
    )


@transaction.atomic
def leave_share(*, share: GPTShare, by: User, at: datetime) -> None:
    """Give up a share with ``by``, who loses the right at once. Idempotent. Audited.

    Raises Forbidden (``shared_with_group``) for a share with a group of theirs.
    """
    if share.user_id != by.pk:
        raise Forbidden(
            _("It is shared with your group “%(name)s”. Leave the group, or ask the GPT's owner.")
            % {"name": share.group.name if share.group is not None else ""},
            code="shared_with_group",
        )
    # Not locked first: only who manages the GPT may, but everybody may remove what is shared with them.
    if GPTShare.objects.filter(pk=share.pk, user=by).delete()[0]:
        record(
            action="gpts.share_left",
            by=by,
            at=at,
            subject=share.gpt,
            workspace_id=share.workspace_id,
            changes={"right": (share.right, None)},
        )


def has_too_many_editors(gpt: GPT) -> bool:
    return list_editors(gpt).count() > MAX_EDITORS


def check_group_growth(group: Group) -> None:
    """Raise Conflict (``too_many_editors``) when a group gives too many people the right to edit a GPT."""
    shares = GPTShare.objects.filter(group=group, right=ShareRight.EDIT, gpt__deleted_at__isnull=True)
    for share in shares.select_related("gpt").order_by("gpt_id"):
        if has_too_many_editors(share.gpt):
            raise Conflict(
                _(
                    "The group may edit “%(gpt)s”, and a GPT has at most %(count)d editors. Nobody was added:"
                    " let the group view that GPT instead, or add fewer people."
                )
                % {"gpt": share.gpt.name, "count": MAX_EDITORS},
                code="too_many_editors",
                data={"gpt": share.gpt.slug, "limit": MAX_EDITORS},
            )


def _describe(share: GPTShare) -> dict[str, int]:
    if share.user_id is not None:
        return {"with_user": share.user_id}
    assert share.group_id is not None
    return {"with_group": share.group_id}


def _check_person(gpt: GPT, user: User, right: str) -> None:
    if user.pk == gpt.owner_id:
        raise InvalidInput(_("The owner has every right already."), code="is_owner", field="who")
    place = Member.objects.filter(workspace_id=gpt.workspace_id, user=user, user__is_active=True).first()
    if place is None and is_guest_of(user.pk, gpt.workspace_id):
        if right != ShareRight.CHAT:
            raise InvalidInput(
                _("%(name)s is a guest: guests can chat, not look at settings.") % {"name": user},
                code="guest_may_chat",
                field="right",
            )
        return
    if place is None:
        raise InvalidInput(
            _("Nobody of this name or address belongs to this workspace."), code="unknown_person", field="who"
        )
    if right == ShareRight.EDIT and place.role not in BUILDER_ROLES:
        raise InvalidInput(
            _("%(name)s is not a builder here. Ask an admin for that role, or let them view.")
            % {"name": user},
            code="not_a_builder",
            field="right",
        )
