"""Reminds owners and admins of a planned deletion, seven days and one day before."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from core.links import absolute_url
from core.look.formats import day_format
from workspaces.mail_text import MailText
from workspaces.models import Erasure, Member, User, Workspace
from workspaces.services.locks import lock_workspaces
from workspaces.services.mails import enqueue_mail
from workspaces.services.notifications import notify
from workspaces.states import ADMIN_ROLES

DELETION_NEAR_KIND = "workspaces.deletion_near"
DAYS_BEFORE = (7, 1)
AT_ONCE = 100


def remind_of_deletions(*, at: datetime) -> int:
    """Tell owners and admins of workspaces that are deleted within DAYS_BEFORE; return how many workspaces.

    Once for each of these days; one that a late job missed is not made up for. In a system scope. Idempotent:
    the workspace is locked, and notes when its people were told last. Suspended ones, whose deletion waits,
    are left out.
    """
    due = Q()
    for days in DAYS_BEFORE:
        before = timedelta(days=days)
        due |= Q(deletion_due_at__lte=at + before) & (
            Q(deletion_reminded_at__isnull=True) | Q(deletion_reminded_at__lt=F("deletion_due_at") - before)
        )
    waiting = Workspace.objects.filter(due, deletion_due_at__gt=at, suspended_at__isnull=True)
    waiting = waiting.exclude(pk__in=Erasure.objects.values("workspace"))
    count = 0
    for identifier in list(waiting.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            lock_workspaces([identifier])
            # An owner may have cancelled it, or another run have told its people.
            workspace = waiting.filter(pk=identifier).first()
            if workspace is None:
                continue
            Workspace.objects.filter(pk=identifier).update(deletion_reminded_at=at)
            for person in _list_people(workspace):
                _tell(person, workspace, at=at)
            count += 1
    return count


def _list_people(workspace: Workspace) -> list[User]:
    rows = Member.objects.filter(workspace=workspace, role__in=ADMIN_ROLES, user__is_active=True)
    return [row.user for row in rows.select_related("user").order_by("pk")]


def _tell(person: User, workspace: Workspace, *, at: datetime) -> None:
    assert workspace.deletion_due_at is not None
    url = reverse("workspaces:workspace-settings", args=[workspace.slug])
    with translation.override(person.language or settings.LANGUAGE_CODE):
        day = date_format(workspace.deletion_due_at, day_format())
        title = gettext("%(name)s is deleted on %(day)s") % {"name": workspace.name, "day": day}
        body = gettext("Until then an owner can export it, or cancel the deletion, in its settings.")
        notify(user=person, kind=DELETION_NEAR_KIND, title=title, body=body, url=url, at=at)
        text = MailText(title, (body,), link=absolute_url(url), label=gettext("Open the settings"))
        enqueue_mail(to=person.email, text=text)
