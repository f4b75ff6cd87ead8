"""Domains of workspaces, for their admins and for people who may join by their address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import connection

from workspaces.email_domains import get_domain, is_public_mail_host
from workspaces.models import DomainClaim, Member, OutboundJob, ProvedDomain, User, Workspace
from workspaces.states import COMPANY_KINDS, OPEN_JOB_STATES, DomainJoining

# The kind of outbound job that looks for a record.
CHECK_JOB = "workspaces.domain_check"


@dataclass(frozen=True)
class DomainRow:
    """A domain of a workspace. Without a claim the operator has proved it."""

    domain: str
    claim: DomainClaim | None
    proved_at: datetime | None
    is_checking: bool = False


@dataclass(frozen=True)
class JoinOffer:
    """A workspace that a person may join, and the domain of their address that lets them."""

    workspace: Workspace
    domain: str


def list_domains(workspace: Workspace) -> list[DomainRow]:
    """Return proved and claimed domains by name, in three queries. The caller has authorised an admin."""
    proved = dict(ProvedDomain.objects.filter(workspace=workspace).values_list("domain", "proved_at"))
    claims = {claim.domain: claim for claim in DomainClaim.objects.filter(workspace=workspace)}
    running = set(
        OutboundJob.objects.filter(
            kind=CHECK_JOB, workspace=workspace, state__in=OPEN_JOB_STATES
        ).values_list("subject_id", flat=True)
    )
    return [
        DomainRow(
            domain=domain,
            claim=claims.get(domain),
            proved_at=proved.get(domain),
            is_checking=domain in claims and claims[domain].pk in running,
        )
        for domain in sorted({*proved, *claims})
    ]


def list_join_offers(user: User) -> list[JoinOffer]:
    """Return the workspaces that ``user`` may join by a confirmed address, by name; none of their own."""
    domains = list_confirmed_domains(user.pk)
    homes = {home: domain for domain in domains if (home := find_home(domain)) is not None}
    if not homes:
        return []
    joined = set(Member.objects.filter(user=user, workspace_id__in=homes).values_list("workspace", flat=True))
    rows = Workspace.objects.filter(
        pk__in=homes.keys() - joined, suspended_at__isnull=True, archived_at__isnull=True
    )
    found = rows.filter(kind__in=COMPANY_KINDS).exclude(domain_joining=DomainJoining.OFF).order_by("name")
    return [JoinOffer(workspace, homes[workspace.pk]) for workspace in found]


def list_confirmed_domains(user_id: int) -> list[str]:
    """Return the domains of a person's confirmed addresses, without hosts where anybody gets one."""
    emails = EmailAddress.objects.filter(user_id=user_id, verified=True).values_list("email", flat=True)
    domains = sorted({get_domain(email) for email in emails})
    return [domain for domain in domains if domain and not is_public_mail_host(domain)]


def find_home(domain: str) -> int | None:
    """Return the id of the open workspace that has proved ``domain`` and lets people join by it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM workspaces_home_of_domain(%s)", [domain])
        row = cursor.fetchone()
    return int(row[0]) if row else None
