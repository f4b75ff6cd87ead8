"""The scope of a workspace's identity provider, and the tokens that it sends."""

from __future__ import annotations

import hmac
from datetime import datetime

from core.scope import Scope, open_scope
from workspaces.access import hash_secret
from workspaces.models import ScimToken, Workspace
from workspaces.states import WorkspaceKind

TOKEN_START = "lgd"  # noqa: S105 - the public beginning


def directory_scope(workspace_id: int) -> Scope:
    """Return the scope in which an identity provider writes: all of one workspace, and no person.

    Open it only for a request whose token, or whose signed answer, was checked against that workspace.
    """
    return Scope(workspace_ids=(workspace_id,), admin_workspace_ids=(workspace_id,))


def find_directory(slug: str, plain: str, *, at: datetime) -> ScimToken | None:
    """Return the valid token that ``plain`` spells, with its workspace, if it belongs to the one at ``slug``.

    None for an unknown, revoked or expired one, and for a suspended or personal workspace.
    """
    start, _sep, rest = plain.partition("_")
    prefix, _sep, secret = rest.partition("_")
    if start != TOKEN_START or not prefix or not secret or "\x00" in plain or len(plain) > 200:
        return None
    workspace = Workspace.objects.filter(slug=slug, suspended_at__isnull=True).first()
    if workspace is None or workspace.kind == WorkspaceKind.PERSONAL:
        return None
    with open_scope(directory_scope(workspace.pk)):
        token = ScimToken.objects.filter(workspace=workspace, prefix=prefix).first()
    wanted = token.token_hash if token is not None else hash_secret("")
    if not hmac.compare_digest(hash_secret(plain), wanted) or token is None:
        return None
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= at):
        return None
    token.workspace = workspace
    return token
