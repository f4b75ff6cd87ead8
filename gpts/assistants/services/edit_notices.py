"""Tell the owner and the editors of a shared GPT who else edited it or what is live, once in a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core.links import absolute_url
from core.models import AuditEvent
from gpts.assistants.audiences import DIRECT_AUDIENCES
from gpts.assistants.differences import LABELS
from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.queries.shares import list_editors
from gpts.assistants.states import Audience
from workspaces.mail_text import MailText
from workspaces.models import Member, Notification, User
from workspaces.services.mails import enqueue_mail
from workspaces.services.notifications import notify

NOTE_KIND = "gpt_edited"
EDITED, WENT_LIVE = "gpts.draft_updated", "gpts.version_went_live"
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
    since = at - LOOK_BACK
    went_live = LiveVersion.objects.filter(gpt=OuterRef("pk"), since__gte=since)
    edited = GPT.objects.filter(
        Q(updated_at__gte=since) | Exists(went_live),
        has_shares=True,
        deleted_at__isnull=True,
        quarantined_at__isnull=True,
    )
    count = 0
    for gpt in edited.select_related("owner").order_by("pk")[:MAX_GPTS]:
        events = _list_events(gpt, since=since)
        if events and events[-1].at <= at - QUIET:
            with transaction.atomic():
                count += sum(_tell(gpt, person, events, at=at) for person in _list_readers(gpt))
    return count


def _list_events(gpt: GPT, *, since: datetime) -> list[AuditEvent]:
    """Return the edits of the draft, and the versions that people made live outside of the public store."""
    live = LiveVersion.objects.filter(gpt=gpt, since__gte=since, audience__in=DIRECT_AUDIENCES)
    versions = {str(pk) for pk in live.values_list("version_id", flat=True)}
    subjects = Q(action=EDITED, subject_type="gpts.gpt", subject_id=str(gpt.pk))
    if versions:
        subjects |= Q(action=WENT_LIVE, subject_type="gpts.version", subject_id__in=versions)
    found = AuditEvent.objects.filter(subjects, at__gte=since, actor__isnull=False).order_by("at", "pk")
    return [event for event in found if event.data.get("audience") != Audience.PUBLIC]


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
    """Return who edited it and which parts, or which version is live now, in the active language."""
    published = [event for event in events if event.action == WENT_LIVE]
    actors = User.objects.filter(pk__in={event.actor_id for event in events}).order_by("display_name", "pk")
    fields = {field for event in events for field in event.data.get("fields", ())}
    labels = [str(label) for field, label in LABELS.items() if {field, f"language_{field}"} & fields]
    values = {"who": _(", ").join(str(person) for person in actors), "name": gpt.name}
    changed = _("Changed: %(fields)s.") % {"fields": _(", ").join(labels)} if labels else ""
    if not published:
        return (_("%(who)s edited %(name)s") % values)[:200], changed
    values["number"] = published[-1].data["number"]
    title = _("%(who)s made version %(number)s of %(name)s live") % values
    return title[:200], changed or _("Whoever uses it gets this version now.")


def _build_mail(title: str, body: str, url: str) -> MailText:
    settings_url = absolute_url(reverse("workspaces:notification-list"))
    return MailText(
        subject=title,
        paragraphs=(body,),
        link=absolute_url(url),
        label=_("See what changed"),
        remarks=(_("You can switch these mails off: %(url)s") % {"url": settings_url},),
    )
