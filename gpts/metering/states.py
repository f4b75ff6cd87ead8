"""Choices of usage events and budgets."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class UsageSource(TextChoices):
    WEB = "web", _("Web")
    API = "api", _("API")
    IMPORT = "import", _("Import")
    SEED = "seed", _("Demo data")


class BudgetSubject(TextChoices):
    """Whose use a budget counts; with ``Budget.is_each`` every person has their own counter."""

    PERSON = "person", _("People")
    GROUP = "group", _("A group")
    GPT = "gpt", _("A GPT")
    COST_CENTRE = "cost_centre", _("A cost centre")
    WORKSPACE = "workspace", _("The whole workspace")


class BudgetMeasure(TextChoices):
    COST = "cost_micros", _("Cost")
    TOKENS = "tokens", _("Tokens")
    TURNS = "turns", _("Answers")


class BudgetWindow(TextChoices):
    """How often the counters begin again at zero; see ``gpts.metering.windows``."""

    MINUTE = "minute", _("Minute")
    HOUR = "hour", _("Hour")
    DAY = "day", _("Day")
    MONTH = "month", pgettext_lazy("window of a budget", "Month")
