"""Workspaces of teams and companies."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.instance_settings import Makers, get_setting
from core.text import clean_line
from workspaces.access import open_admin_scope
from workspaces.erasure import is_retired
from workspaces.models import Member, SharingPolicy, User, Workspace
from workspaces.names import check_public_name
from workspaces.services.locks import lock_person
from workspaces.services.slugs import RESERVED, unused_slug
from workspaces.services.staff import is_operator_account
from workspaces.services.workspace_erasure import SLUG
from workspaces.states import COMPANY_KINDS, Role, WorkspaceKind

_ACCENT = re.compile(r"#[0-9a-fA-F]{6}")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def create_workspace(
    *,
    name: str,
    by: User,
    at: datetime,
    kind: str = WorkspaceKind.TEAM,
    slug: str = "",
    accent: str = "",
) -> Workspace:
    """Create a team's or company's workspace with its sharing policy; ``by`` becomes its owner. Audited.

    Raises Conflict (``too_many_workspaces``) when ``by`` owns or has made WORKSPACES_PER_PERSON of them: what
    is limited for each workspace would have no limit otherwise.
    """
    if kind not in COMPANY_KINDS:
        raise InvalidInput(_("Choose team or enterprise."), code="kind_invalid", field="kind")
    if get_setting("workspace_makers") == Makers.OPERATORS and not is_operator_account(by):
        raise Forbidden(
            _("Only operators make teams and companies here. Ask one of them."), code="workspaces_closed"
        )
    name = clean_line(name, max_length=80, field="name")
    check_public_name(name, holder_id=by.pk, field="name")
    accent = _clean_accent(accent)
    with transaction.atomic():
        lock_person(by)  # so that the count below holds
        _check_count(by)
        workspace = Workspace.objects.create(
            kind=kind,
            slug=_clean_slug(slug, by=by) if slug else unused_slug(name),
            name=name,
            accent=accent,
            created_by=by,
            created_at=at,
        )
        with open_admin_scope(workspace.pk, user_id=by.pk):
            Member.objects.create(workspace=workspace, user=by, role=Role.OWNER, joined_at=at)
            SharingPolicy.objects.create(workspace=workspace, updated_at=at)
            record(
                action="workspaces.workspace_created",
                by=by,
                at=at,
                subject=workspace,
                workspace_id=workspace.pk,
                data={"kind": str(kind)},
            )
    return workspace


def update_workspace(*, workspace: Workspace, name: str, accent: str, by: User, at: datetime) -> Workspace:
    """Change a workspace's name and accent colour; empty means the product's own colour. Audited."""
    values = {"name": clean_line(name, max_length=80, field="name"), "accent": _clean_accent(accent)}
    changed = [field for field, value in values.items() if getattr(workspace, field) != value]
    if "name" in changed:
        check_public_name(values["name"], holder_id=by.pk, field="name")
    if not changed:
        return workspace
    # The name is not kept in the log: it goes when the workspace goes.
    changes = {"accent": (workspace.accent, values["accent"])} if "accent" in changed else {}
    with transaction.atomic():
        for field in changed:
            setattr(workspace, field, values[field])
        workspace.save(update_fields=changed)
        record(
            action="workspaces.workspace_changed",
            by=by,
            at=at,
            subject=workspace,
            workspace_id=workspace.pk,
            data={"fields": changed},
            changes=changes,
        )
    return workspace


def _check_count(by: User) -> None:
    limit = get_setting("workspaces_per_person")
    own = Q(created_by=by) | Q(members__user=by, members__role=Role.OWNER)
    count = Workspace.objects.filter(own, kind__in=COMPANY_KINDS).distinct().count()
    if count >= limit:
        raise Conflict(
            ngettext_lazy(
                "You have made or own %(count)d workspace, which is the limit. Ask an operator for more.",
                "You have made or own %(count)d workspaces, which is the limit. Ask an operator for more.",
                "count",
            )
            % {"count": count},
            code="too_many_workspaces",
            data={"limit": limit},
        )


def _clean_accent(accent: str) -> str:
    if accent and not _ACCENT.fullmatch(accent):
        raise InvalidInput(
            _("Write the colour as #rrggbb, for example #A8481F."), code="accent_invalid", field="accent"
        )
    return accent.lower()


def _clean_slug(slug: str, *, by: User) -> str:
    if len(slug) > 60 or not _SLUG.fullmatch(slug) or slug in RESERVED:
        raise InvalidInput(
            _("Use small letters, figures and hyphens, at most 60."), code="slug_invalid", field="slug"
        )
    check_public_name(slug, holder_id=by.pk, field="slug")
    if is_retired(SLUG, slug) or Workspace.objects.filter(slug=slug).exists():
        raise Conflict(_("This address is taken. Choose another."), code="slug_taken", field="slug")
    return slug
