"""How notifications read to their person: in their language of today, whatever they were sent in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from core.look.formats import reread_day
from core.retelling import Phrase, retell, retell_paragraphs
from workspaces.models import Notification
from workspaces.services.deletion_reminders import DELETION_NEAR_KIND
from workspaces.services.domain_claims import FAILING_KIND, LOST_KIND
from workspaces.services.domain_joining import JOINED_KIND, OFFERED_KIND
from workspaces.services.security_notices import SecurityEvent, get_security_messages
from workspaces.services.workspace_exports import FAILED_KIND, READY_KIND


@dataclass(frozen=True)
class NotificationWords:
    """What the title and the paragraphs of a kind's body may be."""

    titles: tuple[Phrase, ...]
    paragraphs: tuple[Phrase, ...] = ()


@dataclass(frozen=True)
class ShownNotification:
    note: Notification
    title: str
    body: str


def _build_security_words(event: SecurityEvent) -> NotificationWords:
    title, body = get_security_messages(event)
    return NotificationWords((Phrase((title,)),), (Phrase((body,)),))


WORDS: Mapping[str, NotificationWords] = {
    **{f"security.{event}": _build_security_words(event) for event in SecurityEvent},
    FAILING_KIND: NotificationWords(
        (Phrase(("The DNS record of %(domain)s is missing",)),),
        (
            Phrase(
                ("Put it back by %(day)s, or the domain no longer belongs to your workspace.",),
                {"day": reread_day},
            ),
        ),
    ),
    LOST_KIND: NotificationWords(
        (Phrase(("%(domain)s no longer belongs to your workspace",)),),
        (Phrase(("Its DNS record is gone. Members stay; nobody joins by it any more.",)),),
    ),
    DELETION_NEAR_KIND: NotificationWords(
        (Phrase(("%(name)s is deleted on %(day)s",), {"day": reread_day}),),
        (Phrase(("Until then an owner can export it, or cancel the deletion, in its settings.",)),),
    ),
    READY_KIND: NotificationWords(
        (Phrase(("The export of %(name)s is ready",)),),
        (Phrase(("An owner can download it until %(day)s.",), {"day": reread_day}),),
    ),
    FAILED_KIND: NotificationWords(
        (Phrase(("The export of %(name)s failed",)),),
        (Phrase(("Ask for it again. If it fails again, tell the operator.",)),),
    ),
    OFFERED_KIND: NotificationWords(
        (Phrase(("You may join %(name)s",)),),
        (Phrase(("It lets everybody with an address at %(domain)s join.",)),),
    ),
    JOINED_KIND: NotificationWords(
        (Phrase(("You are a member of %(name)s now",)),),
        (Phrase(("It lets everybody with an address at %(domain)s join.",)),),
    ),
}


@lru_cache(maxsize=1)
def load_words() -> Mapping[str, NotificationWords]:
    """Return the words of all apps in settings.NOTIFICATION_WORDS, by kind."""
    parts = [import_string(path) for path in settings.NOTIFICATION_WORDS]
    return {kind: words for part in parts for kind, words in part.items()}


def show_notification(note: Notification) -> ShownNotification:
    """Return a notification in the active language; one of an unknown kind as it was sent."""
    words = load_words().get(note.kind)
    if words is None:
        return ShownNotification(note, note.title, note.body)
    return ShownNotification(
        note, retell(note.title, words.titles), retell_paragraphs(note.body, words.paragraphs)
    )
