"""Permissions on GPTs: pure predicates over a GPT and a person's relation to it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices

from gpts.assistants.models import GPT
from gpts.assistants.states import AUDIENCE_ORDER, MEMBER_AUDIENCES, OPEN_AUDIENCES, Audience, ShareRight
from workspaces.states import ADMIN_ROLES, BUILDER_ROLES, COMPANY_KINDS


class GPTAct(TextChoices):
    """CHAT uses the live version, TRY the draft; VIEW_SETTINGS reads draft and versions, EDIT changes the
    draft, MANAGE publishes, shares, transfers and deletes, VIEW_INSIGHTS reads figures about its use."""

    CHAT = "chat"
    TRY = "try"
    VIEW_SETTINGS = "view_settings"
    EDIT = "edit"
    MANAGE = "manage"
    VIEW_INSIGHTS = "view_insights"


@dataclass(frozen=True)
class GPTRelation:
    """Everything about a person that permissions on one GPT depend on.

    ``role`` is the person's role in the GPT's workspace, empty for others; ``audiences`` are those that the
    GPT has a live version for. ``right`` is the strongest right that shares with the person or their groups
    give, empty without one; a guest's is never more than to chat. ``has_no_owner`` tells admins that the
    GPT's owner is gone. ``is_bound_by_block`` says that the GPT is blocked and the person a member or guest
    of its workspace, also with an API key of another one, which has no role there. With ``is_pinned`` a
    company of the person approved one version, which alone answers.
    """

    user_id: int
    is_active: bool
    role: str
    audiences: frozenset[str]
    right: str = ""
    has_no_owner: bool = False
    is_bound_by_block: bool = False
    is_pinned: bool = False


def is_owner(gpt: GPT, relation: GPTRelation) -> bool:
    """Return whether the person owns the GPT and is still a member of its workspace."""
    return gpt.owner_id == relation.user_id and relation.role != ""


def is_admin(gpt: GPT, relation: GPTRelation) -> bool:
    return gpt.workspace.kind in COMPANY_KINDS and relation.role in ADMIN_ROLES


def list_reached_audiences(gpt: GPT, relation: GPTRelation) -> list[Audience]:
    """Return the audiences with a live version that the person belongs to, whose version answers first."""
    return [
        audience
        for audience in AUDIENCE_ORDER
        if audience in relation.audiences
        and (
            audience in OPEN_AUDIENCES
            or (audience in MEMBER_AUDIENCES and relation.role != "")
            or (audience == Audience.SHARED and (relation.right != "" or is_owner(gpt, relation)))
        )
    ]


def may_chat(gpt: GPT, relation: GPTRelation) -> bool:
    return _could_chat(gpt, relation) and not _is_blocked_for(gpt, relation)


def is_kept_from_chat(gpt: GPT, relation: GPTRelation) -> bool:
    """Return whether nothing but the block of the GPT's own company keeps the person from chatting."""
    is_there = gpt.deleted_at is None and relation.is_active
    return is_there and _could_chat(gpt, relation) and _is_blocked_for(gpt, relation)


def _could_chat(gpt: GPT, relation: GPTRelation) -> bool:
    if gpt.workspace.suspended_at is not None or gpt.quarantined_at is not None:
        return False
    return is_owner(gpt, relation) or bool(list_reached_audiences(gpt, relation))


def _is_blocked_for(gpt: GPT, relation: GPTRelation) -> bool:
    """A block holds for members and guests of the GPT's workspace, whatever version is live for whom."""
    return gpt.blocked_at is not None and (relation.is_bound_by_block or relation.role + relation.right != "")


def may_view_settings(gpt: GPT, relation: GPTRelation) -> bool:
    if gpt.quarantined_at is not None:
        return is_owner(gpt, relation)
    if is_owner(gpt, relation) or is_admin(gpt, relation):
        return True
    return relation.role != "" and relation.right in (ShareRight.VIEW, ShareRight.EDIT)


def may_try(gpt: GPT, relation: GPTRelation) -> bool:
    """Return whether the person sees the draft and neither GPT nor workspace is stopped."""
    is_stopped = gpt.quarantined_at is not None or gpt.workspace.suspended_at is not None
    return not is_stopped and may_view_settings(gpt, relation)


def may_edit(gpt: GPT, relation: GPTRelation) -> bool:
    """Return whether the person changes the draft: its owner, an editor, or an admin while it has no owner.

    All of them need the role of a builder. Nobody does in an archived workspace.
    """
    if gpt.quarantined_at is not None or relation.role not in BUILDER_ROLES:
        return False
    if gpt.workspace.archived_at is not None:
        return False
    if is_owner(gpt, relation) or relation.right == ShareRight.EDIT:
        return True
    return relation.has_no_owner and is_admin(gpt, relation)


def may_manage(gpt: GPT, relation: GPTRelation) -> bool:
    """Return whether the person publishes, shares, transfers and deletes: its owner or an admin."""
    if gpt.quarantined_at is not None:
        return False
    return (is_owner(gpt, relation) and relation.role in BUILDER_ROLES) or is_admin(gpt, relation)


def may_view_insights(gpt: GPT, relation: GPTRelation) -> bool:
    return may_view_settings(gpt, relation) and (is_owner(gpt, relation) or is_admin(gpt, relation))


MAY = {
    GPTAct.CHAT: may_chat,
    GPTAct.TRY: may_try,
    GPTAct.VIEW_SETTINGS: may_view_settings,
    GPTAct.EDIT: may_edit,
    GPTAct.MANAGE: may_manage,
    GPTAct.VIEW_INSIGHTS: may_view_insights,
}


def may(act: GPTAct, gpt: GPT, relation: GPTRelation) -> bool:
    """Return whether one act is allowed; never on a deleted GPT or with a closed account."""
    return gpt.deleted_at is None and relation.is_active and MAY[act](gpt, relation)
