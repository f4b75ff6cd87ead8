"""Forms of the settings and of workspace administration; the services hold the rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.dates import get_time_zones
from core.errors import DomainError
from workspaces.access import STAFF_SCOPES
from workspaces.models import User
from workspaces.queries import UserRoles
from workspaces.services.users import NAME_LENGTH
from workspaces.states import ApiScope, Role, Staff, Theme


def add_refusal(form: forms.Form, error: DomainError) -> None:
    """Add a service's error to the field that it names, or to the whole form."""
    form.add_error(error.field if error.field in form.fields else None, str(error.message))


class ProfileForm(forms.Form):
    display_name = forms.CharField(label=_("Display name"), max_length=NAME_LENGTH)
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As the browser")), *settings.LANGUAGES],
        help_text=_("Of pages and of the mails that we send you."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[(name, name.replace("_", " ")) for name in sorted(get_time_zones())],
    )

    @classmethod
    def for_user(cls, user: User) -> ProfileForm:
        return cls(
            initial={
                "display_name": user.display_name,
                "language": user.language,
                "time_zone": user.time_zone,
            }
        )


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(label=_("Appearance"), choices=Theme.choices, widget=forms.RadioSelect)


class ApiKeyForm(forms.Form):
    """Offers the person's own workspaces, and staff scopes only to people with that role."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("To know it again, for example “Report script”.")
    )
    workspace = forms.ChoiceField(label=_("Workspace"), help_text=_("The key works nowhere else."))
    scopes = forms.MultipleChoiceField(
        label=_("Permissions"), widget=forms.CheckboxSelectMultiple, help_text=_("As few as it needs.")
    )
    days = forms.TypedChoiceField(
        label=_("Expires"),
        coerce=int,
        initial=90,
        choices=[
            (30, _("In 30 days")),
            (90, _("In 90 days")),
            (365, _("In a year")),
            (0, _("Never")),
        ],
    )

    def __init__(self, *args: Any, roles: UserRoles, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hidden = {scope for role, scope in STAFF_SCOPES.items() if role not in roles.staff}
        self.fields["workspace"].choices = [(found.slug, found.name) for found in roles.memberships]  # type: ignore[attr-defined]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, scope.label) for scope in ApiScope if scope not in hidden
        ]

    @property
    def lifetime(self) -> timedelta | None:
        days = self.cleaned_data["days"]
        return timedelta(days=days) if days else None


class WorkspaceForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    accent = forms.CharField(
        label=_("Accent colour"),
        required=False,
        max_length=7,
        help_text=_("As #rrggbb; empty for the store's own. Contrast is corrected by itself."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class GoldenGateForm(forms.Form):
    golden_pass_rate = forms.IntegerField(
        label=_("Golden prompts that must pass"),
        required=False,
        min_value=0,
        max_value=100,
        help_text=_(
            "In percent. Before a GPT is shared, exactly this content must have passed a run. Empty asks for"
            " none; what is shared already stays."
        ),
    )


class PublishingForm(forms.Form):
    may_publish = forms.BooleanField(
        label=_("GPTs may leave this workspace"),
        required=False,
        help_text=_(
            "By link and to the public store. When you turn it off, links stop at once and listings leave the"
            " store; they come back when you turn it on again."
        ),
    )


class NewWorkspaceForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Of your team or company, as members should read it.")
    )


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MEMBER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class StaffRoleForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Staff.choices,
        help_text=_("Child safety is a role besides that of a moderator: it opens the restricted cases."),
    )
