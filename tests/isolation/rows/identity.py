"""Identity of a company: its page, its API, and the directory interface, which no person and no key opens."""

from __future__ import annotations

from tests.isolation.rows.row import (
    ADMINS,
    ALPHA,
    EVERYBODY,
    MEMBER,
    NOBODY,
    OWNER,
    Row,
    api,
    page,
    staff_page,
)
from tests.support.factories.workspaces import PASSWORD

WORKSPACE_IDS = {"workspace": "alpha_place"}
TOKEN_IDS = WORKSPACE_IDS | {"token_id": "scim_token"}
SOMEBODY = {"identifier": "00000000-0000-7000-8000-000000000001"}
CONNECTION = {"name": "X", "issuer": "https://id.alpha.example", "client_id": "x", "secret": "x"}
OPENID = {"kind": "oidc"}
CLAIMS = {"default_role": "builder", "role_claims": {}, "password": PASSWORD}


def scim(route: str, methods: str = "GET", **fixed: str) -> Row:
    return Row(
        f"scim:{route}",
        NOBODY,
        tuple(methods.split()),
        ids=WORKSPACE_IDS,
        fixed=fixed,
        always="refused",
        is_json=True,
    )


ROWS: list[Row] = [
    page("workspaces:identity", ADMINS, ids=WORKSPACE_IDS, forbidden=MEMBER),
    page("workspaces:scim-token-create", ADMINS, "POST", ids=WORKSPACE_IDS, forbidden=MEMBER,
         body={"name": "Sync", "days": "90"}),
    page("workspaces:scim-token-revoke", ADMINS, "POST", ids=TOKEN_IDS, forbidden=MEMBER),
    page("workspaces:identity-roles", ADMINS, "POST", ids=WORKSPACE_IDS, forbidden=MEMBER,
         body={"default_role": "builder", "role_claims": "Staff = admin"}),
    api("workspaces_api:identity", ADMINS, "account", ids=WORKSPACE_IDS, forbidden=MEMBER, key="owner@alpha"),
    api("workspaces_api:identity", ADMINS, "account", "PATCH", ids=WORKSPACE_IDS, forbidden=MEMBER,
        key="owner@alpha", body=CLAIMS),
    api("workspaces_api:scim-token-list", ADMINS, "account", ids=WORKSPACE_IDS, forbidden=MEMBER,
        key="owner@alpha"),
    api("workspaces_api:scim-token-list", ADMINS, "account", "POST", ids=WORKSPACE_IDS, forbidden=MEMBER,
        key="owner@alpha", body={"name": "Sync", "password": PASSWORD}),
    api("workspaces_api:scim-token-detail", ADMINS, "account", "DELETE", ids=TOKEN_IDS, forbidden=MEMBER,
        key="owner@alpha"),
    # Alpha has no connection yet.
    *(page(f"workspaces:{name}", NOBODY, "POST", ids=WORKSPACE_IDS, forbidden=MEMBER)
      for name in ("connection-check", "connection-switch", "connection-delete",
                   "saml-check", "saml-switch", "saml-delete")),
    page("workspaces:saml-set", ADMINS, "POST", ids=WORKSPACE_IDS, forbidden=MEMBER, body={"name": "X"}),
    api("workspaces_api:connection-list", ADMINS, "account", ids=WORKSPACE_IDS, forbidden=MEMBER,
        key="owner@alpha"),
    api("workspaces_api:connection-detail", OWNER, "account", "PUT", ids=WORKSPACE_IDS, fixed=OPENID,
        forbidden=MEMBER | {"admin"}, key="owner@alpha", body=CONNECTION | {"password": PASSWORD}),
    api("workspaces_api:connection-detail", NOBODY, "account", "GET PATCH DELETE", ids=WORKSPACE_IDS,
        fixed=OPENID, forbidden=MEMBER, key="owner@alpha", body={"is_enabled": True, "password": PASSWORD}),
    api("workspaces_api:connection-check", NOBODY, "account", "POST", ids=WORKSPACE_IDS, fixed=OPENID,
        forbidden=MEMBER, key="owner@alpha"),
    *(page(f"workspaces:{name}", ADMINS, "POST", ids=WORKSPACE_IDS, forbidden=MEMBER, body=CONNECTION)
      for name in ("identity-rules", "connection-set")),
    page("workspaces:company-sign-in", EVERYBODY, ids=WORKSPACE_IDS),
    page("workspaces:company-sign-in-find", EVERYBODY, "GET POST", body={"email": "ada@alpha.example"}),
    staff_page("workspaces:company-sign-in-begin", NOBODY, "POST", ids=WORKSPACE_IDS, is_public=True),
    page("workspaces:company-connect", ALPHA, "POST", ids=WORKSPACE_IDS),
    page("workspaces:company-saml-metadata", EVERYBODY, ids=WORKSPACE_IDS),
    # Alpha has none that is switched on.
    staff_page("workspaces:company-saml-consume", NOBODY, "POST", ids=WORKSPACE_IDS, is_public=True),
    staff_page("workspaces:company-saml-finish", NOBODY, ids=WORKSPACE_IDS, is_public=True),
    # Nobody has begun to sign in.
    page("workspaces:company-sign-in-callback", NOBODY, ids=WORKSPACE_IDS, always="forbidden"),
    scim("service-provider-config"),
    scim("resource-types"),
    scim("resource-type", name="User"),
    scim("schemas"),
    scim("schema", urn="urn:ietf:params:scim:schemas:core:2.0:User"),
    scim("users", "GET POST"),
    scim("user-search", "POST"),
    scim("user", "GET PUT PATCH DELETE", **SOMEBODY),
    scim("groups", "GET POST"),
    scim("group-search", "POST"),
    scim("group", "GET PUT PATCH DELETE", **SOMEBODY),
    scim("search", "POST"),
    scim("other", "GET POST PUT PATCH DELETE", rest="Bulk"),
]  # fmt: skip
