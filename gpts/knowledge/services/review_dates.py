"""Notices to owners that a file's review date has come, once for each date."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from gpts.knowledge.queries import list_files_due_for_review
from workspaces.services.notifications import notify


def notify_owners_of_stale_files(*, at: datetime) -> int:
    """Notify the owner of each file whose review date has come; returns how many. Idempotent."""
    noted = 0
    for file in list_files_due_for_review(on=at.date())[:200]:
        owner = file.gpt.owner
        with translation.override(getattr(owner, "language", "") or "en"):
            notify(
                user=owner,
                kind="knowledge_stale",
                title=_("“%(file)s” of %(gpt)s is due for review")
                % {"file": file.name[:60], "gpt": file.gpt.name},
                body=_("Look whether it is still right. Replace it, or set a new date."),
                url=reverse("gpts:build-knowledge", args=[file.gpt.slug]),
                at=at,
            )
        file.review_noted_on = at.date()
        file.save(update_fields=["review_noted_on"])
        noted += 1
    return noted
