"""People and groups of a workspace as an identity provider reads them: filtered, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from workspaces.models import Member, ScimGroup, ScimGroupMember, ScimUser
from workspaces.scim.errors import ScimError
from workspaces.scim.filters import (
    Both,
    Comparison,
    Either,
    Node,
    Not,
    Place,
    ValuePath,
    find_place,
    matches,
    parse_filter,
)
from workspaces.scim.schemas import ENTERPRISE, GROUP, GROUPS, MEMBERSHIP, USER, USERS, ResourceType

DEFAULT_COUNT = 100
MAX_COUNT = 1_000
_SAID_BY_COLUMNS = frozenset({"schemas", "userName"})


@dataclass(frozen=True)
class Page:
    """One page of resources; ``start`` is 1 for the first resource of all."""

    total: int
    start: int
    resources: list[dict[str, Any]]


@dataclass(frozen=True)
class Ask:
    """What a client asks of a list. ``count`` None: as many as usual."""

    filter: str = ""
    start: int = 1
    count: int | None = None
    sort_by: str = ""
    is_descending: bool = False


def list_users(workspace_id: int, ask: Ask, base: str) -> Page:
    """Return a page of people by ``ask``. Raises ScimError ``invalidFilter``."""
    rows = ScimUser.objects.filter(workspace_id=workspace_id).select_related("user")

    def build(found: Collection[ScimUser]) -> list[dict[str, Any]]:
        return build_users(found, workspace_id=workspace_id, base=base)

    return _list(rows, ask, USERS, _USER_COLUMNS, _USER_ORDER, build)


def find_only_name(ask: Ask) -> str:
    """Return the ``userName`` of the one person whom the filter can find; empty for any other filter."""
    node = parse_filter(ask.filter, USERS) if ask.filter else None
    if not isinstance(node, Comparison) or node.operator != "eq" or not isinstance(node.value, str):
        return ""
    return node.value if _USER_COLUMNS.get(_name(node.place)) == "user_name" else ""


def list_groups(workspace_id: int, ask: Ask, base: str, *, with_members: bool) -> Page:
    """Return a page of groups by ``ask``. Raises ScimError ``invalidFilter``."""
    rows = ScimGroup.objects.filter(workspace_id=workspace_id).select_related("group")

    def build(found: Collection[ScimGroup]) -> list[dict[str, Any]]:
        return build_groups(found, base=base, with_members=with_members or "members" in ask.filter.lower())

    return _list(rows, ask, GROUPS, _GROUP_COLUMNS, _GROUP_ORDER, build)


def _list(
    rows: QuerySet[Any],
    ask: Ask,
    kind: ResourceType,
    columns: Mapping[str, str],
    order: Mapping[str, str],
    build: Callable[[Collection[Any]], list[dict[str, Any]]],
) -> Page:
    """Filter in the database where columns say it all, otherwise over the finished resources."""
    start = max(ask.start, 1)
    count = DEFAULT_COUNT if ask.count is None else min(max(ask.count, 0), MAX_COUNT)
    node = parse_filter(ask.filter, kind) if ask.filter else None
    condition = None if node is None else _compile(node, columns)
    column = _find_order(ask, kind, order)
    rows = rows.order_by(f"-{column}" if ask.is_descending else column, "id")
    if node is None or condition is not None:
        if condition is not None:
            rows = rows.filter(condition)
        found = list(rows[start - 1 : start - 1 + count]) if count else []
        # A page that is not full is the last one: most are a search for one person.
        is_last = len(found) < count and (bool(found) or start == 1)
        return Page(start - 1 + len(found) if is_last else rows.count(), start, build(found))
    kept = [resource for resource in build(list(rows)) if matches(node, resource)]
    return Page(len(kept), start, kept[start - 1 : start - 1 + count])


def _find_order(ask: Ask, kind: ResourceType, order: Mapping[str, str]) -> str:
    if not ask.sort_by:
        return "created_at"
    place = find_place(ask.sort_by, kind)
    column = None if place is None else order.get(_name(place))
    if column is None:
        raise ScimError("Sorting by this attribute is not possible.", kind="invalidValue")
    return column


# Filters in the database -----------------------------------------------------------------------------------

_USER_COLUMNS = {"userName": "user_name", "externalId": "external_id", "id": "id", "active": "is_active"}
_USER_ORDER = {
    "userName": "user_name",
    "displayName": "display_name",
    "externalId": "external_id",
    "emails": "email",
    "emails.value": "email",
    "id": "id",
    "meta.created": "created_at",
    "meta.lastModified": "changed_at",
}
_GROUP_COLUMNS = {"displayName": "group__name", "externalId": "external_id", "id": "id"}
_GROUP_ORDER = {
    "displayName": "group__name",
    "externalId": "external_id",
    "id": "id",
    "meta.created": "created_at",
    "meta.lastModified": "changed_at",
}
_LOOKUPS = {"eq": "exact", "co": "contains", "sw": "startswith", "ew": "endswith"}


def _name(place: Place) -> str:
    name = place.attribute.name if place.sub is None else f"{place.attribute.name}.{place.sub.name}"
    return f"{place.urn}:{name}" if place.urn else name


def _compile(node: Node, columns: Mapping[str, str]) -> Q | None:
    """Return the condition on columns, None where the filter asks for more than they know."""
    if isinstance(node, Both | Either):
        left, right = _compile(node.left, columns), _compile(node.right, columns)
        if left is None or right is None:
            return None
        return left & right if isinstance(node, Both) else left | right
    if isinstance(node, Not):
        inner = _compile(node.inner, columns)
        return None if inner is None else ~inner
    if isinstance(node, ValuePath):
        inside = node.inner
        if node.place.attribute.name == "members" and isinstance(inside, Comparison):
            return _compile_member(inside) if inside.place.attribute.name == "value" else None
        return None
    if _name(node.place) in ("members", "members.value"):
        return _compile_member(node)
    column = columns.get(_name(node.place))
    return None if column is None else _compile_one(node, column)


def _compile_one(node: Comparison, column: str) -> Q | None:
    value = node.value
    if column == "id":
        identifier = _read_id(value)
        if node.operator != "eq":
            return None
        return Q(id=identifier) if identifier is not None else Q(pk__in=[])
    if column == "is_active":
        if node.operator not in ("eq", "ne") or not isinstance(value, bool):
            return None
        return Q(is_active=value if node.operator == "eq" else not value)
    if node.operator == "pr":
        return ~Q(**{column: ""})
    lookup = _LOOKUPS.get("eq" if node.operator == "ne" else node.operator)
    if lookup is None or not isinstance(value, str) or "\x00" in value:
        return None
    insensitive = "" if node.place.leaf.is_exact else "i"
    condition = Q(**{f"{column}__{insensitive}{lookup}": value})
    return ~condition if node.operator == "ne" else condition


def _compile_member(node: Comparison) -> Q | None:
    if node.operator != "eq":
        return None
    identifier = _read_id(node.value)
    if identifier is None:
        return Q(pk__in=[])
    return Q(pk__in=ScimGroupMember.objects.filter(person_id=identifier).values("group_id"))


def _read_id(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


# Resources -------------------------------------------------------------------------------------------------


def build_users(
    rows: Collection[ScimUser], *, workspace_id: int, base: str, are_new: bool = False
) -> list[dict[str, Any]]:
    """Return people as resources, in two queries however many; one when ``are_new``, in no group yet."""
    accounts = [row.user_id for row in rows if row.user_id is not None]
    roles = dict(
        Member.objects.filter(workspace_id=workspace_id, user_id__in=accounts).values_list("user_id", "role")
    )
    groups: dict[UUID, list[dict[str, Any]]] = {}
    people = [] if are_new else [row.pk for row in rows]
    inside = ScimGroupMember.objects.filter(person__in=people).order_by("group__group__name")
    for person_id, group_id, name in inside.values_list("person_id", "group_id", "group__group__name"):
        groups.setdefault(person_id, []).append(
            {"value": str(group_id), "$ref": f"{base}/Groups/{group_id}", "display": name, "type": "direct"}
        )
    return [_build_user(row, roles.get(row.user_id or 0, ""), groups.get(row.pk, []), base) for row in rows]


def _build_user(row: ScimUser, role: str, groups: list[dict[str, Any]], base: str) -> dict[str, Any]:
    status = "member" if role else ("invited" if row.email else "no_address")
    if not row.is_active:
        status = "inactive"
    kept = {key: value for key, value in row.attributes.items() if key not in _SAID_BY_COLUMNS}
    resource: dict[str, Any] = {
        "schemas": [USER, *([ENTERPRISE] if ENTERPRISE in kept else []), MEMBERSHIP],
        "id": str(row.pk),
        "userName": row.user_name,
        **({"externalId": row.external_id} if row.external_id else {}),
        **kept,
        "active": row.is_active,
        MEMBERSHIP: {"status": status, **({"role": role} if role else {})},
        "meta": _build_meta(row, "User", f"{base}/Users/{row.pk}"),
    }
    return resource | ({"groups": groups} if groups else {})


def build_groups(rows: Collection[ScimGroup], *, base: str, with_members: bool) -> list[dict[str, Any]]:
    """Return groups as resources, in one query for all their people."""
    members: dict[UUID, list[dict[str, Any]]] = {}
    if with_members:
        inside = ScimGroupMember.objects.filter(group__in=[row.pk for row in rows]).order_by("id")
        for group_id, person_id, name in inside.values_list("group_id", "person_id", "person__display_name"):
            members.setdefault(group_id, []).append(
                {
                    "value": str(person_id),
                    "$ref": f"{base}/Users/{person_id}",
                    **({"display": name} if name else {}),
                    "type": "User",
                }
            )
    resources = []
    for row in rows:
        resource: dict[str, Any] = {
            "schemas": [GROUP],
            "id": str(row.pk),
            "displayName": row.group.name,
            **({"externalId": row.external_id} if row.external_id else {}),
            "meta": _build_meta(row, "Group", f"{base}/Groups/{row.pk}"),
        }
        if members.get(row.pk):
            resource["members"] = members[row.pk]
        resources.append(resource)
    return resources


def _build_meta(row: ScimUser | ScimGroup, kind: str, location: str) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "created": _format(row.created_at),
        "lastModified": _format(row.changed_at),
        "location": location,
        "version": build_version(row),
    }


def build_version(row: ScimUser | ScimGroup) -> str:
    """Return the ETag of a person or group."""
    return f'W/"{row.version}"'


def _format(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def get_user_row(workspace_id: int, identifier: UUID) -> ScimUser | None:
    return ScimUser.objects.select_related("user").filter(workspace_id=workspace_id, pk=identifier).first()


def get_group_row(workspace_id: int, identifier: UUID) -> ScimGroup | None:
    return ScimGroup.objects.select_related("group").filter(workspace_id=workspace_id, pk=identifier).first()
