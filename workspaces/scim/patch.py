"""Applies PATCH operations to a resource (RFC 7644, section 3.5.2), in the dialects of identity providers.

Operations in capitals, texts for booleans, ``replace`` without a path whose keys are paths, and ``remove`` of
``members`` with the ids as its value are read as they are meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from workspaces.scim.errors import ScimError
from workspaces.scim.filters import Both, Comparison, Node, Path, Place, matches, parse_path
from workspaces.scim.schemas import PATCH, Attribute, ResourceType
from workspaces.scim.values import clean_one, clean_value, is_empty, keep_one_primary

MAX_OPERATIONS = 1_000
# Each operation may read all members: the sum of those that it finds.
MAX_MEMBER_READS = 200_000


def apply_patch(resource: Mapping[str, Any], body: Mapping[str, Any], kind: ResourceType) -> dict[str, Any]:
    """Return the resource as the operations leave it; ``resource`` itself stays as it is.

    Raises ScimError: ``invalidSyntax``, ``invalidPath``, ``noTarget``, ``invalidValue``, ``mutability``,
    ``tooMany``.
    """
    changed: dict[str, Any] = deepcopy(dict(resource))
    reads = 0
    for operation in _read_operations(body):
        reads += len(changed.get("members") or [])
        if reads > MAX_MEMBER_READS:
            raise ScimError(
                "Too many operations for a group of this size. Send fewer at once.", kind="tooMany"
            )
        name = str(operation.get("op", "")).lower()
        path, value = operation.get("path"), operation.get("value")
        if name not in ("add", "replace", "remove"):
            raise ScimError("op must be add, replace or remove.", kind="invalidSyntax")
        if path is not None and not isinstance(path, str):
            raise ScimError("path must be a text.", kind="invalidPath")
        if path:
            _apply(changed, name, parse_path(path, kind), value, kind)
        else:
            _apply_without_path(changed, name, value, kind)
    return changed


def _read_operations(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the operations with the names of their members in small letters."""
    fields = {str(name).lower(): value for name, value in body.items()}
    schemas = fields.get("schemas")
    if not isinstance(schemas, list) or PATCH.lower() not in {str(one).lower() for one in schemas}:
        raise ScimError(f"The attribute schemas must name {PATCH}.", kind="invalidSyntax")
    operations = fields.get("operations")
    if not isinstance(operations, list) or not operations:
        raise ScimError("Operations must be a list with at least one operation.", kind="invalidSyntax")
    if len(operations) > MAX_OPERATIONS:
        raise ScimError(f"There are more than {MAX_OPERATIONS} operations.", kind="tooMany")
    if not all(isinstance(one, Mapping) for one in operations):
        raise ScimError("Each operation must be an object.", kind="invalidSyntax")
    return [{str(name).lower(): value for name, value in one.items()} for one in operations]


def _apply_without_path(changed: dict[str, Any], name: str, value: Any, kind: ResourceType) -> None:
    if name == "remove":
        raise ScimError("remove needs a path.", kind="noTarget")
    if not isinstance(value, Mapping):
        raise ScimError("Without a path, value must be an object.", kind="invalidValue")
    for key, inner in value.items():
        extension = kind.find_extension(key)
        if extension is not None:
            _set_extension(changed, name, Path(None, urn=extension.urn), inner, kind)
            continue
        try:
            path = parse_path(str(key), kind)
        except ScimError:
            continue  # like an unknown attribute of a whole resource
        # Whole resources come with their id and meta.
        attribute = None if path.place is None else path.place.attribute
        if attribute is not None and not attribute.is_read_only and attribute.name != "schemas":
            _apply(changed, name, path, inner, kind)


def _set_extension(changed: dict[str, Any], name: str, path: Path, value: Any, kind: ResourceType) -> None:
    extension = kind.find_extension(path.urn)
    assert extension is not None
    if not isinstance(value, Mapping):
        raise ScimError(f"{path.urn} must be an object.", kind="invalidValue")
    for key, inner in value.items():
        attribute = extension.by_name.get(str(key).lower())
        if attribute is not None and not attribute.is_read_only:
            _apply(changed, name, Path(Place(attribute, path.urn), urn=path.urn), inner, kind)


def _apply(changed: dict[str, Any], name: str, path: Path, value: Any, kind: ResourceType) -> None:
    if path.place is None:
        if name == "remove":
            changed.pop(path.urn, None)
        else:
            if name == "replace" and isinstance(value, Mapping):
                changed.pop(path.urn, None)
            _set_extension(changed, name, path, value, kind)
        return
    place = path.place
    if place.attribute.is_read_only or (place.sub is not None and place.sub.is_read_only):
        raise ScimError(f"{place.attribute.name} cannot be changed.", kind="mutability")
    owner = changed if not place.urn else changed.setdefault(place.urn, {})
    if path.chosen is not None:
        _apply_to_chosen(owner, name, path, path.chosen, value)
    elif name == "remove":
        _remove(owner, place, value)
    else:
        _set(owner, name, place, value)
    if place.urn and not owner:
        changed.pop(place.urn)
    if is_empty(owner.get(place.attribute.name)):
        owner.pop(place.attribute.name, None)


