"""Forms of the page of a workspace's identity; the services hold the rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from workspaces.services.identity_rules import CLAIMED_ROLES, DEFAULT_ROLES
from workspaces.states import Role


class ScimTokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("To know it again, for example “Entra ID”.")
    )
    days = forms.TypedChoiceField(
        label=_("Expires"),
        coerce=int,
        initial=365,
        choices=[(90, _("In 90 days")), (365, _("In a year")), (0, _("Never"))],
    )

    @property
    def lifetime(self) -> timedelta | None:
        days = self.cleaned_data["days"]
        return timedelta(days=days) if days else None


class RoleClaimsForm(forms.Form):
    """What values of the identity provider mean, a line for each: ``Value = admin``."""

    default_role = forms.ChoiceField(
        label=_("Role of everybody else"),
        choices=[(role.value, role.label) for role in DEFAULT_ROLES],
        help_text=_("For people without one of the values below."),
    )
    role_claims = forms.CharField(
        label=_("Roles by value"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_(
            "A line for each value of the identity provider: “Value = admin”, “= builder” or “= member”."
            " Nobody becomes an owner this way."
        ),
    )

    def clean_role_claims(self) -> dict[str, str]:
        claims: dict[str, str] = {}
        roles = {
            word.casefold(): role.value for role in CLAIMED_ROLES for word in (role.value, str(role.label))
        }
        for line in self.cleaned_data["role_claims"].splitlines():
            if not line.strip():
                continue
            name, sign, role = line.rpartition("=")
            found = roles.get(role.strip().casefold())
            if not sign or not name.strip() or found is None:
                raise ValidationError(
                    _("“%(line)s” is not of the form “Value = admin”.") % {"line": line.strip()[:60]}
                )
            if name.strip() in claims:
                raise ValidationError(
                    _("The value “%(value)s” stands there twice.") % {"value": name.strip()[:60]}
                )
            claims[name.strip()] = found
        return claims


def show_role_claims(claims: Mapping[str, Any]) -> str:
    """Return the claims as the form takes them."""
    return "\n".join(f"{name} = {Role(role).value}" for name, role in claims.items())
