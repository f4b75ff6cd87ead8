"""Who is asking, and what the database shows them for the length of one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from allauth.account.middleware import AccountMiddleware
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone, translation

from core.errors import DomainError
from core.scope import NOBODY, Scope, open_scope, public_reader
from workspaces.access import find_api_key, scope_for, scope_for_api_key
from workspaces.models import ApiKey, User
from workspaces.queries import keep_standing
from workspaces.services.api_keys import note_use
from workspaces.web.public import is_public_page
from workspaces.web.refusals import form_only_page, is_api, refuse

GetResponse = Callable[[HttpRequest], Any]


class ScopeMiddleware:
    """Opens the scope around every sync view; must stand last, so that CSRF is checked before.

    The view runs inside ``process_view``: only there are both the view and the request known, and its
    template is rendered in the same transaction. Async and chat views are left alone and open scopes
    themselves, as a stream outlives the transaction in which it began.
    Under /api/ and /v1/ a session counts for nothing, only a bearer key does.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        # Views that we call ourselves are out of reach of other middlewares' exception hooks; allauth
        # needs its own for "enter your password again" and early answers.
        self.allauth_exception = AccountMiddleware(get_response).process_exception

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._acall(request)
        response: HttpResponseBase = self.get_response(request)
        return keep_private(request, response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        return keep_private(request, await self.get_response(request))

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponseBase | None:
        if has_nul(request):
            return HttpResponseBadRequest(
                translation.gettext("NUL characters are not allowed."),
                content_type="text/plain; charset=utf-8",
            )
        if is_api(request):
            request.user = AnonymousUser()
        if iscoroutinefunction(view) or getattr(view, "is_chat_view", False):
            return None
        # Pages that are the same for every visitor answer from the cache, before a transaction begins.
        from_cache = getattr(view, "from_cache", None)
        if from_cache is not None and (kept := from_cache(request)) is not None:
            return kept
        try:
            with self._scope(request, view):
                return self._answer(request, view, args, kwargs)
        except DomainError as error:
            return refuse(request, error)

    def _answer(
        self, request: HttpRequest, view: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponseBase:
        response: HttpResponseBase
        try:
            response = view(request, *args, **kwargs)
        except (ImmediateHttpResponse, ReauthenticationRequired) as answer:
            # allauth's ways to answer early: what was written before stays.
            response = self.allauth_exception(request, answer)
        if request.method == "GET" and isinstance(response, HttpResponseNotAllowed) and not is_api(request):
            return form_only_page(request, response)
        if callable(getattr(response, "render", None)) and not getattr(response, "is_rendered", True):
            response = response.render()  # type: ignore[attr-defined]  # TemplateResponse and DRF's
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer for views that were left alone; the others are answered above."""
        return refuse(request, error) if isinstance(error, DomainError) else None

    def _scope(self, request: HttpRequest, view: Callable[..., Any]) -> AbstractContextManager[Any]:
        if is_api(request):
            return open_scope(authenticate_bearer(request))
        user = request.user
        if isinstance(user, User):
            keep_standing(user)
            activate_preferences(request, user)
            return open_scope(scope_for(user))
        return public_reader() if is_public_page(view) else open_scope(NOBODY)


def has_nul(request: HttpRequest) -> bool:
    """Tell whether address or form has a NUL character, which PostgreSQL takes in no text."""
    if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path_info:
        return True
    if request.method != "POST" or is_api(request):
        return False
    return any("\x00" in text for name, values in request.POST.lists() for text in (name, *values))


def authenticate_bearer(request: HttpRequest) -> Scope:
    """Set ``request.user`` and ``request.api_key`` from the Authorization header and return the scope.

    Only that header counts: no cookie, no other header, no query. An absent or dead key leaves a visitor;
    ``request.api_key_refused`` tells the two apart.
    """
    scheme, _space, plain = request.headers.get("Authorization", "").partition(" ")
    key = find_api_key(plain.strip(), at=timezone.now()) if scheme.lower() == "bearer" else None
    set_api_key(request, key, was_given=bool(scheme))
    if key is None:
        return NOBODY
    note_use(key=key, at=timezone.now())
    return scope_for_api_key(key)


def set_api_key(request: HttpRequest, key: ApiKey | None, *, was_given: bool) -> None:
    request.user = AnonymousUser() if key is None else key.user
    request.api_key = key  # type: ignore[attr-defined]  # read by ApiKeyAuthentication
    request.api_key_refused = was_given and key is None  # type: ignore[attr-defined]


def activate_preferences(request: HttpRequest, user: User) -> None:
    """Show pages in the person's language and zone; the language cookie only serves visitors."""
    if user.language and user.language != translation.get_language():
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
    timezone.activate(user.time_zone)


def keep_private(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Keep answers that may be somebody's out of every cache; what says "public" and sets no cookie stays."""
    is_somebodys = (
        settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
    ) and "public" not in response.headers.get("Cache-Control", "")
    # The middleware of CSRF is around this one and sets its cookie later.
    if is_somebodys or response.cookies or request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
        response.headers["Cache-Control"] = "private, no-store"
    timezone.deactivate()
    return response
