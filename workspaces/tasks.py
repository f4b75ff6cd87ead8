"""E-mail jobs."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from core.links import absolute_url


@shared_task(name="workspaces.mail_invitation")
def mail_invitation(*, email: str, workspace: str, inviter: str, token: str, language: str) -> None:
    """Mail an invitation's link. Idempotent but for a second copy of the same mail."""
    context = {
        "workspace": workspace,
        "inviter": inviter,
        "link": absolute_url(reverse("workspaces:invitation-accept", args=[token])),
    }
    with translation.override(language or settings.LANGUAGE_CODE):
        subject = " ".join(render_to_string("workspaces/emails/invitation_subject.txt", context).split())
        body = render_to_string("workspaces/emails/invitation.txt", context)
    send_mail(subject, body, None, [email])
