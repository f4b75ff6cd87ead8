"""Choosing the GPT of a new chat: recent, own, the workspace's; nothing that the person may not chat with."""

from __future__ import annotations

import re
from functools import partial
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.scope import open_scope, system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.chat.mentions import list_chat_choices, list_mentions
from marketplace.queries.suggestions import list_store_slugs
from tests.support.chat import create_conversation, create_public_gpt
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import make_listing
from tests.support.pages import sign_in
from tests.support.query_plans import list_whole_reads_of
from tests.support.times import NOW
from workspaces.access import scope_for

pytestmark = pytest.mark.django_db


def read_groups(client: Client, **query: str) -> dict[str, list[str]]:
    answer = client.get("/c/new", query)
    assert answer.status_code == 200
    page = answer.content.decode()
    return {
        unescape(title): [unescape(name) for name in re.findall(r'choices__name clamp-1">([^<]*)<', rest)]
        for title, rest in re.findall(r'class="choices__title"[^>]*>([^<]*)</h3>(.*?)</section>', page, re.S)
    }


def share_by_link(gpt: GPT) -> GPT:
    with system_scope("tests"):
        set_live_version(gpt=gpt, version=VersionFactory.create(gpt=gpt), audience=Audience.LINK, at=NOW)
    return gpt


def test_recent_and_own_gpts_without_previews_and_without_what_has_gone() -> None:
    reader, maker = UserFactory.create(), UserFactory.create()
    names = ("Used first", "Used last", "Quarantined", "Deleted")
    used = [create_public_gpt(owner=maker, name=name) for name in names]
    for gpt in used:
        create_conversation(reader, gpt=gpt)
    with system_scope("tests"):
        quarantine_gpt(gpt=used[2], by=None, at=NOW)
        GPT.objects.filter(pk=used[3].pk).update(deleted_at=NOW)
    share_by_link(GPTFactory.create(owner=reader, name="Mine by link"))
    draft = GPTFactory.create(owner=reader, name="Only a draft")
    create_conversation(reader, gpt=draft)  # a preview
    share_by_link(GPTFactory.create(owner=maker, name="Theirs by link"))
    make_listing(owner=maker, name="In the store")
    client = sign_in(reader)

    groups = read_groups(client)

    assert set(groups) == {"Recent", "Yours"}
    assert sorted(groups["Recent"]) == ["Used first", "Used last"]
    assert groups["Yours"] == ["Mine by link"]
    assert read_groups(client, q="used  LAST") == {"Recent": ["Used last"]}
    assert read_groups(client, q="in the") == {"Store": ["In the store"]}
    assert read_groups(client, q="theirs") == {}
    assert Client().get("/c/new").status_code == 302


def test_the_open_chats_gpt_comes_first_and_only_if_one_may_chat_with_it() -> None:
    reader = UserFactory.create()
    gpt, hidden = create_public_gpt(name="Essay coach"), GPTFactory.create(name="Hidden coach")
    client = sign_in(reader)

    page = client.get("/c/new", {"gpt": gpt.slug}).content.decode()
    assert "New chat with Essay coach" in page
    assert f'href="/g/{gpt.slug}/chat"' in page
    for slug in (hidden.slug, "nothing", "a\\x00b"):
        page = client.get("/c/new", {"gpt": slug}).content.decode()
        assert "New chat with" not in page
        assert "Hidden coach" not in page


def test_nothing_found_and_nothing_yet_lead_on() -> None:
    client = sign_in(UserFactory.create())

    empty = client.get("/c/new").content.decode()
    assert 'href="/"' in empty.split("<main")[1].split("</main>")[0]
    missing = client.get("/c/new", {"q": '<b>"x" & y'}).content.decode()
    assert "/search?q=%3Cb%3E%22x%22%20%26%20y" in missing
    assert "<b>" not in missing.split("<main")[1]


def test_the_dialog_and_the_list_are_fragments_of_the_page() -> None:
    client = sign_in(UserFactory.create())

    def get_fragment(target: str) -> str:
        answer = client.get("/c/new", headers={"HX-Request": "true", "HX-Target": target})
        assert "HX-Target" in answer["Vary"]
        return answer.content.decode().strip()

    assert get_fragment("dialog-place").startswith("<dialog")
    assert "<form" not in get_fragment("new-chat-choices")
    assert get_fragment("elsewhere").startswith("<!doctype html>")


def test_the_number_of_queries_does_not_grow() -> None:
    reader = UserFactory.create()
    client = sign_in(reader)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            read_groups(client)
        return len(queries)

    create_conversation(reader)
    first = count()
    for _more in range(2):
        create_conversation(reader)
    assert count() == first


def test_no_table_of_gpts_is_read_whole_while_somebody_types() -> None:
    reader = UserFactory.create()
    create_conversation(reader)
    make_listing(name="Chess club", starters=[])
    with open_scope(scope_for(reader)):
        for find in (list_mentions, list_chat_choices):
            for text in ("", "che"):
                read = list_whole_reads_of(partial(find, reader, text, in_store=list_store_slugs(text)))
                # For what the store found PostgreSQL has two indexes of GPTs, which cost alike while there
                # are few of them; it may read the wrong one whole.
                few = {"gpts_gpt"} if text else set()
                large = {"gpts_gpt", "gpts_liveversion", "gpts_version", "marketplace_listing"}
                assert not read & (large - few)
