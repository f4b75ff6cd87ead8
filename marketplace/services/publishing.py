"""Listings follow the sharing policy of their workspace and the state of their publisher."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from gpts.assistants.queries.served import find_refused, may_leave_workspace
from gpts.assistants.services.versions import pause_refused_links
from marketplace.models import Listing
from marketplace.policy_targets import check_targets
from marketplace.services.listings import restore_listing, withdraw_listing
from marketplace.states import ListingState
from workspaces.models import PolicyRevision, User, Workspace
from workspaces.policy import Act, Policy
from workspaces.queries import find_ruled_workspaces, read_policy
from workspaces.services.policies import replace_policy, restore_policy, set_may_publish

BATCH = 500


@transaction.atomic
def set_workspace_publishing(*, workspace: Workspace, is_allowed: bool, by: User, at: datetime) -> None:
    """Allow GPTs to leave the workspace, or not; links and listings follow at once, both ways. Audited."""
    set_may_publish(workspace=workspace, is_allowed=is_allowed, by=by, at=at)
    follow_publishing_rules(at=at, by=by, workspace=workspace)


@transaction.atomic
def save_policy(
    *, workspace: Workspace, policy: Policy, revision: int, note: str = "", by: User, at: datetime
) -> int:
    """Save a workspace's sharing policy; links and listings follow at once. Return the revision's number.

    Raises as check_targets and replace_policy; nothing is written then.
    """
    check_targets(workspace, policy.rules - read_policy(workspace.pk).policy.rules)
    number = replace_policy(workspace=workspace, policy=policy, revision=revision, note=note, by=by, at=at)
    follow_publishing_rules(at=at, by=by, workspace=workspace)
    return number


@transaction.atomic
def restore_saved_policy(
    *, workspace: Workspace, old: PolicyRevision, revision: int, note: str = "", by: User, at: datetime
) -> int:
    """Restore an older revision as a new one; links and listings follow. Raises as restore_policy."""
    number = restore_policy(workspace=workspace, old=old, revision=revision, note=note, by=by, at=at)
    follow_publishing_rules(at=at, by=by, workspace=workspace)
    return number


@transaction.atomic
def follow_publishing_rules(
    *, at: datetime, by: User | None = None, workspace: Workspace | None = None
) -> int:
    """Withdraw listings that may not leave their workspace now, return those that may again; count both.

    Idempotent. Of one workspace, or in a periodic job of all: at most 500 of each kind a run.
    """
    listings = Listing.objects.defer("search").order_by("pk")
    ruled = find_ruled_workspaces()
    if workspace is not None:
        listings = listings.filter(workspace=workspace)
        ruled &= {workspace.pk}
    # Also where the last rule about links has just gone.
    pause_refused_links(workspace_ids=ruled | ({workspace.pk} if workspace is not None else set()))
    refused = _find_refused_listings(listings.filter(workspace__in=ruled))
    free = may_leave_workspace("gpt__") & ~Q(pk__in=refused)
    leaving = list(listings.filter(state=ListingState.LISTED).exclude(free)[:BATCH])
    for listing in leaving:
        withdraw_listing(listing=listing, by=by, at=at)
    returning = list(
        listings.filter(
            free,
            state=ListingState.DELISTED,
            withdrawn_at__isnull=False,
            gpt__deleted_at__isnull=True,
            gpt__quarantined_at__isnull=True,
        )[:BATCH]
    )
    for listing in returning:
        restore_listing(listing=listing, by=by, at=at)
    return len(leaving) + len(returning)


def _find_refused_listings(listings: QuerySet[Listing]) -> set[int]:
    """Return the listings whose publisher may not publish them, by a rule about some people or GPTs."""
    rows = {listing.gpt_id: listing for listing in listings.select_related("gpt")}
    refused = find_refused([listing.gpt for listing in rows.values()], Act.PUBLISH)
    return {rows[gpt_id].pk for gpt_id in refused}
