"""Notifies the workspace's admins and the person, once in each window, that a soft limit was passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core.look.formats import join_sentences
from core.scope import current_scope, open_scope
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.wording import describe_subject, format_limit
from workspaces.models import User
from workspaces.services.notifications import notify
from workspaces.states import ADMIN_ROLES

KIND = "gpts.budget_warning"


def warn_of_soft_limit(*, budget_id: int, use_id: int, at: datetime) -> bool:
    """Notify once that this counter has passed its soft limit; returns whether it did so now.

    Runs in the caller's transaction, which holds the lock of the counter.
    """
    first = BudgetUse.objects.filter(
        pk=use_id, warned_at__isnull=True, used__gte=F("budget__soft_limit"), budget__is_enabled=True
    )
    if not first.update(warned_at=at):
        return False
    budget = Budget.objects.get(pk=budget_id)
    scope = current_scope()
    # An outsider's answer may be the first: they do not see who the workspace's admins are.
    with open_scope(replace(scope, workspace_ids=(*scope.workspace_ids, budget.workspace_id))):
        _notify_admins_and_person(budget_id, use_id, at=at)
    return True


def _notify_admins_and_person(budget_id: int, use_id: int, *, at: datetime) -> None:
    budget = Budget.objects.select_related("workspace", "user", "group", "gpt").get(pk=budget_id)
    person = BudgetUse.objects.select_related("user").get(pk=use_id).user
    admins = User.objects.filter(
        memberships__workspace=budget.workspace_id, memberships__role__in=ADMIN_ROLES, is_active=True
    )
    for admin in admins.order_by("pk"):
        if person is None or admin.pk != person.pk:
            _notify(admin, budget, person, url=_get_admin_url(budget), at=at)
    # People outside the workspace are told when its GPT stops answering, not what it may cost.
    if person is not None and person.memberships.filter(workspace=budget.workspace_id).exists():
        _notify(person, budget, person, url=reverse("gpts:my-limits"), at=at)


def _get_admin_url(budget: Budget) -> str:
    return reverse("gpts:budget-list", args=[budget.workspace.slug])


def _notify(reader: User, budget: Budget, person: User | None, *, url: str, at: datetime) -> None:
    assert budget.soft_limit is not None  # only a soft limit warns
    with translation.override(reader.language or settings.LANGUAGE_CODE):
        words = {
            "name": budget.name,
            "place": budget.workspace.name,
            "who": str(person) if person is not None else describe_subject(budget),
            "soft": format_limit(budget.soft_limit, budget.measure, budget.window),
        }
        title = (
            _("You have passed the warning mark of “%(name)s”")
            if person is not None and reader.pk == person.pk
            else _("%(who)s: the warning mark of “%(name)s” is passed")
        )
        body = _("The mark is %(soft)s in %(place)s.") % words
        if budget.hard_limit is not None:
            words["hard"] = format_limit(budget.hard_limit, budget.measure, budget.window)
            body = join_sentences([body, _("New answers stop at %(hard)s.") % words])
        notify(user=reader, kind=KIND, title=title % words, body=body, url=url, at=at)
