"""The page of a workspace's identity, and signing in by it."""

from __future__ import annotations

from django.urls import URLPattern, path

from workspaces.web import company_sign_in
from workspaces.web.company import identity

_ADMIN = "w/<slug:workspace>/admin/identity"
_SIGN_IN = "w/<slug:workspace>/sign-in"

routes: list[URLPattern] = [
    path(_ADMIN, identity.identity, name="identity"),
    path(f"{_ADMIN}/tokens", identity.tokens, name="scim-token-create"),
    path(f"{_ADMIN}/tokens/<int:token_id>/revoke", identity.revoke_token, name="scim-token-revoke"),
    path(f"{_ADMIN}/rules", identity.rules, name="identity-rules"),
    path(f"{_ADMIN}/roles", identity.roles, name="identity-roles"),
    path(f"{_ADMIN}/connection", identity.set_sign_in, name="connection-set"),
    path(f"{_ADMIN}/connection/check", identity.check_connection, name="connection-check"),
    path(f"{_ADMIN}/connection/switch", identity.switch, name="connection-switch"),
    path(f"{_ADMIN}/connection/delete", identity.delete_sign_in, name="connection-delete"),
    path(_SIGN_IN, company_sign_in.sign_in, name="company-sign-in"),
    path(f"{_SIGN_IN}/begin", company_sign_in.begin, name="company-sign-in-begin"),
    path(f"{_SIGN_IN}/connect", company_sign_in.connect, name="company-connect"),
    path(f"{_SIGN_IN}/callback", company_sign_in.callback, name="company-sign-in-callback"),
    path("sign-in", company_sign_in.by_address, name="company-sign-in-find"),
]
