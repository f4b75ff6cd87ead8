"""Who may do what to a GPT: pure predicates over the relation of a person to it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices

from gpts.assistants.models import GPT
from gpts.assistants.states import Audience
from workspaces.states import ADMIN_ROLES, BUILDER_ROLES, COMPANY_KINDS


class GPTAct(TextChoices):
    """CHAT talks to what is live, TRY to the draft; VIEW_SETTINGS reads draft and versions, EDIT changes the
    draft, MANAGE decides about its life: who it is live for, deletion."""

    CHAT = "chat"
    TRY = "try"
    VIEW_SETTINGS = "view_settings"
    EDIT = "edit"
    MANAGE = "manage"


@dataclass(frozen=True)
class GPTRelation:
    """What a person is to a GPT. ``role`` is the one in the GPT's workspace, empty for strangers."""

    user_id: int
    is_active: bool
    role: str
    audiences: frozenset[str]


def is_owner(gpt: GPT, relation: GPTRelation) -> bool:
    """The maker, for as long as they belong to the GPT's workspace."""
    return gpt.owner_id == relation.user_id and relation.role != ""


def is_admin(gpt: GPT, relation: GPTRelation) -> bool:
    return gpt.workspace.kind in COMPANY_KINDS and relation.role in ADMIN_ROLES


def may_chat(gpt: GPT, relation: GPTRelation) -> bool:
    if gpt.workspace.suspended_at is not None or gpt.quarantined_at is not None:
        return False
    if is_owner(gpt, relation) or relation.audiences & {Audience.PUBLIC, Audience.LINK}:
        return True
    return Audience.WORKSPACE in relation.audiences and relation.role != ""


def may_view_settings(gpt: GPT, relation: GPTRelation) -> bool:
    if gpt.quarantined_at is not None:
        return is_owner(gpt, relation)
    return is_owner(gpt, relation) or is_admin(gpt, relation)


def may_try(gpt: GPT, relation: GPTRelation) -> bool:
    """Whoever sees the draft may run it, but nobody runs what is quarantined or suspended."""
    is_stopped = gpt.quarantined_at is not None or gpt.workspace.suspended_at is not None
    return not is_stopped and may_view_settings(gpt, relation)


def may_edit(gpt: GPT, relation: GPTRelation) -> bool:
    return gpt.quarantined_at is None and is_owner(gpt, relation) and relation.role in BUILDER_ROLES


def may_manage(gpt: GPT, relation: GPTRelation) -> bool:
    if gpt.quarantined_at is not None:
        return False
    return may_edit(gpt, relation) or is_admin(gpt, relation)


MAY = {
    GPTAct.CHAT: may_chat,
    GPTAct.TRY: may_try,
    GPTAct.VIEW_SETTINGS: may_view_settings,
    GPTAct.EDIT: may_edit,
    GPTAct.MANAGE: may_manage,
}


def may(act: GPTAct, gpt: GPT, relation: GPTRelation) -> bool:
    """Answer for one act; a deleted GPT allows none, nor is anything allowed to a closed account."""
    return gpt.deleted_at is None and relation.is_active and MAY[act](gpt, relation)
