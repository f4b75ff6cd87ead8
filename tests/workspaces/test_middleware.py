"""ScopeMiddleware: authentication, the database scope of a request, errors as responses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import path
from rest_framework.response import Response

from core.errors import Conflict, NotFound
from core.scope import current_scope
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.times import AT
from workspaces.access import WorkspaceAct, access_workspace, personal_workspace
from workspaces.api.base import LoggiaAPIView
from workspaces.models import Notification, User
from workspaces.services.api_keys import create_api_key, revoke_api_key
from workspaces.services.members import remove_member
from workspaces.services.notifications import notify
from workspaces.services.staff import grant_staff_role
from workspaces.states import ApiScope, Role, Staff
from workspaces.web.public import public_page
from workspaces.web.staff import staff_required

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.workspaces.test_middleware")]


def show_visible_rows(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, loggia_user_id(), loggia_is_system()")
        role, user_id, is_system = cursor.fetchone()
    body = {"role": role, "user": user_id, "system": is_system, "notes": Notification.objects.count()}
    return HttpResponse(json.dumps(body))


def store(request: HttpRequest) -> HttpResponse:
    return show_visible_rows(request)


def refusing(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    notify(user=user, kind="x", title="must not stay", at=AT)
    raise Conflict("Somebody was faster.", code="faster")


def team_page(request: HttpRequest, slug: str) -> HttpResponse:
    assert isinstance(request.user, User)
    return HttpResponse(access_workspace(request.user, slug, to=WorkspaceAct.ENTER).name)


@staff_required("moderator")
def queue(request: HttpRequest) -> HttpResponse:
    return HttpResponse("queue")


class EchoView(LoggiaAPIView):
    required_scopes = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}

    def get(self, request: Any) -> Response:
        scope = current_scope()
        return Response(
            {"user": request.user.pk, "workspaces": list(scope.workspace_ids), "staff": sorted(scope.staff)}
        )

    def post(self, request: Any) -> Response:
        notify(user=request.user, kind="x", title="must not stay", at=AT)
        raise Conflict("Somebody was faster.", code="faster", field="name", data={"revision": 2})


async def stream(request: HttpRequest) -> HttpResponseBase:
    raise NotFound("nothing", code="not_found")


urlpatterns = [
    path("seen", show_visible_rows),
    path("store", public_page(store)),
    path("refusing", refusing),
    path("team/<slug:slug>", team_page),
    path("queue", queue),
    path("stream", stream),
    path("api/v1/echo", EchoView.as_view()),
]


@pytest.fixture
def signed_in(client: Client) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


def without_tokens(page: HttpResponseBase) -> str:
    """Return the page without its tokens and its URL."""
    text: str = page.content.decode().replace(page.wsgi_request.path, "")  # type: ignore[attr-defined]
    return re.sub(r"(csrf\w*|X-CSRFToken)[^>]*", "", text)


def bearer(plain: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {plain}"}


def test_a_visitor_sees_no_rows(client: Client) -> None:
    notify(user=UserFactory.create(), kind="x", title="private", at=AT)
    seen = json.loads(client.get("/seen").content)
    assert (seen["user"], seen["system"], seen["notes"]) == (None, False, 0)


def test_a_public_page_runs_as_the_public_role(client: Client) -> None:
    with pytest.raises(Exception, match="permission denied"):
        client.get("/store")


def test_a_person_sees_only_their_own_rows(signed_in: Callable[[User], Client]) -> None:
    ada, bob = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Bob")
    notify(user=ada, kind="x", title="for Ada", at=AT)
    notify(user=bob, kind="x", title="for Bob", at=AT)
    seen = json.loads(signed_in(ada).get("/seen").content)
    assert (seen["user"], seen["system"], seen["notes"]) == (ada.pk, False, 1)


def test_an_error_rolls_back_and_shows_its_message(signed_in: Callable[[User], Client]) -> None:
    ada = UserFactory.create()
    client = signed_in(ada)
    page = client.get("/refusing")
    fragment = client.get("/refusing", headers={"HX-Request": "true"})
    assert page.status_code == fragment.status_code == 409
    assert b"<html" in page.content
    assert b"Somebody was faster." in page.content
    assert b"<html" not in fragment.content
    assert b"Somebody was faster." in fragment.content
    assert not Notification.objects.exists()


def test_errors_of_async_views_look_the_same(client: Client) -> None:
    assert client.get("/stream").status_code == 404


def test_another_team_looks_like_an_unknown_address(signed_in: Callable[[User], Client]) -> None:
    owner, stranger = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Stranger")
    team = WorkspaceFactory.create(owner=owner)
    client = signed_in(stranger)
    foreign, absent, unrouted = (
        client.get(url) for url in (f"/team/{team.slug}", "/team/absent", "/no-such-address")
    )
    assert (foreign.status_code, absent.status_code, unrouted.status_code) == (404, 404, 404)
    assert without_tokens(foreign) == without_tokens(absent) == without_tokens(unrouted)


def test_a_removed_member_has_no_access_from_the_next_request(signed_in: Callable[[User], Client]) -> None:
    owner, member = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Member")
    team = WorkspaceFactory.create(owner=owner)
    membership = MemberFactory.create(workspace=team, user=member, role=Role.MEMBER, by=owner)
    _key, plain = create_api_key(
        user=member, workspace=team, name="k", scopes=[ApiScope.GPTS_READ], by=member, at=AT
    )
    client = signed_in(member)
    assert client.get(f"/team/{team.slug}").content == b"Acme"

    remove_member(member=membership, by=owner, at=AT)

    assert client.get(f"/team/{team.slug}").status_code == 404
    assert client.get("/api/v1/echo", headers=bearer(plain)).status_code == 401


def test_deactivation_ends_session_and_key_at_once(
    signed_in: Callable[[User], Client],
) -> None:
    ada = UserFactory.create()
    _key, plain = create_api_key(
        user=ada, workspace=personal_workspace(ada), name="k", scopes=[ApiScope.GPTS_READ], by=ada, at=AT
    )
    client = signed_in(ada)
    assert json.loads(client.get("/seen").content)["user"] == ada.pk
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert json.loads(client.get("/seen").content)["user"] is None
    assert client.get("/api/v1/echo", headers=bearer(plain)).status_code == 401


def test_staff_pages_do_not_exist_for_others(signed_in: Callable[[User], Client]) -> None:
    ada = UserFactory.create()
    client = signed_in(ada)
    assert client.get("/queue").status_code == 404
    grant_staff_role(user=ada, role=Staff.MODERATOR, by=None, at=AT)
    assert client.get("/queue").content == b"queue"


def test_personal_responses_are_never_cached(signed_in: Callable[[User], Client]) -> None:
    assert signed_in(UserFactory.create()).get("/seen").headers["Cache-Control"] == "private, no-store"


def test_a_key_acts_in_its_own_workspace_only(client: Client) -> None:
    ada = UserFactory.create()
    team = WorkspaceFactory.create(owner=ada)
    grant_staff_role(user=ada, role=Staff.MODERATOR, by=None, at=AT)
    _key, plain = create_api_key(
        user=ada, workspace=team, name="k", scopes=[ApiScope.GPTS_READ], by=ada, at=AT
    )
    answer = client.get("/api/v1/echo", headers=bearer(plain))
    assert answer.json() == {"user": ada.pk, "workspaces": [team.pk], "staff": []}
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_only_the_authorization_header_authenticates(signed_in: Callable[[User], Client]) -> None:
    """A session, and the same key anywhere else, do not authenticate."""
    ada = UserFactory.create()
    _key, plain = create_api_key(
        user=ada, workspace=personal_workspace(ada), name="k", scopes=[ApiScope.GPTS_READ], by=ada, at=AT
    )
    client = signed_in(ada)
    client.cookies["api_key"] = plain
    ways: list[dict[str, str]] = [
        {},
        {"X-API-Key": plain},
        {"Authorization": plain},
        {"Authorization": f"Token {plain}"},
        {"Authorization": f"Basic {plain}"},
        bearer(plain + "x"),
        bearer(""),
    ]
    answers = [client.get("/api/v1/echo", {"api_key": plain}, headers=headers) for headers in ways]
    assert [answer.status_code for answer in answers] == [401] * len(ways)
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Bearer realm="Loggia"'}


def test_a_method_needs_its_scope(client: Client) -> None:
    ada = UserFactory.create()
    key, plain = create_api_key(
        user=ada, workspace=personal_workspace(ada), name="k", scopes=[ApiScope.GPTS_READ], by=ada, at=AT
    )
    assert client.post("/api/v1/echo", headers=bearer(plain)).status_code == 403
    assert client.delete("/api/v1/echo", headers=bearer(plain)).status_code in (403, 405)
    revoke_api_key(key=key, by=ada, at=AT)
    assert client.get("/api/v1/echo", headers=bearer(plain)).status_code == 401


def test_api_errors_have_one_format_and_roll_back(client: Client) -> None:
    ada = UserFactory.create()
    _key, plain = create_api_key(
        user=ada, workspace=personal_workspace(ada), name="k", scopes=[ApiScope.GPTS_WRITE], by=ada, at=AT
    )
    answer = client.post("/api/v1/echo", headers=bearer(plain))
    assert (answer.status_code, answer.json()) == (
        409,
        {
            "error": {
                "code": "faster",
                "message": "Somebody was faster.",
                "field": "name",
                "data": {"revision": 2},
            }
        },
    )
    assert list(Notification.objects.values_list("kind", flat=True)) == ["security.api_key_created"]


def test_nul_in_the_query_string_is_a_bad_request(client: Client) -> None:
    page = client.get("/seen?q=%00", headers={"Accept-Language": "zh-CN"})
    toast = client.get("/seen?q=%00", headers={"HX-Request": "true"})
    answer = client.get("/api/v1/echo?q=%00")

    assert [response.status_code for response in (page, toast, answer)] == [400, 400, 400]
    assert "无法读取这个请求" in page.content.decode()
    assert "<html" not in toast.content.decode()
    assert "is damaged" in toast.content.decode()
    assert answer.json()["error"]["code"] == "damaged"


def test_csrf_is_checked_before_a_view_runs() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory.create())
    assert client.post("/refusing").status_code == 403
    assert not Notification.objects.exists()


def test_the_api_ignores_the_session(rf: RequestFactory) -> None:
    from workspaces.web.middleware import authenticate_bearer

    request: Any = rf.get("/api/v1/echo")
    request.user = UserFactory.create()
    scope = authenticate_bearer(request)
    assert isinstance(request.user, AnonymousUser)
    assert scope.user_id is None
