"""What a mail of this instance says, and how it looks: as plain text and as HTML, from the same words."""

from __future__ import annotations

from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core.instance_settings import get_setting
from core.links import absolute_url


@dataclass(frozen=True)
class MailText:
    """The words of a mail, already in the language of its reader.

    ``subject`` is also the heading. ``code`` is to be typed, ``link`` to be opened; ``label`` is the text of
    its button. ``remarks`` come last and small: what to do if it was somebody else.
    """

    subject: str
    paragraphs: tuple[str, ...] = ()
    code: str = ""
    link: str = ""
    label: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class RenderedMail:
    subject: str
    body: str
    html: str


def render_mail(text: MailText) -> RenderedMail:
    """Render ``text`` in the active language. A subject is one line, whatever names it has."""
    subject = " ".join(text.subject.split())
    reason = _("%(name)s sent this mail because of something that was done with this address.") % {
        "name": get_setting("instance_name")
    }
    parts = [*text.paragraphs, text.code, text.link, *text.remarks, f"{reason}\n{absolute_url('/')}"]
    html = render_to_string(
        "workspaces/emails/mail.html",
        {
            "mail": text,
            "subject": subject,
            "reason": reason,
            "home": absolute_url("/"),
            "name": get_setting("instance_name"),
        },
    )
    return RenderedMail(subject, "\n\n".join(part for part in parts if part) + "\n", html)
