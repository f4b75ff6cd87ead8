"""Becoming a member by a confirmed address at a domain that a workspace has proved."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Forbidden
from core.jobs import enqueue_on_commit
from core.rate_limits import Limit, require_within
from core.scope import Scope, open_scope
from workspaces.access import open_admin_scope
from workspaces.models import Member, Notification, ProvedDomain, User, Workspace
from workspaces.queries.domains import find_home, list_confirmed_domains
from workspaces.services.joining import join_workspace, refuse_removed
from workspaces.services.locks import lock_person, lock_workspaces
from workspaces.services.notifications import notify
from workspaces.states import DomainJoining, Role

log = structlog.get_logger(__name__)

JOINS = Limit("domain-joins", 20, 3600)
JOINED_KIND, OFFERED_KIND = "workspaces.joined_by_domain", "workspaces.offered_by_domain"


def join_by_domain(*, workspace: Workspace, by: User, at: datetime) -> Member:
    """Make ``by`` a member of a workspace that offers it to people with their address. Audited.

    Raises RateLimited, Forbidden (``not_your_domain``, ``removed_here``) and Conflict as join_workspace does.
    """
    require_within(JOINS, by.pk, at=at)
    with open_admin_scope(workspace.pk, user_id=by.pk):
        return _join(workspace.pk, user=by, modes=(DomainJoining.OFFER, DomainJoining.SIGN_UP), by=by, at=at)


def follow_confirmed_domain(user_id: int) -> None:
    """Enqueue join_at_sign_up after the commit, where a workspace may be waiting for the person."""
    if any(find_home(domain) is not None for domain in list_confirmed_domains(user_id)):
        enqueue_on_commit("workspaces.join_by_domains", user_id=user_id)


def join_at_sign_up(*, user: User, at: datetime) -> list[Workspace]:
    """Make a person a member where their confirmed address does that; return where. In a system scope.

    Whoever cannot join (no free seat, removed before) is left out: the page offers it with the reason.
    Idempotent. Audited.
    """
    joined = []
    for domain in list_confirmed_domains(user.pk):
        workspace = Workspace.objects.filter(pk=find_home(domain) or 0, archived_at__isnull=True).first()
        if workspace is None or Member.objects.filter(workspace=workspace, user=user).exists():
            continue
        if workspace.domain_joining == DomainJoining.OFFER:
            url = reverse("workspaces:domain-join", args=[workspace.slug])
            _tell(user, OFFERED_KIND, workspace, domain, url=url, at=at)
            continue
        try:
            with transaction.atomic():
                _join(workspace.pk, user=user, modes=(DomainJoining.SIGN_UP,), by=None, at=at)
        except DomainError as refusal:
            log.info("domain_join_refused", workspace=workspace.pk, user=user.pk, code=refusal.code)
            continue
        joined.append(workspace)
        _tell(user, JOINED_KIND, workspace, domain, url=f"/w/{workspace.slug}/", at=at)
    return joined


def _tell(user: User, kind: str, workspace: Workspace, domain: str, *, url: str, at: datetime) -> None:
    """Tell a person once that they joined, or may join, by the domain."""
    with open_scope(Scope(user_id=user.pk)):
        if Notification.objects.filter(user=user, kind=kind, url=url).exists():
            return
    with translation.override(user.language or settings.LANGUAGE_CODE):
        if kind == JOINED_KIND:
            title = gettext("You are a member of %(name)s now") % {"name": workspace.name}
        else:
            title = gettext("You may join %(name)s") % {"name": workspace.name}
        body = gettext("It lets everybody with an address at %(domain)s join.") % {"domain": domain}
    notify(user=user, kind=kind, title=title, body=body, url=url, at=at)


def _join(
    workspace_id: int, *, user: User, modes: tuple[DomainJoining, ...], by: User | None, at: datetime
) -> Member:
    """Lock, look again whether the domain still lets ``user`` in, and join."""
    lock_person(user)
    lock_workspaces([workspace_id])
    workspace = Workspace.objects.get(pk=workspace_id)
    domain = (
        ProvedDomain.objects.filter(workspace=workspace, domain__in=list_confirmed_domains(user.pk))
        .order_by("domain")
        .values_list("domain", flat=True)
        .first()
    )
    if workspace.suspended_at is not None or workspace.domain_joining not in modes or domain is None:
        raise Forbidden(
            _("Nobody joins this workspace by an address of yours. Ask one of its admins to invite you."),
            code="not_your_domain",
        )
    refuse_removed(workspace.pk, user)
    return join_workspace(workspace=workspace, user=user, role=Role.MEMBER, by=by, at=at, domain=domain)
