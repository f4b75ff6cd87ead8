"""Tables with a column for the tenant but without a row-level security policy, each with the reason."""

from __future__ import annotations

EXEMPT: dict[str, str] = {
    "account_emailaddress": "allauth finds people by it before anybody is signed in",
    "mfa_authenticator": "allauth checks it before anybody is signed in",
    "socialaccount_socialaccount": "allauth finds people by it before anybody is signed in",
    "usersessions_usersession": "allauth writes it while signing in",
    "workspaces_apikey": "looked up by prefix before the scope is known; holds hashes only",
    "workspaces_staffrole": "the scope itself is computed from it",
    "workspaces_member": "the scope itself is computed from it",
    "workspaces_invitation": "opened by its token from outside the workspace; holds a hash only",
    "workspaces_group": "names of groups, reached through access_workspace only",
    "workspaces_erasure": "its progress is shown to people whose account is gone; holds ids and counts",
    "workspaces_sharingpolicy": "read by the store for what members may use",
    "gpts_gpt": "public and shared across workspaces by link; access_gpt decides who sees what",
    "gpts_modelprovider": "rows of the instance serve every workspace; the key is sealed for its row",
    "marketplace_builderprofile": "public by its nature: what the store shows of a builder",
    "marketplace_formerhandle": "handles that nobody else may take, asked for by whoever picks one",
    "marketplace_listing": "public by its nature: what the store shows of a GPT",
    "marketplace_rating": "public by its nature: stars and text beside a listing",
    "reviews_fingerprint": "compared across all tenants to find copies; holds hashes, no text",
    "reviews_standing": "checked for every reporter and builder by services; holds counts, no content",
    "reviews_strike": "checked for every builder when a version goes live; holds no content",
}
# SECURITY DEFINER functions: one links the audit chain, one adds empty monthly tables; neither returns rows.
DEFINERS = {"loggia_add_usage_partitions", "loggia_audit_link"}
