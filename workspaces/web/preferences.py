"""Theme and language switches of the page header; stored with the account, for visitors in a cookie."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from workspaces.models import User
from workspaces.services.users import set_language, set_theme
from workspaces.states import Theme
from workspaces.web.context import THEME_COOKIE
from workspaces.web.refusals import refuse_damaged

_YEAR = 365 * 24 * 3600


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("theme", "")
    if wanted not in Theme.values:
        return refuse_damaged(request)
    response = _redirect_back(request)
    if isinstance(request.user, User):
        set_theme(user=request.user, theme=wanted, by=request.user, at=timezone.now())
    else:
        set_preference(response, THEME_COOKIE, wanted)
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("language", "")
    if wanted not in dict(settings.LANGUAGES):
        return refuse_damaged(request)
    response = _redirect_back(request)
    if isinstance(request.user, User):
        set_language(user=request.user, language=wanted, by=request.user, at=timezone.now())
    set_preference(response, settings.LANGUAGE_COOKIE_NAME, wanted)
    return response


def set_preference(response: HttpResponseBase, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
    )


def _redirect_back(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the page that the form was on, if it is one of ours."""
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None)  # a path of this site
    return HttpResponseRedirect(target if is_ours else "/")
