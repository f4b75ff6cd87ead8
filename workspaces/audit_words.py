"""What the actions of a workspace's log are called; the log itself keeps their codes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "gpts.draft_updated": _("Draft changed"),
    "gpts.file_added": _("Knowledge file added"),
    "gpts.file_removed": _("Knowledge file removed"),
    "gpts.gpt_created": _("GPT created"),
    "gpts.gpt_deleted": _("GPT deleted"),
    "gpts.gpt_quarantined": _("GPT quarantined"),
    "gpts.gpt_released": _("GPT released from quarantine"),
    "gpts.icon_set": _("Icon changed"),
    "gpts.version_frozen": _("Version frozen"),
    "gpts.version_left": _("Sharing stopped"),
    "gpts.version_restored": _("Version restored"),
    "gpts.version_went_live": _("Version live"),
    "marketplace.listing_delisted": _("Taken out of the store"),
    "marketplace.listing_published": _("Listed in the store"),
    "marketplace.listing_quarantined": _("Listing quarantined"),
    "marketplace.listing_restored": _("Put back"),
    "reviews.submission_withdrawn": _("Submission withdrawn"),
    "reviews.version_submitted": _("Version submitted"),
    "workspaces.api_key_created": _("API key made"),
    "workspaces.api_key_revoked": _("API key revoked"),
    "workspaces.invitation_revoked": _("Invitation closed"),
    "workspaces.member_invited": _("Member invited"),
    "workspaces.member_joined": _("Member joined"),
    "workspaces.member_removed": _("Member removed"),
    "workspaces.member_role_changed": _("Role changed"),
    "workspaces.workspace_changed": _("Settings changed"),
    "workspaces.workspace_created": _("Workspace made"),
}


def action_label(action: str) -> str:
    """Return the words for a code; a code without words is shown as it is."""
    return str(ACTIONS.get(action, action))
