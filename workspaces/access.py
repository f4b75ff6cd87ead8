"""Fetches and authorises in one call, or raises: the only way to a row that a person may touch."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Conflict, Forbidden, LimitUnreadable, NotFound
from core.scope import NOBODY, Scope, current_scope, open_scope, with_share_token
from workspaces import rules
from workspaces.models import (
    ApiKey,
    DomainClaim,
    Erasure,
    Group,
    Guest,
    IdentityConnection,
    Invitation,
    InviteLink,
    Member,
    Notification,
    ScimToken,
    User,
    Workspace,
    WorkspaceExport,
)
from workspaces.policy import Act
from workspaces.queries import UserRoles, cache_user_roles, get_user_roles, load_policy
from workspaces.queries.domains import JoinOffer, list_join_offers
from workspaces.sign_in_rules import is_key_too_old
from workspaces.states import ApiScope, ExportState, Staff, WorkspaceKind

KEY_START = "lg"


class WorkspaceAct(StrEnum):
    """What a person may do with a workspace; the values are permission names."""

    ENTER = "workspaces.enter"
    BUILD = "workspaces.build"
    # Any of the pages of its administration; each of these has the part below that it needs.
    ADMINISTER = "workspaces.administer"
    MANAGE_PEOPLE = "workspaces.manage_people"
    MANAGE_GROUPS = "workspaces.manage_groups"
    MANAGE_POLICY = "workspaces.manage_policy"
    MANAGE_EXTERNAL = "workspaces.manage_external"
    MANAGE_GPTS = "workspaces.manage_gpts"
    MANAGE_STORE = "workspaces.manage_store"
    MANAGE_MODELS = "workspaces.manage_models"
    MANAGE_BUDGETS = "workspaces.manage_budgets"
    MANAGE_IDENTITY = "workspaces.manage_identity"
    MANAGE_RETENTION = "workspaces.manage_retention"
    # Ask for, and answer, break-glass access to somebody's conversations.
    OPEN_CONTENT = "workspaces.open_content"
    MANAGE_SETTINGS = "workspaces.manage_settings"
    VIEW_USAGE = "workspaces.view_usage"
    VIEW_AUDIT = "workspaces.view_audit"
    OWN = "workspaces.own"


def not_found() -> NotFound:
    return NotFound(_("There is nothing here, or it is not for you."), code="not_found")


def access_workspace(user: User, slug: str, *, to: WorkspaceAct) -> Workspace:
    """Return the workspace when ``user`` may do ``to`` there.

    Raises NotFound for non-members and Forbidden for members whose role does not allow it.
    """
    workspace = Workspace.objects.filter(slug=slug, suspended_at__isnull=True).first()
    if workspace is None or not rules.is_member(user, workspace):
        raise not_found()
    if not user.has_perm(to, workspace):
        raise Forbidden(
            _("Your role in this workspace does not allow this. Ask one of its admins."),
            code="role_too_low",
        )
    return workspace


def may_delete_workspace(user: User, workspace: Workspace) -> bool:
    return workspace.kind != WorkspaceKind.PERSONAL and user.has_perm(WorkspaceAct.OWN, workspace)


def access_member(workspace: Workspace, member_id: int) -> Member:
    """Return a member of ``workspace`` (already authorised); NotFound for any other workspace's."""
    member = Member.objects.select_related("user").filter(workspace=workspace, pk=member_id).first()
    if member is None:
        raise not_found()
    return member


def access_group(user: User, workspace: Workspace, group_id: int) -> Group:
    """Return a group of ``workspace`` (entered already) that ``user`` may manage: its owner and admins.

    Raises NotFound for any other workspace's, and Forbidden (``not_your_group``) for other members.
    """
    group = Group.objects.select_related("owner").filter(workspace=workspace, pk=group_id).first()
    if group is None:
        raise not_found()
    if group.owner_id != user.pk and not user.has_perm(WorkspaceAct.MANAGE_GROUPS, workspace):
        raise Forbidden(_("Only the owner of this group and admins may open it."), code="not_your_group")
    return group


def access_own_membership(workspace: Workspace, user: User) -> Member:
    member = Member.objects.select_related("user").filter(workspace=workspace, user=user).first()
    if member is None:
        raise not_found()
    return member


