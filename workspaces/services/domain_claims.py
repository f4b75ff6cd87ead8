"""Proofs of e-mail domains: a workspace adds a domain, puts a text into its DNS, and a job looks for it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.dns_lookup import LookupFailed, read_texts
from core.errors import Conflict, DomainError, InvalidInput
from core.look.formats import day_format
from core.scope import system_scope
from workspaces.access import not_found
from workspaces.email_domains import clean_domain
from workspaces.models import DomainClaim, OutboundJob, ProvedDomain, User, Workspace
from workspaces.queries.domains import CHECK_JOB
from workspaces.queries.identity import list_owners
from workspaces.services.joining import refuse_personal
from workspaces.services.locks import lock_workspaces
from workspaces.services.notifications import notify
from workspaces.services.outbound_jobs import handles, request_job
from workspaces.services.proved_domains import prove_domain, record_domain
from workspaces.states import DomainJoining, DomainOutcome

RECORD_NAME = "_loggia"
RECORD_START = "loggia-domain="
CLAIMS = 20
# A proved domain without its record is lost after this time: name servers fail, and records are moved.
GRACE = timedelta(days=3)
# How often a job looks: at proved domains, and at new ones whose record may appear any minute.
CHECK_PROVED, CHECK_NEW = timedelta(hours=12), timedelta(hours=1)
# A claim that nobody proves is looked at for so long; after that by hand.
LOOK_FOR = timedelta(days=14)
AT_ONCE = 100
# Characters of a domain in a title, which has 200.
SHOWN = 100
log = structlog.get_logger(__name__)

FAILING_KIND, LOST_KIND = "workspaces.domain_failing", "workspaces.domain_lost"


def get_record_name(domain: str) -> str:
    return f"{RECORD_NAME}.{domain}"


def get_record_text(claim: DomainClaim) -> str:
    return f"{RECORD_START}{claim.token}"


def claim_domain(*, workspace: Workspace, domain: str, by: User, at: datetime) -> DomainClaim:
    """Add a domain that the workspace is going to prove. Idempotent. Audited.

    Any workspace may claim any domain: only its DNS proves it. Raises InvalidInput (``domain_invalid``,
    ``domain_public``) and Conflict (``workspace_personal``, ``too_many_domains``, ``domain_proved`` for one
    that the operator has proved).
    """
    refuse_personal(workspace)
    cleaned = clean_domain(domain, field="domain")
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        claims = DomainClaim.objects.filter(workspace=workspace)
        found = claims.filter(domain=cleaned).first()
        if found is not None:
            return found
        if ProvedDomain.objects.filter(workspace=workspace, domain=cleaned).exists():
            # A claim without a record would end the proof.
            raise Conflict(
                _("The operator has proved %(domain)s; it needs no record.") % {"domain": cleaned},
                code="domain_proved",
                field="domain",
            )
        if claims.count() >= CLAIMS:
            raise Conflict(
                ngettext_lazy(
                    "A workspace has at most %(count)d domain. Remove one first.",
                    "A workspace has at most %(count)d domains. Remove one first.",
                    CLAIMS,
                )
                % {"count": CLAIMS},
                code="too_many_domains",
                field="domain",
            )
        claim = DomainClaim.objects.create(
            workspace=workspace,
            domain=cleaned,
            token=secrets.token_hex(16),
            created_by=by,
            created_at=at,
        )
        record_domain("domain_claimed", workspace.pk, cleaned, by=by, at=at)
    return claim


def set_domain_joining(*, workspace: Workspace, joining: str, by: User, at: datetime) -> None:
    """Say how people at the workspace's proved domains become members. Idempotent. Audited."""
    refuse_personal(workspace)
    if joining not in DomainJoining.values:
        raise InvalidInput(
            _("Choose how people at your domains join."), code="joining_unknown", field="joining"
        )
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        before = Workspace.objects.values_list("domain_joining", flat=True).get(pk=workspace.pk)
        if before == joining:
            return
        Workspace.objects.filter(pk=workspace.pk).update(domain_joining=joining)
        workspace.domain_joining = joining
        record(
            action="workspaces.domain_joining_set",
            by=by,
            at=at,
            subject=workspace,
            workspace_id=workspace.pk,
            changes={"domain_joining": (before, str(joining))},
        )


def request_check(*, claim: DomainClaim, by: User, at: datetime) -> OutboundJob:
    """Have a worker look for the record now. The caller has authorised ``by``. Raises RateLimited."""
    return request_job(
        kind=CHECK_JOB,
        workspace=claim.workspace,
        subject_id=claim.pk,
        address=get_record_name(claim.domain),
        by=by,
        at=at,
    )


@handles(CHECK_JOB)
def run_check_job(job: OutboundJob) -> dict[str, Any]:
    """Look for the record of the job's claim, and settle it; returns the outcome. May run twice."""
    with system_scope(CHECK_JOB):
        claim = DomainClaim.objects.filter(pk=job.subject_id, workspace=job.workspace).first()
    if claim is None:
        raise not_found()
    outcome = look_up(claim)
    with system_scope(CHECK_JOB):
        return {"outcome": str(settle_check(claim_id=claim.pk, outcome=outcome, at=timezone.now()))}


