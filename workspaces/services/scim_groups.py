"""Groups from the identity provider. In the scope of the directory.

It may put people in a group who are invited, or not active: they come into it when they become members.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core.errors import DomainError
from workspaces.models import Member, ScimGroup, ScimGroupMember, ScimToken, ScimUser
from workspaces.scim.errors import ScimError, build_missing
from workspaces.services.groups import create_group, delete_group, rename_group, set_group_members
from workspaces.services.locks import lock_workspaces
from workspaces.services.scim_users import as_scim_error
from workspaces.states import GroupSource, MemberSource


def add_scim_group(*, token: ScimToken, resource: Mapping[str, Any], at: datetime) -> ScimGroup:
    """Add a group with its members. Audited. Raises ScimError: ``uniqueness``, ``invalidValue``."""
    try:
        with transaction.atomic():
            lock_workspaces([token.workspace_id])
            group = create_group(
                workspace=token.workspace,
                name=_get_name(resource),
                by=None,
                at=at,
                source=GroupSource.SCIM,
            )
            row = ScimGroup.objects.create(
                workspace=token.workspace,
                group=group,
                external_id=_get_external_id(resource),
                created_at=at,
                changed_at=at,
            )
            _set_members(row, token, resource, at=at)
    except DomainError as error:
        raise _explain(error) from error
    return row


def replace_scim_group(
    *, token: ScimToken, row: ScimGroup, read: Callable[[ScimGroup], Mapping[str, Any]], at: datetime
) -> ScimGroup:
    """Make the group what ``read`` returns, or nothing, when it raises. Audited.

    ``read`` gets the row as it is under the lock, so that of two changes at the same moment none is lost.
    """
    try:
        with transaction.atomic():
            fresh = _lock_row(row, token)
            resource = read(fresh)
            name, external = _get_name(resource), _get_external_id(resource)
            is_changed = name != fresh.group.name or external != fresh.external_id
            rename_group(group=fresh.group, name=name, by=None, at=at)
            is_changed |= _set_members(fresh, token, resource, at=at)
            if is_changed:
                fresh.external_id = external
                fresh.version += 1
                fresh.changed_at = at
                fresh.save(update_fields=["external_id", "version", "changed_at"])
    except DomainError as error:
        raise _explain(error) from error
    return fresh


def delete_scim_group(
    *, token: ScimToken, row: ScimGroup, check: Callable[[ScimGroup], object], at: datetime
) -> None:
    """Delete the group; its people stay members of the workspace. Audited.

    ``check`` gets the row as it is under the lock and may raise.
    """
    with transaction.atomic():
        fresh = _lock_row(row, token)
        check(fresh)
        delete_group(group=fresh.group, by=None, at=at)


def _lock_row(row: ScimGroup, token: ScimToken) -> ScimGroup:
    """Lock the workspace; return the row as it is then. Raises ScimError when it is gone."""
    lock_workspaces([token.workspace_id])
    fresh = ScimGroup.objects.select_related("group").filter(pk=row.pk).first()
    if fresh is None:
        raise build_missing()
    return fresh


def _get_name(resource: Mapping[str, Any]) -> str:
    name = str(resource.get("displayName") or "").strip()
    if not name:
        raise ScimError("displayName is required.", kind="invalidValue")
    return name


def _get_external_id(resource: Mapping[str, Any]) -> str:
    external = str(resource.get("externalId") or "")
    if len(external) > 254:
        raise ScimError("externalId is longer than 254 characters.", kind="invalidValue")
    return external


def _set_members(row: ScimGroup, token: ScimToken, resource: Mapping[str, Any], *, at: datetime) -> bool:
    """Make the people of the group those that the resource names; return whether that changed anybody."""
    wanted = _read_ids([one.get("value") for one in resource.get("members") or []])
    people = dict(
        ScimUser.objects.filter(workspace=token.workspace, pk__in=wanted).values_list("pk", "user_id")
    )
    missing = wanted - set(people)
    if missing:
        raise ScimError(f"There is no user {min(map(str, missing))}.", kind="invalidValue")
    present = set(ScimGroupMember.objects.filter(group=row).values_list("person_id", flat=True))
    gone, new = present - wanted, wanted - present
    if gone:
        ScimGroupMember.objects.filter(group=row, person_id__in=gone).delete()
    ScimGroupMember.objects.bulk_create(
        [ScimGroupMember(workspace=token.workspace, group=row, person_id=one) for one in sorted(new)],
        batch_size=1_000,
    )
    if gone or new:
        accounts = {user_id for user_id in people.values() if user_id is not None}
        members = Member.objects.filter(workspace=token.workspace, user_id__in=accounts)
        set_group_members(
            group=row.group,
            user_ids=set(members.values_list("user_id", flat=True)),
            by=None,
            at=at,
            source=MemberSource.SCIM,
        )
    return bool(gone or new)


def _read_ids(values: Collection[Any]) -> set[UUID]:
    found = set()
    for value in values:
        try:
            found.add(UUID(str(value)))
        except ValueError:
            raise ScimError(f"There is no user {str(value)[:100]}.", kind="invalidValue") from None
    return found


def _explain(error: DomainError) -> ScimError:
    if error.code == "group_name_taken":
        return ScimError(
            "There is a group with this name already, made by hand or by another sync. Rename one of them.",
            status=409,
            kind="uniqueness",
        )
    return as_scim_error(error)
