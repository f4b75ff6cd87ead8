"""PATCH in the dialects of the identity providers: a table of operations and of what they leave."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from workspaces.scim.errors import ScimError
from workspaces.scim.patch import apply_patch
from workspaces.scim.schemas import ENTERPRISE, GROUPS, PATCH, USERS, ResourceType
from workspaces.scim.values import clean_resource

WORK = {"type": "work", "value": "ada@acme.test", "primary": True}
ADA: dict[str, Any] = {
    "userName": "ada@acme.test",
    "active": True,
    "name": {"givenName": "Ada", "familyName": "Byron"},
    "emails": [WORK],
}
TEAM: dict[str, Any] = {"displayName": "Team", "members": [{"value": "1"}, {"value": "2"}, {"value": "3"}]}


def op(op: str, path: str | None = None, value: Any = None) -> dict[str, Any]:
    parts = {"op": op, "path": path, "value": value}
    return {name: part for name, part in parts.items() if part is not None}


def patched(resource: dict[str, Any], kind: ResourceType, *operations: dict[str, Any]) -> dict[str, Any]:
    before = deepcopy(resource)
    after = apply_patch(resource, {"schemas": [PATCH], "Operations": list(operations)}, kind)
    assert resource == before
    return after


@pytest.mark.parametrize(
    ("operations", "changes"),
    [
        # Entra ID: capitals, texts as booleans, chosen values that are not there yet.
        ([op("Replace", "active", "False")], {"active": False}),
        ([op("Add", "active", "True")], {"active": True}),
        (
            [op("Add", 'emails[type eq "home"].value', "ada@home.test")],
            {"emails": [WORK, {"type": "home", "value": "ada@home.test"}]},
        ),
        (
            [op("Replace", 'emails[type eq "work"].value', "new@acme.test")],
            {"emails": [WORK | {"value": "new@acme.test"}]},
        ),
        ([op("Add", f"{ENTERPRISE}:department", "Research")], {ENTERPRISE: {"department": "Research"}}),
        ([op("Add", f"{ENTERPRISE}:manager", "77")], {ENTERPRISE: {"manager": {"value": "77"}}}),
        (
            [op("Add", 'roles[primary eq "True"].value', "Admin")],
            {"roles": [{"primary": True, "value": "Admin"}]},
        ),
        ([op("Replace", "name.familyName", "King")], {"name": {"givenName": "Ada", "familyName": "King"}}),
        # Okta and OneLogin: no path, whole or dotted attributes, their own id in the value.
        ([op("replace", None, {"active": False})], {"active": False}),
        (
            [op("replace", None, {"id": "9", "name.familyName": "King", "title": "Countess", "unknown": 1})],
            {"name": {"givenName": "Ada", "familyName": "King"}, "title": "Countess"},
        ),
        (
            [op("replace", None, {ENTERPRISE: {"department": "R", "shoeSize": 4}})],
            {ENTERPRISE: {"department": "R"}},
        ),
        ([op("replace", None, {f"{ENTERPRISE}:costCenter": 4711})], {ENTERPRISE: {"costCenter": "4711"}}),
        ([op("replace", None, {'emails[type eq "work"].value': "n@acme.test"})],
         {"emails": [WORK | {"value": "n@acme.test"}]}),
        # The RFC's own.
        ([op("add", "nickname", "Countess")], {"nickName": "Countess"}),
        ([op("replace", "name", {"givenName": "A."})], {"name": {"givenName": "A.", "familyName": "Byron"}}),
        ([op("remove", "name.familyName")], {"name": {"givenName": "Ada"}}),
        ([op("remove", 'emails[type eq "work"]'), op("remove", "nickName")], {"emails": None}),
        ([op("add", "emails", [{"value": "x@acme.test", "type": "other", "primary": True}])],
         {"emails": [WORK | {"primary": False}, {"value": "x@acme.test", "type": "other", "primary": True}]}),
        ([op("replace", "emails", [])], {"emails": None}),
    ],
)  # fmt: skip
def test_a_person(operations: list[dict[str, Any]], changes: dict[str, Any]) -> None:
    expected = {name: value for name, value in (ADA | changes).items() if value is not None}
    assert patched(ADA, USERS, *operations) == expected


@pytest.mark.parametrize(
    ("operations", "ids"),
    [
        ([op("Add", "members", [{"value": "4", "displayName": "x"}, {"value": "2"}])], "1234"),
        ([op("add", "members", {"value": "4"})], "1234"),
        ([op("Remove", "members", [{"value": "1"}])], "23"),
        ([op("remove", 'members[value eq "2"]')], "13"),
        ([op("remove", 'members[value eq "2" or value eq "3"]')], "1"),
        ([op("remove", 'members[value eq "9"]')], "123"),
        ([op("remove", "members")], ""),
        ([op("replace", "members", [{"value": "9"}])], "9"),
        ([op("replace", None, {"id": "x", "displayName": "Team"})], "123"),
        ([op("add", None, {"members": [{"value": "4"}]})], "1234"),
    ],
)
def test_people_of_a_group(operations: list[dict[str, Any]], ids: str) -> None:
    after = patched(TEAM, GROUPS, *operations)
    assert "".join(one["value"] for one in after.get("members", [])) == ids
    assert after["displayName"] == "Team"


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (op("move", "active", True), "invalidSyntax"),
        (op("replace", "active", "perhaps"), "invalidValue"),
        (op("replace", "name", "Ada"), "invalidValue"),
        (op("replace", "userName", ["a"]), "invalidValue"),
        (op("replace", "shoeSize", "4"), "invalidPath"),
        (op("replace", "id", "4"), "mutability"),
        (op("add", "groups", [{"value": "1"}]), "mutability"),
        (op("remove"), "noTarget"),
        (op("remove", 'emails[type eq "fax"]'), "noTarget"),
        (op("replace", 'emails[type eq "fax"]', {"value": "x"}), "noTarget"),
        (op("remove", "userName"), "mutability"),
        (op("add", None, "text"), "invalidValue"),
    ],
)
def test_a_refusal_says_its_kind_and_applies_nothing(operation: dict[str, Any], kind: str) -> None:
    with pytest.raises(ScimError) as refusal:
        patched(ADA, USERS, op("replace", "title", "X"), operation)
    assert (refusal.value.status, refusal.value.kind) == (400, kind)


@pytest.mark.parametrize(
    "body",
    [{}, {"schemas": [PATCH]}, {"schemas": [PATCH], "Operations": []},
     {"schemas": [PATCH], "Operations": ["x"]},
     {"schemas": ["other"], "Operations": [op("remove", "title")]}],
)  # fmt: skip
def test_a_body_without_operations_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ScimError) as refusal:
        apply_patch(ADA, body, USERS)
    assert refusal.value.kind == "invalidSyntax"


def test_a_whole_resource_is_tidied() -> None:
    core = USERS.core.urn
    given = {
        "schemas": [core],
        "id": "mine",
        "USERNAME": "ada",
        "active": "true",
        "shoeSize": 40,
        "emails": {"value": "a@acme.test", "primary": "True"},
        "groups": [{"value": "1"}],
        "title": "",
        ENTERPRISE.upper(): {"EmployeeNumber": 12, "manager": {"value": "1", "displayName": "B"}},
    }
    assert clean_resource(given, USERS) == {
        "userName": "ada",
        "active": True,
        "emails": [{"value": "a@acme.test", "primary": True}],
        ENTERPRISE: {"employeeNumber": "12", "manager": {"value": "1"}},
    }
    for bad in ({"userName": "a"}, {"schemas": ["x"]}, {"schemas": core}):
        with pytest.raises(ScimError) as refusal:
            clean_resource(bad, USERS)
        assert refusal.value.kind == "invalidSyntax"


def test_a_whole_extension_is_cleaned_like_everything_else() -> None:
    after = patched(
        ADA,
        USERS,
        op("replace", ENTERPRISE, {"MANAGER": "7", "EmployeeNumber": 12, "shoeSize": 40}),
        op("replace", f"{ENTERPRISE}:manager.value", "8"),
    )
    assert after[ENTERPRISE] == {"manager": {"value": "8"}, "employeeNumber": "12"}
    with pytest.raises(ScimError) as refusal:
        patched(ADA, USERS, op("replace", ENTERPRISE, {"department": ["x"]}))
    assert refusal.value.kind == "invalidValue"


def test_many_operations_on_a_large_group_are_refused() -> None:
    large = TEAM | {"members": [{"value": str(number)} for number in range(1_000)]}
    few = [op("remove", 'members[value eq "none"]')] * 20
    assert len(patched(large, GROUPS, *few)["members"]) == 1_000
    with pytest.raises(ScimError) as refusal:
        patched(large, GROUPS, *[op("replace", "displayName", "X")] * 201)
    assert (refusal.value.status, refusal.value.kind) == (400, "tooMany")
