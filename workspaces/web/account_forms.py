"""allauth's forms in our style: labels in sentence case, help texts, no placeholders that repeat labels."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from django.utils.translation import gettext_lazy as _

from core.look.titles import sentence_case

PASSWORD_HELP = _("At least 10 characters. Several words are easier to keep than signs.")


class FormStyleMixin:
    """Changes how an allauth form looks, not what it does. Comes before the form among the base classes."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name in ("login", "email"):
                field.label = _("E-mail address")
            field.label = sentence_case(str(field.label)) if field.label else field.label
            field.widget.attrs.pop("placeholder", None)


class SignupForm(FormStyleMixin, account.SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password1" in self.fields:
            self.fields["password1"].help_text = PASSWORD_HELP


class ChangePasswordForm(FormStyleMixin, account.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP


class SetPasswordForm(FormStyleMixin, account.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP


class ResetPasswordKeyForm(FormStyleMixin, account.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP


class LoginForm(FormStyleMixin, account.LoginForm):
    """Without allauth's link to reset the password: our template has one under the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class AddEmailForm(FormStyleMixin, account.AddEmailForm):
    pass


class ResetPasswordForm(FormStyleMixin, account.ResetPasswordForm):
    pass


class ReauthenticateForm(FormStyleMixin, account.ReauthenticateForm):
    pass
