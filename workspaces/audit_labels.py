"""Labels of the audit actions; the log itself stores their codes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "gpts.budget_changed": _("Budget changed"),
    "gpts.budget_removed": _("Budget removed"),
    "gpts.budget_set": _("Budget set"),
    "gpts.conversation_shared": _("Conversation shared by link"),
    "gpts.builder_reset": _("Create conversation emptied"),
    "gpts.draft_updated": _("Draft changed"),
    "gpts.file_added": _("Knowledge file added"),
    "gpts.file_removed": _("Knowledge file removed"),
    "gpts.file_replaced": _("Knowledge file replaced"),
    "gpts.file_changed": _("Knowledge file renamed or dated"),
    "gpts.file_retried": _("Knowledge file read again"),
    "gpts.file_erased": _("Knowledge file deleted everywhere"),
    "gpts.golden_prompt_added": _("Golden prompt added"),
    "gpts.golden_prompt_changed": _("Golden prompt changed"),
    "gpts.golden_prompt_removed": _("Golden prompt removed"),
    "gpts.golden_prompts_imported": _("Golden prompts imported"),
    "gpts.golden_prompts_ordered": _("Golden prompts put in another order"),
    "gpts.golden_run_cancelled": _("Test run cancelled"),
    "gpts.golden_run_started": _("Test run started"),
    "gpts.gpt_created": _("GPT created"),
    "gpts.gpt_deleted": _("GPT deleted"),
    "gpts.gpt_quarantined": _("GPT quarantined"),
    "gpts.gpt_released": _("GPT released from quarantine"),
    "gpts.icon_set": _("Icon changed"),
    "gpts.share_removed": _("Shared link taken back"),
    "gpts.share_renewed": _("Shared conversation renewed"),
    "gpts.model_added": _("Model added"),
    "gpts.model_changed": _("Model changed"),
    "gpts.model_retirement_ended": _("Model stays"),
    "gpts.model_retirement_set": _("Model's last day set"),
    "gpts.provider_added": _("Model provider added"),
    "gpts.provider_changed": _("Model provider changed"),
    "gpts.search_mode_set": _("Search by meaning set"),
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
    "workspaces.email_changed": _("E-mail address changed"),
    "workspaces.golden_gate_set": _("Golden prompts asked before sharing"),
    "workspaces.invitation_revoked": _("Invitation closed"),
    "workspaces.member_invited": _("Member invited"),
    "workspaces.member_joined": _("Member joined"),
    "workspaces.member_removed": _("Member removed"),
    "workspaces.member_role_changed": _("Role changed"),
    "workspaces.password_changed": _("Password changed"),
    "workspaces.workspace_changed": _("Settings changed"),
    "workspaces.workspace_created": _("Workspace made"),
}


def action_label(action: str) -> str:
    """Return the label of an action code; the code itself where it has none."""
    return str(ACTIONS.get(action, action))
