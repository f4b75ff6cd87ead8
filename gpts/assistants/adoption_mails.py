"""What admins are told about approvals of GPTs from outside that run out: a title, and the text of a mail."""

from __future__ import annotations

from enum import StrEnum

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from core.links import absolute_url
from core.look.formats import day_format
from gpts.assistants.models import Adoption
from workspaces.mail_text import MailText


class Due(StrEnum):
    """What is due of an approval: it has ended, ends soon, or must be looked at again."""

    ENDED = "ended"
    ENDS_SOON = "ends_soon"
    LOOK = "look"


_WORDS = {
    Due.ENDED: (
        _("The approval of %(gpt)s has ended"),
        _("The approval for %(company)s ended on %(end)s. If it is still needed, approve a version again."),
    ),
    Due.ENDS_SOON: (
        _("The approval of %(gpt)s ends soon"),
        _(
            "The approval for %(company)s ends on %(end)s. Renew it if it is still needed; otherwise it ends"
            " by itself."
        ),
    ),
    Due.LOOK: (
        _("Look at %(gpt)s again and renew its approval"),
        _(
            "It is approved for %(company)s, to be looked at again on %(look)s. Read what it does and sends"
            " by now. Then renew the approval, or let it end on %(end)s."
        ),
    ),
}


def build_due_mail(due: Due, adoption: Adoption, *, name: str) -> MailText:
    """Return the mail in the active language; ``name`` is what the GPT is called in the store."""
    assert adoption.expires_at is not None  # of an approval, as below
    assert adoption.recertify_at is not None
    title, text = _WORDS[due]
    values = {
        "gpt": name,
        "company": adoption.workspace.name,
        "end": date_format(timezone.localtime(adoption.expires_at), day_format()),
        "look": date_format(timezone.localtime(adoption.recertify_at), day_format()),
    }
    return MailText(
        str(title) % values,
        (str(text) % values,),
        link=absolute_url(reverse("marketplace:external-list", args=[adoption.workspace.slug])),
        label=_gettext("Look at it"),
    )
