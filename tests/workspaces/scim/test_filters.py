"""Filters and paths of the directory interface: a table of what they choose, and of what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from workspaces.scim.errors import ScimError
from workspaces.scim.filters import matches, parse_filter, parse_path
from workspaces.scim.schemas import ENTERPRISE, GROUPS, USERS

ADA: dict[str, Any] = {
    "userName": "Ada@Acme.test",
    "externalId": "00u1",
    "active": True,
    "name": {"familyName": "Lovelace", "givenName": "Ada"},
    "emails": [
        {"value": "ada@acme.test", "type": "work", "primary": True},
        {"value": "ada@home.test", "type": "home"},
    ],
    "roles": [{"value": "Staff"}],
    ENTERPRISE: {"department": "Research", "employeeNumber": "701"},
    "meta": {"lastModified": "2026-03-01T10:00:00Z"},
}


@pytest.mark.parametrize(
    ("text", "is_chosen"),
    [
        ('userName eq "ada@acme.test"', True),
        ('USERNAME Eq "ADA@ACME.TEST"', True),
        ('userName eq "ada"', False),
        ('externalId eq "00u1"', True),
        ('externalId eq "00U1"', False),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada"', True),
        ('userName co "acme" and active eq true', True),
        ('active eq "True"', True),
        ('active eq "False"', False),
        ("active eq false", False),
        ('active eq false or name.familyName ew "LACE"', True),
        ('not (userName co "acme")', False),
        ('userName eq "x" or userName co "acme" and active eq false', False),
        ('(userName eq "x" or userName co "acme") and active eq true', True),
        ('emails eq "ada@home.test"', True),
        ('emails.value eq "ada@home.test"', True),
        ('emails[type eq "work"]', True),
        ('emails[type eq "work" and value co "home"]', False),
        ('emails[type eq "home"].value eq "ada@home.test"', True),
        ('emails[type eq "work"].value eq "ada@home.test"', False),
        ("emails.primary eq true", True),
        ("nickName pr", False),
        ("name pr", True),
        (f'{ENTERPRISE}:department eq "research"', True),
        (f'{ENTERPRISE}:employeeNumber ne "701"', False),
        ('meta.lastModified gt "2026-02-01T00:00:00Z"', True),
        ('meta.lastModified lt "2026-02-01T00:00:00Z"', False),
        ("nickName eq null", True),
        ("userName gt true", False),
        ('name.givenName eq "A\\u0064a"', True),
    ],
)
def test_a_filter_chooses(text: str, is_chosen: bool) -> None:
    assert matches(parse_filter(text, USERS), ADA) is is_chosen


@pytest.mark.parametrize(
    "text",
    [
        "userName", "userName eq", "userName eq ada", 'userName is "x"', 'userName eq "x" and',
        '(userName eq "x"', 'userName eq "x")', 'shoeSize eq "40"', 'emails[type eq "work"',
        'userName[type eq "x"]', 'userName eq "x" userName', "'x' eq userName", 'userName eq "x\\q"',
        'userName eq "a\\u0000"', 'userName eq "\\ud800"', 'emails[value eq "\\udc00"]',
        "(" * 30 + 'userName eq "x"' + ")" * 30, 'userName eq "' + "x" * 5000 + '"',
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ScimError) as refusal:
        parse_filter(text, USERS)
    assert (refusal.value.status, refusal.value.kind) == (400, "invalidFilter")


def test_paths_name_attributes_their_parts_and_chosen_values() -> None:
    path = parse_path('emails[type eq "work"].value', USERS)
    assert path.place is not None and path.chosen is not None
    assert (path.place.attribute.name, path.place.leaf.name) == ("emails", "value")
    assert parse_path(ENTERPRISE, USERS).urn == ENTERPRISE
    assert parse_path(f"{ENTERPRISE}:manager.value", USERS).urn == ENTERPRISE
    for text in ("", "shoeSize", "name.shoeSize", 'members[value eq "1"', "emails.value.x", "name]"):
        with pytest.raises(ScimError) as refusal:
            parse_path(text, USERS)
        assert refusal.value.kind == "invalidPath"
    assert parse_path('members[value eq "1"]', GROUPS).chosen is not None
