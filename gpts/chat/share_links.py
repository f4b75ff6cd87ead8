"""Reading shared conversations: one's own, and the one that a link opens for whoever holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound
from core.scope import with_share_token
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_relation
from gpts.assistants.rules import GPTAct, may
from gpts.chat.confinement import confined, open_to_all
from gpts.chat.models import Conversation, SharedConversation
from workspaces.models import Workspace
from workspaces.queries import get_user_roles
from workspaces.states import COMPANY_KINDS

TOKEN_LENGTH = 64


class Gone(DomainError):
    """The link was right once and opens nothing any more."""

    status = 410


class SignInFirst(DomainError):
    """The link is for members of a company; nobody is signed in."""

    status = 403


@dataclass(frozen=True)
class OpenedShare:
    """A shared conversation for a reader; ``slug`` when they may start a chat of their own."""

    share: SharedConversation
    slug: str


def shares_of(user: Any) -> QuerySet[SharedConversation]:
    """The person's open links, the latest first."""
    return (
        SharedConversation.objects.filter(user_id=user.pk, removed_at__isnull=True)
        .select_related("gpt", "workspace")
        .defer("content")
        .order_by("-created_at", "-id")
    )


def share_of(conversation: Conversation) -> SharedConversation | None:
    """The open link of an authorised conversation."""
    return (
        SharedConversation.objects.filter(conversation=conversation, removed_at__isnull=True)
        .defer("content")
        .first()
    )


def open_share(user: Any, token: str) -> OpenedShare:
    """Return what a link opens for ``user``, who may be nobody.

    NotFound for a link that never was, or that is for members of a company to whom ``user`` does not
    belong; SignInFirst when a visitor might be one of them; Gone when it was taken back, or its GPT, its
    person or its workspace is not there or not in order.
    """
    share = _by_token(token)
    if share is None:
        raise _missing()
    gpts = _speakers(share.gpt, share.content)
    _check_reader(user, share, gpts)
    is_stopped = (
        share.removed_at is not None
        or any(_is_out_of_order(gpt) for gpt in gpts)
        or share.workspace.suspended_at is not None
        or not share.user.is_active
    )
    if is_stopped:
        raise Gone(_("This conversation is not shared any more."), code="share_gone")
    return OpenedShare(share, share.gpt.slug if _may_start(user, share) else "")


def _by_token(token: str) -> SharedConversation | None:
    if not token.isascii() or not 20 <= len(token) <= TOKEN_LENGTH:
        return None
    with with_share_token(token):
        return (
            SharedConversation.objects.select_related("gpt__workspace", "version", "workspace", "user")
            .filter(token=token)
            .first()
        )


def companies_of(conversation: Conversation, content: dict[str, Any]) -> list[Workspace]:
    """The companies to whose members alone a link to ``content`` opens; none when it opens to everybody."""
    return list(_companies(conversation.workspace, _speakers(conversation.gpt, content)).values())


def _speakers(gpt: GPT, content: dict[str, Any]) -> list[GPT]:
    """The conversation's GPT and those that were called into it by "@"."""
    called = {turn["by"]["gpt_id"] for turn in content["turns"] if "by" in turn} - {gpt.pk}
    guests = GPT.objects.select_related("workspace").filter(pk__in=called) if called else ()
    return [gpt, *guests]


def _companies(workspace: Workspace, gpts: list[GPT]) -> dict[int, Workspace]:
    """What was said inside a company, or by a GPT that only a company has, stays with its members."""
    inside = [workspace] if workspace.kind in COMPANY_KINDS else []
    return {place.pk: place for place in [*inside, *(gpt.workspace for gpt in confined(gpts))]}


def _is_out_of_order(gpt: GPT) -> bool:
    return bool(gpt.deleted_at or gpt.quarantined_at or gpt.workspace.suspended_at)


def _check_reader(user: Any, share: SharedConversation, gpts: list[GPT]) -> None:
    seats = {seat.workspace_id for seat in get_user_roles(user).memberships}
    if _companies(share.workspace, gpts).keys() <= seats:
        return
    if not user.is_authenticated:
        raise SignInFirst(_("Sign in to read this conversation."), code="sign_in")
    raise _missing()


def _may_start(user: Any, share: SharedConversation) -> bool:
    if not user.is_authenticated:
        return bool(open_to_all([share.gpt_id]))
    return may(GPTAct.CHAT, share.gpt, get_relation(user, share.gpt))


def _missing() -> NotFound:
    return NotFound(_("There is no shared conversation at this address."), code="share_not_found")
