"""Mails to members who need a second factor soon: when the rule begins, and three days before grace ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core.jobs import enqueue_on_commit
from core.links import absolute_url
from core.look import formats
from workspaces.mail_text import MailText
from workspaces.models import IdentityConnection, Member, Workspace
from workspaces.queries import SECOND_FACTORS
from workspaces.services.mails import enqueue_mail

REMIND_BEFORE = timedelta(days=3)
# Members whose mails are written in one transaction.
AT_ONCE = 100


def send_second_factor_notices(*, at: datetime) -> int:
    """Write the mails of at most AT_ONCE members; return how many. Idempotent: each is told once.

    In a system scope. A member is told of each deadline once, and reminded once. Where single sign-on is
    required, the company's provider asks for the factor, so nobody is told. Calls itself while more wait.
    """
    has_factor = Authenticator.objects.filter(user=OuterRef("user"), type__in=SECOND_FACTORS)
    connections = IdentityConnection.objects.filter(workspace=OuterRef("workspace"), is_enabled=True)
    deadline = F("workspace__identity_rules__mfa_required_from")
    is_told, is_reminded = Q(grace_told_for=deadline), Q(grace_reminded_for=deadline)
    is_close = Q(workspace__identity_rules__mfa_required_from__lte=at + REMIND_BEFORE)
    with transaction.atomic():
        members = list(
            Member.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(
                ~Exists(has_factor),
                # Spelled out, because the columns may be null.
                Q(grace_told_for__isnull=True)
                | ~is_told
                | (is_close & (Q(grace_reminded_for__isnull=True) | ~is_reminded)),
                workspace__identity_rules__mfa_required_from__gt=at,
                workspace__identity_rules__is_sso_required=False,
                workspace__suspended_at__isnull=True,
                user__is_active=True,
            )
            .select_related("user", "workspace__identity_rules")
            .annotate(has_company_sign_in=Exists(connections))
            .order_by("pk")[:AT_ONCE]
        )
        for member in members:
            _tell(member, at=at, has_company_sign_in=member.has_company_sign_in)
        Member.objects.bulk_update(members, ["grace_told_for", "grace_reminded_for"])
        if len(members) == AT_ONCE:
            enqueue_on_commit("workspaces.send_second_factor_notices", countdown=1)
    return len(members)


def _tell(member: Member, *, at: datetime, has_company_sign_in: bool) -> None:
    deadline = member.workspace.identity_rules.mfa_required_from
    assert deadline is not None  # by the filter above
    is_first = member.grace_told_for != deadline
    if deadline <= at + REMIND_BEFORE:
        member.grace_reminded_for = deadline
    member.grace_told_for = deadline
    with translation.override(member.user.language or settings.LANGUAGE_CODE):
        text = build_grace_mail(
            member.workspace, deadline, is_first=is_first, has_company_sign_in=has_company_sign_in
        )
        enqueue_mail(to=member.user.email, text=text)


def build_grace_mail(
    workspace: Workspace, deadline: datetime, *, is_first: bool, has_company_sign_in: bool
) -> MailText:
    """Return the mail; sign-in through the company needs no second factor here."""
    words = {"name": workspace.name, "moment": f"{formats.exact(deadline)} (UTC)"}
    subject = _("%(name)s asks for two-factor sign-in") if is_first else _("Two-factor sign-in is due soon")
    rule = (
        _(
            "From %(moment)s on, you need two-factor sign-in to open %(name)s, unless you sign in through"
            " your company."
        )
        if has_company_sign_in
        else _("From %(moment)s on, members of %(name)s need two-factor sign-in.")
    )
    return MailText(
        subject % words,
        (
            rule % words,
            _("Set it up before then. Afterwards only the pages of your account open until you have."),
        ),
        link=absolute_url(reverse("mfa_index")),
        label=_("Set up two-factor sign-in"),
    )
