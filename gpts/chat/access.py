"""Fetch and authorise a conversation, a turn or a cited passage in one call, or raise."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Forbidden, NotFound
from core.scope import current_scope
from gpts.assistants.access import recheck_chat
from gpts.chat.models import ContentAccess, Conversation, LegalHold, RetentionRule, Turn
from gpts.chat.queries.content_access import is_content_access_allowed, is_open, list_content_accesses
from gpts.chat.states import MessageRole
from gpts.knowledge.models import Passage
from gpts.knowledge.queries import get_cited_passage
from workspaces.models import User, Workspace


def access_conversation(
    user: User | AnonymousUser,
    identifier: UUID,
    *,
    is_deleted: bool = False,
    workspace_id: int | None = None,
) -> Conversation:
    """Return the person's own conversation; NotFound for anybody else's, for admins and staff too.

    ``workspace_id`` limits it to the workspace of an API key.
    """
    filters = {} if workspace_id is None else {"workspace_id": workspace_id}
    found = (
        Conversation.objects.select_related(
            "gpt__workspace", "gpt__language_model__provider", "version__language_model__provider"
        )
        .filter(pk=identifier, user_id=user.pk, deleted_at__isnull=not is_deleted, **filters)
        .first()
        if user.is_authenticated
        else None
    )
    if found is None:
        raise NotFound(_("There is no such conversation."), code="conversation_not_found")
    return found


def access_conversation_to_continue(
    user: User | AnonymousUser, identifier: UUID, *, workspace_id: int | None = None
) -> Conversation:
    """Return the person's own conversation for new work in it: a message, a file, feedback, a link.

    Raises what access_conversation raises, and Forbidden (``workspace_left``) when the person is no longer a
    member of the workspace that pays, or it is suspended. Reading and deleting stay allowed.
    """
    conversation = access_conversation(user, identifier, workspace_id=workspace_id)
    if not is_payer_open(conversation):
        raise Forbidden(
            _(
                "This conversation belongs to a workspace that you have left or that is suspended. You can"
                " still read it. Start a new conversation to go on."
            ),
            code="workspace_left",
        )
    return conversation


def is_payer_open(conversation: Conversation) -> bool:
    """Whether the person of the open scope is a member of the workspace that pays for a conversation.

    The scope has the memberships as they are now, and what row-level security lets them read: also the
    budgets of that workspace, which would otherwise look as if there were none.
    """
    scope = current_scope()
    return scope.system != "" or conversation.workspace_id in scope.workspace_ids


def access_turn(conversation: Conversation, identifier: UUID) -> Turn:
    """Return a turn of an authorised conversation; NotFound for a turn of another conversation."""
    turn = Turn.objects.filter(conversation=conversation, pk=identifier).first()
    if turn is None:
        raise NotFound(_("There is no such answer."), code="turn_not_found")
    turn.conversation = conversation
    if turn.gpt_id == conversation.gpt_id:
        turn.gpt = conversation.gpt
    return turn


def access_cited_passage(user: User, turn: Turn, number: int) -> Passage:
    """Return the passage behind a citation number of an authorised turn, with the file's ``file_name``.

    NotFound when the answer does not cite it, when it was deleted, or when the person may no longer chat
    with the GPT.
    """
    _check_may_read(user, turn)
    answer = turn.messages.filter(role=MessageRole.ASSISTANT).first()
    cited = {source["number"]: source["passage_id"] for source in (answer.citations if answer else ())}
    found = get_cited_passage(turn.gpt, cited[number]) if number in cited else None
    if found is None:
        raise _build_passage_not_found()
    passage, name = found
    passage.file_name = name  # type: ignore[attr-defined]  # the document's name in this GPT
    return passage


def access_content_access(workspace: Workspace, identifier: UUID) -> ContentAccess:
    """Return a break-glass access of ``workspace`` (already authorised); NotFound for any other's."""
    found = list_content_accesses(workspace).filter(pk=identifier).first()
    if found is None:
        raise NotFound(_("There is no such request."), code="content_access_not_found")
    return found


def access_open_content(user: User, workspace: Workspace, identifier: UUID, *, at: datetime) -> ContentAccess:
    """Return an access that is open now, for the two people of it alone.

    Raises NotFound for others, and Forbidden (``content_closed``) once it is closed or while it is not
    opened, also when the workspace no longer allows it.
    """
    access = access_content_access(workspace, identifier)
    if user.pk not in (access.requested_by_id, access.decided_by_id):
        raise NotFound(_("There is no such request."), code="content_access_not_found")
    if not is_open(access, at=at) or not is_content_access_allowed(workspace.pk):
        raise Forbidden(_("These conversations are closed. Ask again to read them."), code="content_closed")
    return access


def _check_may_read(user: User, turn: Turn) -> None:
    try:
        recheck_chat(user, turn.gpt, is_draft=turn.version_id is None)
    except DomainError:
        raise _build_passage_not_found() from None


def _build_passage_not_found() -> NotFound:
    return NotFound(_("This passage is not there any more, or it is not for you."), code="passage_not_found")


def access_retention_rule(workspace: Workspace, rule_id: UUID) -> RetentionRule:
    """Return a rule of ``workspace`` (already authorised), proposed or in force; NotFound otherwise."""
    rule = RetentionRule.objects.select_related("gpt").filter(workspace=workspace, pk=rule_id).first()
    if rule is None:
        raise NotFound(_("There is no such rule."), code="rule_not_found")
    return rule


def access_legal_hold(workspace: Workspace, hold_id: UUID) -> LegalHold:
    """Return a hold of ``workspace`` (already authorised); NotFound otherwise."""
    hold = LegalHold.objects.filter(workspace=workspace, pk=hold_id).first()
    if hold is None:
        raise NotFound(_("There is no such hold."), code="hold_not_found")
    return hold
