"""The states of a change that the Create conversation proposes."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class BuilderChangeState(TextChoices):
    APPLIED = "applied", pgettext_lazy("change of the draft", "Changed")
    UNDONE = "undone", _("Undone")
    REFUSED = "refused", _("Refused")
