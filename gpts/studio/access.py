"""Fetch a message or a change of a person's own Create conversation, or raise."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.assistants.access import access_gpt
from gpts.assistants.audiences import COMPANY_AUDIENCES
from gpts.assistants.models import GPT, GPTShare, LiveVersion, PublishRequest
from gpts.assistants.queries.gpts import get_relation
from gpts.assistants.queries.shares import find_share_with
from gpts.assistants.rules import GPTAct, may
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.queries import filter_visible_messages
from workspaces.models import User, Workspace


def access_create_message(user: User, gpt: GPT, identifier: UUID) -> BuilderMessage:
    """Return a message of the person's conversation about ``gpt``, which the caller has authorised.

    Raises NotFound for a message of another person or GPT, and for one that was reset.
    """
    message = filter_visible_messages(user, gpt).filter(pk=identifier).first()
    if message is None:
        raise NotFound(_("There is no such message."), code="message_not_found")
    return message


def access_create_change(user: User, gpt: GPT, identifier: int) -> BuilderChange:
    """Return a change that Create made for the person in ``gpt``, which the caller has authorised.

    Raises NotFound for a change of another person or GPT.
    """
    # The id comes from a URL and can exceed what the column holds.
    change = (
        BuilderChange.objects.filter(pk=identifier, gpt=gpt, user_id=user.pk).first()
        if 0 < identifier < 2**63
        else None
    )
    if change is None:
        raise NotFound(_("There is no such change."), code="change_not_found")
    change.gpt = gpt
    return change


def access_share(gpt: GPT, identifier: int) -> GPTShare:
    """Return a share of ``gpt``, which the caller has authorised to manage; NotFound for another GPT's."""
    share = (
        GPTShare.objects.select_related("user", "group").filter(pk=identifier, gpt=gpt).first()
        if 0 < identifier < 2**63
        else None
    )
    if share is None:
        raise NotFound(_("There is no such share."), code="share_not_found")
    share.gpt = gpt
    return share


def access_share_with(user: User, identifier: int) -> GPTShare:
    """Return a share with ``user`` or a group of theirs; NotFound for those of others."""
    share = find_share_with(user, identifier)
    if share is None:
        raise NotFound(_("There is no such share."), code="share_not_found")
    return share


def access_publish_request(
    request_id: int, *, workspace: Workspace | None = None, gpt: GPT | None = None
) -> PublishRequest:
    """Return a request of a workspace or of a GPT, which the caller has authorised; NotFound for others."""
    rows = PublishRequest.objects.select_related("gpt__workspace", "gpt__owner", "version", "requested_by")
    rows = rows.filter(gpt__deleted_at__isnull=True)
    rows = rows.filter(workspace=workspace) if workspace is not None else rows.filter(gpt=gpt)
    found = rows.filter(pk=request_id).first() if 0 < request_id < 2**63 else None
    if found is None:
        raise NotFound(_("There is no such request."), code="request_not_found")
    return found


def access_gpt_to_update(user: User, slug: str, audience: str) -> tuple[GPT, bool]:
    """Return the GPT whose version for ``audience`` the person may replace by the draft, and ``only_update``.

    That is for share_draft: the owner and admins decide who it is for, editors only update what is live
    inside the company already.
    """
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    is_update = (
        audience in COMPANY_AUDIENCES and LiveVersion.objects.filter(gpt=gpt, audience=audience).exists()
    )
    only_update = is_update and _may_not_manage(user, gpt)
    return access_gpt(user, slug, to=GPTAct.EDIT if only_update else GPTAct.MANAGE), only_update


def _may_not_manage(user: User, gpt: GPT) -> bool:
    return not may(GPTAct.MANAGE, gpt, get_relation(user, gpt))
