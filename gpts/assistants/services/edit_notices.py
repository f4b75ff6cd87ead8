"""Tell the owner and the editors of a shared GPT who else edited it and what changed, once in a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core.links import absolute_url
from core.models import AuditEvent
from gpts.assistants.differences import LABELS
from gpts.assistants.models import GPT
from gpts.assistants.queries.shares import list_editors
from workspaces.mail_text import MailText
from workspaces.models import Member, Notification, User
from workspaces.services.mails import enqueue_mail
from workspaces.services.notifications import notify

NOTE_KIND = "gpt_edited"
# Not while somebody is still at it.
QUIET = timedelta(minutes=10)
# One notice of a GPT to a person in this time.
EVERY = timedelta(hours=6)
LOOK_BACK = timedelta(days=1)
MAX_GPTS = 500


def send_edit_notices(*, at: datetime) -> int:
    """Notify about the edits of the last day that were not told yet; return how many notices went out.

    In a system scope. Nobody is told of their own edits. A notification each, and a mail to who did not
    switch it off. Running twice tells nobody twice: what was told is read from the notifications.
    """
    edited = GPT.objects.filter(
        has_shares=True, deleted_at__isnull=True, quarantined_at__isnull=True, updated_at__gte=at - LOOK_BACK
    )
    count = 0
    for gpt in edited.select_related("owner").order_by("pk")[:MAX_GPTS]:
        events = list(
            AuditEvent.objects.filter(
                subject_type="gpts.gpt",
                subject_id=str(gpt.pk),
                action="gpts.draft_updated",
                at__gte=at - LOOK_BACK,
            ).order_by("at", "pk")
        )
        if events and events[-1].at <= at - QUIET:
            with transaction.atomic():
                count += sum(_tell(gpt, person, events, at=at) for person in _list_readers(gpt))
    return count


def _list_readers(gpt: GPT) -> list[User]:
    owner = Member.objects.filter(
        workspace_id=gpt.workspace_id, user_id=gpt.owner_id, user__is_active=True
    ).exists()
    return [*([gpt.owner] if owner else []), *list_editors(gpt)]


def _tell(gpt: GPT, reader: User, events: Sequence[AuditEvent], *, at: datetime) -> bool:
    url = reverse("gpts:build-versions", args=[gpt.slug])
    told = (
        Notification.objects.filter(user=reader, kind=NOTE_KIND, url=url)
        .order_by("-created_at")
        .values_list("created_at", flat=True)
        .first()
    )
    if told is not None and told > at - EVERY:
        return False
    news = [event for event in events if event.actor_id != reader.pk and (told is None or event.at > told)]
    if not news:
        return False
    with translation.override(reader.language or translation.get_language()):
        title, body = _write(gpt, news)
        notify(user=reader, kind=NOTE_KIND, title=title, body=body, url=url, at=at)
        if reader.mails_edit_notices:
            enqueue_mail(to=reader.email, text=_build_mail(title, body, url))
    return True


def _write(gpt: GPT, events: Sequence[AuditEvent]) -> tuple[str, str]:
    """Return who edited it and which parts, in the active language."""
    actors = User.objects.filter(pk__in={event.actor_id for event in events}).order_by("display_name", "pk")
    fields = {field for event in events for field in event.data.get("fields", ())}
    labels = [str(label) for field, label in LABELS.items() if {field, f"language_{field}"} & fields]
    title = _("%(who)s edited %(name)s") % {
        "who": _(", ").join(str(person) for person in actors),
        "name": gpt.name,
    }
    return title[:200], _("Changed: %(fields)s.") % {"fields": _(", ").join(labels)}


def _build_mail(title: str, body: str, url: str) -> MailText:
    settings_url = absolute_url(reverse("workspaces:notification-list"))
    return MailText(
        subject=title,
        paragraphs=(body,),
        link=absolute_url(url),
        label=_("See what changed"),
        remarks=(_("You can switch these mails off: %(url)s") % {"url": settings_url},),
    )
