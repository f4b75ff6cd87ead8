"""Staff of the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet

from workspaces.models import User
from workspaces.queries.roles import SECOND_FACTORS
from workspaces.states import Staff


def list_staff(role: str) -> QuerySet[User]:
    """Return the active people who were given ``role``, whether or not it waits for a second factor."""
    return User.objects.filter(is_active=True, staff_roles__role=role).order_by("pk")


@dataclass(frozen=True)
class StaffMember:
    """A person with staff roles, each with its label, and whether a second factor is set up."""

    user: User
    roles: list[tuple[str, Any]]
    has_second_factor: bool


def list_staff_members() -> list[StaffMember]:
    """Return everybody with a staff role, by name. Two queries."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
    people = (
        User.objects.filter(staff_roles__isnull=False)
        .distinct()
        .annotate(has_factor=Exists(factors))
        .prefetch_related("staff_roles")
        .order_by("display_name", "pk")
    )
    return [
        StaffMember(
            user=person,
            roles=sorted((row.role, Staff(row.role).label) for row in person.staff_roles.all()),
            has_second_factor=person.has_factor,
        )
        for person in people
    ]
