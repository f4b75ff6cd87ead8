"""What buttons of finance pages share: POST only, a typed confirmation, refusals as a message on the page."""

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


def finance_act(back: str) -> Callable[[View], View]:
    """Wrap a POST view of finance; a refusal becomes a message on the page ``back`` (a URL name).

    The view's own arguments are the page's. What does not exist stays a 404.
    """

    def decorate(view: View) -> View:
        @require_POST
        @staff_required("finance")
        @wraps(view)
        def acting(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, **kwargs)
            except NotFound:
                raise
            except DomainError as error:
                messages.error(request, str(error.message))
                return redirect(back, **kwargs)

        return acting

    return decorate


def check_confirmation(request: HttpRequest, phrase: str) -> None:
    """Raise InvalidInput unless ``phrase`` was typed; the page asks for it before."""
    if request.POST.get("confirmation", "").strip() != phrase:
        raise InvalidInput(
            _("Type “%(phrase)s” to confirm. Nothing was done.") % {"phrase": phrase},
            code="confirmation_missing",
            field="confirmation",
        )
