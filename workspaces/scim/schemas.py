"""The attributes of users and groups (RFC 7643), from which documents and type checks are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MEMBERSHIP = "urn:ietf:params:scim:schemas:extension:loggia:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_ANSWER = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@dataclass(frozen=True)
class Attribute:
    """One attribute of a schema; ``subs`` are those of a complex one."""

    name: str
    kind: str = "string"
    about: str = ""
    is_multiple: bool = False
    is_required: bool = False
    is_exact: bool = False
    is_read_only: bool = False
    is_unique: bool = False
    is_immutable: bool = False
    subs: tuple[Attribute, ...] = ()
    values: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Attribute]:
        return {sub.name.lower(): sub for sub in self.subs}

    def as_document(self) -> dict[str, Any]:
        mutability = "readWrite"
        if self.is_read_only or self.is_immutable:
            mutability = "readOnly" if self.is_read_only else "immutable"
        document: dict[str, Any] = {
            "name": self.name,
            "type": self.kind,
            "multiValued": self.is_multiple,
            "description": self.about or self.name,
            "required": self.is_required,
            "mutability": mutability,
            "returned": "default",
        }
        if self.kind in ("string", "reference"):
            document["caseExact"] = self.is_exact
            document["uniqueness"] = "server" if self.is_unique else "none"
        if self.values:
            document["canonicalValues"] = list(self.values)
        if self.refers:
            document["referenceTypes"] = list(self.refers)
        if self.subs:
            document["subAttributes"] = [sub.as_document() for sub in self.subs]
        return document


@dataclass(frozen=True)
class Schema:
    """A schema by its URN."""

    urn: str
    name: str
    about: str
    attributes: tuple[Attribute, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Attribute]:
        return {attribute.name.lower(): attribute for attribute in self.attributes}

    def as_document(self, base: str) -> dict[str, Any]:
        return {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": self.urn,
            "name": self.name,
            "description": self.about,
            "attributes": [attribute.as_document() for attribute in self.attributes],
            "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{self.urn}"},
        }


@dataclass(frozen=True)
class ResourceType:
    """Users or groups: the core schema and its extensions."""

    name: str
    endpoint: str
    core: Schema
    extensions: tuple[Schema, ...] = ()

    @cached_property
    def common(self) -> Mapping[str, Attribute]:
        return {attribute.name.lower(): attribute for attribute in COMMON}

    def find_extension(self, urn: str) -> Schema | None:
        return next((one for one in self.extensions if one.urn.lower() == urn.lower()), None)

    def as_document(self, base: str) -> dict[str, Any]:
        return {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": self.name,
            "name": self.name,
            "endpoint": self.endpoint,
            "description": self.core.about,
            "schema": self.core.urn,
            "schemaExtensions": [{"schema": one.urn, "required": False} for one in self.extensions],
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{self.name}"},
        }


def _several(name: str, about: str, kinds: tuple[str, ...] = ("work", "home", "other")) -> Attribute:
    return Attribute(
        name,
        "complex",
        about,
        is_multiple=True,
        subs=(
            Attribute("value"),
            Attribute("display"),
            Attribute("type", values=kinds),
            Attribute("primary", "boolean"),
        ),
    )


COMMON = (
    Attribute("schemas", "reference", is_multiple=True, is_exact=True),
    Attribute("id", is_exact=True, is_read_only=True, is_unique=True),
    Attribute("externalId", is_exact=True),
    Attribute(
        "meta",
        "complex",
        is_read_only=True,
        subs=(
            Attribute("resourceType", is_exact=True, is_read_only=True),
            Attribute("created", "dateTime", is_read_only=True),
            Attribute("lastModified", "dateTime", is_read_only=True),
            Attribute("location", "reference", is_read_only=True, is_exact=True),
            Attribute("version", is_read_only=True, is_exact=True),
        ),
    ),
)

USER_SCHEMA = Schema(
    USER,
    "User",
    "A person of the company",
    (
        Attribute("userName", about="Usually the e-mail address", is_required=True, is_unique=True),
        Attribute(
            "name",
            "complex",
            subs=tuple(
                Attribute(name)
                for name in (
                    "formatted",
                    "familyName",
                    "givenName",
                    "middleName",
                    "honorificPrefix",
                    "honorificSuffix",
                )
            ),
        ),
        Attribute("displayName"),
        Attribute("nickName"),
        Attribute("profileUrl", "reference", refers=("external",)),
        Attribute("title"),
        Attribute("userType"),
        Attribute("preferredLanguage"),
        Attribute("locale"),
        Attribute("timezone"),
        Attribute("active", "boolean", about="Whether the person is a member"),
        _several("emails", "The primary one is the person's address here"),
        _several("phoneNumbers", "Phone numbers", ("work", "home", "mobile", "fax", "pager", "other")),
        Attribute(
            "addresses",
            "complex",
            is_multiple=True,
            subs=(
                *(
                    Attribute(name)
                    for name in ("formatted", "streetAddress", "locality", "region", "postalCode", "country")
                ),
                Attribute("type", values=("work", "home", "other")),
                Attribute("primary", "boolean"),
            ),
        ),
        Attribute(
            "groups",
            "complex",
            "Groups of the person",
            is_multiple=True,
            is_read_only=True,
            subs=(
                Attribute("value", is_read_only=True, is_exact=True),
                Attribute("$ref", "reference", is_read_only=True, is_exact=True, refers=("Group",)),
                Attribute("display", is_read_only=True),
                Attribute("type", is_read_only=True, values=("direct",)),
            ),
        ),
        _several("roles", "Values that an admin has mapped to roles", ()),
        _several("entitlements", "Kept, without effect", ()),
    ),
)

ENTERPRISE_SCHEMA = Schema(
    ENTERPRISE,
    "EnterpriseUser",
    "Place in the company",
    (
        Attribute("employeeNumber"),
        Attribute("costCenter"),
        Attribute("organization"),
        Attribute("division"),
        Attribute("department"),
        Attribute(
            "manager",
            "complex",
            subs=(
                Attribute("value", is_exact=True),
                Attribute("$ref", "reference", is_exact=True, refers=("User",)),
                Attribute("displayName", is_read_only=True),
            ),
        ),
    ),
)

MEMBERSHIP_SCHEMA = Schema(
    MEMBERSHIP,
    "Membership",
    "The person's standing in the workspace",
    (
        Attribute("status", is_read_only=True, values=("member", "invited", "no_address", "inactive")),
        Attribute("role", is_read_only=True, values=("owner", "admin", "builder", "member")),
    ),
)

GROUP_SCHEMA = Schema(
    GROUP,
    "Group",
    "A group of the workspace",
    (
        Attribute("displayName", is_required=True),
        Attribute(
            "members",
            "complex",
            is_multiple=True,
            subs=(
                Attribute("value", is_exact=True, is_immutable=True),
                Attribute("$ref", "reference", is_exact=True, is_immutable=True, refers=("User",)),
                Attribute("display", is_read_only=True),
                Attribute("type", values=("User",), is_immutable=True),
            ),
        ),
    ),
)

USERS = ResourceType("User", "/Users", USER_SCHEMA, (ENTERPRISE_SCHEMA, MEMBERSHIP_SCHEMA))
GROUPS = ResourceType("Group", "/Groups", GROUP_SCHEMA)
SCHEMAS = (USER_SCHEMA, ENTERPRISE_SCHEMA, MEMBERSHIP_SCHEMA, GROUP_SCHEMA)
RESOURCE_TYPES = (USERS, GROUPS)
