"""People from the identity provider: added, changed, deactivated. In the scope of the directory.

What it sends is the company's own record of a person. It gives and ends the membership of one workspace; the
account, with its name, address, password and other workspaces, stays the person's. A service locks the person
and then the workspace before it reads the row, as all changes of memberships do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from core.audit import record
from core.errors import DomainError, Forbidden, InvalidInput
from workspaces.access import open_admin_scope
from workspaces.models import IdentityRules, Invitation, Member, ScimToken, ScimUser, User, Workspace
from workspaces.queries.identity import get_identity_rules, is_address_proved
from workspaces.scim.errors import ScimError, build_missing
from workspaces.services.cost_centres import set_given_cost_centre
from workspaces.services.joining import join_workspace
from workspaces.services.locks import lock_person, lock_workspaces
from workspaces.services.members import (
    add_member,
    change_role,
    invite_member,
    remove_member,
)
from workspaces.services.scim_links import attach_member, find_cost_centre, note_removal
from workspaces.services.users import create_user, has_verified_address
from workspaces.states import Role

RANKS = (Role.ADMIN, Role.BUILDER, Role.MEMBER)


def add_missing_rows(*, workspace: Workspace, at: datetime, email: str = "") -> int:
    """Make a row for each member without one, so that the identity provider finds who is there already.

    ``email`` limits it to the member with this address. Returns how many were made.
    """
    found = Member.objects.filter(workspace=workspace)
    members = (
        (found.filter(user__email=email.lower()) if email else found)
        .exclude(
            user_id__in=ScimUser.objects.filter(workspace=workspace, user__isnull=False).values("user_id")
        )
        .select_related("user")
    )
    rows = [
        ScimUser(
            workspace=workspace,
            user=member.user,
            user_name=member.user.email,
            email=member.user.email,
            display_name=member.user.display_name,
            attributes={
                "userName": member.user.email,
                "displayName": member.user.display_name,
                "emails": [{"value": member.user.email, "type": "work", "primary": True}],
            },
            created_at=at,
            changed_at=at,
        )
        for member in members
    ]
    ScimUser.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def add_scim_user(*, token: ScimToken, resource: Mapping[str, Any], at: datetime) -> ScimUser:
    """Add a person: a member at once where the address is proved, otherwise invited by mail. Audited.

    Raises ScimError ``uniqueness`` when there is a person of that name, and as ``_settle`` does.
    """
    workspace = token.workspace
    email = _find_address(resource)
    account = User.objects.filter(email=email).first() if email else None
    # In the transaction of the request, which an error rolls back whole.
    with transaction.atomic(savepoint=False):
        _lock(account, workspace)
        row = ScimUser(workspace=workspace, created_at=at, changed_at=at, email=email)
        _write(row, resource)
        _insert(row)
        _settle(row, token, account=account, at=at, is_new=True)
        _record("scim_user_added", row, token, at)
    return row


def replace_scim_user(
    *, token: ScimToken, row: ScimUser, read: Callable[[ScimUser], Mapping[str, Any]], at: datetime
) -> ScimUser:
    """Make the person what ``read`` returns, membership included; or nothing, when it raises. Audited.

    ``read`` gets the row as it is under the lock, so that of two changes at the same moment none is lost.
    """
    with transaction.atomic():
        fresh = _lock_row(row, token)
        before = _read_columns(fresh)
        _write(fresh, read(fresh))
        if before["email"] and before["email"] != fresh.email:
            _close_former_invitations(fresh, before["email"], at=at)
        if fresh.user_name.lower() != before["user_name"].lower():
            taken = ScimUser.objects.filter(workspace=token.workspace, user_name__iexact=fresh.user_name)
            if taken.exclude(pk=fresh.pk).exists():
                raise _build_taken()
        changed = sorted(name for name, value in _read_columns(fresh).items() if value != before[name])
        if changed:
            fresh.version += 1
            fresh.changed_at = at
            fresh.save()
        _settle(fresh, token, account=fresh.user, former=find_cost_centre(before["attributes"]), at=at)
        if changed:
            _record("scim_user_changed", fresh, token, at, fields=changed)
    return ScimUser.objects.select_related("user").get(pk=fresh.pk)


def delete_scim_user(
    *, token: ScimToken, row: ScimUser, check: Callable[[ScimUser], object], at: datetime
) -> None:
    """End the membership and forget what the identity provider sent. The account stays. Audited.

    ``check`` gets the row as it is under the lock and may raise.
    """
    with transaction.atomic():
        fresh = _lock_row(row, token)
        check(fresh)
        _end_membership(fresh, token, at=at)
        gone = ScimUser(pk=fresh.pk, user_id=fresh.user_id)
        fresh.delete()
        _record("scim_user_deleted", gone, token, at)


def _insert(row: ScimUser) -> None:
    """Insert a row, for a caller whose transaction an error ends.

    The constraint finds the same name by its index, which a query under row-level security cannot use.
    """
    try:
        row.save(force_insert=True)
    except IntegrityError as error:
        raise _build_taken() from error


def _build_taken() -> ScimError:
    return ScimError("There is a user with this userName already.", status=409, kind="uniqueness")


def _lock(account: User | None, workspace: Workspace) -> None:
    if account is not None:
        # A closed account can leave; only a new membership is refused.
        with suppress(Forbidden):
            lock_person(account)
    lock_workspaces([workspace.pk])


def _lock_row(row: ScimUser, token: ScimToken) -> ScimUser:
    """Lock the person and the workspace; return the row as it is then. Raises ScimError when it is gone."""
    # Whoever has the address may become the row's account meanwhile.
    _lock(row.user or User.objects.filter(email=row.email).first(), token.workspace)
    fresh = ScimUser.objects.select_related("user").filter(pk=row.pk).first()
    if fresh is None:
        raise build_missing()
    return fresh


def _read_columns(row: ScimUser) -> dict[str, Any]:
    return {
        "user_name": row.user_name,
        "external_id": row.external_id,
        "email": row.email,
        "active": row.is_active,
        "attributes": row.attributes,
    }


def _record(verb: str, row: ScimUser, token: ScimToken, at: datetime, **data: Any) -> None:
    record(
        action=f"workspaces.{verb}",
        by=None,
        at=at,
        subject=("workspaces.scimuser", str(row.pk)),
        workspace_id=token.workspace_id,
        data={"user_id": row.user_id, "token_id": token.pk, **data},
    )


# What is stored -----------------------------------------------------------------------------------------


def _write(row: ScimUser, resource: Mapping[str, Any]) -> None:
    name = str(resource.get("userName") or "").strip()
    if not name:
        raise ScimError("userName is required.", kind="invalidValue")
    if len(name) > 254:
        raise ScimError("userName is longer than 254 characters.", kind="invalidValue")
    external = str(resource.get("externalId") or "")
    if len(external) > 254:
        raise ScimError("externalId is longer than 254 characters.", kind="invalidValue")
    row.user_name = name
    row.external_id = external
    row.email = _find_address(resource)
    row.display_name = find_display_name(resource)[:254]
    if "active" in resource:
        row.is_active = resource["active"] is True
    kept = {key: value for key, value in resource.items() if key not in ("active", "externalId")}
    row.attributes = kept | {"userName": name}


def _find_address(resource: Mapping[str, Any]) -> str:
    """Return the person's address: the primary one, that for work, the first, or the userName.

    Empty when none of them is one; the person waits for an address then.
    """
    emails = [one for one in resource.get("emails") or [] if isinstance(one, dict) and one.get("value")]
    emails.sort(key=lambda one: (one.get("primary") is not True, str(one.get("type", "")).lower() != "work"))
    for value in [*(one["value"] for one in emails), resource.get("userName")]:
        address = str(value or "").strip().lower()
        with suppress(ValidationError):
            validate_email(address)
            if len(address) <= 254:
                return address
    return ""


def find_display_name(resource: Mapping[str, Any]) -> str:
    """Return how the identity provider names the person."""
    name = resource.get("name") or {}
    parts = [str(name.get(part) or "") for part in ("givenName", "familyName")]
    whole = " ".join(part for part in parts if part)
    return str(resource.get("displayName") or name.get("formatted") or whole or "").strip()


def pick_role(values: list[Any], claims: Mapping[str, str]) -> str:
    """Return the highest role that an admin has mapped one of these values to, empty for none; never owner.

    Values compare without regard to case, as identity providers show them.
    """
    folded = {str(name).casefold(): role for name, role in claims.items()}
    given = {
        folded.get(str(value.get("value") if isinstance(value, Mapping) else value).casefold())
        for value in values
    }
    return next((str(role) for role in RANKS if role in given), "")


# What follows for the membership ------------------------------------------------------------------------


def _settle(
    row: ScimUser,
    token: ScimToken,
    *,
    account: User | None,
    at: datetime,
    former: str = "",
    is_new: bool = False,
) -> None:
    """Make the membership what the row says; ``former`` is the cost centre that was sent before.

    ``is_new``: the row was added just now, after ``account`` was looked for.

    Nobody is taken over: an account becomes a member without being asked only at a proved domain. Raises
    ScimError ``mutability`` for what would leave the workspace without an owner, and for a closed account.
    """
    try:
        if not row.is_active:
            _end_membership(row, token, at=at)
            return
        if is_new:
            row.user = account
        elif row.user is None and row.email:
            row.user = account if account is not None else User.objects.filter(email=row.email).first()
        rules = get_identity_rules(token.workspace)
        member = None
        if row.user is not None:
            member = Member.objects.filter(workspace=token.workspace, user=row.user).first()
        if member is None:
            member = _begin_membership(row, token, rules, at=at, is_in_no_group=is_new)
        else:
            attach_member(member, email=row.email, at=at)
        if member is not None:
            _apply_role(row, member, rules, at=at)
            code = find_cost_centre(row.attributes)
            set_given_cost_centre(member=member, code=code, former=former, at=at)
        else:
            _keep_given_role(row, _pick_role(row, rules))
    except DomainError as error:
        raise as_scim_error(error) from error


def as_scim_error(error: DomainError) -> ScimError:
    """Return the refusal of a service as the RFC words it: the state does not allow the change."""
    if error.status == 429:
        return ScimError(str(error.message), status=429)
    if isinstance(error, InvalidInput):
        return ScimError(str(error.message), kind="invalidValue")
    if error.code == "email_taken":
        return ScimError(str(error.message), status=409, kind="uniqueness")
    return ScimError(str(error.message), kind="mutability")


def _begin_membership(
    row: ScimUser, token: ScimToken, rules: IdentityRules, *, at: datetime, is_in_no_group: bool
) -> Member | None:
    """Make the person a member where the address is proved; otherwise ask them by an invitation."""
    workspace = token.workspace
    address = row.email if row.user is None else row.user.email
    if not address:
        return None
    role = _pick_role(row, rules) or str(rules.default_role)
    is_theirs = row.user is None or has_verified_address(row.user)
    if not is_theirs or not is_address_proved(workspace.pk, address):
        row.user = None
        ScimUser.objects.filter(pk=row.pk, user__isnull=False).update(user=None)
        _invite(row, token, rules, role=role, at=at)
        return None
    is_new = row.user is None
    if row.user is None:
        row.user = _create_account(row, at=at)
    elif ScimUser.objects.filter(workspace=workspace, user=row.user).exclude(pk=row.pk).exists():
        raise ScimError("Another user has this e-mail address.", status=409, kind="uniqueness")
    ScimUser.objects.filter(pk=row.pk).update(user=row.user)
    # Nobody else sees a new account yet, and the workspace is locked.
    if is_new:
        member = join_workspace(
            workspace=workspace,
            user=row.user,
            role=role,
            by=None,
            at=at,
            is_new=True,
            is_from_directory=is_in_no_group,
        )
    else:
        member = add_member(workspace=workspace, user=row.user, role=role, by=None, at=at)
    _close_invitations(row, workspace, at=at)
    return member


def _pick_role(row: ScimUser, rules: IdentityRules) -> str:
    return pick_role(row.attributes.get("roles") or [], rules.role_claims)


def _create_account(row: ScimUser, *, at: datetime) -> User:
    # The company proved the domain, so the address is checked.
    try:
        return create_user(email=row.email, display_name=row.display_name[:80], at=at, is_email_verified=True)
    except InvalidInput as error:
        if error.field != "display_name":
            raise
    name = row.email.partition("@")[0][:80]
    return create_user(email=row.email, display_name=name, at=at, is_email_verified=True)


def _invite(row: ScimUser, token: ScimToken, rules: IdentityRules, *, role: str, at: datetime) -> None:
    """Invite the person, unless an open invitation says the same.

    Roles follow as they do for members: that of a mapped value, or the default one where a value gave the
    present role before. Invitations of owners and guests, and roles given by hand, stay.
    """
    workspace = token.workspace
    present = Invitation.objects.filter(
        workspace=workspace,
        email=row.email,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        expires_at__gt=at,
    ).first()
    if present is not None:
        is_ours = bool(_pick_role(row, rules)) or present.role == row.given_role
        if present.role in (role, Role.OWNER) or present.guest_until is not None or not is_ours:
            return
    inviter = _find_inviter(token)
    with open_admin_scope(workspace.pk, user_id=inviter.pk):
        invite_member(workspace=workspace, email=row.email, role=role, by=inviter, at=at)


def _find_inviter(token: ScimToken) -> User:
    """Return who answers for invitations: the admin who made the token, or an owner once they have left."""
    members = Member.objects.filter(workspace=token.workspace, user__is_active=True).select_related("user")
    maker = members.filter(user=token.created_by, role__in=(Role.OWNER, Role.ADMIN)).first()
    found = maker or members.filter(role=Role.OWNER).order_by("pk").first()
    if found is None:
        raise ScimError("The workspace has no active owner.", kind="mutability")
    return found.user


def _close_invitations(row: ScimUser, workspace: Workspace, *, at: datetime) -> None:
    _close_invitations_to(row.email, workspace.pk, at=at)


def _close_former_invitations(row: ScimUser, email: str, *, at: datetime) -> None:
    """Close those to an address that the person has no more, unless it is another's now."""
    others = ScimUser.objects.filter(workspace_id=row.workspace_id, email=email, is_active=True)
    if not others.exclude(pk=row.pk).exists():
        _close_invitations_to(email, row.workspace_id, at=at)


