"""Forms of the page of a workspace's identity; the services hold the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from workspaces.models import IdentityConnection, IdentityRules, User
from workspaces.saml.metadata import IdentityProvider
from workspaces.services.connections import ConnectionSettings, SamlSettings
from workspaces.services.identity_rules import CLAIMED_ROLES, DEFAULT_ROLES, SignInChange
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


class ConnectionForm(forms.Form):
    """An OpenID Connect provider. An empty secret keeps the present one."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("As people read it on the button, for example “Acme sign-in”."),
    )
    issuer = forms.CharField(
        label=_("Issuer"),
        max_length=500,
        help_text=_("The address of the provider, exactly as it calls itself."),
    )
    client_id = forms.CharField(label=_("Client id"), max_length=254)
    secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        max_length=2_000,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("It is kept encrypted and never shown. Empty keeps the present one."),
    )
    domains = forms.CharField(
        label=_("Domains"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_("Addresses at these domains find this sign-in by themselves. One in each line."),
    )
    role_claim = forms.CharField(
        label=_("Claim with roles"),
        required=False,
        max_length=80,
        help_text=_("Its values are read by the list of roles below. Parts are joined by a dot."),
    )
    group_claim = forms.CharField(
        label=_("Claim with groups"),
        required=False,
        max_length=80,
        help_text=_("People join the groups of these names that exist here."),
    )

    @classmethod
    def for_connection(cls, connection: IdentityConnection | None) -> ConnectionForm:
        initial: dict[str, Any] = {"role_claim": "roles", "group_claim": "groups"}
        if connection is not None:
            initial = {
                "name": connection.name,
                "issuer": connection.issuer,
                "client_id": connection.client_id,
                "domains": "\n".join(connection.domains),
                "role_claim": connection.role_claim,
                "group_claim": connection.group_claim,
            }
        return cls(initial=initial, auto_id="connection-%s")

    def read(self) -> ConnectionSettings:
        values = self.cleaned_data
        return ConnectionSettings(
            name=values["name"],
            issuer=values["issuer"],
            client_id=values["client_id"],
            secret=values["secret"] or None,
            domains=values["domains"].replace(",", "\n").split("\n"),
            role_claim=values["role_claim"],
            group_claim=values["group_claim"],
        )


class SamlForm(forms.Form):
    """A SAML provider by its metadata. Neither text nor address keeps the present one."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("As people read it on the button, for example “Acme sign-in”."),
    )
    metadata_url = forms.CharField(
        label=_("Address of the metadata"),
        required=False,
        max_length=500,
        widget=forms.URLInput(attrs={"spellcheck": "false"}),
        help_text=_("Where the provider publishes it; then new certificates can be read from there."),
    )
    metadata = forms.CharField(
        label=_("Or the metadata itself"),
        required=False,
        max_length=500_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("The whole XML file of the provider. Empty keeps the present one."),
    )
    domains = forms.CharField(
        label=_("Domains"),
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_("Addresses at these domains find this sign-in by themselves. One in each line."),
    )
    role_claim = forms.CharField(
        label=_("Attribute with roles"),
        required=False,
        max_length=80,
        help_text=_("Its values are read by the list of roles below."),
    )
    group_claim = forms.CharField(
        label=_("Attribute with groups"),
        required=False,
        max_length=80,
        help_text=_("People join the groups of these names that exist here."),
    )

    @classmethod
    def for_connection(cls, connection: IdentityConnection | None) -> SamlForm:
        initial: dict[str, Any] = {"role_claim": "roles", "group_claim": "groups"}
        if connection is not None:
            initial = {
                "name": connection.name,
                "domains": "\n".join(connection.domains),
                "role_claim": connection.role_claim,
                "group_claim": connection.group_claim,
            }
        return cls(initial=initial, auto_id="saml-%s")

    def read(self, provider: IdentityProvider | None) -> SamlSettings:
        values = self.cleaned_data
        return SamlSettings(
            name=values["name"],
            provider=provider,
            metadata_url=values["metadata_url"].strip(),
            domains=values["domains"].replace(",", "\n").split("\n"),
            role_claim=values["role_claim"],
            group_claim=values["group_claim"],
        )


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


class SignInRulesForm(forms.Form):
    """How people must sign in. Empty numbers set no rule."""

    is_sso_required = forms.BooleanField(
        label=_("Everybody signs in by the identity provider"),
        required=False,
        help_text=_(
            "Members without such a sign-in are sent there at their next click. Passwords do not count for"
            " this company any more."
        ),
    )
    emergency_owner = forms.ChoiceField(
        label=_("Emergency owner"),
        required=False,
        help_text=_(
            "May still sign in with a password and two-factor sign-in when the identity provider fails. Each"
            " time all owners are told."
        ),
    )
    mfa_grace_days = forms.TypedChoiceField(
        label=_("Two-factor sign-in"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("After the days of grace, only the page to set it up opens for people without it."),
    )
    session_hours = forms.IntegerField(
        label=_("Ask to sign in again after"),
        required=False,
        min_value=1,
        max_value=2160,
        help_text=_("In hours. For people of several companies the shortest counts. Empty: no rule."),
    )
    api_key_days = forms.IntegerField(
        label=_("API keys end after"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("In days from when they were made; older keys stop at once. Empty: no rule."),
    )

    def __init__(self, *args: Any, owners: Sequence[User], rules: IdentityRules, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owners = {str(owner.pk): owner for owner in owners}
        self.fields["emergency_owner"].choices = [  # type: ignore[attr-defined]
            ("", _("Nobody")),
            *((key, owner.display_name) for key, owner in self.owners.items()),
        ]
        grace: list[tuple[str, Any]] = [("", _("Not asked for")), ("0", _("At once"))]
        grace += [(str(days), _("After %(days)d days") % {"days": days}) for days in (7, 14, 30)]
        if rules.mfa_required_from is not None:
            grace.insert(
                1, ("-1", _("From %(date)s") % {"date": date_format(localtime(rules.mfa_required_from))})
            )
        self.fields["mfa_grace_days"].choices = grace  # type: ignore[attr-defined]

    @classmethod
    def for_rules(cls, rules: IdentityRules, owners: Sequence[User]) -> SignInRulesForm:
        initial = {
            "is_sso_required": rules.is_sso_required,
            "emergency_owner": rules.emergency_owner_id or "",
            "mfa_grace_days": "" if rules.mfa_required_from is None else "-1",
            "session_hours": rules.session_hours,
            "api_key_days": rules.api_key_days,
        }
        return cls(initial=initial, owners=owners, rules=rules, auto_id="rules-%s")

    def read(self) -> SignInChange:
        values = self.cleaned_data
        return SignInChange(
            is_sso_required=values["is_sso_required"],
            emergency_owner=self.owners.get(values["emergency_owner"]),
            mfa_grace_days=values["mfa_grace_days"],
            session_hours=values["session_hours"],
            api_key_days=values["api_key_days"],
        )


def show_role_claims(claims: Mapping[str, Any]) -> str:
    """Return the claims as the form takes them."""
    return "\n".join(f"{name} = {Role(role).value}" for name, role in claims.items())