def access_invitation(workspace: Workspace, invitation_id: int) -> Invitation:
    invitation = Invitation.objects.filter(workspace=workspace, pk=invitation_id).first()
    if invitation is None:
        raise not_found()
    return invitation


def access_invitation_by_token(token: str, *, at: datetime) -> Invitation:
    """Return the open invitation of the e-mailed ``token``.

    Raises NotFound with a sentence for one that was used, revoked or has expired, and of a closed workspace:
    whoever has the token may know it.
    """
    token_hash = hash_secret(token)
    with with_share_token(token_hash):
        invitation = (
            Invitation.objects.select_related("workspace", "invited_by").filter(token_hash=token_hash).first()
        )
    if invitation is None:
        raise not_found()
    _require_open_workspace(invitation.workspace)
    if invitation.accepted_at is not None:
        raise NotFound(_("This invitation was used already."), code="invitation_used")
    if invitation.revoked_at is not None:
        raise NotFound(
            _("This invitation was withdrawn or replaced by a newer one. Ask for a new one."),
            code="invitation_revoked",
        )
    if invitation.expires_at <= at:
        raise NotFound(_("This invitation has expired. Ask for a new one."), code="invitation_expired")
    return invitation


def access_invite_link_by_token(token: str, *, at: datetime) -> InviteLink:
    """Return the link that ``token`` opens; raises NotFound with a sentence when it lets nobody in."""
    token_hash = hash_secret(token)
    with with_share_token(token_hash):
        link = (
            InviteLink.objects.select_related("workspace", "created_by").filter(token_hash=token_hash).first()
        )
    if link is None:
        raise not_found()
    require_open_link(link, at=at)
    return link


def require_open_link(link: InviteLink, *, at: datetime) -> None:
    """Raise NotFound with a sentence unless the link lets people in."""
    _require_open_workspace(link.workspace)
    if link.revoked_at is not None:
        raise NotFound(_("This link was closed. Ask for a new one."), code="link_revoked")
    if link.expires_at <= at:
        raise NotFound(_("This link has expired. Ask for a new one."), code="link_expired")
    if link.max_uses is not None and link.used_count >= link.max_uses:
        raise NotFound(
            _("As many people as it was made for have used this link. Ask for a new one."),
            code="link_used_up",
        )


def _require_open_workspace(workspace: Workspace) -> None:
    if workspace.suspended_at is not None:
        raise NotFound(
            _("This workspace is closed at the moment, so nobody can join."), code="workspace_suspended"
        )


def access_invite_link(workspace: Workspace, link_id: int) -> InviteLink:
    link = InviteLink.objects.filter(workspace=workspace, pk=link_id).first()
    if link is None:
        raise not_found()
    return link


def access_domain_claim(workspace: Workspace, domain: str) -> DomainClaim:
    """Return a claim of ``workspace`` (already authorised); NotFound for a domain that it does not claim."""
    claim = DomainClaim.objects.select_related("workspace").filter(workspace=workspace, domain=domain).first()
    if claim is None:
        raise not_found()
    return claim


def access_join_offer(user: User, slug: str) -> JoinOffer:
    """Return the offer to join the workspace by an address of ``user``; NotFound for everybody else."""
    for offer in list_join_offers(user):
        if offer.workspace.slug == slug:
            return offer
    raise not_found()


def access_guest(user: User, workspace: Workspace, guest_id: int) -> Guest:
    """Return a guest whom ``user`` may extend and end: who invited them, and who manages people."""
    guest = Guest.objects.select_related("user").filter(workspace=workspace, pk=guest_id).first()
    if guest is None:
        raise not_found()
    if guest.invited_by_id != user.pk and not user.has_perm(WorkspaceAct.MANAGE_PEOPLE, workspace):
        raise Forbidden(_("Only who invited this guest and admins may do this."), code="not_your_guest")
    return guest


def access_api_key(user: User, key_id: int) -> ApiKey:
    key = ApiKey.objects.select_related("workspace").filter(user=user, pk=key_id).first()
    if key is None:
        raise not_found()
    return key


def access_workspace_key(workspace: Workspace, key_id: int) -> ApiKey:
    """Return a key of ``workspace`` (already authorised), whoever's it is; NotFound for any other's."""
    key = ApiKey.objects.select_related("user", "workspace").filter(workspace=workspace, pk=key_id).first()
    if key is None:
        raise not_found()
    return key


