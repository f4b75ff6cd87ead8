"""The Versions tab: the list, one version, differences word by word, restoring with undo, the change log."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from gpts.assistants.models import GPT, Version
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.icons import set_drawn_icon
from gpts.assistants.services.versions import freeze_version
from gpts.knowledge.services.files import add_knowledge_file
from gpts.studio.services.sharing import share_draft
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import get_page, sign_in
from tests.support.times import LATER, NOW
from tests.support.uploads import make_upload

pytestmark = pytest.mark.django_db

VERSION_LIST_QUERIES = 16
TOKEN = re.compile(r'(csrfmiddlewaretoken" value=|"X-CSRFToken": |nonce=)"[^"]*"')


def change(gpt: GPT, **changes: Any) -> GPT:
    gpt.refresh_from_db()
    return update_draft(gpt=gpt, revision=gpt.draft_revision, changes=changes, by=gpt.owner, at=LATER)


def freeze(gpt: GPT, notes: str = "") -> Version:
    gpt.refresh_from_db()
    return freeze_version(gpt=gpt, release_notes=notes, by=gpt.owner, at=NOW)


@pytest.fixture
def gpt() -> GPT:
    """Two versions, the first of them live by link, and a draft that is ahead of both."""
    gpt = GPTFactory.create(instructions="Ask before you correct.\nBe kind.")
    share_draft(gpt=gpt, audiences=["link"], release_notes="The beginning", by=gpt.owner, at=NOW)
    change(gpt, instructions="Ask before you judge.\nBe kind.", description="Reads drafts.")
    freeze(gpt, "Kinder")
    return change(gpt, name="Prose coach")


def test_the_list_says_who_when_why_and_where_each_is_live(gpt: GPT) -> None:
    body = get_page(sign_in(gpt.owner), "build-versions", gpt.slug)

    first, second = body.split('id="v2"')[1].split('id="v1"')
    assert "Kinder" in first
    assert "Not live" in first
    assert "Previous" not in first
    assert "by Ada" in first
    assert "<time" in first
    assert "The beginning" in second
    assert "Live: Anyone with the link" in second
    assert "Same as the draft" not in body
    assert "The draft has changes that no version holds yet." in body


def test_the_bar_of_each_page_names_what_is_live_and_that_the_draft_is_ahead(gpt: GPT) -> None:
    client = sign_in(gpt.owner)

    for name in ("create", "configure", "preview", "knowledge", "versions", "tests", "share"):
        body = get_page(client, f"build-{name}", gpt.slug)
        bar = body.split('class="build-bar"')[1].split("</section>")[0]
        assert "Live: version 1" in bar, name
        assert "Draft has changes" in bar, name
    preview = get_page(client, "build-preview", gpt.slug)
    assert "live is version 1" in preview
    client.post(reverse("gpts:build-freeze", args=[gpt.slug]), {"live": "link"})
    preview = get_page(client, "build-preview", gpt.slug)
    assert "Live: version 3" in preview
    assert "Draft has changes" not in preview
    assert "same as what is live" in preview


def test_a_draft_that_nobody_is_served_is_called_a_draft() -> None:
    gpt = GPTFactory.create()
    freeze(gpt)
    change(gpt, name="Other")

    bar = get_page(sign_in(gpt.owner), "build-configure", gpt.slug).split('class="build-bar"')[1]
    bar = bar.split("</section>")[0]

    assert ">Draft<" in bar
    assert "Live" not in bar
    assert "Draft has changes" not in bar


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_queries(count: int, django_assert_num_queries: Any) -> None:
    gpt = GPTFactory.create()
    for number in range(count):
        change(gpt, name=f"Name {number}")
        freeze(gpt)
    client = sign_in(gpt.owner)
    get_page(client, "build-versions", gpt.slug)

    with django_assert_num_queries(VERSION_LIST_QUERIES):
        get_page(client, "build-versions", gpt.slug)


def test_a_version_shows_what_it_holds_and_what_it_changed(gpt: GPT) -> None:
    add_knowledge_file(gpt=gpt, upload=make_upload("levers.md", "# Tyres\nTwo levers."), by=gpt.owner, at=NOW)
    freeze(gpt)

    body = get_page(sign_in(gpt.owner), "build-version", gpt.slug, 2)
    third = get_page(sign_in(gpt.owner), "build-version", gpt.slug, 3)

    assert "<del>correct.</del>" in body
    assert "<ins>judge.</ins>" in body
    assert "Kinder" in body
    assert Version.objects.get(gpt=gpt, number=2).content_hash in body
    assert "Prose coach" not in body.split("<main")[1].split('id="holds"')[1]
    assert "levers.md" in third
    assert "Same as the draft" in third


def test_differences_are_shown_word_by_word_also_in_chinese() -> None:
    gpt = GPTFactory.create(instructions="先提问，再修改。\n保持友善。")
    freeze(gpt)
    change(gpt, instructions="先提问，再评价。\n保持友善。", starters=["Read my first paragraph", "And this"])

    body = get_page(sign_in(gpt.owner), "build-diff", gpt.slug, **{"from": 1, "to": "draft"})

    assert "先提问，再<del>修改</del>。" in body
    assert "先提问，再<ins>评价</ins>。" in body
    assert "And this" in body
    back = get_page(sign_in(gpt.owner), "build-diff", gpt.slug, **{"from": "draft", "to": 1})
    assert "<ins>修改</ins>" in back


def test_icons_and_files_are_compared_by_what_people_see() -> None:
    gpt = GPTFactory.create()
    freeze(gpt)
    set_drawn_icon(gpt=gpt, variant=2, by=gpt.owner, at=LATER)
    add_knowledge_file(
        gpt=gpt, upload=make_upload("levers.md", "# Tyres\nTwo levers."), by=gpt.owner, at=LATER
    )

    body = get_page(sign_in(gpt.owner), "build-diff", gpt.slug, **{"from": 1, "to": "draft"})

    assert "levers.md" in body
    assert "Icon" in body
    gpt.refresh_from_db()
    assert gpt.icon.removeprefix("icons/") not in body.split('class="diff')[1]


def test_restoring_keeps_what_stood_there_and_is_undone(gpt: GPT) -> None:
    client = sign_in(gpt.owner)
    gpt.refresh_from_db()

    restored = client.post(
        reverse("gpts:build-restore", args=[gpt.slug, 1]), {"revision": str(gpt.draft_revision)}
    )

    assert restored.headers["Location"].endswith("?restored=1&kept=3")
    gpt.refresh_from_db()
    assert (gpt.name, gpt.description) == ("Essay coach", "Reads your draft and asks what you mean.")
    told = client.get(restored.headers["Location"]).content.decode()
    assert "The draft is the same as version 1." in told
    assert "The draft is version 1 again" in told
    assert "What it was before is kept as version 3." in told
    undone = client.post(
        reverse("gpts:build-restore", args=[gpt.slug, 3]), {"revision": str(gpt.draft_revision), "undo": "1"}
    )
    assert undone.headers["Location"].endswith("/versions")
    gpt.refresh_from_db()
    assert (gpt.name, gpt.description) == ("Prose coach", "Reads drafts.")
    # What stood there at the undo is version 1, which is kept already.
    assert list(Version.objects.filter(gpt=gpt).order_by("number").values_list("number", flat=True)) == [
        1,
        2,
        3,
    ]
    # What is live never moved.
    assert gpt.live_versions.get().version.number == 1


def test_restoring_over_an_edit_that_was_not_seen_is_refused(gpt: GPT) -> None:
    gpt.refresh_from_db()
    seen = gpt.draft_revision
    change(gpt, name="Edited meanwhile")

    response = sign_in(gpt.owner).post(
        reverse("gpts:build-restore", args=[gpt.slug, 1]), {"revision": str(seen)}, follow=True
    )

    assert "The draft changed since you opened this page" in response.content.decode()
    gpt.refresh_from_db()
    assert gpt.name == "Edited meanwhile"
    assert Version.objects.filter(gpt=gpt).count() == 2


def test_the_change_log_as_json_and_as_markdown(gpt: GPT) -> None:
    client = sign_in(gpt.owner)

    told = client.get(reverse("gpts:build-change-log", args=[gpt.slug]))
    written = client.get(reverse("gpts:build-change-log-markdown", args=[gpt.slug]))

    log = json.loads(told.content)
    assert told.headers["Content-Disposition"] == f'attachment; filename="{gpt.slug}-changes.json"'
    assert [entry["number"] for entry in log["versions"]] == [2, 1]
    assert [entry["live"] for entry in log["versions"]] == [[], ["link"]]
    assert {entry["created_by"] for entry in log["versions"]} == {"Ada"}
    assert [change["field"] for change in log["versions"][0]["changes"]] == ["description", "instructions"]
    text = written.content.decode()
    assert written.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert text.startswith("# Prose coach\n\n## Version 2 · 2026-03-10 · Ada\n\nKinder\n")
    assert "- Ask before you correct.\n+ Ask before you judge.\n" in text
    assert "Be kind." not in text


def test_a_fence_in_the_text_does_not_break_out_of_the_change_log() -> None:
    gpt = GPTFactory.create(name="# Not a heading", instructions="Plain")
    freeze(gpt)
    change(gpt, instructions="```\n## Version 99\n````")
    freeze(gpt)

    text = sign_in(gpt.owner).get(reverse("gpts:build-change-log-markdown", args=[gpt.slug])).content.decode()

    assert "`````diff\n" in text
    assert "\n## Version 99" not in text


def everything(gpt: GPT, number: int | str) -> list[tuple[str, str]]:
    slug = gpt.slug
    return [
        ("get", reverse("gpts:build-version", args=[slug, number])),
        ("get", reverse("gpts:build-diff", args=[slug]) + f"?from={number}&to=draft"),
        ("get", reverse("gpts:build-diff", args=[slug]) + f"?from=1&to={number}"),
        ("post", reverse("gpts:build-restore", args=[slug, number])),
    ]


def test_a_version_of_another_gpt_is_not_there_whatever_its_number() -> None:
    ada = UserFactory.create()
    mine, theirs = GPTFactory.create(owner=ada), GPTFactory.create(instructions="Secret recipe")
    freeze(mine)
    for number in range(3):
        change(theirs, name=f"Theirs {number}")
        freeze(theirs)
    client = sign_in(ada)
    before = list(GPT.objects.order_by("pk").values())

    answers = {
        (method, getattr(client, method)(url, {"revision": "1"} if method == "post" else None).status_code)
        for number in (2, 3, Version.objects.get(gpt=theirs, number=3).pk, 2**31 - 1)
        for method, url in everything(mine, number)
    }

    assert answers == {("get", 404), ("post", 404)}
    assert list(GPT.objects.order_by("pk").values()) == before


def test_outsiders_get_the_page_of_an_unknown_address(gpt: GPT) -> None:
    stranger, member = UserFactory.create(display_name="Eve"), UserFactory.create(display_name="Bob")
    inside = GPTFactory.create(
        owner=(ada := UserFactory.create()),
        workspace=create_company(UserFactory.create(display_name="Boss"), builder=ada, member=member),
    )
    freeze(inside)
    before = list(GPT.objects.order_by("pk").values())

    for user, target in ((stranger, gpt), (member, inside)):
        client = sign_in(user)
        for method, url in everything(target, 1):
            response = getattr(client, method)(url)
            absent = getattr(client, method)(url.replace(target.slug, "no-such-gpt"))
            assert (response.status_code, absent.status_code) == (404, 404), url
            assert plain(response, target) == plain(absent, target), url
    assert list(GPT.objects.order_by("pk").values()) == before
    assert Client().get(everything(gpt, 1)[0][1]).status_code == 302


def plain(response: Any, gpt: GPT) -> str:
    """The page without its token, and with one address for all."""
    text = TOKEN.sub("", response.content.decode())
    return text.replace(gpt.slug, "slug").replace("no-such-gpt", "slug")
