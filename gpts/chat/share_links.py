"""Share links of conversations: a person's own, and what a link opens for its reader.

A conversation has a share link; a GPT is shared with an audience (gpts.assistants.audiences).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound
from core.scope import Scope, current_scope, open_scope, with_share_token
from gpts.assistants.external import find_refusal
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_relation
from gpts.assistants.rules import GPTAct, may
from gpts.chat.confinement import find_open_gpts, select_company_only
from gpts.chat.models import Conversation, SharedConversation
from workspaces.models import User, Workspace
from workspaces.queries import get_user_roles, is_member_now
from workspaces.states import COMPANY_KINDS, Staff

TOKEN_LENGTH = 64


class ShareLinkGone(DomainError):
    """The link was removed, or something it shows is no longer available."""

    status = 410


class SignInRequired(DomainError):
    """The link is for members of a company, and the reader is not signed in."""

    status = 403


@dataclass(frozen=True)
class OpenedShareLink:
    """A shared conversation for a reader; ``slug`` is empty unless they may chat with the GPT themselves.

    ``refusal`` is why a company of theirs does not let them.
    """

    share: SharedConversation
    slug: str
    refusal: DomainError | None = None


def list_share_links(user: User) -> QuerySet[SharedConversation]:
    """The person's links that were not removed, newest first."""
    return (
        SharedConversation.objects.filter(user_id=user.pk, removed_at__isnull=True)
        .select_related("gpt", "workspace")
        .defer("content")
        .order_by("-created_at", "-id")
    )


def get_share_link(conversation: Conversation) -> SharedConversation | None:
    """The link of an authorised conversation, unless it was removed."""
    return (
        SharedConversation.objects.filter(conversation=conversation, removed_at__isnull=True)
        .defer("content")
        .first()
    )


def open_share_link(user: User | AnonymousUser, token: str) -> OpenedShareLink:
    """Return what a link shows to ``user``, a person or a visitor.

    NotFound for an unknown link and for a link of a company to which the person does not belong;
    SignInRequired when a visitor could be a member; ShareLinkGone when the link was removed, a GPT in it is
    deleted or quarantined, its person is inactive, suspended or has left the workspace, or a workspace is
    suspended.
    """
    share = _find_by_token(token)
    if share is None:
        raise _build_not_found()
    with _open_deciding_scope():
        gpts = _list_answering_gpts(share.gpt, share.content)
        _check_reader(user, share, gpts)
        is_stopped = (
            share.removed_at is not None
            or any(_is_unavailable(gpt) for gpt in gpts)
            or share.workspace.suspended_at is not None
            or not share.user.is_active
            or share.user.publishing_suspended_at is not None
            or not is_member_now(share.user_id, share.workspace_id)
        )
    if is_stopped:
        raise ShareLinkGone(_("This conversation is not shared any more."), code="share_gone")
    if not _may_start_chat(user, share):
        return OpenedShareLink(share, "")
    refusal = find_refusal(user, share.gpt) if isinstance(user, User) else None
    return OpenedShareLink(share, "" if refusal else share.gpt.slug, refusal)


def _open_deciding_scope() -> AbstractContextManager[Scope]:
    """Let what decides about a link be read, also rows that its reader does not see.

    A company's GPT that answered in the conversation must not count as none because it is hidden.
    """
    scope = current_scope()
    return open_scope(replace(scope, staff=scope.staff | {Staff.MODERATOR.value}))


def _find_by_token(token: str) -> SharedConversation | None:
    if not token.isascii() or not 20 <= len(token) <= TOKEN_LENGTH:
        return None
    with with_share_token(token):
        return (
            SharedConversation.objects.select_related("gpt__workspace", "version", "workspace", "user")
            .filter(token=token)
            .first()
        )


def list_required_companies(conversation: Conversation, content: dict[str, Any]) -> list[Workspace]:
    """The companies a reader of ``content`` must belong to; none when everybody may read it."""
    return list(
        _get_required_companies(
            conversation.workspace, _list_answering_gpts(conversation.gpt, content)
        ).values()
    )


def _list_answering_gpts(gpt: GPT, content: dict[str, Any]) -> list[GPT]:
    """The conversation's GPT and those called into it with "@"."""
    called = {turn["by"]["gpt_id"] for turn in content["turns"] if "by" in turn} - {gpt.pk}
    mentioned = GPT.objects.select_related("workspace").filter(pk__in=called) if called else ()
    return [gpt, *mentioned]


def _get_required_companies(workspace: Workspace, gpts: list[GPT]) -> dict[int, Workspace]:
    """Conversations in a company, and answers of company-only GPTs, are for the company's members."""
    own = [workspace] if workspace.kind in COMPANY_KINDS else []
    companies = [*own, *(gpt.workspace for gpt in select_company_only(gpts))]
    return {company.pk: company for company in companies}


def _is_unavailable(gpt: GPT) -> bool:
    return bool(gpt.deleted_at or gpt.quarantined_at or gpt.workspace.suspended_at)


def _check_reader(user: User | AnonymousUser, share: SharedConversation, gpts: list[GPT]) -> None:
    own_workspaces = {member.workspace_id for member in get_user_roles(user).memberships}
    if _get_required_companies(share.workspace, gpts).keys() <= own_workspaces:
        return
    if not user.is_authenticated:
        raise SignInRequired(_("Sign in to read this conversation."), code="sign_in")
    raise _build_not_found()


def _may_start_chat(user: User | AnonymousUser, share: SharedConversation) -> bool:
    if not user.is_authenticated:
        return bool(find_open_gpts([share.gpt_id]))
    return may(GPTAct.CHAT, share.gpt, get_relation(user, share.gpt))


def _build_not_found() -> NotFound:
    return NotFound(_("There is no shared conversation at this address."), code="share_not_found")
