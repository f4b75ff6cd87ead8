"""Icon, audiences and restoring by the API: as the pages do, with the same refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.services.versions import freeze_version
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from tests.support.uploads import make_picture

pytestmark = pytest.mark.django_db


def put_icon(call: ApiClient, slug: str, file: Any) -> Any:
    return call.client.generic(
        "PUT", f"/api/v1/gpts/{slug}/icon", encode_multipart(BOUNDARY, {"icon": file} if file else {}),
        content_type=MULTIPART_CONTENT, headers=call.headers,
    )  # fmt: skip


def state_of(gpt: GPT) -> tuple[Any, ...]:
    gpt.refresh_from_db()
    return gpt.icon, gpt.draft_revision, Version.objects.count(), LiveVersion.objects.count()


def test_an_icon_is_set_and_removed() -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)

    made = put_icon(call, gpt.slug, make_picture())
    gpt.refresh_from_db()
    stored = gpt.icon
    removed = call("DELETE", f"gpts/{gpt.slug}/icon")

    assert (made.status_code, made.json()["icon_url"], made.json()["revision"]) == (200, f"/{stored}", 2)
    assert stored.startswith("icons/")
    assert (removed.status_code, state_of(gpt)[:2]) == (204, ("", 3))


def test_an_icon_is_refused_as_on_the_page() -> None:
    gpt = GPTFactory.create()
    call, before = ApiClient(gpt.owner), state_of(gpt)
    text = SimpleUploadedFile("a.png", b"<svg onload=alert(1)>")
    huge = SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024))

    answers = [put_icon(call, gpt.slug, file) for file in (text, huge, None)]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [
        (400, "bad_icon"), (413, "icon_too_large"), (400, "invalid_input"),
    ]  # fmt: skip
    assert [answer.json()["error"]["field"] for answer in answers] == ["icon"] * 3
    assert (
        put_icon(ApiClient(UserFactory.create(display_name="Eve")), gpt.slug, make_picture()).status_code
        == 404
    )
    assert put_icon(ApiClient(gpt.owner, scopes=("gpts:read",)), gpt.slug, make_picture()).status_code == 403
    assert state_of(gpt) == before


def test_the_link_serves_the_draft_as_a_version_until_it_is_cleared() -> None:
    gpt = GPTFactory.create(description="Plans.", instructions="Plan.")
    call, path = ApiClient(gpt.owner), f"gpts/{gpt.slug}/audiences/link"

    first, second = call("POST", path, {"release_notes": "Out"}), call("POST", path, {})

    assert (first.status_code, first.json()["number"], first.json()["live"]) == (200, 1, ["link"])
    assert second.json() == first.json()
    assert first.json()["release_notes"] == "Out"
    assert call("GET", f"gpts/{gpt.slug}").json()["live"] == {"link": 1}
    assert [call("DELETE", path).status_code for _time in range(2)] == [204, 204]
    assert call("GET", f"gpts/{gpt.slug}").json()["live"] == {}


def test_a_company_gets_a_version_in_its_store() -> None:
    ada = UserFactory.create()
    company = create_company(ada)
    gpt = GPTFactory.create(owner=ada, workspace=company)

    made = ApiClient(ada, company)("POST", f"gpts/{gpt.slug}/audiences/workspace", {})

    assert (made.status_code, made.json()["live"]) == (200, ["workspace"])
    assert LiveVersion.objects.get().audience == "workspace"


def test_audiences_are_refused_as_on_the_page() -> None:
    gpt = GPTFactory.create(description="Plans.", instructions="Plan.")
    bare = GPTFactory.create(owner=gpt.owner, description="", instructions="")
    call = ApiClient(gpt.owner)

    # Nobody goes round the review, and a person alone has no company's store.
    for audience in ("public", "workspace", "everybody"):
        for method in ("POST", "DELETE"):
            refused = call(method, f"gpts/{gpt.slug}/audiences/{audience}", {})
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unknown_choice")
    unready = call("POST", f"gpts/{bare.slug}/audiences/link", {})
    assert (unready.status_code, unready.json()["error"]["code"]) == (400, "not_ready")
    assert set(unready.json()["error"]["data"]["errors"]) == {"description", "instructions"}
    stranger = ApiClient(UserFactory.create(display_name="Eve"))
    assert stranger("POST", f"gpts/{gpt.slug}/audiences/link", {}).status_code == 404
    assert not Version.objects.exists()
    assert not LiveVersion.objects.exists()


def test_a_version_comes_back_into_the_draft_unless_it_moved_on() -> None:
    gpt = GPTFactory.create(instructions="The old way.")
    freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    call, path = ApiClient(gpt.owner), f"gpts/{gpt.slug}/versions/1/restore"
    changed = call("PATCH", f"gpts/{gpt.slug}", {"revision": 1, "instructions": "The new way."}).json()

    stale = call("POST", path, {"revision": 1})
    missing = call("POST", path, {})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "draft_changed")
    assert stale.json()["error"]["data"] == {"revision": changed["revision"]}
    assert (missing.status_code, missing.json()["error"]["field"]) == (400, "revision")
    assert call("POST", f"gpts/{gpt.slug}/versions/7/restore", {"revision": 2}).status_code == 404
    assert GPT.objects.get().instructions == "The new way."

    restored = call("POST", path, {"revision": changed["revision"]})
    assert (restored.status_code, restored.json()["instructions"]) == (200, "The old way.")
    assert restored.json()["revision"] == changed["revision"] + 1
