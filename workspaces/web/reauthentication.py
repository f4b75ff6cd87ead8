"""What decides over money, access or the account asks for the password (or a factor) again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import (
    is_reauthentication_required,
    raise_if_reauthentication_required,
)
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from workspaces.web.own_scopes import has_own_scopes

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "asks_again"
_APP = "workspaces"


def asks_again(*methods: str) -> Callable[[View], View]:
    """Let these methods of a view through only within 15 minutes after the password was entered again.

    Set it outermost. The middleware checks it, before the view runs and after sign-in. A POST is repeated by
    allauth after the password, but not to views with scopes of their own (``opens_own_scopes``); views whose
    form holds secrets also ask before they show the form (GET).
    """

    def mark(view: View) -> View:
        setattr(view, _MARK, frozenset(methods))
        return view

    return mark


def require_fresh_password(request: HttpRequest, view: object) -> None:
    """Raise allauth's ReauthenticationRequired, or Forbidden for people without anything to enter."""
    methods = getattr(view, _MARK, ())
    if request.method not in methods or not request.user.is_authenticated:
        return
    # The form was open for too long. Back to it, instead of keeping what was typed in the session: it may be
    # an account number. Nor can allauth repeat a request that waits for another host: it would do that in the
    # transaction of its own page.
    goes_back = "GET" in methods or has_own_scopes(view)
    if request.method == "POST" and goes_back and is_reauthentication_required(request, app=_APP):
        if "GET" in methods:
            back = request.get_full_path()
        else:
            back = _find_page_of_form(request)
            messages.info(request, _("Enter your password first, then send the form again."))
        url = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
        raise ImmediateHttpResponse(redirect(f"{url}?{urlencode({'next': back})}"))
    ask_again(request)


def _find_page_of_form(request: HttpRequest) -> str:
    """Return the path of the page of ours that sent the form, otherwise that of the start."""
    sender = request.headers.get("Referer", "")
    return urlsplit(sender).path if sender and get_adapter(request).is_safe_url(sender) else "/"


def ask_again(request: HttpRequest) -> None:
    """The same for acts that only need it for some values, such as the role of owner."""
    raise_if_reauthentication_required(request, app=_APP)
