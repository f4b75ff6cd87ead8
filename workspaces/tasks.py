"""E-mail jobs."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from core.errors import NotFound
from core.jobs import log_refused_task
from core.links import absolute_url
from core.scope import system_scope
from workspaces.access import access_invitation_by_token


@shared_task(name="workspaces.mail_invitation")
def mail_invitation(*, token: str, language: str) -> None:
    """Mail an open invitation's link to its address. Idempotent but for a second copy of the same mail.

    Everything but the token is read from the invitation, so that a task with other words mails nobody else.
    """
    with system_scope("workspaces.mail_invitation"):
        try:
            invitation = access_invitation_by_token(token, at=timezone.now())
        except NotFound:
            log_refused_task("workspaces.mail_invitation", "invitation_not_open")
            return
    context = {
        "workspace": invitation.workspace.name,
        "inviter": invitation.invited_by.display_name,
        "link": absolute_url(reverse("workspaces:invitation-accept", args=[token])),
    }
    with translation.override(language or settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string("workspaces/emails/invitation_subject.txt", context).split())
        body = render_to_string("workspaces/emails/invitation.txt", context)
    send_mail(subject, body, None, [invitation.email])
