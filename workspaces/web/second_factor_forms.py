"""allauth's forms of two-factor sign-in in our style."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django.utils.translation import gettext_lazy as _

from workspaces.web.account_forms import FormStyleMixin


class CodeMixin(FormStyleMixin):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code")
        self.fields["code"].widget.attrs["autofocus"] = True


class AuthenticateForm(CodeMixin, base.AuthenticateForm):
    pass


class ReauthenticateForm(CodeMixin, base.ReauthenticateForm):
    pass


class ActivateTOTPForm(CodeMixin, totp.ActivateTOTPForm):
    pass


class KeyNameMixin(FormStyleMixin):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("Such as the device that it is on.")


class AddWebAuthnForm(KeyNameMixin, webauthn.AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        passwordless = self.fields.get("passwordless")
        if passwordless is not None:
            passwordless.label = _("Sign in without the password")
            passwordless.help_text = _("The device then asks for a fingerprint, your face or a PIN.")


class EditWebAuthnForm(KeyNameMixin, webauthn.EditWebAuthnForm):
    pass