def access_connection(workspace: Workspace, kind: str) -> IdentityConnection:
    """Return the connection of ``workspace`` (already authorised); NotFound without one."""
    found = IdentityConnection.objects.filter(workspace=workspace, kind=kind).first()
    if found is None:
        raise not_found()
    return found


def access_export(workspace: Workspace, export_id: UUID, *, at: datetime) -> WorkspaceExport:
    """Return an export of ``workspace`` (already authorised); NotFound for any other's and expired ones."""
    rows = WorkspaceExport.objects.select_related("workspace", "requested_by")
    export = rows.filter(workspace=workspace, pk=export_id).first()
    if export is None or (export.expires_at is not None and export.expires_at <= at):
        raise not_found()
    return export


def access_export_file(workspace: Workspace, export_id: UUID, *, at: datetime) -> WorkspaceExport:
    """The same for its file; Conflict (``export_not_ready``) while there is none."""
    export = access_export(workspace, export_id, at=at)
    if export.state != ExportState.READY:
        raise Conflict(_("This export is not ready."), code="export_not_ready")
    return export


def access_scim_token(workspace: Workspace, token_id: int) -> ScimToken:
    """Return a token of ``workspace`` (already authorised); NotFound for any other workspace's."""
    token = ScimToken.objects.filter(workspace=workspace, pk=token_id).first()
    if token is None:
        raise not_found()
    return token


def access_staff_member(user_id: int) -> User:
    """Return a person with a staff role, for operators (already authorised); NotFound for all others."""
    user = User.objects.filter(pk=user_id, staff_roles__isnull=False).first() if user_id < 2**63 else None
    if user is None:
        raise not_found()
    return user


def access_any_workspace(slug: str) -> Workspace:
    """Return any workspace, also a suspended one, for operators (already authorised); or NotFound."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise not_found()
    return workspace


def access_person(user_id: int) -> User:
    """Return any account, for operators (already authorised); NotFound for an id that nobody has."""
    user = User.objects.filter(pk=user_id).first() if user_id < 2**63 else None
    if user is None:
        raise not_found()
    return user


def access_notification(user: User, notification_id: UUID) -> Notification:
    notification = Notification.objects.filter(user=user, pk=notification_id).first()
    if notification is None:
        raise not_found()
    return notification


def access_erasure(erasure_id: UUID) -> Erasure:
    """Return an erasure; its id is random, and the progress names nobody."""
    erasure = Erasure.objects.filter(pk=erasure_id).first()
    if erasure is None:
        raise not_found()
    return erasure


def personal_workspace(user: User) -> Workspace:
    """Return the person's own workspace; every account has one."""
    return Workspace.objects.get(person=user)


def scope_for(user: object) -> Scope:
    """Return the database scope of ``user``, in one query; NOBODY for visitors and inactive people."""
    if not isinstance(user, User):
        return NOBODY
    return _build_scope(user, get_user_roles(user))


def _build_scope(user: User, roles: UserRoles) -> Scope:
    if not user.is_active:
        return NOBODY
    return Scope(
        user_id=user.pk,
        workspace_ids=tuple(found.workspace_id for found in roles.memberships),
        admin_workspace_ids=tuple(found.workspace_id for found in roles.memberships if found.is_admin),
        staff=roles.staff,
    )


def open_admin_scope(
    *workspace_ids: int, user_id: int, savepoint: bool = True
) -> AbstractContextManager[Scope]:
    """Let a service that has authorised the person write in workspaces of which they are no admin (yet).

    Creating a workspace, accepting an invitation and leaving change rows that only admins may write.
    ``savepoint`` as in open_scope.
    """
    scope = current_scope()
    if scope.system:
        return transaction.atomic(savepoint=savepoint)  # type: ignore[return-value]  # nobody uses it
    return open_scope(
        replace(
            scope,
            user_id=user_id,
            workspace_ids=(*scope.workspace_ids, *workspace_ids),
            admin_workspace_ids=(*scope.admin_workspace_ids, *workspace_ids),
        ),
        savepoint=savepoint,
    )


# API keys --------------------------------------------------------------------------------------------------


def hash_secret(plain: str) -> str:
    """Return the SHA-256 of a random secret: with 256 random bits no slow password hash is needed."""
    return hashlib.sha256(plain.encode()).hexdigest()


