"""allauth's forms in our style: labels in sentence case, help texts, no placeholders that repeat labels."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.core import context
from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.errors import RateLimited
from core.jobs import enqueue_on_commit
from core.look.titles import sentence_case
from core.rate_limits import require_within
from workspaces.models import User
from workspaces.services.mail_limits import CODE_TRIES, require_account_mail_within_limits
from workspaces.services.password_resets import is_reset_token_valid
from workspaces.services.passwords import count_valid_keys, finish_password_change
from workspaces.services.single_use import use_once
from workspaces.web.client_address import get_client_network

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

    def try_save(self, request: HttpRequest) -> Any:
        """Sign up. A taken address takes the same work, so that the time does not tell it."""
        if self.account_already_exists:
            self._save_decoy(request)
        return super().try_save(request)

    def _save_decoy(self, request: HttpRequest) -> None:
        """Create an account under an address that nobody has, by the same code, and roll it back."""
        email = self.cleaned_data["email"]
        try:
            with transaction.atomic():
                self.account_already_exists = False
                self.cleaned_data["email"] = f"{uuid4().hex}@decoy.invalid"
                self.save(request)
                transaction.set_rollback(True)
        finally:
            self.account_already_exists = True
            self.cleaned_data["email"] = email


class NewPasswordMixin(FormStyleMixin):
    """Asks what becomes of the API keys, tells the person, and records the change."""

    revokes_keys_by_default = False
    user: Any
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = PASSWORD_HELP
        count = 0
        if isinstance(self.user, User):
            count = count_valid_keys(self.user, at=timezone.now())
        if count:
            self.fields["revoke_keys"] = forms.BooleanField(
                label=_("Also revoke my API keys (%(count)d)") % {"count": count},
                required=False,
                initial=self.revokes_keys_by_default,
                help_text=_(
                    "Sessions elsewhere end in any case. Keys go on working unless you revoke them; programs"
                    " that use them then stop."
                ),
            )

    def save(self) -> None:
        super().save()  # type: ignore[misc]  # the form's own
        finish_password_change(
            user=self.user,
            revoke_keys=bool(self.cleaned_data.get("revoke_keys")),
            by=self.user,
            at=timezone.now(),
        )


class ChangePasswordForm(NewPasswordMixin, account.ChangePasswordForm):
    def clean_oldpassword(self) -> str:
        """Check the old password under the limits of every password check."""
        old = self.cleaned_data.get("oldpassword", "")
        if not get_adapter().reauthenticate(self.user, old):
            raise get_adapter().validation_error("enter_current_password")
        return str(old)


class SetPasswordForm(NewPasswordMixin, account.SetPasswordForm):
    pass


class ResetPasswordKeyForm(NewPasswordMixin, account.ResetPasswordKeyForm):
    """Whoever has to reset a password may have been robbed of it: keys are revoked unless asked otherwise."""

    revokes_keys_by_default = True

    def clean(self) -> Any:
        """Check the link's token again with the account locked, so that a link is used once."""
        values = super().clean()
        with transaction.atomic():
            fresh = User.objects.select_for_update(of=("self",)).get(pk=self.user.pk)
            if not is_reset_token_valid(fresh, self.temp_key):
                raise get_adapter().validation_error("invalid_password_reset")
        return values


class LoginForm(FormStyleMixin, account.LoginForm):
    """Without allauth's link to reset the password: our template has one under the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class AddEmailForm(FormStyleMixin, account.AddEmailForm):
    pass


class ResetPasswordForm(FormStyleMixin, account.ResetPasswordForm):
    """Looks nothing up: a job does, so that known and unknown addresses take the same work here."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **options: Any) -> str:
        email = str(self.cleaned_data["email"])
        address = get_client_network(request)
        require_account_mail_within_limits(email=email, address=address, at=timezone.now())
        enqueue_on_commit("workspaces.send_reset_mails", email=email, language=get_language() or "")
        return email


class ConfirmEmailVerificationCodeForm(FormStyleMixin, account.ConfirmEmailVerificationCodeForm):
    """Counts tries by address, not only by session, and accepts a code once."""

    def clean_code(self) -> str:
        now = timezone.now()
        try:
            require_within(CODE_TRIES, self.email, at=now)
        except RateLimited as error:
            raise forms.ValidationError(error.message, code=error.code) from error
        code = str(super().clean_code())
        session = context.request.session.session_key
        if not use_once("email-code", f"{session} {self.email} {self.expected_code}", at=now):
            raise get_adapter().validation_error("incorrect_code")
        return code


class ReauthenticateForm(FormStyleMixin, account.ReauthenticateForm):
    """Without allauth's link above the field: our template has one under the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