def _close_invitations_to(email: str, workspace_id: int, *, at: datetime) -> None:
    Invitation.objects.filter(
        workspace_id=workspace_id, email=email, accepted_at__isnull=True, revoked_at__isnull=True
    ).update(revoked_at=at)


def _end_membership(row: ScimUser, token: ScimToken, *, at: datetime) -> None:
    _close_invitations(row, token.workspace, at=at)
    if row.user_id is None:
        return
    member = Member.objects.select_related("user").filter(workspace=token.workspace, user=row.user_id).first()
    if member is not None and member.role == Role.OWNER:
        _require_token_of_owner(token)
    try:
        if member is not None:
            remove_member(member=member, by=None, at=at)
    except DomainError as error:
        raise as_scim_error(error) from error
    note_removal(workspace_id=token.workspace_id, user_id=row.user_id, at=at)


def _require_token_of_owner(token: ScimToken) -> None:
    # Otherwise an admin could remove an owner by a token of their own.
    makers = Member.objects.filter(
        workspace=token.workspace, user=token.created_by, role=Role.OWNER, user__is_active=True
    )
    if not makers.exists():
        raise ScimError("Only a token that an owner made can remove an owner.", kind="mutability")


def _apply_role(row: ScimUser, member: Member, rules: IdentityRules, *, at: datetime) -> None:
    """Give the role of a mapped value. Without one, a role that a value gave before ends; others stay.

    Owners stay owners: only owners decide over them.
    """
    role = _pick_role(row, rules)
    wanted = role
    if not role and row.given_role and member.role == row.given_role:
        wanted = str(rules.default_role)
    if wanted and member.role not in (wanted, Role.OWNER):
        change_role(member=member, role=wanted, by=None, at=at)
    _keep_given_role(row, role)


def _keep_given_role(row: ScimUser, role: str) -> None:
    if row.given_role != role:
        row.given_role = role
        ScimUser.objects.filter(pk=row.pk).update(given_role=role)
