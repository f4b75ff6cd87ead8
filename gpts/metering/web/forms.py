"""The form of a budget: amounts as people write them, whose use as one choice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.money import MICROS_PER_UNIT
from gpts.metering.models import Budget
from gpts.metering.models.budgets import BUDGET_NAME_LENGTH
from gpts.metering.queries.budgets import gpt_choices, group_choices
from gpts.metering.services.budgets import LARGEST_LIMIT, draft_budget
from gpts.metering.states import BudgetMeasure, BudgetSubject, BudgetWindow
from workspaces.models import User, Workspace
from workspaces.queries import list_members
from workspaces.states import WorkspaceKind

WHOSE = (
    ("person_each", _("Each member, counted alone")),
    ("person", _("One member")),
    ("group_each", _("Each person of a group")),
    ("group", _("A group together")),
    ("gpt", _("A GPT, everybody together")),
    ("gpt_each", _("Each person with a GPT")),
    ("workspace", _("The whole workspace together")),
)
ALONE = ("workspace", "gpt")


class LimitsForm(forms.Form):
    """What can be changed later: the name and the two limits."""

    name = forms.CharField(label=_("Name"), max_length=BUDGET_NAME_LENGTH)
    soft_limit = forms.DecimalField(
        label=_("Warn at"), required=False, min_value=0, help_text=_("A note is sent, nothing stops.")
    )
    hard_limit = forms.DecimalField(
        label=_("Stop at"), required=False, min_value=0, help_text=_("New answers have to wait.")
    )

    @classmethod
    def of(cls, budget: Budget, data: Any = None) -> LimitsForm:
        """The form of a saved budget, its amounts in the unit that people write."""
        unit = MICROS_PER_UNIT if budget.measure == BudgetMeasure.COST else 1

        def shown(amount: int | None) -> Decimal | None:
            return None if amount is None else (Decimal(amount) / unit).normalize() + 0

        initial = {
            "name": budget.name,
            "soft_limit": shown(budget.soft_limit),
            "hard_limit": shown(budget.hard_limit),
        }
        return cls(data, initial=initial)

    def amounts(self, measure: str) -> dict[str, int | None]:
        """Both limits in the units that are kept: micro-units, tokens or answers."""
        unit = MICROS_PER_UNIT if measure == BudgetMeasure.COST else 1
        values = {field: self.cleaned_data[field] for field in ("soft_limit", "hard_limit")}
        # Bounded first: "1e800000" is eight characters, and minutes of work as a whole number. What is
        # beyond the bound stays beyond it, so that the service refuses it.
        most = Decimal(LARGEST_LIMIT + 1)
        return {
            field: None if value is None else int((min(value, most) * unit).to_integral_value())
            for field, value in values.items()
        }


class BudgetForm(LimitsForm):
    whose = forms.ChoiceField(label=_("Whose use"), choices=WHOSE)
    user = forms.TypedChoiceField(label=_("Member"), required=False, coerce=int, empty_value=None)
    group = forms.TypedChoiceField(label=_("Group"), required=False, coerce=int, empty_value=None)
    gpt = forms.CharField(
        label=_("GPT"),
        required=False,
        max_length=80,
        help_text=_("The last part of its address, of yours or of another one that you can use."),
    )
    measure = forms.ChoiceField(label=_("What is counted"), choices=BudgetMeasure.choices)
    window = forms.ChoiceField(label=_("In each"), choices=BudgetWindow.choices, initial=BudgetWindow.MONTH)
    field_order = ("name", "whose", "user", "group", "gpt", "measure", "window", "soft_limit", "hard_limit")

    def __init__(self, data: Any, workspace: Workspace) -> None:
        super().__init__(data)
        fields: Any = self.fields
        cost = _("Cost in %(currency)s") % {"currency": settings.PAYOUT_CURRENCY}
        fields["measure"].choices = [
            (value, cost if value == BudgetMeasure.COST else label) for value, label in BudgetMeasure.choices
        ]
        fields["gpt"].widget.attrs["list"] = "gpt-choices"
        if workspace.kind == WorkspaceKind.PERSONAL:
            fields["whose"].choices = [choice for choice in WHOSE if choice[0] in ALONE]
            del fields["user"], fields["group"]
        else:
            people = sorted(
                ((seat.user_id, str(seat.user)) for seat in list_members(workspace)), key=lambda pair: pair[1]
            )
            groups = group_choices(workspace)
            fields["user"].choices = [("", _("Choose a member")), *people]
            fields["group"].choices = [("", _("Choose a group")), *groups]
            fields["whose"].initial = "person_each"
            if not groups:
                fields["whose"].choices = [choice for choice in WHOSE if not choice[0].startswith("group")]
                del fields["group"]
        self.gpt_choices = gpt_choices(workspace)

    def draft(self, workspace: Workspace, *, by: User, at: Any) -> Budget:
        values = self.cleaned_data
        subject, _sep, each = values["whose"].partition("_")
        return draft_budget(
            workspace=workspace,
            name=values["name"],
            subject=BudgetSubject(subject),
            is_each=each == "each",
            user_id=values.get("user"),
            group_id=values.get("group"),
            gpt_slug=values["gpt"].strip().rstrip("/").rpartition("/")[2],
            measure=values["measure"],
            window=values["window"],
            **self.amounts(values["measure"]),
            by=by,
            at=at,
        )
