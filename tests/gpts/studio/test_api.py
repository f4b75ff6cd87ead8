"""GPTs by the API: the exact keys, refusals, other people's GPTs, bodies with fields that may not be set."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.look.icon_files import build_icon_url
from gpts.assistants.models import GPT, Version
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.services.files import add_knowledge_file
from gpts.llm.services.providers import ensure_offline_provider
from reviews.models import Submission
from tests.support.api_client import FILE_KEYS, ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from tests.support.uploads import make_upload
from workspaces.access import personal_workspace

pytestmark = pytest.mark.django_db

SUMMARY = {
    "slug", "workspace", "name", "description", "category", "live", "newest_version", "is_quarantined",
    "conversation_count", "created_at", "updated_at",
}  # fmt: skip
WHOLE = (SUMMARY - {"newest_version"}) | {
    "instructions", "starters", "icon_url", "language_model", "capabilities", "temperature", "revision",
    "seed", "output_format", "output_schema", "parallel_tool_calls", "model_choice", "allowed_models",
    "answers_only_from_knowledge", "no_answer_text",
}  # fmt: skip
VERSION_SUMMARY = {"number", "name", "release_notes", "content_hash", "created_by", "created_at", "live"}
VERSION = VERSION_SUMMARY | {
    "description", "instructions", "starters", "category", "model_name", "capabilities", "temperature",
    "knowledge_hashes",
    "seed", "output_format", "output_schema", "parallel_tool_calls", "model_choice", "allowed_models",
    "answers_only_from_knowledge", "no_answer_text",
}  # fmt: skip
SUBMISSION = {"id", "version", "state", "note", "submitted_at", "closed_at"}
MODEL = {
    "id", "name", "label", "provider", "context_window", "max_output_tokens", "capabilities", "is_default",
    "features", "input_price_micros", "output_price_micros", "retired_at",
}  # fmt: skip


def test_a_gpt_is_created_read_changed_and_deleted() -> None:
    model = ensure_offline_provider(at=NOW)
    ada = UserFactory.create()
    call = ApiClient(ada)

    created = call("POST", "gpts", {"name": "Coach", "starters": ["Hi"], "temperature": "0.5"})
    slug = created.json()["slug"]
    changed = call("PATCH", f"gpts/{slug}", {"revision": 1, "description": "New"})
    read = call("GET", f"gpts/{slug}")
    wrong = call("DELETE", f"gpts/{slug}", {"name": "coach"})
    gone = call("DELETE", f"gpts/{slug}", {"name": "Coach"})

    assert (created.status_code, changed.status_code, read.status_code) == (201, 200, 200)
    assert set(created.json()) == WHOLE
    assert created.json() | {"created_at": 0, "updated_at": 0} == {
        "slug": slug,
        "workspace": personal_workspace(ada).slug,
        "name": "Coach",
        "description": "",
        "instructions": "",
        "starters": ["Hi"],
        "category": "other",
        "icon_url": build_icon_url(slug, "other"),
        "language_model": model.pk,
        "capabilities": [],
        "temperature": "0.50",
        "seed": None,
        "output_format": "text",
        "output_schema": None,
        "parallel_tool_calls": True,
        "model_choice": "any",
        "allowed_models": [],
        "answers_only_from_knowledge": False,
        "no_answer_text": "",
        "revision": 1,
        "live": {},
        "is_quarantined": False,
        "conversation_count": None,
        "created_at": 0,
        "updated_at": 0,
    }
    assert (read.json()["description"], read.json()["revision"]) == ("New", 2)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "name_mismatch")
    assert gone.status_code == 204
    assert call("GET", f"gpts/{slug}").status_code == 404


def test_a_change_with_an_old_revision_is_refused_with_the_current_values() -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)
    call("PATCH", f"gpts/{gpt.slug}", {"revision": 1, "name": "Theirs"})

    response = call("PATCH", f"gpts/{gpt.slug}", {"revision": 1, "name": "Mine"})

    assert response.status_code == 409
    assert response.json()["error"]["data"] == {"revision": 2, "fields": {"name": "Theirs"}}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None},
        {"name": ""},
        {"name": {"a": 1}},
        {"name": "x" * 51},
        {"name": "A", "starters": "text"},
        {"name": "A", "starters": [["x"]]},
        {"name": "A", "starters": ["x"] * 100_000},
        {"name": "A", "category": "none"},
        {"name": "A", "category": []},
        {"name": "A", "capabilities": [1]},
        {"name": "A", "temperature": 3},
        {"name": "A", "temperature": "NaN"},
        {"name": "A", "language_model": "x"},
        {"name": "A", "language_model": 10**40},
        {"name": "A", "instructions": "x" * 8001},
    ],
)
def test_invalid_bodies_are_refused_and_nothing_is_written(body: Any) -> None:
    response = ApiClient(UserFactory.create())("POST", "gpts", body)

    assert response.status_code == 400
    assert set(response.json()["error"]) == {"code", "message", "field", "data"}
    assert not GPT.objects.exists()


def test_fields_that_may_not_be_set_are_ignored() -> None:
    gpt, eve = GPTFactory.create(), UserFactory.create(display_name="Eve")
    before = GPT.objects.filter(pk=gpt.pk).values().get()

    response = ApiClient(gpt.owner)(
        "PATCH",
        f"gpts/{gpt.slug}",
        {
            "revision": 1,
            "slug": "taken",
            "owner": eve.pk,
            "owner_id": eve.pk,
            "workspace": personal_workspace(eve).slug,
            "workspace_id": 1,
            "draft_revision": 99,
            "quarantined_at": None,
            "deleted_at": "2026-01-01T00:00:00Z",
            "conversation_count": 10**6,
            "icon": "icons/x.webp",
            "live": {"public": 1},
            "created_at": "2000-01-01T00:00:00Z",
        },
    )

    assert response.status_code == 200
    assert GPT.objects.filter(pk=gpt.pk).values().get() == before


def test_the_list_has_own_gpts_of_the_api_keys_workspace_with_exact_keys() -> None:
    ada = UserFactory.create()
    company = create_company(UserFactory.create(display_name="Boss"), builder=ada)
    mine, inside = (
        GPTFactory.create(owner=ada),
        GPTFactory.create(owner=ada, workspace=company, name="Inside"),
    )
    GPTFactory.create(name="Foreign")

    own = ApiClient(ada)("GET", "gpts").json()
    companys = ApiClient(ada, company)("GET", "gpts").json()

    assert set(own) == {"items", "next_cursor", "previous_cursor"}
    assert [set(item) for item in own["items"]] == [SUMMARY]
    assert [item["slug"] for item in own["items"]] == [mine.slug]
    assert [item["slug"] for item in companys["items"]] == [inside.slug]
    assert ApiClient(ada)("GET", f"gpts/{inside.slug}").status_code == 404


@pytest.mark.parametrize("path", ["gpts", "gpts/{slug}/versions", "gpts/{slug}/knowledge"])
def test_lists_need_the_same_queries_for_one_and_three_rows(path: str) -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)
    call("GET", "models")  # the first use of a key in a minute is recorded
    counts: list[int] = []

    for wanted in (1, 3):
        for number in range((counts and 1) or 0, wanted):
            name = f"{wanted}-{number}"
            add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", name), by=gpt.owner, at=NOW)
            version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
            set_live_version(gpt=gpt, version=version, audience=Audience.LINK, at=NOW)
            if wanted == 3:
                GPTFactory.create(owner=gpt.owner, name=name)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = call("GET", path.format(slug=gpt.slug))
        assert len(response.json()["items"]) == wanted
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_versions_and_their_differences() -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)

    first = call("POST", f"gpts/{gpt.slug}/versions", {"release_notes": "One"})
    again = call("POST", f"gpts/{gpt.slug}/versions", {})
    call("PATCH", f"gpts/{gpt.slug}", {"revision": 1, "name": "Prose coach"})
    listed = call("GET", f"gpts/{gpt.slug}/versions").json()["items"]
    read = call("GET", f"gpts/{gpt.slug}/versions/1").json()
    diff = call("GET", f"gpts/{gpt.slug}/diff?from=1").json()

    assert set(first.json()) == VERSION
    assert again.json() == first.json() == read
    assert [set(item) for item in listed] == [VERSION_SUMMARY]
    assert Version.objects.count() == 1
    assert diff == {
        "before": "1",
        "after": "draft",
        "differences": [
            {
                "field": "name",
                "lines": [
                    {
                        "kind": "remove",
                        "segments": [{"kind": "remove", "text": "Essay"}, {"kind": "same", "text": " coach"}],
                    },
                    {
                        "kind": "add",
                        "segments": [{"kind": "add", "text": "Prose"}, {"kind": "same", "text": " coach"}],
                    },
                ],
            }
        ],
    }
    for query in ("", "?from=2", "?from=x", "?from=1&to=99", "?from=٣"):
        assert call("GET", f"gpts/{gpt.slug}/diff{query}").status_code == 404


def test_submitting_reading_and_withdrawing() -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)
    path = f"gpts/{gpt.slug}/submission"

    none = call("GET", path)
    refused = call("POST", path, {"attested": False})
    first = call("POST", path, {"attested": True, "note": "Please"})
    second = call("POST", path, {"attested": True, "note": "Please"})
    deleted = call("DELETE", f"gpts/{gpt.slug}", {"name": gpt.name})
    withdrawn = call("DELETE", path)

    assert (none.status_code, refused.status_code, first.status_code) == (404, 400, 201)
    assert set(first.json()) == SUBMISSION
    assert first.json() == second.json()
    assert (deleted.status_code, deleted.json()["error"]["code"]) == (409, "under_review")
    assert withdrawn.json()["state"] == "withdrawn"
    assert Submission.objects.count() == 1


def test_files_are_added_listed_and_removed() -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)
    path = f"gpts/{gpt.slug}/knowledge"

    added = call.upload(path, "a.md", "# One\nText")
    refused = call.upload(path, "a.pdf", "%PDF")
    missing = call("POST", path, {})
    listed = call("GET", path).json()["items"]
    removed = call("DELETE", f"{path}/{added.json()['id']}")

    assert added.status_code == 201
    assert set(added.json()) == FILE_KEYS
    assert listed == [added.json()]
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "file")
    assert missing.status_code == 400
    assert removed.status_code == 204
    assert not KnowledgeFile.objects.exists()


def test_models_show_neither_the_providers_key_nor_its_url() -> None:
    ensure_offline_provider(at=NOW)

    items = ApiClient(UserFactory.create())("GET", "models").json()["items"]

    assert [set(item) for item in items] == [MODEL]


def routes(gpt: GPT, file: KnowledgeFile) -> list[tuple[str, str, Any]]:
    return [
        ("GET", f"gpts/{gpt.slug}", None),
        ("PATCH", f"gpts/{gpt.slug}", {"revision": 1, "name": "Hacked"}),
        ("DELETE", f"gpts/{gpt.slug}", {"name": gpt.name}),
        ("GET", f"gpts/{gpt.slug}/versions", None),
        ("POST", f"gpts/{gpt.slug}/versions", {}),
        ("GET", f"gpts/{gpt.slug}/versions/1", None),
        ("GET", f"gpts/{gpt.slug}/diff?from=1", None),
        ("GET", f"gpts/{gpt.slug}/submission", None),
        ("POST", f"gpts/{gpt.slug}/submission", {"attested": True}),
        ("DELETE", f"gpts/{gpt.slug}/submission", None),
        ("GET", f"gpts/{gpt.slug}/knowledge", None),
        ("POST", f"gpts/{gpt.slug}/knowledge", {}),
        ("DELETE", f"gpts/{gpt.slug}/knowledge/{file.pk}", None),
    ]


def test_outsiders_get_the_404_of_an_unknown_gpt_and_write_nothing() -> None:
    ada, bob, eve = (
        UserFactory.create(),
        UserFactory.create(display_name="Bob"),
        UserFactory.create(display_name="Eve"),
    )
    company = create_company(UserFactory.create(display_name="Boss"), builder=ada, member=bob)
    gpt = GPTFactory.create(owner=ada, workspace=company)
    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "Secret"), by=ada, at=NOW)
    version = freeze_version(gpt=gpt, release_notes="", by=ada, at=NOW)
    set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)
    before = (list(GPT.objects.values()), Version.objects.count(), KnowledgeFile.objects.count())
    absent = ApiClient(eve)("GET", "gpts/no-such-gpt").content

    for call in (ApiClient(bob, company), ApiClient(eve, create_company(eve)), ApiClient(ada)):
        for method, path, body in routes(gpt, file):
            response = call(method, path, body)
            assert response.status_code == 404, (method, path)
            assert response.content == absent
    for method, path, body in routes(gpt, file):
        anonymous = Client().generic(
            method, f"/api/v1/{path}", json.dumps(body), content_type="application/json"
        )
        assert anonymous.status_code == 401
    assert (list(GPT.objects.values()), Version.objects.count(), KnowledgeFile.objects.count()) == before
    assert not Submission.objects.exists()


def test_a_key_without_the_scope_is_refused() -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner, scopes=("gpts:read",))

    assert call("GET", f"gpts/{gpt.slug}").status_code == 200
    assert call("PATCH", f"gpts/{gpt.slug}", {"revision": 1, "name": "X"}).status_code == 403
    assert ApiClient(gpt.owner, scopes=("chat",))("GET", "gpts").status_code == 403


def test_an_admin_of_the_workspace_may_read_but_not_edit() -> None:
    ada, boss = UserFactory.create(), UserFactory.create(display_name="Boss")
    company = create_company(boss, builder=ada)
    gpt = GPTFactory.create(owner=ada, workspace=company)
    call = ApiClient(boss, company)

    assert call("GET", f"gpts/{gpt.slug}").status_code == 200
    refused = call("PATCH", f"gpts/{gpt.slug}", {"revision": 1, "name": "X"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "gpt_forbidden")
