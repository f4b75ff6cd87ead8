"""Authenticates a request and opens its database scope."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import structlog
from allauth.account.middleware import AccountMiddleware
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from core.connections import is_visitor_request
from core.errors import DomainError
from core.scope import NOBODY, Scope, open_scope, public_reader
from workspaces.access import find_api_key, scope_for, scope_for_api_key
from workspaces.directory import directory_scope, find_directory, find_directory_workspace
from workspaces.models import ApiKey, User
from workspaces.queries import cache_user_roles, get_user_roles
from workspaces.services.activity import note_activity
from workspaces.services.api_keys import record_key_use
from workspaces.services.scim_tokens import record_token_use
from workspaces.web.own_scopes import has_own_scopes
from workspaces.web.preferences import set_preference
from workspaces.web.public import is_public_page
from workspaces.web.reauthentication import require_fresh_password
from workspaces.web.refusals import SCIM_PREFIX, form_only_page, is_api, is_scim, refuse, refuse_damaged
from workspaces.web.session_rules import answer_demand

log = structlog.get_logger(__name__)

GetResponse = Callable[[HttpRequest], Any]


class ScopeMiddleware:
    """Runs every sync view in its scope, in one transaction. Must be the last middleware: CSRF comes first.

    It calls the view in ``process_view``, where both the view and the request are known, and renders the
    template in the same transaction. Async and chat views are left alone and open their own scopes,
    because a stream outlives the transaction in which it began.
    Under /api/v1/ and /v1/ sessions are ignored: only an API key authenticates. Under /scim/v2/ it is a token
    of a workspace's identity provider.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        # Exceptions of views called here do not reach the hooks of other middleware; allauth needs its
        # own for reauthentication and immediate responses.
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
            return refuse_damaged(request)
        # Without a session or a key: a connection of the pool is kept for these requests.
        is_visitor_request.set(
            settings.SESSION_COOKIE_NAME not in request.COOKIES and "Authorization" not in request.headers
        )
        if is_api(request):
            request.user = AnonymousUser()
        if iscoroutinefunction(view) or getattr(view, "is_chat_view", False):
            return None
        # Pages that are the same for every visitor are served from the cache, without a transaction.
        from_cache = getattr(view, "from_cache", None)
        if from_cache is not None and (cached := from_cache(request)) is not None:
            return cached
        try:
            if (answer := self._hold_to_rules(request)) is not None:
                return answer
            if has_own_scopes(view):
                request.scope_of_person = self._authenticate(request)  # type: ignore[attr-defined]  # get_scope
                return self._answer(request, view, args, kwargs)
            with self._scope(request, view):
                return self._answer(request, view, args, kwargs)
        except DomainError as error:
            return refuse(request, error)

    def _hold_to_rules(self, request: HttpRequest) -> HttpResponseBase | None:
        """Return where a session that breaks a rule of the person's companies is sent."""
        if is_api(request) or not isinstance(request.user, User):
            return None
        cache_user_roles(request.user)
        return answer_demand(request, request.user, at=timezone.now())

    def _answer(
        self, request: HttpRequest, view: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> HttpResponseBase:
        response: HttpResponseBase
        try:
            require_fresh_password(request, view)
            note_use(request, kwargs)
            response = view(request, *args, **kwargs)
        except (ImmediateHttpResponse, ReauthenticationRequired) as answer:
            # allauth's early responses are not errors: what was written before is committed.
            response = self.allauth_exception(request, answer)
        if request.method == "GET" and isinstance(response, HttpResponseNotAllowed) and not is_api(request):
            return form_only_page(request, response)
        if callable(getattr(response, "render", None)) and not getattr(response, "is_rendered", True):
            response = response.render()  # type: ignore[attr-defined]  # TemplateResponse and DRF's
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer errors of async and chat views; ``process_view`` handles the others."""
        return refuse(request, error) if isinstance(error, DomainError) else None

    def _scope(self, request: HttpRequest, view: Callable[..., Any]) -> AbstractContextManager[Any]:
        if is_scim(request):
            return open_directory(request)
        scope = self._authenticate(request)
        return public_reader() if scope is NOBODY and is_public_page(view) else open_scope(scope)

    def _authenticate(self, request: HttpRequest) -> Scope:
        """Return the scope of the request's person, NOBODY for visitors."""
        if is_api(request):
            return authenticate_bearer(request)
        user = request.user
        if not isinstance(user, User):
            return NOBODY
        activate_preferences(request, user)
        return scope_for(user)


def note_use(request: HttpRequest, kwargs: Mapping[str, Any]) -> None:
    """Note that a member uses the workspace of the address or of the key; no query."""
    user = request.user
    if not isinstance(user, User):
        return
    key = getattr(request, "api_key", None)
    slug = kwargs.get("workspace")
    found = get_user_roles(user).memberships if slug or key is not None else ()
    for place in found:
        if place.slug == slug or (key is not None and place.workspace_id == key.workspace_id):
            note_activity(user_id=user.pk, workspace_id=place.workspace_id, at=timezone.now())


def has_nul(request: HttpRequest) -> bool:
    """Return whether the URL or the form has a NUL character, which PostgreSQL cannot store."""
    if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path_info:
        return True
    if request.method != "POST" or is_api(request):
        return False
    return any("\x00" in text for name, values in request.POST.lists() for text in (name, *values))


def authenticate_bearer(request: HttpRequest) -> Scope:
    """Set ``request.user`` and ``request.api_key`` from the Authorization header and return the scope.

    Cookies, other headers and the query string are ignored. Without a valid key the request is a visitor's;
    ``request.api_key_refused`` is true when there was an invalid one.
    """
    scheme, _space, plain = request.headers.get("Authorization", "").partition(" ")
    key = find_api_key(plain.strip(), at=timezone.now()) if scheme.lower() == "bearer" else None
    set_api_key(request, key, was_given=bool(scheme))
    if key is None:
        return NOBODY
    record_key_use(key=key, at=timezone.now())
    return scope_for_api_key(key)


@contextmanager
def open_directory(request: HttpRequest) -> Iterator[None]:
    """Open the scope of the workspace in the address and set ``request.directory_token``, checked in it.

    So a request is one transaction. Without a valid token of that workspace the request is a visitor's, whose
    scope it gets.
    """
    scheme, _space, plain = request.headers.get("Authorization", "").partition(" ")
    slug = request.path.removeprefix(SCIM_PREFIX).partition("/")[0]
    at = timezone.now()
    workspace = find_directory_workspace(slug, plain.strip()) if scheme.lower() == "bearer" else None
    request.directory_token = None  # type: ignore[attr-defined]  # read by the views of workspaces.api.scim
    token = None
    if workspace is not None:
        with open_scope(directory_scope(workspace.pk)):
            token = find_directory(workspace, plain.strip(), at=at)
            if token is not None:
                request.directory_token = token  # type: ignore[attr-defined]  # as above
                yield
    if token is not None:
        try:
            record_token_use(token=token, at=at)
        except DatabaseError:  # what the request did is committed: it must not look failed
            log.warning("scim_token_use_not_recorded", token_id=token.pk, exc_info=True)
        return
    with open_scope(NOBODY):
        yield


def set_api_key(request: HttpRequest, key: ApiKey | None, *, was_given: bool) -> None:
    request.user = AnonymousUser() if key is None else key.user
    request.api_key = key  # type: ignore[attr-defined]  # read by ApiKeyAuthentication
    request.api_key_refused = was_given and key is None  # type: ignore[attr-defined]


def activate_preferences(request: HttpRequest, user: User) -> None:
    """Activate the person's language and time zone; the language cookie only counts for visitors."""
    request.language_of_person = user.language  # type: ignore[attr-defined]  # for keep_language
    if user.language and user.language != translation.get_language():
        translation.activate(user.language)
        request.LANGUAGE_CODE = user.language
    timezone.activate(user.time_zone)


def keep_language(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let somebody who has just signed out, or deleted the account, go on in the language of the account."""
    language = getattr(request, "language_of_person", "")
    if language and not request.user.is_authenticated:
        set_preference(response, settings.LANGUAGE_COOKIE_NAME, language)


def keep_private(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Forbid caching of responses that may be personal, except those marked public that set no cookie."""
    keep_language(request, response)
    is_personal = (
        settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
    ) and "public" not in response.headers.get("Cache-Control", "")
    # The CSRF middleware runs around this one and sets its cookie later.
    if is_personal or response.cookies or request.META.get("CSRF_COOKIE_NEEDS_UPDATE"):
        response.headers["Cache-Control"] = "private, no-store"
    if not is_api(request):
        patch_vary_headers(response, ("HX-Request",))  # the same address serves page and fragment
    timezone.deactivate()
    return response
