"""Who else has a GPT open: visible to people who may view its settings, until they leave."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.web.builder_frame import GROUPS, get_tab_label, get_tab_url
from gpts.chat.streaming.connection import get_sync_redis
from gpts.studio.presence import MAX_WINDOWS, record_presence, remove_presence
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import get_page, sign_in
from tests.support.times import LATER

pytestmark = pytest.mark.django_db


def send_heartbeat(client: Client, gpt: GPT, window: str, **fields: str) -> Any:
    return client.post(reverse("gpts:build-presence", args=[gpt.slug]), {"window": window, **fields})


def names(gpt: GPT, user: Any, window: str) -> list[tuple[str, bool]]:
    return [(person.name, person.is_you) for person in record_presence(gpt, user, window)]


def test_people_see_each_other_and_their_own_other_windows() -> None:
    ada, boss = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Boss")
    gpt = GPTFactory.create(owner=ada, workspace=create_company(boss, builder=ada))

    assert names(gpt, ada, "window-ada-1") == []
    assert names(gpt, boss, "window-boss") == [("Ada", False)]
    assert names(gpt, ada, "window-ada-2") == [("Boss", False), ("Ada", True)]
    remove_presence(gpt, ada, "window-ada-1")
    assert names(gpt, ada, "window-ada-2") == [("Boss", False)]
    remove_presence(gpt, ada, "window-boss")
    assert names(gpt, ada, "window-ada-2") == [("Boss", False)]
    assert names(GPTFactory.create(owner=ada), ada, "window-ada-3") == []


@pytest.mark.parametrize("window", ["", "short", "x" * 41, "window:colon", "fenster-ü-123", "a b c d e f g"])
def test_an_invalid_window_id_is_not_recorded(window: str) -> None:
    gpt = GPTFactory.create()

    assert record_presence(gpt, gpt.owner, window) == []
    remove_presence(gpt, gpt.owner, window)
    assert names(gpt, gpt.owner, "window-0001") == []


def test_at_most_two_hundred_windows_are_kept() -> None:
    """They lie in the Redis of the queue, whose memory invented windows must not fill."""
    gpt = GPTFactory.create()
    for number in range(MAX_WINDOWS + 20):
        record_presence(gpt, gpt.owner, f"window-{number:05}")

    assert names(gpt, gpt.owner, "window-last") == [("Ada", True)]
    assert get_sync_redis().zcard(f"builder:here:{gpt.workspace_id}:{gpt.pk}") == MAX_WINDOWS


def test_a_heartbeat_is_answered_with_the_revision_and_the_people() -> None:
    ada, boss = UserFactory.create(display_name="<b>Ada</b>"), UserFactory.create(display_name="Boss")
    gpt = GPTFactory.create(owner=ada, workspace=create_company(boss, builder=ada))
    send_heartbeat(sign_in(ada), gpt, "window-ada-1")
    update_draft(gpt=gpt, revision=1, changes={"name": "Other"}, by=ada, at=LATER)

    body = send_heartbeat(sign_in(boss), gpt, "window-boss").json()

    assert body["revision"] == 2
    assert [(person["label"], person["is_you"]) for person in body["people"]] == [("<b>Ada</b>", False)]
    assert "<b>" not in body["people"][0]["html"]
    assert send_heartbeat(sign_in(ada), gpt, "window-ada-1", leave="1").json() == {}
    assert send_heartbeat(sign_in(boss), gpt, "window-boss").json()["people"] == []


def test_strangers_neither_see_nor_are_seen() -> None:
    gpt, eve = GPTFactory.create(), UserFactory.create(display_name="Eve")

    refused = send_heartbeat(sign_in(eve), gpt, "window-eve-1")

    assert refused.status_code == 404
    assert names(gpt, gpt.owner, "window-ada-1") == []


def test_pages_are_grouped_and_one_that_does_not_exist_yet_is_left_out() -> None:
    gpt = GPTFactory.create()
    client = sign_in(gpt.owner)

    shown = {page: get_page(client, f"build-{page}", gpt.slug) for page in ("knowledge", "bench", "share")}

    assert "actions" in GROUPS["build"]
    assert all(str(get_tab_label(key)) for pages in GROUPS.values() for key in pages)
    for page, group in (("knowledge", "build"), ("bench", "test"), ("share", "publish")):
        groups, tabs = (
            re.findall(r'href="([^"]+)"( aria-current="(?:true|page)")?', part)
            for part in re.split(
                r"</nav>|build-nav__menu|build-nav__tabs", shown[page].split('class="build-nav"')[1]
            )[0:3:2]
        )
        firsts = [(get_tab_url(pages[0], gpt.slug), key == group) for key, pages in GROUPS.items()]
        assert [(url, bool(mark)) for url, mark in groups] == firsts
        own = [(url, key == page) for key in GROUPS[group] if (url := get_tab_url(key, gpt.slug))]
        assert [(url, bool(mark)) for url, mark in tabs] == own
