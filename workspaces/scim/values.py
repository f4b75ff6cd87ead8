"""Checks and tidies what clients send as a resource: names in any case, texts as booleans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workspaces.scim.errors import ScimError
from workspaces.scim.filters import read_boolean
from workspaces.scim.schemas import Attribute, ResourceType, Schema

MAX_TEXT = 2_000
MAX_VALUES = 100
MAX_MEMBERS = 50_000


def clean_resource(data: Mapping[str, Any], kind: ResourceType) -> dict[str, Any]:
    """Return the writable attributes of ``data`` by their proper names, without unknown ones.

    Raises ScimError ``invalidValue`` for a value of another type, and ``invalidSyntax`` for no object or a
    resource whose ``schemas`` do not name the core schema.
    """
    if not isinstance(data, Mapping):
        raise ScimError("Send one JSON object.", kind="invalidSyntax")
    _check_schemas(data, kind)
    cleaned: dict[str, Any] = {}
    for name, value in data.items():
        extension = kind.find_extension(name)
        if extension is not None:
            inner = _clean_parts(value, extension)
            if inner:
                cleaned[extension.urn] = inner
            continue
        attribute = kind.core.by_name.get(name.lower()) or kind.common.get(name.lower())
        if attribute is None or attribute.is_read_only or attribute.name == "schemas":
            continue
        found = clean_value(value, attribute)
        if not is_empty(found):
            cleaned[attribute.name] = found
    return cleaned


def _check_schemas(data: Mapping[str, Any], kind: ResourceType) -> None:
    given = next((value for name, value in data.items() if name.lower() == "schemas"), None)
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ScimError("The attribute schemas is missing.", kind="invalidSyntax")
    if kind.core.urn.lower() not in {one.lower() for one in given}:
        raise ScimError(f"The attribute schemas must name {kind.core.urn}.", kind="invalidSyntax")


def _clean_parts(value: Any, schema: Schema) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ScimError(f"{schema.urn} must be an object.", kind="invalidValue")
    cleaned = {}
    for name, inner in value.items():
        attribute = schema.by_name.get(str(name).lower())
        if attribute is not None and not attribute.is_read_only:
            found = clean_value(inner, attribute)
            if not is_empty(found):
                cleaned[attribute.name] = found
    return cleaned


def is_empty(value: Any) -> bool:
    """Whether a value counts as absent (RFC 7643, section 2.5)."""
    return value is None or value == "" or value == [] or value == {}


def clean_value(value: Any, attribute: Attribute) -> Any:
    """Return a value of the attribute's type; for one of several values a list."""
    if is_empty(value):
        return None
    if attribute.is_multiple:
        values = value if isinstance(value, list) else [value]
        limit = MAX_MEMBERS if attribute.name == "members" else MAX_VALUES
        if len(values) > limit:
            raise ScimError(f"{attribute.name} has more than {limit} values.", kind="tooMany")
        cleaned = [clean_one(one, attribute) for one in values]
        return keep_one_primary([one for one in cleaned if not is_empty(one)])
    return clean_one(value, attribute)


def clean_one(value: Any, attribute: Attribute) -> Any:
    if value is None:
        return None
    if attribute.kind == "complex":
        return _clean_complex(value, attribute)
    if attribute.kind == "boolean":
        value = read_boolean(value)
        if not isinstance(value, bool):
            raise ScimError(f"{attribute.name} must be true or false.", kind="invalidValue")
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)  # employee numbers, for example
    if not isinstance(value, str):
        raise ScimError(f"{attribute.name} must be a text.", kind="invalidValue")
    if len(value) > MAX_TEXT:
        raise ScimError(f"{attribute.name} is longer than {MAX_TEXT} characters.", kind="invalidValue")
    return value


def _clean_complex(value: Any, attribute: Attribute) -> dict[str, Any]:
    if isinstance(value, str) and "value" in attribute.by_name:
        value = {"value": value}  # a manager as a text, a role as a text
    if not isinstance(value, Mapping):
        raise ScimError(f"{attribute.name} must be an object.", kind="invalidValue")
    cleaned = {}
    for name, inner in value.items():
        sub = attribute.by_name.get(str(name).lower())
        if sub is None or sub.is_read_only:
            continue
        found = clean_one(inner, sub)
        if not is_empty(found):
            cleaned[sub.name] = found
    return cleaned


def keep_one_primary(values: list[Any], *, chosen: int | None = None) -> list[Any]:
    """Return the values with at most one primary one: ``chosen``, or the first that says so."""
    marked = [at for at, one in enumerate(values) if isinstance(one, dict) and one.get("primary") is True]
    keep = chosen if chosen is not None else (marked[0] if marked else None)
    for at in marked:
        if at != keep:
            values[at] = values[at] | {"primary": False}
    return values
