"""What the empty chat says about who reads it, for chats that count for a company."""

from __future__ import annotations

from django.utils.translation import gettext as _

from gpts.chat.queries.content_access import is_content_access_allowed
from workspaces.queries import Membership
from workspaces.states import WorkspaceKind


def build_privacy_note(payer: Membership | None) -> str:
    """Return the sentences for a chat that ``payer`` pays for; empty for the person's own workspace."""
    if payer is None or payer.kind == WorkspaceKind.PERSONAL:
        return ""
    if payer.kind == WorkspaceKind.ENTERPRISE and is_content_access_allowed(payer.workspace_id):
        return _(
            "Colleagues and builders do not read this chat, and this server trains no model with it. Two"
            " people of %(company)s together may open it for a reason; you are told."
        ) % {"company": payer.name}
    return _(
        "Colleagues, admins and builders do not read this chat, and this server trains no model with it."
    )
