"""Forms of invitation links, guests, imports and the list of members; the services hold the rules."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from workspaces.states import LINK_ROLES, DomainJoining, Role


class InviteLinkForm(forms.Form):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(role.value, role.label) for role in LINK_ROLES],
        initial=Role.MEMBER,
        help_text=_("Of everybody who joins by the link. Admins are invited by mail."),
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        initial=7,
        choices=[(1, _("A day")), (7, _("A week")), (30, _("30 days")), (90, _("90 days"))],
    )
    max_uses = forms.IntegerField(
        label=_("For how many people"),
        required=False,
        min_value=1,
        max_value=10_000,
        help_text=_("Empty: as many as there are seats."),
    )
    label = forms.CharField(
        label=_("Note"), required=False, max_length=80, help_text=_("To tell your links apart.")
    )


class DomainForm(forms.Form):
    domain = forms.CharField(
        label=_("Domain"),
        max_length=253,
        help_text=_("What stands after the @ in addresses of your people, such as acme.example."),
    )


class DomainJoiningForm(forms.Form):
    joining = forms.ChoiceField(
        label=_("How do people with a confirmed address at these domains join?"),
        choices=DomainJoining.choices,
        widget=forms.RadioSelect,
        help_text=_(
            "With the role of a member, while there is a free seat. Whom you removed does not come back."
        ),
    )


GUEST_TIMES = [(7, _("A week")), (30, _("30 days")), (90, _("90 days")), (365, _("A year"))]


class GuestForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    days = forms.TypedChoiceField(label=_("Stays for"), coerce=int, initial=30, choices=GUEST_TIMES)


class GuestTimeForm(forms.Form):
    days = forms.TypedChoiceField(label=_("Stays for"), coerce=int, choices=GUEST_TIMES)


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("With the columns email and role (admin, builder or member); up to 20,000 rows."),
    )


class MemberFilterForm(forms.Form):
    """The filter of the list of members; what is not valid filters nothing."""

    q = forms.CharField(required=False, max_length=200)
    role = forms.ChoiceField(required=False, choices=[("", ""), *Role.choices])
    group = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
