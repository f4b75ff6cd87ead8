"""Tables with a column for the tenant but without a row-level security policy, each with the reason."""

from __future__ import annotations

EXEMPT: dict[str, str] = {
    "account_emailaddress": "allauth finds people by it before anybody is signed in",
    "mfa_authenticator": "allauth checks it before anybody is signed in",
    "socialaccount_socialaccount": "allauth finds people by it before anybody is signed in",
    "usersessions_usersession": "allauth writes it while signing in",
    "workspaces_erasure": "its progress is shown to people whose account is gone; holds ids and counts",
}
# SECURITY DEFINER functions: one links the audit chain, one adds empty monthly tables; neither returns rows.
DEFINERS = {"loggia_add_usage_partitions", "loggia_audit_link"}
