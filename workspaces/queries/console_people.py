"""People as operators see them: never what they say in chats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from core.scope import Scope, open_scope
from workspaces.models import ApiKey, Erasure, Member, StaffRole, User
from workspaces.queries.accounts import SecurityOverview, get_security_overview
from workspaces.states import Role, Staff

DELETED_DOMAIN = "@deleted.invalid"
SESSIONS_SHOWN = 50


class PersonState(TextChoices):
    """What the list of people can be narrowed to."""

    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    PUBLISHING = "publishing", _("Suspended as a builder")
    STAFF = "staff", _("Staff")
    UNCONFIRMED = "unconfirmed", _("Address not confirmed")


@dataclass(frozen=True)
class PersonMembership:
    """A workspace of a person, also a suspended one."""

    slug: str
    name: str
    kind: str
    role: Any
    is_suspended: bool


@dataclass(frozen=True)
class PersonOverview:
    """One account for operators: counts and times, no content."""

    user: User
    memberships: list[PersonMembership]
    staff_roles: list[Any]
    security: SecurityOverview
    sessions: list[UserSession]
    key_count: int
    is_confirmed: bool
    is_deleted: bool
    # The last sign-in or the newest sign of life of a session; None for a person who never came.
    last_active_at: datetime | None


def list_people(*, q: str = "", state: str = "") -> QuerySet[User]:
    """Return accounts, to be ordered by the caller; deleted ones only when asked for by their id.

    ``q`` is a part of the name or address, or an id. Annotated with ``is_staff_member`` and
    ``is_confirmed``.
    """
    people = User.objects.annotate(
        is_staff_member=Exists(StaffRole.objects.filter(user=OuterRef("pk"))),
        is_confirmed=Exists(EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)),
    )
    q = q.strip()
    is_id = q.isascii() and q.isdigit() and len(q) < 19
    if q:
        found = Q(display_name__icontains=q) | Q(email__icontains=q)
        people = people.filter(found | Q(pk=int(q)) if is_id else found)
    if not is_id:
        people = people.exclude(email__endswith=DELETED_DOMAIN)
    conditions = {
        PersonState.ACTIVE: Q(is_active=True),
        PersonState.SUSPENDED: Q(is_active=False),
        PersonState.PUBLISHING: Q(publishing_suspended_at__isnull=False),
        PersonState.STAFF: Q(is_staff_member=True),
        PersonState.UNCONFIRMED: Q(is_confirmed=False),
    }
    return people.filter(conditions[PersonState(state)]) if state in conditions else people


def get_person_overview(user: User, *, at: datetime) -> PersonOverview:
    """Return what operators may know of ``user``. The caller has authorised an operator."""
    sessions = list(UserSession.objects.filter(user=user).order_by("-last_seen_at")[:SESSIONS_SHOWN])
    times = [session.last_seen_at for session in sessions] + ([user.last_login] if user.last_login else [])
    members = Member.objects.filter(user=user).select_related("workspace")
    return PersonOverview(
        user=user,
        memberships=[
            PersonMembership(
                member.workspace.slug,
                member.workspace.name,
                member.workspace.kind,
                Role(member.role).label,
                member.workspace.suspended_at is not None,
            )
            for member in members.order_by(F("workspace__person_id").asc(nulls_last=True), "workspace__name")
        ],
        staff_roles=[
            Staff(role).label
            for role in StaffRole.objects.filter(user=user).order_by("role").values_list("role", flat=True)
        ],
        security=get_security_overview(user),
        sessions=sessions,
        key_count=_count_keys(user, at),
        is_confirmed=EmailAddress.objects.filter(user=user, verified=True).exists(),
        is_deleted=Erasure.objects.filter(user=user).exists(),
        last_active_at=max(times, default=None),
    )


def _count_keys(user: User, at: datetime) -> int:
    # Row-level security shows keys to their person alone; a count tells nothing about them.
    with open_scope(Scope(user_id=user.pk)):
        keys = ApiKey.objects.filter(user=user, revoked_at__isnull=True)
        return keys.exclude(expires_at__lte=at).count()