def check_due_domains(*, clock: Callable[[], datetime]) -> int:
    """Look at the domains that are due, outside of transactions; return how many. Opens its own scopes.

    Running twice at the same time looks twice, which changes nothing.
    """
    at = clock()
    with system_scope("workspaces.check_domains"):
        due = list(_find_due(at))
    for claim in due:
        outcome = look_up(claim)
        try:
            with system_scope("workspaces.check_domains"):
                settle_check(claim_id=claim.pk, outcome=outcome, at=clock())
        except DomainError as refusal:
            # The others are looked at all the same.
            log.warning("domain_check_refused", claim=claim.pk, code=refusal.code)
    return len(due)


def _find_due(at: datetime) -> list[DomainClaim]:
    never = Q(checked_at__isnull=True)
    is_proved = Q(outcome=DomainOutcome.FOUND) | Q(failing_since__isnull=False)
    waits = never | Q(checked_at__lte=at - CHECK_NEW)
    found = DomainClaim.objects.filter(
        (is_proved & Q(checked_at__lte=at - CHECK_PROVED))
        | (~is_proved & waits & Q(created_at__gt=at - LOOK_FOR)),
        workspace__suspended_at__isnull=True,
    )
    return list(found.order_by(F("checked_at").asc(nulls_first=True), "pk")[:AT_ONCE])


def look_up(claim: DomainClaim) -> DomainOutcome:
    """Ask the DNS for the claim's record; not inside a transaction."""
    try:
        texts = read_texts(get_record_name(claim.domain))
    except LookupFailed:
        return DomainOutcome.UNREACHABLE
    wanted = get_record_text(claim)
    return DomainOutcome.FOUND if wanted in (text.strip() for text in texts) else DomainOutcome.MISSING


def settle_check(*, claim_id: int, outcome: DomainOutcome, at: datetime) -> DomainOutcome:
    """Note what a look at the DNS found; return the outcome. In a system scope. Idempotent.

    A found record proves the domain, unless it is another workspace's (OF_ANOTHER). A proved domain whose
    record is missing for GRACE is lost; its owners hear of both. Audited.
    """
    with transaction.atomic():
        claim = DomainClaim.objects.select_related("workspace").filter(pk=claim_id).first()
        if claim is None:
            return outcome
        lock_workspaces([claim.workspace_id])
        claim = DomainClaim.objects.select_related("workspace").filter(pk=claim_id).first()
        if claim is None:
            return outcome
        if outcome == DomainOutcome.FOUND:
            claim.failing_since = None
            try:
                with transaction.atomic():
                    prove_domain(workspace=claim.workspace, domain=claim.domain, at=at, is_by_record=True)
            except (Conflict, InvalidInput) as refusal:
                # A host that has become one of public mail since counts as none.
                is_taken = refusal.code == "domain_of_another"
                outcome = DomainOutcome.OF_ANOTHER if is_taken else DomainOutcome.MISSING
        else:
            _follow_missing(claim, at)
        claim.outcome, claim.checked_at = outcome, at
        claim.save(update_fields=["outcome", "checked_at", "failing_since"])
    return outcome


def _follow_missing(claim: DomainClaim, at: datetime) -> None:
    proof = ProvedDomain.objects.filter(workspace=claim.workspace, domain=claim.domain)
    if not proof.exists():
        claim.failing_since = None
    elif claim.failing_since is None:
        claim.failing_since = at
        _tell_owners(claim, FAILING_KIND, at, ends=at + GRACE)
    elif claim.failing_since <= at - GRACE:
        proof.delete()
        claim.failing_since = None
        record_domain("domain_lost", claim.workspace_id, claim.domain, by=None, at=at)
        _tell_owners(claim, LOST_KIND, at)


def _tell_owners(claim: DomainClaim, kind: str, at: datetime, ends: datetime | None = None) -> None:
    # The longest domain would not fit into a title.
    name = claim.domain if len(claim.domain) <= SHOWN else f"{claim.domain[: SHOWN - 1]}…"
    for owner in list_owners(claim.workspace):
        with translation.override(owner.language or settings.LANGUAGE_CODE):
            if ends is not None:
                title = gettext("The DNS record of %(domain)s is missing") % {"domain": name}
                body = gettext("Put it back by %(day)s, or the domain no longer belongs to your workspace.")
                body %= {"day": date_format(ends, day_format())}
            else:
                title = gettext("%(domain)s no longer belongs to your workspace") % {"domain": name}
                body = gettext("Its DNS record is gone. Members stay; nobody joins by it any more.")
            url = reverse("workspaces:domain-list", args=[claim.workspace.slug])
            notify(user=owner, kind=kind, title=title, body=body, url=url, at=at)
