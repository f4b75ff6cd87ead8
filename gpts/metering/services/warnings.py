"""The note that a soft limit was passed: to the workspace's admins and to the person, once a window."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from gpts.metering.models import Budget, BudgetUse
from gpts.metering.wording import limit_words, subject_words
from workspaces.models import User
from workspaces.services.notifications import notify
from workspaces.states import ADMIN_ROLES

KIND = "gpts.budget_warning"


def warn_of_soft_limit(*, budget_id: int, use_id: int, at: datetime) -> bool:
    """Leave the notes when this counter has passed its soft limit and nobody was told yet; in the caller's
    transaction. Returns whether it did."""
    first = BudgetUse.objects.filter(
        pk=use_id, warned_at__isnull=True, used__gte=F("budget__soft_limit"), budget__is_enabled=True
    )
    # The counter is locked by the caller, which has just raised it.
    if not first.update(warned_at=at):
        return False
    budget = Budget.objects.select_related("workspace", "user", "group", "gpt").get(pk=budget_id)
    use = BudgetUse.objects.select_related("user").get(pk=use_id)
    person = use.user
    admins = User.objects.filter(
        memberships__workspace=budget.workspace_id, memberships__role__in=ADMIN_ROLES, is_active=True
    )
    for admin in admins.order_by("pk"):
        if person is None or admin.pk != person.pk:
            _note(admin, budget, person, url=_admin_page(budget), at=at)
    # Somebody from outside who chats with the workspace's GPT is told when it stops, not what it may cost.
    if person is not None and person.memberships.filter(workspace=budget.workspace_id).exists():
        _note(person, budget, person, url=reverse("gpts:my-limits"), at=at)
    return True


def _admin_page(budget: Budget) -> str:
    return reverse("gpts:budget-list", args=[budget.workspace.slug])


def _note(reader: User, budget: Budget, person: User | None, *, url: str, at: datetime) -> None:
    assert budget.soft_limit is not None  # only a soft limit warns
    with translation.override(reader.language or translation.get_language()):
        words = {
            "name": budget.name,
            "place": budget.workspace.name,
            "who": str(person) if person is not None else subject_words(budget),
            "soft": limit_words(budget.soft_limit, budget.measure, budget.window),
        }
        title = (
            _("You have passed the warning mark of “%(name)s”")
            if person is not None and reader.pk == person.pk
            else _("%(who)s: the warning mark of “%(name)s” is passed")
        )
        body = _("The mark is %(soft)s in %(place)s.") % words
        if budget.hard_limit is not None:
            words["hard"] = limit_words(budget.hard_limit, budget.measure, budget.window)
            body += " " + _("New answers stop at %(hard)s.") % words
        notify(user=reader, kind=KIND, title=title % words, body=body, url=url, at=at)
