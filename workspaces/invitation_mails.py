"""The words of the mail that invites somebody to a workspace."""

from __future__ import annotations

from django.utils.translation import gettext as _

from core.instance_settings import get_setting
from workspaces.mail_text import MailText
from workspaces.models import Invitation


def build_invitation_mail(invitation: Invitation, link: str) -> MailText:
    """Return the mail of an open invitation, in the active language; ``link`` accepts it."""
    names = {
        "inviter": invitation.invited_by.display_name,
        "workspace": invitation.workspace.name,
        "name": get_setting("instance_name"),
    }
    if invitation.guest_until is not None:
        return MailText(
            _("%(inviter)s invites you as a guest of %(workspace)s") % names,
            (
                _("%(inviter)s wants to share GPTs of %(workspace)s with you on %(name)s.") % names,
                _("Open this link and sign in with this e-mail address to accept. It is valid for 14 days."),
            ),
            link=link,
            label=_("Accept the invitation"),
            remarks=(_("If you did not expect this, ignore it."),),
        )
    return MailText(
        _("%(inviter)s invites you to %(workspace)s") % names,
        (
            _("%(inviter)s invites you to work in %(workspace)s on %(name)s.") % names,
            _("Open this link and sign in with this e-mail address to accept. It is valid for 14 days."),
        ),
        link=link,
        label=_("Accept the invitation"),
        remarks=(_("If you did not expect this, ignore it."),),
    )
