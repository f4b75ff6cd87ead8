"""Forms of a workspace's groups; the services hold the rules."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from workspaces.services.groups import DESCRIPTION_LENGTH, NAME_LENGTH
from workspaces.states import GroupSharing


class NewGroupForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)
    description = forms.CharField(label=_("What it is for"), required=False, max_length=DESCRIPTION_LENGTH)


class GroupForm(NewGroupForm):
    email_domain = forms.CharField(
        label=_("E-mail rule"),
        required=False,
        max_length=253,
        help_text=_(
            "Such as acme.example: every member with a verified address at this domain belongs to the group,"
            " as long as they have it. Empty for none."
        ),
    )
    sharing = forms.ChoiceField(
        label=_("Who may share GPTs with it"),
        choices=GroupSharing.choices,
        help_text=_("Admins always may."),
    )


class AddressesForm(forms.Form):
    emails = forms.CharField(
        label=_("E-mail addresses of members"),
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, or with commas. Up to 500."),
    )

    def clean_emails(self) -> list[str]:
        text = self.cleaned_data["emails"].replace(",", " ").replace(";", " ")
        return list(dict.fromkeys(text.lower().split()))
