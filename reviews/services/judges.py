"""Whether anybody is left who may judge a case, and telling operators when nobody is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from reviews.models import Case
from reviews.rules import exclude_conflicts
from reviews.scope import open_moderation_scope
from reviews.states import CaseState
from workspaces.models import User
from workspaces.queries import get_user_roles, list_staff
from workspaces.services.notifications import notify
from workspaces.states import Staff

WAITING = (CaseState.QUEUED, CaseState.ESCALATED)
STAFF_PAGE = "/operator/staff"


@transaction.atomic
def note_missing_judges(*, at: datetime, only: Case | None = None) -> int:
    """Store since when nobody may judge a waiting case, and notify all operators when that begins.

    For one case or for all, as people join, leave and lose roles. Idempotent; returns how many are stuck.
    """
    with open_moderation_scope():
        waiting = Case.objects.filter(state__in=WAITING)
        if only is not None:
            waiting = waiting.filter(pk=only.pk)
        stuck = waiting.exclude(pk__in=_find_judged(waiting))
        waiting.filter(no_judge_since__isnull=False).exclude(pk__in=stuck).update(no_judge_since=None)
        count = stuck.count()
        is_new = stuck.filter(no_judge_since__isnull=True).update(no_judge_since=at) > 0
    if is_new:
        for operator in list_staff(Staff.OPERATOR):
            _notify(operator, at=at)
    return count


def _find_judged(waiting: QuerySet[Case]) -> set[UUID]:
    """Return the waiting cases that some moderator may judge whose role counts."""
    found: set[UUID] = set()
    for moderator in list_staff(Staff.MODERATOR):
        staff = get_user_roles(moderator).staff
        cases = exclude_conflicts(waiting, moderator) if Staff.MODERATOR in staff else waiting.none()
        if Staff.CHILD_SAFETY not in staff:
            cases = cases.filter(is_restricted=False)
        found |= set(cases.values_list("pk", flat=True))
    return found


def _notify(operator: User, *, at: datetime) -> None:
    with translation.override(operator.language or settings.LANGUAGE_CODE):
        notify(
            user=operator,
            kind="reviews.no_judge",
            title=_("A case has nobody left who may judge it"),
            body=_(
                "Every moderator had a part in it or belongs to it. Make somebody else a moderator; for a"
                " case of child safety, with that role too."
            ),
            url=STAFF_PAGE,
            at=at,
        )
