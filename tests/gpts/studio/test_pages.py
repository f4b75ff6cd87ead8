"""The studio's pages: what they show and save, and whom they refuse."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.queries.gpts import list_own_gpts
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import freeze_version
from gpts.assistants.web.builder_frame import get_tab_url
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.services.files import add_knowledge_file
from gpts.llm.services.providers import ensure_offline_provider
from gpts.studio.gpt_templates import TEMPLATES, list_templates
from reviews.models import Submission
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import get_page, sign_in
from tests.support.times import NOW
from tests.support.uploads import make_picture, make_upload

pytestmark = pytest.mark.django_db

HOSTILE = "<img src=x onerror=alert(1)>"


def test_the_list_shows_a_persons_own_gpts_with_their_state() -> None:
    ada = UserFactory.create()
    GPTFactory.create(owner=ada, name="Mine")
    GPTFactory.create(name="Foreign")

    body = get_page(sign_in(ada), "build-list")

    assert "Mine" in body
    assert "Foreign" not in body
    assert "Draft" in body


def test_an_empty_list_links_to_the_form_for_a_new_gpt() -> None:
    body = get_page(sign_in(UserFactory.create()), "build-list")

    assert reverse("gpts:build-new") in body
    assert "No GPT yet" in body


def test_an_invalid_cursor_is_refused() -> None:
    response = sign_in(UserFactory.create()).get(reverse("gpts:build-list"), {"cursor": "nonsense"})

    assert response.status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_needs_the_same_queries_for_one_and_three_gpts(
    count: int, django_assert_num_queries: Any
) -> None:
    ada = UserFactory.create()
    company = create_company(UserFactory.create(display_name="Boss"), builder=ada)
    for number in range(count):
        gpt = GPTFactory.create(owner=ada, workspace=company, name=f"GPT {number}")
        freeze_version(gpt=gpt, release_notes="", by=ada, at=NOW)

    with django_assert_num_queries(2):
        rows = list(list_own_gpts(ada))
        assert [row.workspace.name for row in rows] == [company.name] * count
        from reviews.queries.submissions import gpts_in_review

        assert gpts_in_review([row.pk for row in rows]) == set()


def test_a_gpt_is_created_from_a_template() -> None:
    ada = UserFactory.create()
    client = sign_in(ada)

    response = client.post(reverse("gpts:build-new"), {"name": "Library", "pattern": "knowledge"})

    gpt = GPT.objects.get()
    assert response.headers["Location"] == reverse("gpts:build-configure", args=[gpt.slug])
    assert (gpt.name, gpt.category, gpt.capabilities) == ("Library", "research-analysis", ["file_search"])
    assert "documents" in gpt.instructions
    assert gpt.workspace.person == ada


def test_after_an_invalid_name_the_form_keeps_its_values() -> None:
    response = sign_in(UserFactory.create()).post(
        reverse("gpts:build-new"), {"name": "x" * 51, "pattern": "structured", "workspace": ""}
    )

    body = response.content.decode()
    assert response.status_code == 400
    assert "x" * 51 in body
    assert 'value="structured" checked' in body
    assert not GPT.objects.exists()


def test_a_gpt_is_not_created_in_a_workspace_where_the_person_may_not_build() -> None:
    ada, eve = UserFactory.create(), UserFactory.create(display_name="Eve")
    company = create_company(UserFactory.create(display_name="Boss"), member=ada)

    for user in (ada, eve):
        sign_in(user).post(reverse("gpts:build-new"), {"name": "X", "workspace": company.slug})

    assert not GPT.objects.exists()


def test_every_page_of_a_gpt_works_for_its_owner_and_escapes_names() -> None:
    ensure_offline_provider(at=NOW)
    ada = UserFactory.create(display_name=HOSTILE)
    gpt = GPTFactory.create(owner=ada, name=HOSTILE, description=HOSTILE, starters=[HOSTILE])
    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.md", f"# {HOSTILE}\n{HOSTILE}"), by=ada, at=NOW)
    freeze_version(gpt=gpt, release_notes=HOSTILE, by=ada, at=NOW)
    client = sign_in(ada)

    for name, args in (
        ("build-list", ()),
        ("build-new", ()),
        ("build-configure", (gpt.slug,)),
        ("build-preview", (gpt.slug,)),
        ("build-knowledge", (gpt.slug,)),
        ("build-knowledge-text", (gpt.slug, file.pk)),
        ("build-versions", (gpt.slug,)),
        ("build-share", (gpt.slug,)),
    ):
        body = get_page(client, name, *args)
        assert "<img src=x" not in body, name
        assert "<title>" in body
        assert "Loggia</title>" in body
    assert "<img src=x" not in get_page(client, "build-diff", gpt.slug, **{"from": 1, "to": "draft"})


def list_routes(gpt: GPT, file: KnowledgeFile) -> list[tuple[str, str]]:
    slug = gpt.slug
    return [
        ("get", reverse("gpts:build-configure", args=[slug])),
        ("post", reverse("gpts:build-configure", args=[slug])),
        ("post", reverse("gpts:build-icon", args=[slug])),
        ("get", reverse("gpts:build-preview", args=[slug])),
        ("get", reverse("gpts:build-knowledge", args=[slug])),
        ("post", reverse("gpts:build-knowledge", args=[slug])),
        ("get", reverse("gpts:build-knowledge-text", args=[slug, file.pk])),
        ("post", reverse("gpts:build-knowledge-delete", args=[slug, file.pk])),
        ("get", reverse("gpts:build-versions", args=[slug])),
        ("post", reverse("gpts:build-freeze", args=[slug])),
        ("get", reverse("gpts:build-diff", args=[slug]) + "?from=1&to=draft"),
        ("get", reverse("gpts:build-change-log", args=[slug])),
        ("post", reverse("gpts:build-restore", args=[slug, 1])),
        ("get", reverse("gpts:build-share", args=[slug])),
        ("post", reverse("gpts:build-submit", args=[slug])),
        ("post", reverse("gpts:build-withdraw", args=[slug])),
        ("post", reverse("gpts:build-audience", args=[slug])),
        ("post", reverse("gpts:build-delete", args=[slug])),
    ]


def read_all_rows() -> tuple[Any, ...]:
    return (
        list(GPT.objects.order_by("pk").values()),
        list(Version.objects.order_by("pk").values()),
        list(KnowledgeFile.objects.order_by("pk").values()),
        LiveVersion.objects.count(),
        Submission.objects.count(),
    )


def test_members_and_admins_of_other_workspaces_get_404_and_change_nothing() -> None:
    ada, bob = UserFactory.create(), UserFactory.create(display_name="Bob")
    gpt = GPTFactory.create(
        owner=ada, workspace=create_company(UserFactory.create(display_name="Boss"), builder=ada, member=bob)
    )
    file = add_knowledge_file(gpt=gpt, upload=make_upload("a.txt", "Secret text"), by=ada, at=NOW)
    freeze_version(gpt=gpt, release_notes="", by=ada, at=NOW)
    other_admin = UserFactory.create(display_name="Eve")
    create_company(other_admin)
    before = read_all_rows()
    form = {"name": "Hacked", "revision": "2", "confirmation": gpt.name, "audience": "link", "remove": "1"}

    for user in (bob, other_admin):
        client = sign_in(user)
        for method, url in list_routes(gpt, file):
            response = getattr(client, method)(url, form if method == "post" else None)
            assert response.status_code == 404, (url, response.status_code)
            assert "Secret" not in response.content.decode()
    for method, url in list_routes(gpt, file):
        response = getattr(Client(), method)(url)
        assert response.status_code == 302, url
        assert "/login" in response.headers["Location"]
    assert read_all_rows() == before


def test_an_admin_may_read_and_share_but_not_edit() -> None:
    ada, boss = UserFactory.create(), UserFactory.create(display_name="Boss")
    gpt = GPTFactory.create(owner=ada, workspace=create_company(boss, builder=ada))
    client = sign_in(boss)

    assert "disabled" in get_page(client, "build-configure", gpt.slug)
    refused = client.post(reverse("gpts:build-configure", args=[gpt.slug]), {"name": "X", "revision": "1"})
    shared = client.post(reverse("gpts:build-audience", args=[gpt.slug]), {"audience": "workspace"})

    assert refused.status_code == 403
    assert shared.status_code == 302
    assert LiveVersion.objects.get().audience == "workspace"
    gpt.refresh_from_db()
    assert gpt.name == "Essay coach"


def test_a_file_of_another_gpt_is_not_found_under_an_own_slug() -> None:
    ada = UserFactory.create()
    mine, theirs = GPTFactory.create(owner=ada), GPTFactory.create()
    file = add_knowledge_file(gpt=theirs, upload=make_upload("a.txt", "Secret"), by=theirs.owner, at=NOW)
    client = sign_in(ada)

    read = client.get(reverse("gpts:build-knowledge-text", args=[mine.slug, file.pk]))
    deleted = client.post(reverse("gpts:build-knowledge-delete", args=[mine.slug, file.pk]))

    assert (read.status_code, deleted.status_code) == (404, 404)
    assert KnowledgeFile.objects.count() == 1


def autosave(client: Client, gpt: GPT, **data: Any) -> Any:
    return client.post(
        reverse("gpts:build-configure", args=[gpt.slug]), data, headers={"Accept": "application/json"}
    )


def test_autosave_changes_only_the_posted_fields() -> None:
    gpt = GPTFactory.create()

    response = autosave(sign_in(gpt.owner), gpt, revision="1", fields="name", name="New name")

    gpt.refresh_from_db()
    assert response.json()["revision"] == 2
    assert response.json()["values"] == {"name": "New name"}
    assert (gpt.name, gpt.description) == ("New name", "Reads your draft and asks what you mean.")


def test_autosave_answers_with_the_errors_by_field() -> None:
    gpt = GPTFactory.create()

    response = autosave(sign_in(gpt.owner), gpt, revision="1", fields="name,category", name="", category="no")

    assert response.status_code == 400
    assert set(response.json()["errors"]) == {"name", "category"}


def test_autosave_with_an_old_revision_gets_the_current_values() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    autosave(client, gpt, revision="1", fields="name", name="Theirs")

    response = autosave(
        client, gpt, revision="1", fields="name,description", name="Mine", description="Mine too"
    )

    body = response.json()
    assert response.status_code == 409
    assert body["revision"] == 2
    assert body["fresh"] == {"name": "Theirs", "description": "Reads your draft and asks what you mean."}
    again = autosave(
        client, gpt, revision="2", fields="name,description", name="Mine", description="Mine too"
    )
    assert again.json()["revision"] == 3


def test_autosave_ignores_fields_that_are_not_in_the_form() -> None:
    gpt = GPTFactory.create()

    autosave(
        sign_in(gpt.owner),
        gpt,
        revision="1",
        fields="slug,owner_id,quarantined_at,draft_revision",
        slug="taken",
        owner_id="1",
        draft_revision="99",
    )

    gpt.refresh_from_db()
    assert (gpt.draft_revision, gpt.owner.display_name) == (1, "Ada")
    assert gpt.slug != "taken"


def build_form(gpt: GPT, **changes: Any) -> dict[str, Any]:
    return {
        "revision": "1",
        "name": gpt.name,
        "description": gpt.description,
        "instructions": gpt.instructions,
        "starters": gpt.starters,
        "category": gpt.category,
        "language_model": "",
        "temperature": "",
    } | changes


def test_the_plain_form_saves_and_keeps_its_text_in_a_conflict() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    url = reverse("gpts:build-configure", args=[gpt.slug])

    saved = client.post(url, build_form(gpt, name="First"))
    stale = client.post(url, build_form(gpt, name="Second", starters=["A", "", "B"]))

    body = stale.content.decode()
    assert (saved.status_code, stale.status_code) == (302, 409)
    assert 'value="Second"' in body
    assert "First" in body
    assert 'value="B"' in body
    assert 'name="revision" value="2"' in body
    final = client.post(url, build_form(gpt, revision="2", name="Second"))
    assert final.status_code == 302
    gpt.refresh_from_db()
    assert gpt.name == "Second"


def test_the_plain_form_shows_errors_and_keeps_its_values() -> None:
    gpt = GPTFactory.create()

    response = sign_in(gpt.owner).post(
        reverse("gpts:build-configure", args=[gpt.slug]),
        build_form(gpt, name="Kept", temperature="hot", starters=["x" * 201]),
    )

    body = response.content.decode()
    assert response.status_code == 400
    assert 'value="Kept"' in body
    assert 'value="hot"' in body
    assert "from 0 to 2" in body
    assert "1 character too long" in body


def test_an_icon_is_set_served_with_a_long_cache_time_and_removed() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    url = reverse("gpts:build-icon", args=[gpt.slug])

    client.post(url, {"icon": make_picture()})

    gpt.refresh_from_db()
    shown = Client().get(f"/{gpt.icon}")
    assert shown.status_code == 200
    assert shown.headers["Content-Type"] == "image/webp"
    assert shown.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert Client().get("/icons/" + "0" * 64 + ".webp").status_code == 404
    client.post(url, {"remove": "1"})
    gpt.refresh_from_db()
    assert gpt.icon == ""


def test_an_invalid_icon_is_refused_with_the_reason() -> None:
    gpt = GPTFactory.create()

    response = sign_in(gpt.owner).post(
        reverse("gpts:build-icon", args=[gpt.slug]), {"icon": make_upload("a.svg", "<svg/>")}, follow=True
    )

    assert "PNG, JPEG, WebP or GIF" in response.content.decode()


def test_valid_files_of_an_upload_are_added_though_others_are_refused() -> None:
    gpt = GPTFactory.create()

    response = sign_in(gpt.owner).post(
        reverse("gpts:build-knowledge", args=[gpt.slug]),
        {"file": [make_upload("good.txt", "Text"), make_upload("bad.pdf", b"%PDF")]},
    )

    assert response.status_code == 400
    assert "bad.pdf" in response.content.decode()
    assert [file.name for file in KnowledgeFile.objects.all()] == ["good.txt"]


def test_freezing_comparing_and_restoring() -> None:
    gpt = GPTFactory.create(instructions="Ask before you correct.\nBe kind.")
    client = sign_in(gpt.owner)
    client.post(reverse("gpts:build-freeze", args=[gpt.slug]), {"release_notes": "First"})
    autosave(client, gpt, revision="1", fields="instructions", instructions="Ask before you judge.\nBe kind.")

    body = get_page(client, "build-diff", gpt.slug, **{"from": 1, "to": "draft"})
    log = json.loads(get_page(client, "build-change-log", gpt.slug))
    client.post(reverse("gpts:build-restore", args=[gpt.slug, 1]), {"revision": "2"})

    assert "<del>correct.</del>" in body
    assert "<ins>judge.</ins>" in body
    assert [entry["release_notes"] for entry in log["versions"]] == ["First"]
    gpt.refresh_from_db()
    assert gpt.instructions == "Ask before you correct.\nBe kind."


@pytest.mark.parametrize("name", ["7", "0", "abc", "99999999999999", ""])
def test_an_unknown_version_cannot_be_compared(name: str) -> None:
    gpt = GPTFactory.create()

    response = sign_in(gpt.owner).get(reverse("gpts:build-diff", args=[gpt.slug]), {"from": name})

    assert response.status_code == 404


def test_submitting_twice_makes_one_submission_which_can_be_withdrawn() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    url = reverse("gpts:build-submit", args=[gpt.slug])

    client.post(url, {"attested": "on", "release_notes": "Hello"})
    client.post(url, {"attested": "on", "release_notes": "Hello"})

    assert Submission.objects.count() == 1
    assert "In review" in get_page(client, "build-list")
    assert reverse("gpts:build-withdraw", args=[gpt.slug]) in get_page(client, "build-share", gpt.slug)
    deleted = client.post(
        reverse("gpts:build-delete", args=[gpt.slug]), {"confirmation": gpt.name}, follow=True
    )
    assert "under review" in deleted.content.decode()
    client.post(reverse("gpts:build-withdraw", args=[gpt.slug]))
    assert Submission.objects.get().state == "withdrawn"


def test_submitting_without_attestation_or_description_is_refused() -> None:
    bare, whole = GPTFactory.create(description=""), GPTFactory.create()

    first = sign_in(bare.owner).post(reverse("gpts:build-submit", args=[bare.slug]), {"attested": "on"})
    second = sign_in(whole.owner).post(reverse("gpts:build-submit", args=[whole.slug]), {"note": "Kept text"})

    assert (first.status_code, second.status_code) == (400, 400)
    assert "Kept text" in second.content.decode()
    assert not Submission.objects.exists()
    assert not Version.objects.exists()


def test_audiences_that_need_a_review_or_are_unknown_are_refused() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)

    for audience in ("public", "workspace", "", "nobody"):
        response = client.post(reverse("gpts:build-audience", args=[gpt.slug]), {"audience": audience})
        assert response.status_code == 400

    assert not LiveVersion.objects.exists()


def test_sharing_by_link_and_stopping_it() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    url = reverse("gpts:build-audience", args=[gpt.slug])

    client.post(url, {"audience": "link"})
    assert f"/g/{gpt.slug}/chat" in get_page(client, "build-share", gpt.slug)
    client.post(url, {"audience": "link", "stop": "1"})

    assert not LiveVersion.objects.exists()


def test_deleting_needs_the_name_as_confirmation() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)
    url = reverse("gpts:build-delete", args=[gpt.slug])

    client.post(url, {"confirmation": "wrong"})
    assert GPT.objects.filter(pk=gpt.pk, deleted_at__isnull=True).exists()
    client.post(url, {"confirmation": gpt.name})

    assert GPT.objects.filter(pk=gpt.pk, deleted_at__isnull=False).exists()
    assert client.get(reverse("gpts:build-configure", args=[gpt.slug])).status_code == 404


def test_the_owner_may_read_but_not_change_a_quarantined_gpt() -> None:
    gpt = GPTFactory.create()
    quarantine_gpt(gpt=gpt, at=NOW)
    client = sign_in(gpt.owner)

    assert "quarantined" in get_page(client, "build-configure", gpt.slug).lower()
    for name in ("build-configure", "build-submit", "build-audience", "build-delete", "build-freeze"):
        assert client.post(reverse(f"gpts:{name}", args=[gpt.slug]), {"name": "X"}).status_code == 403
    gpt.refresh_from_db()
    assert (gpt.name, gpt.deleted_at) == ("Essay coach", None)


def test_the_list_shows_the_live_version_and_a_newer_one_that_is_not_live() -> None:
    ada = UserFactory.create()
    client = sign_in(ada)
    GPTFactory.create(owner=ada, name="Bare")
    gpt = GPTFactory.create(owner=ada, name="Ahead")
    client.post(reverse("gpts:build-audience", args=[gpt.slug]), {"audience": "link"})
    autosave(client, gpt, revision="1", fields="name", name="Further ahead")

    def cell(name: str) -> str:
        row = get_page(client, "build-list").split(name)[1].split("</tr>")[0]
        return " ".join(
            re.sub("<[^>]+>", " ", row.split('data-label="Version"')[1].split("</td>")[0]).split()
        )

    assert cell("Bare") == "> none yet"
    assert cell("Further ahead") == "> 1 live"
    client.post(reverse("gpts:build-freeze", args=[gpt.slug]))
    assert cell("Further ahead") == "> 1 live , 2 not live"
    client.post(reverse("gpts:build-audience", args=[gpt.slug]), {"audience": "link", "stop": "1"})
    assert cell("Further ahead") == "> 2 not live"


def test_templates_for_actions_are_not_offered_while_there_are_no_actions() -> None:
    client = sign_in(UserFactory.create())
    held_back = {template.key for template in TEMPLATES if template.needs_actions}

    shown = client.get(reverse("gpts:build-new")).content.decode()
    made = [
        client.post(reverse("gpts:build-new"), {"name": "Mine", "pattern": key}).headers["Location"]
        for key in sorted(held_back)
    ]

    assert held_back == {"action", "bridge"}
    assert get_tab_url("actions", "any") == ""
    assert re.findall(r'name="pattern"\s+value="(\w+)"', shown) == ["blank", "knowledge", "structured"]
    assert len(made) == 2
    assert list(GPT.objects.values_list("instructions", flat=True)) == ["", ""]
    assert {template.key for template in list_templates(with_actions=True)} >= held_back
