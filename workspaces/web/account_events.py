"""Follows what allauth's pages do to e-mail addresses and sessions, by its signals."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import (
    email_added,
    email_changed,
    email_confirmed,
    email_removed,
    user_logged_in,
)
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from core.jobs import enqueue_on_commit
from core.scope import open_scope
from workspaces.access import scope_for
from workspaces.models import User
from workspaces.queries import is_in_company
from workspaces.services.domain_joining import follow_confirmed_domain
from workspaces.services.identity_rules import note_emergency_sign_in
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.services.users import note_email_change
from workspaces.sign_in_rules import COMPANY_METHOD
from workspaces.web.asked_question import restore_session_age


@receiver(email_added, dispatch_uid="workspaces.email_added")
def tell_of_added_address(
    request: HttpRequest, user: User, email_address: EmailAddress, **options: Any
) -> None:
    notify_security(user=user, event=SecurityEvent.EMAIL_ADDED, at=timezone.now(), detail=email_address.email)


@receiver(email_changed, dispatch_uid="workspaces.email_changed")
def follow_changed_address(
    request: HttpRequest, user: User, from_email_address: EmailAddress | None, **options: Any
) -> None:
    fresh = User.objects.get(pk=user.pk)
    former = from_email_address.email if from_email_address else ""
    note_email_change(user=fresh, former=former, by=fresh, at=timezone.now())


@receiver(email_removed, dispatch_uid="workspaces.email_removed")
def follow_removed_address(request: HttpRequest, user: User, **options: Any) -> None:
    follow_addresses(user.pk)


@receiver(email_confirmed, dispatch_uid="workspaces.email_confirmed")
def follow_confirmed_address(request: HttpRequest, email_address: EmailAddress, **options: Any) -> None:
    follow_addresses(email_address.user_id)
    follow_confirmed_domain(email_address.user_id)


def follow_addresses(user_id: int) -> None:
    """Let groups with an e-mail rule follow the person's verified addresses."""
    if is_in_company(user_id):
        enqueue_on_commit("workspaces.apply_rules_to_person", user_id=user_id)


@receiver(user_logged_in, dispatch_uid="workspaces.user_logged_in")
def keep_signed_in(request: HttpRequest, user: User, **options: Any) -> None:
    restore_session_age(request)
    records = get_authentication_records(request, user)
    if not any(found.get("method") == COMPANY_METHOD for found in records):
        with open_scope(scope_for(user)):
            note_emergency_sign_in(user=user, at=timezone.now())
