"""Who else has the builder open: told to those who may look, gone when they leave."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.web.builder_frame import TABS, get_tab_label, get_tab_url
from gpts.studio.presence import MOST_WINDOWS, be_here, leave
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import get_page, sign_in
from tests.support.times import LATER

pytestmark = pytest.mark.django_db


def beat(client: Client, gpt: GPT, window: str, **more: str) -> Any:
    return client.post(reverse("gpts:build-presence", args=[gpt.slug]), {"window": window, **more})


def names(gpt: GPT, user: Any, window: str) -> list[tuple[str, bool]]:
    return [(person.name, person.is_you) for person in be_here(gpt, user, window)]


def test_everybody_sees_the_others_and_their_own_other_window() -> None:
    ada, boss = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Boss")
    gpt = GPTFactory.create(owner=ada, workspace=create_company(boss, builder=ada))

    assert names(gpt, ada, "window-ada-1") == []
    assert names(gpt, boss, "window-boss") == [("Ada", False)]
    assert names(gpt, ada, "window-ada-2") == [("Boss", False), ("Ada", True)]
    leave(gpt, ada, "window-ada-1")
    assert names(gpt, ada, "window-ada-2") == [("Boss", False)]
    leave(gpt, ada, "window-boss")
    assert names(gpt, ada, "window-ada-2") == [("Boss", False)]
    assert names(GPTFactory.create(owner=ada), ada, "window-ada-3") == []


@pytest.mark.parametrize("window", ["", "short", "x" * 41, "window:colon", "fenster-ü-123", "a b c d e f g"])
def test_a_window_that_is_none_leaves_no_trace(window: str) -> None:
    gpt = GPTFactory.create()

    assert be_here(gpt, gpt.owner, window) == []
    leave(gpt, gpt.owner, window)
    assert names(gpt, gpt.owner, "window-0001") == []


def test_thousands_of_windows_are_not_all_read() -> None:
    gpt = GPTFactory.create()
    for number in range(MOST_WINDOWS + 20):
        be_here(gpt, gpt.owner, f"window-{number:05}")

    assert names(gpt, gpt.owner, "window-last") == [("Ada", True)]


def test_the_page_tells_the_revision_and_the_people() -> None:
    ada, boss = UserFactory.create(display_name="<b>Ada</b>"), UserFactory.create(display_name="Boss")
    gpt = GPTFactory.create(owner=ada, workspace=create_company(boss, builder=ada))
    beat(sign_in(ada), gpt, "window-ada-1")
    update_draft(gpt=gpt, revision=1, changes={"name": "Other"}, by=ada, at=LATER)

    told = beat(sign_in(boss), gpt, "window-boss").json()

    assert told["revision"] == 2
    assert [(person["label"], person["is_you"]) for person in told["people"]] == [("<b>Ada</b>", False)]
    assert "<b>" not in told["people"][0]["html"]
    assert beat(sign_in(ada), gpt, "window-ada-1", leave="1").json() == {}
    assert beat(sign_in(boss), gpt, "window-boss").json()["people"] == []


def test_strangers_neither_see_nor_are_seen() -> None:
    gpt, eve = GPTFactory.create(), UserFactory.create(display_name="Eve")

    refused = beat(sign_in(eve), gpt, "window-eve-1")

    assert refused.status_code == 404
    assert names(gpt, gpt.owner, "window-ada-1") == []


def test_the_frame_knows_a_tab_whose_page_is_still_to_come_and_leaves_it_out() -> None:
    gpt = GPTFactory.create()

    shown = get_page(sign_in(gpt.owner), "build-share", gpt.slug)

    assert "actions" in TABS
    assert all(str(get_tab_label(key)) for key in TABS)
    bar = shown.split('class="tabs__list"')[1].split("</nav>")[0]
    expected = [key for key in TABS if get_tab_url(key, gpt.slug)]
    assert re.findall(r'href="([^"]+)"', bar) == [get_tab_url(key, gpt.slug) for key in expected]
    assert ("Actions" in bar) == ("actions" in expected)
