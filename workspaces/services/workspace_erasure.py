"""This app's part of an erasure: what identifies the person or the workspace."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from workspaces.erasure import BATCH, DELETED_WORKSPACE, ErasurePart, retire_name
from workspaces.models import (
    ApiKey,
    DomainClaim,
    Group,
    Guest,
    IdentityConnection,
    IdentityLink,
    IdentityRules,
    Invitation,
    InviteLink,
    Member,
    Notification,
    OutboundJob,
    PolicyRevision,
    PolicyRule,
    ProtectedName,
    ProvedDomain,
    ScimGroup,
    ScimToken,
    ScimUser,
    SharingPolicy,
    User,
    Workspace,
)
from workspaces.services.logos import erase_logo
from workspaces.services.workspace_exports import erase_exports
from workspaces.states import NameProtection

SLUG = "workspace"


def erase_rest_of_person(user: User, at: datetime) -> int:
    """What leaving.py did not have to erase at once."""
    count = 0
    # A name that a decision prohibited stays protected; that of a verified builder goes with the account.
    verified = ProtectedName.objects.filter(holder=user, kind=NameProtection.VERIFIED)
    ProtectedName.objects.filter(holder=user).exclude(kind=NameProtection.VERIFIED).update(holder=None)
    for rows in (
        Notification.objects.filter(user=user),
        ApiKey.objects.filter(user=user),
        OutboundJob.objects.filter(requested_by=user),
        Guest.objects.filter(user=user),
        ScimUser.objects.filter(user=user),
        IdentityLink.objects.filter(user=user),
        verified,
    ):
        found = list(rows.values_list("pk", flat=True)[:BATCH])
        rows.model.objects.filter(pk__in=found).delete()
        count += len(found)
    return count


def erase_rest_of_workspace(workspace: Workspace, at: datetime) -> int:
    count = erase_exports(workspace)
    for model in (
        PolicyRevision,
        PolicyRule,
        Invitation,
        InviteLink,
        Guest,
        ApiKey,
        ScimToken,
        ScimUser,
        ScimGroup,
        IdentityConnection,
        IdentityRules,
        ProvedDomain,
        DomainClaim,
        Group,
        Member,
        OutboundJob,
    ):
        rows = model.objects.filter(workspace=workspace)
        found = list(rows.values_list("pk", flat=True)[:BATCH])
        model.objects.filter(pk__in=found).delete()
        count += len(found)
    if count:
        return count
    SharingPolicy.objects.filter(workspace=workspace).delete()
    fresh = Workspace.objects.select_for_update(of=("self",)).get(pk=workspace.pk)
    pseudonym = f"deleted-{fresh.pk}"
    if fresh.slug == pseudonym:
        return 0
    retire_name(SLUG, fresh.slug)
    logo = fresh.logo
    fresh.slug, fresh.name, fresh.accent, fresh.logo = pseudonym, DELETED_WORKSPACE, "", ""
    fresh.save(update_fields=["slug", "name", "accent", "logo"])
    erase_logo(logo)
    return 1


PART = ErasurePart(
    name="workspaces",
    label=_("Name, addresses, keys, members, notifications"),
    erase_person=erase_rest_of_person,
    erase_workspace=erase_rest_of_workspace,
)
