"""The mail of a notice, in the layout of all mails: its stored text with headings, its link as a button."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from core.links import absolute_url
from reviews.mail_keys import make_mail_key
from reviews.models import Notice
from workspaces.mail_text import MailSection, MailText


def build_notice_mail(notice: Notice) -> MailText:
    """Return the words of the mail in the notice's language.

    The link to a decision works without signing in once the account closes: its key is in the mail alone, as
    moderators read the stored text.
    """
    with translation.override(notice.language):
        base = absolute_url("/")
        link, paragraphs = "", []
        for block in notice.body.strip().split("\n\n"):
            lines = block.splitlines()
            # The page of the decision or report stands alone on a line, other addresses in a sentence.
            links = [line for line in lines if line.startswith(base) and " " not in line]
            link = links[-1] if links else link
            text = "\n".join(line for line in lines if line not in links).strip()
            if text:
                paragraphs.append(_find_heading(text))
        return MailText(
            notice.subject,
            tuple(paragraphs),
            link=_add_key(notice, link),
            label=_("See your report") if "/reviews/reports/" in link else _("See the decision"),
        )


def _find_heading(text: str) -> str | MailSection:
    first, _line_end, rest = text.partition("\n")
    headings = (_("Why"), _("The rules that this is based on"), _("If you disagree"))
    return MailSection(first, rest.strip()) if rest.strip() and first in headings else text


def _add_key(notice: Notice, link: str) -> str:
    if notice.decision_id is None or notice.recipient_id is None or not link:
        return link
    if link != absolute_url(f"/reviews/decisions/{notice.decision_id}"):
        return link
    return f"{link}?key={make_mail_key(notice)}"
