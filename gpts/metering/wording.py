"""Texts about budgets: amounts, limits, and what a budget means."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.look import formats
from gpts.metering.models import Budget
from gpts.metering.states import BudgetMeasure, BudgetSubject, BudgetWindow

_PER_WINDOW = {
    BudgetWindow.MINUTE: gettext_lazy("%(amount)s a minute"),
    BudgetWindow.HOUR: gettext_lazy("%(amount)s an hour"),
    BudgetWindow.DAY: gettext_lazy("%(amount)s a day"),
    BudgetWindow.MONTH: gettext_lazy("%(amount)s a month"),
}


def format_amount(amount: int, measure: str) -> str:
    """Return "$5.00", "12,000 tokens" or "25 answers"."""
    if measure == BudgetMeasure.COST:
        return formats.micros(amount, settings.PAYOUT_CURRENCY)
    shown = {"count": formats.number(amount)}
    if measure == BudgetMeasure.TOKENS:
        return ngettext("%(count)s token", "%(count)s tokens", amount) % shown
    return ngettext("%(count)s answer", "%(count)s answers", amount) % shown


def format_limit(amount: int, measure: str, window: str) -> str:
    """Return "$5.00 a month"."""
    return str(_PER_WINDOW[BudgetWindow(window)]) % {"amount": format_amount(amount, measure)}


def format_opening_time(moment: datetime) -> str:
    """Return when a window opens, in the reader's time zone; UTC is named, because many readers set none."""
    shown = formats.exact(moment)
    return f"{shown} UTC" if timezone.localtime(moment).tzname() == "UTC" else shown


def format_percentages(percentages: Iterable[int]) -> str:
    """Return "50%, 80%, 100%"."""
    return _(", ").join(formats.percent(percentage / 100) for percentage in percentages)


def describe_subject(budget: Budget) -> str:
    """Return whose use a budget counts, such as "Ann", "Each member" or "Sales together"."""
    if budget.subject == BudgetSubject.PERSON:
        return _("Each member") if budget.user is None else str(budget.user)
    if budget.subject == BudgetSubject.GROUP:
        words = _("Each person of %(name)s") if budget.is_each else _("%(name)s together")
        return words % {"name": budget.group}
    if budget.subject == BudgetSubject.GPT:
        words = _("Each person with the GPT %(name)s") if budget.is_each else _("The GPT %(name)s")
        return words % {"name": budget.gpt}
    if budget.subject == BudgetSubject.COST_CENTRE:
        return _("Cost centre %(name)s") % {"name": budget.cost_centre}
    return _("The whole workspace")


def describe_budget(budget: Budget) -> str:
    """Return what a budget means: who may use how much in which workspace. Works before it is saved."""
    words = {"who": describe_subject(budget), "place": budget.workspace.name}
    parts = []
    if budget.hard_limit is not None:
        words["hard"] = format_limit(budget.hard_limit, budget.measure, budget.window)
        parts.append(_("%(who)s may use at most %(hard)s in %(place)s.") % words)
    else:
        parts.append(_("%(who)s may go on without a limit in %(place)s.") % words)
    if budget.soft_limit is not None:
        words["soft"] = format_limit(budget.soft_limit, budget.measure, budget.window)
        parts.append(_("At %(soft)s a note is sent.") % words)
    if budget.thresholds:
        words["percentages"] = format_percentages(budget.thresholds)
        parts.append(_("Admins are told at %(percentages)s of it.") % words)
    if not budget.is_enabled:
        parts.append(_("It is switched off at present."))
    return formats.join_sentences(parts)
