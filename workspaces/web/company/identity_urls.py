"""The page of a workspace's identity, and signing in by it."""

from __future__ import annotations

from django.urls import URLPattern, path

from workspaces.states import ConnectionKind
from workspaces.web import company_saml, company_sign_in
from workspaces.web.company import connections, identity

_ADMIN = "w/<slug:workspace>/admin/identity"
_SIGN_IN = "w/<slug:workspace>/sign-in"
_OPENID, _SAML = {"kind": ConnectionKind.OIDC}, {"kind": ConnectionKind.SAML}

routes: list[URLPattern] = [
    path(_ADMIN, identity.identity, name="identity"),
    path(f"{_ADMIN}/tokens", identity.tokens, name="scim-token-create"),
    path(f"{_ADMIN}/tokens/<int:token_id>/revoke", identity.revoke_token, name="scim-token-revoke"),
    path(f"{_ADMIN}/rules", identity.rules, name="identity-rules"),
    path(f"{_ADMIN}/roles", identity.roles, name="identity-roles"),
    path(f"{_ADMIN}/connection", connections.set_openid, name="connection-set"),
    path(f"{_ADMIN}/connection/check", connections.check, _OPENID, name="connection-check"),
    path(f"{_ADMIN}/connection/switch", connections.switch, _OPENID, name="connection-switch"),
    path(f"{_ADMIN}/connection/delete", connections.delete, _OPENID, name="connection-delete"),
    path(f"{_ADMIN}/saml", connections.set_saml, name="saml-set"),
    path(f"{_ADMIN}/saml/check", connections.check, _SAML, name="saml-check"),
    path(f"{_ADMIN}/saml/switch", connections.switch, _SAML, name="saml-switch"),
    path(f"{_ADMIN}/saml/delete", connections.delete, _SAML, name="saml-delete"),
    path(_SIGN_IN, company_sign_in.sign_in, name="company-sign-in"),
    path(f"{_SIGN_IN}/begin", company_sign_in.begin, name="company-sign-in-begin"),
    path(f"{_SIGN_IN}/connect", company_sign_in.connect, name="company-connect"),
    path(f"{_SIGN_IN}/callback", company_sign_in.callback, name="company-sign-in-callback"),
    path(f"{_SIGN_IN}/saml", company_saml.consume, name="company-saml-consume"),
    path(f"{_SIGN_IN}/saml/metadata", company_saml.metadata, name="company-saml-metadata"),
    path(f"{_SIGN_IN}/saml/finish", company_saml.finish, name="company-saml-finish"),
    path("sign-in", company_sign_in.by_address, name="company-sign-in-find"),
]
