"""Sends the code for an e-mail address again, and says what came of it."""

from __future__ import annotations

from allauth.account.internal.flows.email_verification import consume_email_verification_rate_limit
from allauth.account.views import ConfirmEmailVerificationCodeView
from allauth.core.ratelimit import RateLimited as TooEarly
from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import RateLimited


class ConfirmEmailView(ConfirmEmailVerificationCodeView):
    """The page for the mailed code, which says when to try again where allauth answers a bare 429."""

    def _resend_form_valid(self, form: Form) -> HttpResponse:
        email = self._process.state["email"]
        try:
            if not consume_email_verification_rate_limit(self.request, email, dry_run=True):
                raise TooEarly
            self._process.resend()
        except TooEarly:
            messages.warning(
                self.request,
                _("A code was sent to %(email)s a moment ago. Wait 10 seconds, then ask for another one.")
                % {"email": email},
            )
        except RateLimited as error:
            messages.error(self.request, f"{error.message} {_say_wait(error)}".strip())
        else:
            messages.success(self.request, _("A new code was sent to %(email)s.") % {"email": email})
        return self._show_again()

    def _show_again(self) -> HttpResponse:
        return HttpResponseRedirect(self.passthrough_next_url(reverse("account_email_verification_sent")))


def _say_wait(error: RateLimited) -> str:
    minutes = -(-int(error.data.get("retry_after", 0)) // 60)
    if not minutes:
        return ""
    return ngettext(
        "The next code can be sent in %(count)s minute.",
        "The next code can be sent in %(count)s minutes.",
        minutes,
    ) % {"count": minutes}
