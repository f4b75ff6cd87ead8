"""Forms of a budget. Costs are entered in units of the currency; subject and ``is_each`` are one choice."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.money import MICROS_PER_UNIT
from core.picks import TEXT_LENGTH
from gpts.assistants.queries.gpts import list_gpts_of
from gpts.assistants.queries.picks import pick_gpts
from gpts.metering.models import Budget, PriceCeiling
from gpts.metering.models.budgets import BUDGET_NAME_LENGTH
from gpts.metering.queries.budgets import list_group_choices
from gpts.metering.services.budgets import draft_budget
from gpts.metering.services.budgets.changes import DEFAULT_THRESHOLDS, LARGEST_LIMIT
from gpts.metering.states import BudgetMeasure, BudgetSubject, BudgetWindow
from workspaces.models import User, Workspace
from workspaces.queries import list_cost_centres, pick_members
from workspaces.states import WorkspaceKind
from workspaces.web.company.people_search import people_search_url
from workspaces.web.picks import PickInput

SUBJECT_CHOICES = (
    ("person_each", _("Each member, counted alone")),
    ("person", _("One member")),
    ("group_each", _("Each person of a group")),
    ("group", _("A group together")),
    ("cost_centre", _("A cost centre together")),
    ("gpt", _("A GPT, everybody together")),
    ("gpt_each", _("Each person with a GPT")),
    ("workspace", _("The whole workspace together")),
)
# Choices in a personal workspace, which has one member.
PERSONAL_CHOICES = ("workspace", "gpt")


class LimitsForm(forms.Form):
    """The fields of a budget that can be changed later."""

    name = forms.CharField(label=_("Name"), max_length=BUDGET_NAME_LENGTH)
    soft_limit = forms.DecimalField(
        label=_("Warn at"), required=False, min_value=0, help_text=_("A note is sent, nothing stops.")
    )
    hard_limit = forms.DecimalField(
        label=_("Stop at"), required=False, min_value=0, help_text=_("New answers have to wait.")
    )
    thresholds = forms.CharField(
        label=_("Tell admins at"),
        required=False,
        max_length=40,
        help_text=_(
            "Percentages of the limit, with commas between them: each is told once a month or day, by bell"
            " and mail. Empty for none. Not for budgets that count each person alone."
        ),
    )

    @classmethod
    def for_budget(cls, budget: Budget, data: Any = None) -> LimitsForm:
        """Return the form of a saved budget, with its limits in the units that people enter."""
        initial = {
            "name": budget.name,
            "soft_limit": _to_entered(budget.soft_limit, budget.measure),
            "hard_limit": _to_entered(budget.hard_limit, budget.measure),
            "thresholds": ", ".join(map(str, budget.thresholds)),
        }
        form = cls(data, initial=initial)
        if budget.has_personal_counters:
            del form.fields["thresholds"]
        return form

    def clean_thresholds(self) -> list[int]:
        """Return the percentages that were typed, with commas or spaces of any kind between them."""
        parts = re.split(r"[\s,;，、]+", self.cleaned_data["thresholds"].replace("%", " ").strip())
        if any(part and not (part.isascii() and part.isdigit()) for part in parts):
            raise forms.ValidationError(
                _("Write whole numbers with commas between them, for example 50, 80, 100.")
            )
        return [int(part) for part in parts if part]

    def get_limits(self, measure: str) -> dict[str, int | None]:
        """Return both limits in the units that are stored: micro-units, tokens or answers."""
        return {
            field: _to_stored(self.cleaned_data[field], measure) for field in ("soft_limit", "hard_limit")
        }


class BudgetForm(LimitsForm):
    whose = forms.ChoiceField(label=_("Whose use"), choices=SUBJECT_CHOICES)
    user = forms.CharField(
        label=_("Member"),
        required=False,
        max_length=TEXT_LENGTH,
        help_text=_("Type a name or an e-mail address."),
    )
    group = forms.TypedChoiceField(label=_("Group"), required=False, coerce=int, empty_value=None)
    cost_centre = forms.TypedChoiceField(label=_("Cost centre"), required=False, empty_value="")
    gpt = forms.CharField(
        label=_("GPT"),
        required=False,
        max_length=TEXT_LENGTH,
        help_text=_("Type a name. Of a GPT from elsewhere that you can use: the last part of its address."),
    )
    measure = forms.ChoiceField(label=_("What is counted"), choices=BudgetMeasure.choices)
    window = forms.ChoiceField(label=_("In each"), choices=BudgetWindow.choices, initial=BudgetWindow.MONTH)
    field_order = (
        "name",
        "whose",
        "user",
        "group",
        "cost_centre",
        "gpt",
        "measure",
        "window",
        "soft_limit",
        "hard_limit",
        "thresholds",
    )

    def __init__(self, data: Any, workspace: Workspace) -> None:
        super().__init__(data)
        fields: Any = self.fields
        cost = _("Cost in %(currency)s") % {"currency": settings.PAYOUT_CURRENCY}
        fields["measure"].choices = [
            (value, cost if value == BudgetMeasure.COST else label) for value, label in BudgetMeasure.choices
        ]
        self.workspace = workspace
        fields["gpt"].widget = PickInput(f"{reverse('gpts:gpt-search', args=[workspace.slug])}?for=budget")
        fields["user"].widget = PickInput(people_search_url(workspace, "budget"))
        fields["thresholds"].initial = ", ".join(map(str, DEFAULT_THRESHOLDS))
        if workspace.kind == WorkspaceKind.PERSONAL:
            fields["whose"].choices = [choice for choice in SUBJECT_CHOICES if choice[0] in PERSONAL_CHOICES]
            del fields["user"], fields["group"], fields["cost_centre"]
        else:
            groups = list_group_choices(workspace)
            fields["group"].choices = [("", _("Choose a group")), *groups]
            fields["whose"].initial = "person_each"
            codes = list_cost_centres(workspace)
            fields["cost_centre"].choices = [
                ("", _("Choose a cost centre")),
                *((code, code) for code in codes),
            ]
            for name, is_there in (("group", bool(groups)), ("cost_centre", bool(codes))):
                if not is_there:
                    fields["whose"].choices = [
                        choice for choice in fields["whose"].choices if not choice[0].startswith(name)
                    ]
                    del fields[name]

    def clean_user(self) -> int | None:
        """Return the id of the member who was named, for a budget of one member."""
        text: str = self.cleaned_data["user"]
        if self.data.get("whose") != "person" or not text:
            return None
        try:
            return pick_members(self.workspace).resolve(text).pk
        except InvalidInput as refusal:
            raise forms.ValidationError(str(refusal.message), code=refusal.code) from refusal

    def clean_gpt(self) -> str:
        """Return the slug of a GPT of the workspace that was named, or what was typed as an address."""
        text: str = self.cleaned_data["gpt"]
        if self.data.get("whose") not in ("gpt", "gpt_each") or not text:
            return ""
        try:
            return pick_gpts(list_gpts_of(self.workspace)).resolve(text).slug
        except InvalidInput as refusal:
            if refusal.code == "ambiguous_choice":
                raise forms.ValidationError(str(refusal.message), code=refusal.code) from refusal
            return text.strip().rstrip("/").rpartition("/")[2]

    def draft(self, workspace: Workspace, *, by: User, at: datetime) -> Budget:
        """Return the budget that was entered, not saved. Raises InvalidInput."""
        values = self.cleaned_data
        whose = values["whose"]
        subject = whose.removesuffix("_each")
        # Nobody typed percentages for counters of single people: the form's usual ones are not for them.
        is_shared = whose in ("group", "cost_centre", "gpt", "workspace")
        is_long = values["window"] in (BudgetWindow.DAY, BudgetWindow.MONTH)
        is_usual = values["thresholds"] == list(DEFAULT_THRESHOLDS)
        thresholds = [] if is_usual and not (is_shared and is_long) else values["thresholds"]
        return draft_budget(
            workspace=workspace,
            name=values["name"],
            subject=BudgetSubject(subject),
            is_each=whose != subject,
            user_id=values.get("user"),
            group_id=values.get("group"),
            cost_centre=values.get("cost_centre", ""),
            thresholds=thresholds,
            gpt_slug=values["gpt"],
            measure=values["measure"],
            window=values["window"],
            **self.get_limits(values["measure"]),
            by=by,
            at=at,
        )


class PriceCeilingForm(forms.Form):
    """The highest prices for models of other workspaces, in units of the currency per million tokens."""

    input_price = forms.DecimalField(
        label=_("At most for a million tokens sent"), required=False, min_value=0, max_digits=15
    )
    output_price = forms.DecimalField(
        label=_("At most for a million tokens received"), required=False, min_value=0, max_digits=15
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.help_text = _("In %(currency)s; empty for no ceiling.") % {
                "currency": settings.PAYOUT_CURRENCY
            }

    @classmethod
    def for_ceiling(cls, ceiling: PriceCeiling | None, data: Any = None) -> PriceCeilingForm:
        if ceiling is None:
            return cls(data)
        cost = BudgetMeasure.COST
        initial = {
            "input_price": _to_entered(ceiling.input_price_micros, cost),
            "output_price": _to_entered(ceiling.output_price_micros, cost),
        }
        return cls(data, initial=initial)

    def get_prices(self) -> dict[str, int | None]:
        """Return both prices in micro-units; None where nothing was entered."""
        return {
            f"{field}_micros": _to_stored(self.cleaned_data[field], BudgetMeasure.COST)
            for field in ("input_price", "output_price")
        }


def _get_unit(measure: str) -> int:
    """Return how many stored units one entered unit has."""
    return MICROS_PER_UNIT if measure == BudgetMeasure.COST else 1


def _to_entered(amount: int | None, measure: str) -> Decimal | None:
    return None if amount is None else (Decimal(amount) / _get_unit(measure)).normalize() + 0


def _to_stored(amount: Decimal | None, measure: str) -> int | None:
    if amount is None:
        return None
    # Limited first, because a number such as "1e800000" would take minutes as an integer. The service refuses
    # the limited value too.
    limited = min(amount, Decimal(LARGEST_LIMIT + 1))
    return int((limited * _get_unit(measure)).to_integral_value())