def find_api_key(plain: str, *, at: datetime) -> ApiKey | None:
    """Return the valid key that ``plain`` spells, with its user and workspace, or None.

    Not valid: revoked or expired keys, keys of inactive people, of suspended workspaces, of workspaces that
    the person has left and of those whose policy does not let them use the API.
    """
    start, _sep, rest = plain.partition("_")
    prefix, _sep, secret = rest.partition("_")
    if start != KEY_START or not prefix or not secret or "\x00" in plain or len(plain) > 200:
        return None
    # There is no scope yet: the database function shows the one key with this prefix.
    key = _find_key(prefix)
    wanted = key.key_hash if key is not None else hash_secret("")
    if not hmac.compare_digest(hash_secret(plain), wanted) or key is None:
        return None
    return key if _is_valid(key, at=at) else None


def _is_valid(key: ApiKey, *, at: datetime) -> bool:
    """Whether a key counts; reads and caches the roles of its person."""
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= at):
        return False
    membership = cache_user_roles(key.user).membership_in(key.workspace_id)
    if membership is None or not key.user.is_active:
        return False
    if is_key_too_old(membership.rules, created_at=key.created_at, at=at):
        return False
    try:
        return load_policy(key.user_id, key.workspace_id).judge(Act.USE_API).decide().is_allowed
    except LimitUnreadable:
        return False


def renew_scope(*, user_id: int, api_key_id: int | None, at: datetime) -> tuple[User, Scope]:
    """Read a person, their roles and their key anew, for work that goes on after its request has begun.

    Raises Forbidden (``access_ended``) for an inactive person and a key that does not count any more. Roles
    that were cached for the request must not decide about later steps.
    """
    if api_key_id is not None:
        with open_scope(Scope(user_id=user_id)):
            key = ApiKey.objects.select_related("user").filter(pk=api_key_id, user_id=user_id).first()
        if key is not None and _is_valid(key, at=at):
            return key.user, scope_for_api_key(key)
    else:
        user = User.objects.filter(pk=user_id, is_active=True).first()
        if user is not None:
            cache_user_roles(user)
            return user, scope_for(user)
    raise Forbidden(_("Your access has ended. Sign in again to go on."), code="access_ended")


def list_keys_in_force(keys: Collection[int], *, at: datetime) -> set[int]:
    """Return which of these keys were not revoked and have not expired, whosever they are. In a scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM workspaces_keys_in_force(%s::bigint[], %s)", [list(keys), at])
        return {int(key) for (key,) in cursor.fetchall()}


_PERSON_FIELDS = [field.attname for field in User._meta.concrete_fields]
_KEY_SQL = (
    f"SELECT k.*, {', '.join(f'u.{name} AS person_{name}' for name in _PERSON_FIELDS)}"  # noqa: S608 - our columns
    " FROM workspaces_key_of(%s) k JOIN workspaces_user u ON u.id = k.user_id"
)


def _find_key(prefix: str) -> ApiKey | None:
    """Return the key with its person, in one query: every call of the API begins with it."""
    key = next(iter(ApiKey.objects.raw(_KEY_SQL, [prefix])), None)
    if key is not None:
        values = [getattr(key, f"person_{name}") for name in _PERSON_FIELDS]
        key.user = User.from_db(key._state.db, _PERSON_FIELDS, values)
    return key


# The scope that a key must have before a staff role of its person counts.
STAFF_SCOPES = {
    Staff.MODERATOR: ApiScope.REVIEWS_WORK,
    Staff.FINANCE: ApiScope.FINANCE_WORK,
    Staff.OPERATOR: ApiScope.OPERATOR_WORK,
    Staff.CHILD_SAFETY: ApiScope.REVIEWS_RESTRICTED,
}


def scope_for_api_key(key: ApiKey) -> Scope:
    """Return a key's database scope: its person's, in one workspace and with the key's staff scopes only."""
    whole = _build_scope(key.user, get_user_roles(key.user))
    only = (key.workspace_id,)
    return Scope(
        user_id=whole.user_id,
        workspace_ids=only if key.workspace_id in whole.workspace_ids else (),
        admin_workspace_ids=only if key.workspace_id in whole.admin_workspace_ids else (),
        staff=frozenset(
            role for role in whole.staff if role in STAFF_SCOPES and STAFF_SCOPES[Staff(role)] in key.scopes
        ),
    )
