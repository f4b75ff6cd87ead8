"""The scope of a workspace's identity provider, and what is found out before anybody is signed in."""

from __future__ import annotations

import hmac
from datetime import datetime

from django.db import connection

from core.scope import Scope, open_scope
from workspaces.access import hash_secret, not_found
from workspaces.email_domains import get_domain
from workspaces.models import IdentityConnection, ScimToken, Workspace
from workspaces.queries.identity import is_address_proved
from workspaces.states import WorkspaceKind

TOKEN_START = "lgd"  # noqa: S105 - the public beginning


def directory_scope(workspace_id: int) -> Scope:
    """Return the scope in which an identity provider writes: all of one workspace, and no person.

    Open it only for a request whose token, or whose signed answer, was checked against that workspace.
    """
    return Scope(workspace_ids=(workspace_id,), admin_workspace_ids=(workspace_id,))


def find_sign_ins(slug: str) -> tuple[Workspace, list[IdentityConnection]]:
    """Return the company at ``slug`` and the enabled connections by which its people sign in.

    Raises NotFound for a personal or suspended workspace: their pages of sign-in do not exist.
    """
    workspace = Workspace.objects.filter(slug=slug, suspended_at__isnull=True).first()
    if workspace is None or workspace.kind == WorkspaceKind.PERSONAL:
        raise not_found()
    with open_scope(directory_scope(workspace.pk)):
        found = list(IdentityConnection.objects.filter(workspace=workspace, is_enabled=True).order_by("kind"))
    for connection_ in found:
        connection_.workspace = workspace
    return workspace, found


def find_companies_at(email: str) -> list[Workspace]:
    """Return the companies whose people at the domain of ``email`` sign in by a connection of theirs.

    Only those that have proved the domain: whoever merely names it gets nobody's sign-in.
    """
    domain = get_domain(email)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM workspaces_sign_in_at(%s)", [domain])
        found = [int(workspace_id) for (workspace_id,) in cursor.fetchall()]
    proved = []
    for workspace_id in found:
        with open_scope(directory_scope(workspace_id)):
            if is_address_proved(workspace_id, email):
                proved.append(workspace_id)
    return list(Workspace.objects.filter(pk__in=proved, suspended_at__isnull=True).order_by("name"))


def find_directory_workspace(slug: str, plain: str) -> Workspace | None:
    """Return the workspace at ``slug`` when ``plain`` looks like a token; it is checked by find_directory.

    None for a suspended or personal workspace.
    """
    if _split_token(plain) is None:
        return None
    workspace = Workspace.objects.filter(slug=slug, suspended_at__isnull=True).first()
    return None if workspace is None or workspace.kind == WorkspaceKind.PERSONAL else workspace


def find_directory(workspace: Workspace, plain: str, *, at: datetime) -> ScimToken | None:
    """Return the token of ``workspace`` that ``plain`` spells; None for an unknown, revoked or expired one.

    In the scope of the workspace, which must end when there is none.
    """
    parts = _split_token(plain)
    if parts is None:
        return None
    token = ScimToken.objects.filter(workspace=workspace, prefix=parts[0]).first()
    wanted = token.token_hash if token is not None else hash_secret("")
    if not hmac.compare_digest(hash_secret(plain), wanted) or token is None:
        return None
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= at):
        return None
    token.workspace = workspace
    return token


def _split_token(plain: str) -> tuple[str, str] | None:
    """Return prefix and secret of what looks like a token."""
    start, _sep, rest = plain.partition("_")
    prefix, _sep, secret = rest.partition("_")
    if start != TOKEN_START or not prefix or not secret or "\x00" in plain or len(plain) > 200:
        return None
    return prefix, secret
