"""Our additional sign-up fields. allauth's forms import this module, so it must not import them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from workspaces.models import User
from workspaces.services.sign_up import is_open_to_address
from workspaces.services.users import NAME_LENGTH, clean_display_name, complete_account


class SignupForm(forms.Form):
    """Adds the display name. Base class of allauth's sign-up forms, also after social sign-in."""

    display_name = forms.CharField(
        label=_("Display name"),
        max_length=NAME_LENGTH,
        help_text=_("Others see this name beside your GPTs and ratings."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("display_name", "email", "password1")

    def clean_display_name(self) -> str:
        try:
            return clean_display_name(self.cleaned_data["display_name"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error

    def clean(self) -> dict[str, Any]:
        """Refuse an address of another domain where only some may sign up."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        email = values.get("email", "")
        if email and not is_open_to_address(email):
            self.add_error(
                "email",
                _("Only addresses of some domains may sign up here. Ask the operator."),
            )
        return values

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Complete the account that allauth has just saved."""
        assert isinstance(user, User)
        complete_account(user=user, at=timezone.now())
