"""Reads which sharing needs approval inside a company, and requests for it."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from gpts.assistants.models import GPT, LiveVersion, PublishingRule, PublishRequest
from gpts.assistants.states import AUDIENCES_TO_APPROVE, ApprovalNeed, PublishState
from workspaces.models import Member, User, Workspace
from workspaces.states import ADMIN_ROLES


def get_approval_need(workspace_id: int) -> ApprovalNeed:
    """Return when a company wants approval, inside its scope; NONE without a rule."""
    found = PublishingRule.objects.filter(workspace=workspace_id).values_list("need", flat=True).first()
    return ApprovalNeed.NONE if found is None else ApprovalNeed(found)


def needs_approval(gpt: GPT, audience: str) -> bool:
    """Return whether another person must look before ``audience`` gets the GPT; never in a personal place."""
    if gpt.workspace.person_id is not None:
        return False
    return audience in AUDIENCES_TO_APPROVE[get_approval_need(gpt.workspace_id)]


def is_approved(gpt: GPT, audience: str, content_hash: str) -> bool:
    """Return whether exactly this content was approved for ``audience``, or is live for it already."""
    if LiveVersion.objects.filter(gpt=gpt, audience=audience, version__content_hash=content_hash).exists():
        return True
    return PublishRequest.objects.filter(
        gpt=gpt, audience=audience, state=PublishState.APPROVED, version__content_hash=content_hash
    ).exists()


def find_last_requests(gpt: GPT) -> dict[str, PublishRequest]:
    """Return the newest request for each audience, in one query."""
    rows = (
        PublishRequest.objects.filter(gpt=gpt)
        .select_related("version", "requested_by", "decided_by")
        .order_by("audience", "-id")
        .distinct("audience")
    )
    return {row.audience: row for row in rows}


def list_open_publish_requests(workspace: Workspace) -> QuerySet[PublishRequest]:
    """Return what waits, the oldest first; requests about deleted GPTs are left out."""
    return _list(workspace).filter(state=PublishState.OPEN).order_by("id")


def list_answered_publish_requests(workspace: Workspace) -> QuerySet[PublishRequest]:
    """Return what was approved and sent back, the newest first."""
    answered = (PublishState.APPROVED, PublishState.SENT_BACK)
    return _list(workspace).filter(state__in=answered).order_by("-decided_at", "-id")


def list_gpt_publish_requests(gpt: GPT) -> QuerySet[PublishRequest]:
    """Return all requests about a GPT, the newest first."""
    rows = PublishRequest.objects.filter(gpt=gpt)
    return rows.select_related("gpt", "version", "requested_by", "decided_by").order_by("-id")


def _list(workspace: Workspace) -> QuerySet[PublishRequest]:
    return PublishRequest.objects.filter(workspace=workspace, gpt__deleted_at__isnull=True).select_related(
        "gpt__workspace", "gpt__owner", "version", "requested_by", "decided_by"
    )


def list_deciders(workspace: Workspace, *, without: Collection[int] = ()) -> list[User]:
    """Return who may approve: its admins, without those who asked or own the GPT."""
    seats = Member.objects.filter(workspace=workspace, role__in=ADMIN_ROLES, user__is_active=True)
    rows = seats.exclude(user__in=without).select_related("user").order_by("pk")
    return [seat.user for seat in rows]
