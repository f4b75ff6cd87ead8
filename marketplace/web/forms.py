"""Forms of the store: rating and builder profile."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.models.builders import BIO_LENGTH
from marketplace.models.ratings import TEXT_LENGTH


class RatingForm(forms.Form):
    stars = forms.ChoiceField(
        label=_("Your rating"),
        choices=[(str(n), str(n)) for n in range(1, 6)],
        error_messages={
            "required": _("Choose one to five stars."),
            "invalid_choice": _("Choose one to five stars."),
        },
    )
    text = forms.CharField(
        label=_("What should others know?"),
        required=False,
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class BuilderProfileForm(forms.Form):
    handle = forms.CharField(
        label=_("Handle"), max_length=30, help_text=_("The address of your page: /builders/your-handle.")
    )
    display_name = forms.CharField(label=_("Name"), max_length=80)
    bio = forms.CharField(
        label=_("About you"), required=False, max_length=BIO_LENGTH, widget=forms.Textarea(attrs={"rows": 4})
    )
    website = forms.CharField(
        label=_("Website"),
        required=False,
        max_length=200,
        help_text=_("Begins with https://. Everybody sees it."),
    )