def _set(owner: dict[str, Any], name: str, place: Place, value: Any) -> None:
    attribute = place.attribute
    if place.sub is not None:
        _set_part(owner, name, attribute, place.sub, value)
    elif attribute.is_multiple:
        _set_values(owner, name, attribute, value)
    elif attribute.kind == "complex":
        cleaned = clean_one(value, attribute) or {}
        before = owner.get(attribute.name, {}) if not is_empty(value) else {}
        # Parts that are not named stay (RFC 7644, section 3.5.2.3).
        owner[attribute.name] = {**before, **cleaned}
    else:
        owner[attribute.name] = clean_one(value, attribute)


def _set_part(owner: dict[str, Any], name: str, attribute: Attribute, sub: Attribute, value: Any) -> None:
    cleaned = clean_one(value, sub)
    if attribute.is_multiple:
        values = owner.get(attribute.name) or [{}]
        owner[attribute.name] = [one | {sub.name: cleaned} for one in values]
        return
    part = dict(owner.get(attribute.name) or {})
    if is_empty(cleaned):
        part.pop(sub.name, None)
    else:
        part[sub.name] = cleaned
    owner[attribute.name] = part


def _set_values(owner: dict[str, Any], name: str, attribute: Attribute, value: Any) -> None:
    given = clean_value(value, attribute) or []
    if name == "replace":
        owner[attribute.name] = given
        return
    values = list(owner.get(attribute.name) or [])
    known = {_identify(one) for one in values}
    chosen = None
    for one in given:
        if _identify(one) in known:
            continue
        known.add(_identify(one))
        values.append(one)
        if isinstance(one, dict) and one.get("primary") is True:
            chosen = len(values) - 1
    owner[attribute.name] = keep_one_primary(values, chosen=chosen)


def _identify(value: Any) -> tuple[str, str]:
    if isinstance(value, Mapping):
        # The same address for work and at home is two values; a member is one, whatever its type says.
        kind = "" if "$ref" in value or value.get("type") == "User" else str(value.get("type", "")).lower()
        return str(value.get("value", sorted(value.items()))), kind
    return str(value), ""


def _remove(owner: dict[str, Any], place: Place, value: Any) -> None:
    attribute = place.attribute
    if place.sub is not None:
        before = owner.get(attribute.name)
        if isinstance(before, list):
            owner[attribute.name] = [
                {key: inner for key, inner in one.items() if key != place.sub.name} for one in before
            ]
        elif isinstance(before, dict):
            before.pop(place.sub.name, None)
        return
    if attribute.is_required:
        raise ScimError(f"{attribute.name} is required.", kind="mutability")
    if attribute.is_multiple and not is_empty(value):
        gone = {_value_of(one) for one in (value if isinstance(value, list) else [value])}
        owner[attribute.name] = [one for one in owner.get(attribute.name) or [] if _value_of(one) not in gone]
        return
    owner.pop(attribute.name, None)


def _value_of(one: Any) -> str:
    return str(one.get("value", "")) if isinstance(one, Mapping) else str(one)


def _apply_to_chosen(owner: dict[str, Any], name: str, path: Path, chosen: Node, value: Any) -> None:
    place = path.place
    assert place is not None
    attribute, sub = place.attribute, place.sub
    values = list(owner.get(attribute.name) or [])
    found = [at for at, one in enumerate(values) if isinstance(one, dict) and matches(chosen, one)]
    if name == "remove":
        if not found and attribute.name != "members":
            raise ScimError("Nothing matches the path.", kind="noTarget")
        # A member who has gone already is no fault: identity providers send removals twice.
        if sub is not None:
            for at in found:
                values[at] = {key: inner for key, inner in values[at].items() if key != sub.name}
        else:
            values = [one for at, one in enumerate(values) if at not in set(found)]
        owner[attribute.name] = [one for one in values if not is_empty(one)]
        return
    if not found:
        # emails[type eq "work"].value on a person without such an address makes one.
        described = _describe(chosen)
        if described is None or (name == "replace" and sub is None):
            raise ScimError("Nothing matches the path.", kind="noTarget")
        values.append(described)
        found = [len(values) - 1]
    for at in found:
        change = {sub.name: clean_one(value, sub)} if sub is not None else clean_one(value, attribute)
        merged = change if sub is None and name == "replace" else values[at] | (change or {})
        values[at] = {key: inner for key, inner in (merged or {}).items() if not is_empty(inner)}
    primary = next((at for at in found if values[at].get("primary") is True), None)
    owner[attribute.name] = keep_one_primary([one for one in values if one], chosen=primary)


def _describe(node: Node) -> dict[str, Any] | None:
    """Return the value that a filter of equalities describes, None for any other filter."""
    if isinstance(node, Comparison) and node.operator == "eq" and node.place.sub is None:
        return {node.place.attribute.name: node.value}
    if isinstance(node, Both):
        left, right = _describe(node.left), _describe(node.right)
        return None if left is None or right is None else left | right
    return None
