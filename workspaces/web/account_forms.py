"""allauth's forms in our manner: sentence case, helps that are sentences, no repeating placeholders."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from django.utils.translation import gettext_lazy as _

from core.look.words import sentence_case

PASSWORD_HELP = _("At least 10 characters. Several words are easier to keep than signs.")


class OurManner:
    """Before an allauth form: mends what it shows, changes nothing of what it does."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name in ("login", "email"):
                field.label = _("E-mail address")
            field.label = sentence_case(str(field.label)) if field.label else field.label
            field.widget.attrs.pop("placeholder", None)


class SignupForm(OurManner, account.SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password1" in self.fields:
            self.fields["password1"].help_text = PASSWORD_HELP


class ChangePasswordForm(OurManner, account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP


class SetPasswordForm(OurManner, account.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP


class ResetPasswordKeyForm(OurManner, account.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP


class LoginForm(OurManner, account.LoginForm):
    """The link to a new password stands under the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class AddEmailForm(OurManner, account.AddEmailForm):
    pass


class ResetPasswordForm(OurManner, account.ResetPasswordForm):
    pass


class ReauthenticateForm(OurManner, account.ReauthenticateForm):
    pass
