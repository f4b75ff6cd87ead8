"""Tells the workspace's admins, by bell and mail, that a budget passed a percentage of its limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core.links import absolute_url
from core.look import formats
from core.look.formats import join_sentences
from core.scope import current_scope, open_scope
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.windows import get_window_bounds
from gpts.metering.wording import describe_subject, format_amount, format_limit
from workspaces.mail_text import MailText
from workspaces.models import User
from workspaces.services.mails import enqueue_mail
from workspaces.services.notifications import notify
from workspaces.states import ADMIN_ROLES

KIND = "gpts.budget_threshold"


def tell_of_threshold(*, use_id: int, at: datetime) -> bool:
    """Tell the admins of the highest threshold that this counter has newly passed; returns whether it did.

    Each threshold is told once in a window; lower ones that were passed by the same answer are left out. Runs
    in the caller's transaction, which holds the lock of the counter. One query where nothing is to tell.
    """
    use = BudgetUse.objects.select_related("budget").get(pk=use_id)
    passed = _find_passed(use.budget, use.used)
    if passed <= use.told_percent or not use.budget.is_enabled:
        return False
    BudgetUse.objects.filter(pk=use_id).update(told_percent=passed)
    scope = current_scope()
    # An outsider's answer may be the first: they do not see who the workspace's admins are.
    with open_scope(replace(scope, workspace_ids=(*scope.workspace_ids, use.workspace_id))):
        _tell_admins(use, passed, at=at)
    return True


def note_passed_thresholds(budget: Budget, *, at: datetime) -> None:
    """Count thresholds that the present use has passed as told, because the limit or they were changed.

    In the caller's transaction.
    """
    start = get_window_bounds(budget.window, at).start
    for use in BudgetUse.objects.select_for_update(of=("self",)).filter(budget=budget, window_start=start):
        use.told_percent = _find_passed(budget, use.used)
        use.save(update_fields=["told_percent"])


def _find_passed(budget: Budget, used: int) -> int:
    """Return the highest threshold that ``used`` has reached, 0 for none."""
    limit = budget.hard_limit or budget.soft_limit or 1
    return max((percent for percent in budget.thresholds if used * 100 >= percent * limit), default=0)


def _tell_admins(use: BudgetUse, percent: int, *, at: datetime) -> None:
    budget = Budget.objects.select_related("workspace", "user", "group", "gpt").get(pk=use.budget_id)
    admins = User.objects.filter(
        memberships__workspace=budget.workspace_id, memberships__role__in=ADMIN_ROLES, is_active=True
    )
    url = reverse("gpts:budget-list", args=[budget.workspace.slug])
    for admin in admins.order_by("pk"):
        with translation.override(admin.language or translation.get_language()):
            text = build_threshold_mail(budget, used=use.used, percent=percent, url=url)
            body = str(text.paragraphs[0])
            notify(user=admin, kind=KIND, title=text.subject, body=body, url=url, at=at)
            enqueue_mail(to=admin.email, text=text)


def build_threshold_mail(budget: Budget, *, used: int, percent: int, url: str) -> MailText:
    """Return the words of the mail, and so of the notification, in the active language."""
    limit = budget.hard_limit or budget.soft_limit or 0
    words = {
        "name": budget.name,
        "place": budget.workspace.name,
        "who": describe_subject(budget),
        "percent": formats.percent(percent / 100),
        "used": format_amount(used, budget.measure),
        "limit": format_limit(limit, budget.measure, budget.window),
    }
    title = _("%(who)s: %(percent)s of “%(name)s” is used") % words
    sentences = [_("Counted so far: %(used)s of %(limit)s in %(place)s.") % words]
    if budget.hard_limit is not None:
        sentences.append(
            _("New answers are refused until the budget begins anew or is raised.")
            if used >= budget.hard_limit
            else _("New answers are refused when it is used up.")
        )
    body = join_sentences(sentences)
    return MailText(title, (body,), link=absolute_url(url), label=_("Open the budgets"))
