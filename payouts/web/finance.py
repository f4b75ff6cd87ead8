"""Shared by the POST views of finance: permission, errors as messages, and the typed confirmation."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from core.errors import DomainError, InvalidInput, NotFound
from workspaces.web.staff import staff_required

View = Callable[..., HttpResponse]


def finance_action(back: str) -> Callable[[View], View]:
    """Decorate a POST view for finance staff: a DomainError becomes a message on the page ``back``.

    ``back`` is a URL name that takes the same arguments as the view. NotFound stays a 404.
    """

    def decorate(view: View) -> View:
        @require_POST
        @staff_required("finance")
        @wraps(view)
        def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, **kwargs)
            except NotFound:
                raise
            except DomainError as error:
                messages.error(request, str(error.message))
                return redirect(back, **kwargs)

        return wrapped

    return decorate


def check_confirmation(request: HttpRequest, phrase: str) -> None:
    """Raise InvalidInput unless the field ``confirmation`` contains ``phrase``."""
    if request.POST.get("confirmation", "").strip() != phrase:
        raise InvalidInput(
            _("Type “%(phrase)s” to confirm. Nothing was done.") % {"phrase": phrase},
            code="confirmation_missing",
            field="confirmation",
        )
