"""Which conversations are due for deletion by a company's rules, and which a legal hold keeps."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from core.scope import Scope, open_scope
from gpts.assistants.models import GPT
from gpts.chat.models import Conversation, LegalHold, RetentionRule, Turn
from workspaces.models import User, Workspace
from workspaces.queries import get_user_roles


def list_gpts_to_hold(workspace: Workspace) -> QuerySet[GPT]:
    """Return the GPTs of a workspace whose conversations may be held, those that were deleted included."""
    return GPT.objects.filter(workspace=workspace, erased_at__isnull=True)


def filter_held() -> Q:
    """Return the condition for conversations that an open hold of their workspace keeps.

    A hold on a GPT keeps each conversation with an answer of that GPT.
    """
    holds = LegalHold.objects.filter(workspace=OuterRef("workspace_id"), ended_at__isnull=True)
    held_turns = Turn.objects.filter(
        Exists(holds.filter(gpt=OuterRef("gpt_id"))), conversation=OuterRef("pk")
    )
    return (
        Q(Exists(holds.filter(person=OuterRef("user_id"))))
        | Q(Exists(holds.filter(gpt=OuterRef("gpt_id"))))
        | Q(Exists(held_turns))
    )


def is_held(conversation: Conversation) -> bool:
    """Whether a hold keeps a conversation of the person who asks; also after they left the workspace."""
    with open_scope(Scope(user_id=conversation.user_id, workspace_ids=(conversation.workspace_id,))):
        return Conversation.objects.filter(filter_held(), pk=conversation.pk).exists()


def list_due(rule: RetentionRule, *, at: datetime) -> QuerySet[Conversation]:
    """Return the conversations that a rule deletes, held ones too. In a system scope."""
    rows = Conversation.objects.filter(
        workspace=rule.workspace_id, updated_at__lte=at - timedelta(days=rule.days)
    )
    if rule.gpt_id is not None:
        return rows.filter(gpt=rule.gpt_id)
    own = RetentionRule.objects.filter(
        workspace=rule.workspace_id, gpt__isnull=False, saved_at__isnull=False, ended_at__isnull=True
    )
    return rows.exclude(gpt__in=own.values("gpt_id"))


def list_rules_in_force(workspace: Workspace) -> QuerySet[RetentionRule]:
    """Return the rules of a workspace, that for all GPTs first."""
    rows = RetentionRule.objects.filter(workspace=workspace, saved_at__isnull=False, ended_at__isnull=True)
    return rows.select_related("gpt", "proposed_by").order_by(F("gpt__name").asc(nulls_first=True), "id")


def list_holds(workspace: Workspace, *, is_open: bool = True) -> QuerySet[LegalHold]:
    rows = LegalHold.objects.filter(workspace=workspace, ended_at__isnull=is_open)
    return rows.select_related("person", "gpt", "started_by", "ended_by").order_by("-id")


def list_retention_of(user: User) -> list[tuple[str, int]]:
    """Return the names of the person's companies that delete conversations, with the days; for all GPTs."""
    companies = {found.workspace_id: found.name for found in get_user_roles(user).companies}
    rules = RetentionRule.objects.filter(
        workspace__in=companies, gpt__isnull=True, saved_at__isnull=False, ended_at__isnull=True
    )
    return sorted((companies[rule.workspace_id], rule.days) for rule in rules)
