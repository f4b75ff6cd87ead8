"""Forms of moderation. They keep the input; services validate it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from reviews.states import ReportCategory

EXPLANATION_LENGTH = 4_000


class ReportForm(forms.Form):
    category = forms.ChoiceField(
        label=_("What is wrong?"), choices=ReportCategory.choices, widget=forms.RadioSelect
    )
    explanation = forms.CharField(
        label=_("What did you see?"),
        help_text=_("What happened, what you asked, what it answered. Leave out personal data."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    url = forms.CharField(
        label=_("An address that shows it"), required=False, max_length=300, widget=forms.TextInput
    )
    name = forms.CharField(label=_("Your name"), max_length=80, required=False)
    email = forms.CharField(
        label=_("Your e-mail address"),
        help_text=_("For the answer. The builder never sees it."),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    is_good_faith = forms.BooleanField(
        label=_("What I say is true as far as I know, and I report it in good faith."), required=False
    )

    def __init__(self, *args: Any, is_visitor: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_visitor:
            del self.fields["name"], self.fields["email"]


class AppealForm(forms.Form):
    text = forms.CharField(
        label=_("Why is the decision wrong?"),
        help_text=_("Somebody who was not involved before reads this."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class DecisionForm(forms.Form):
    """``claim_token`` and ``row_version`` identify the state that the moderator saw."""

    outcome = forms.CharField(required=False)
    policies = forms.MultipleChoiceField(required=False)
    reasoning = forms.CharField(required=False, widget=forms.Textarea)
    private_note = forms.CharField(required=False, widget=forms.Textarea)
    claim_token = forms.UUIDField(required=False)
    row_version = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    def get_text(self, name: str) -> str:
        return str(self.data.get(name, ""))

    @property
    def chosen_policies(self) -> list[str]:
        getlist = getattr(self.data, "getlist", None)
        return list(getlist("policies")) if getlist else []

    @property
    def token(self) -> UUID:
        """The claim's token; when missing or malformed, one that no claim has."""
        try:
            return UUID(self.get_text("claim_token"))
        except ValueError:
            return UUID(int=0)

    @property
    def version(self) -> int:
        text = self.get_text("row_version")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def add_domain_error(form: forms.Form, error: DomainError) -> None:
    """Show a service's error at the field that it names, or above the form."""
    field = error.field if error.field in form.fields else None
    form.add_error(field, forms.ValidationError(str(error.message), code=error.code))
