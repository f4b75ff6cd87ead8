"""Hostile text in every field that people fill in is harmless wherever it is shown."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import create_gpt
from gpts.knowledge.services.files import add_knowledge_file
from marketplace.models import Listing
from marketplace.services.builders import upsert_builder_profile
from marketplace.services.ratings import rate_listing
from reviews.models import Case, Notice
from reviews.services.notices import send_notice
from reviews.services.reports import ReportInput, file_report
from tests.isolation.requests import as_person
from tests.isolation.world import World
from tests.isolation.worlds.chats import talk
from tests.isolation.worlds.creations import draft
from tests.support.reviews import decide, make_queued_case
from tests.support.uploads import make_upload
from workspaces.access import personal_workspace
from workspaces.services.users import update_profile
from workspaces.services.workspaces import update_workspace

pytestmark = pytest.mark.django_db

SCRIPT = "<script>boom()</script>"
CORPUS = (
    f"Walk {SCRIPT}",
    'Walk "><img src=x onerror=boom()>',
    "Walk '-boom()-' {{7*7}} {% boom %}",
    "Walk </textarea></title><svg onload=boom()>",
    "Walk [x](javascript:boom()) ![p](https://evil.test/p.png)",
)
FORMULA = '=HYPERLINK("https://evil.test")'


class Reader(HTMLParser):
    """Collects the parts of a page that would run or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_ours = "nonce" in given or (given.get("src") or "").startswith("/static/")
        if tag == "script" and not is_ours and given.get("type") != "application/json":
            self.bad.append(f"script {given}")
        for name, value in attrs:
            text = (value or "").strip().lower()
            if name.startswith("on") or text.startswith(("javascript:", "data:text")) or name == "srcdoc":
                self.bad.append(f"{tag} {name}={value}")
            if name in ("src", "srcset", "poster", "data") and "//" in text:
                self.bad.append(f"{tag} loads {value}")

    def handle_data(self, data: str) -> None:
        if "49" in data and "7*7" not in data and data.strip() == "49":
            self.bad.append("a template expression was evaluated")


def assert_harmless(answer: Any, where: str) -> None:
    text = answer.content.decode() if hasattr(answer, "content") else answer
    reader = Reader()
    reader.feed(text)
    assert reader.bad == [], where
    assert SCRIPT not in text, where


@pytest.fixture
def stage(world: World, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A listing, a refused GPT, a chat, a rating, a report and people, all with the same hostile text."""
    text = request.param
    now, author = timezone.now(), world.people["stranger"]
    update_profile(user=author, display_name=text[:60], language="en", time_zone="UTC", by=author, at=now)
    author.refresh_from_db()
    update_workspace(
        workspace=world.alpha,
        name=text[:60],
        accent=world.alpha.accent,
        by=world.people["owner"],
        at=now,
    )
    upsert_builder_profile(
        user=author, handle="hostile-one", display_name=text[:60], bio=text, by=author, at=now
    )
    gpts: dict[str, GPT] = {}
    for name in ("listed", "refused"):
        fields = draft(f"{text[:40]} {name}", description=text, starters=[text])
        fields["instructions"] += f" {text}"
        gpts[name] = create_gpt(
            workspace=personal_workspace(author), owner=author, by=author, at=now, **fields
        )
    add_knowledge_file(
        gpt=gpts["listed"], upload=make_upload("a <img src=x onerror=boom()>.txt", text), by=author, at=now
    )
    moderator = world.people["moderator2"]
    decide(make_queued_case(gpts["listed"], at=now), moderator, "approve", reasoning=text, at=now)
    refused = make_queued_case(gpts["refused"], at=now)
    decision = decide(refused, moderator, "reject", policies=("quality",), reasoning=text, at=now)
    listing = Listing.objects.get(gpt=gpts["listed"])
    reader = world.people["reader"]
    conversation, _turn = talk(reader, gpts["listed"], personal_workspace(reader), says=text)
    rate_listing(listing=listing, stars=5, text=text, by=reader, at=now)
    report = file_report(
        listing=listing,
        given=ReportInput(category="copyright", explanation=text, is_good_faith=True, locale="en"),
        by=world.people["second"],
        at=now,
    )
    return {
        "listing": listing, "gpts": gpts, "decision": decision, "conversation": conversation,
        "case": Case.objects.get(reports=report), "refused": refused, "text": text,
    }  # fmt: skip


@pytest.mark.parametrize("stage", CORPUS, indirect=True)
def test_hostile_text_is_harmless_on_pages(stage: dict[str, Any], world: World) -> None:
    slug, refused = stage["listing"].slug, stage["gpts"]["refused"].slug
    pages = {
        "anonymous": [
            "/",
            "/search?q=walk",
            f"/g/{slug}",
            "/builders/hostile-one",
            f"/g/{slug}/report",
            "/leaderboards",
        ],
        "stranger": [
            "/build/",
            f"/build/{slug}/configure",
            f"/build/{slug}/knowledge",
            f"/build/{slug}/versions",
            f"/build/{slug}/share",
            f"/build/{slug}/preview",
            f"/build/{refused}/share",
            "/settings/",
            "/settings/notifications/",
            reverse("reviews:decision-detail", args=[stage["decision"].pk]),
            "/earnings/",
            "/builders/me/edit",
        ],
        "reader": [f"/c/{stage['conversation'].pk}", "/c/", f"/g/{slug}", f"/g/{slug}/chat"],
        "owner": [
            f"/w/{world.alpha.slug}/",
            f"/w/{world.alpha.slug}/admin/members",
            f"/w/{world.alpha.slug}/admin/audit",
        ],
        "moderator": [
            "/moderation/",
            "/moderation/decisions",
            reverse("reviews:case-detail", args=[stage["case"].pk]),
            reverse("reviews:case-detail", args=[stage["refused"].pk]),
        ],
    }
    for who, paths in pages.items():
        client = Client() if who == "anonymous" else as_person(world, who)
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 200, (who, path)
            assert_harmless(answer, f"{who} {path}")


@pytest.mark.parametrize("stage", CORPUS[:2], indirect=True)
def test_hostile_text_is_harmless_in_mail(stage: dict[str, Any]) -> None:
    mail.outbox.clear()
    send_notice(notice_id=Notice.objects.get(decision=stage["decision"]).pk, at=timezone.now())
    (sent,) = mail.outbox
    assert "\n" not in sent.subject
    for body, kind in getattr(sent, "alternatives", []):
        assert kind != "text/html" or SCRIPT not in body


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t="])
def test_no_cell_of_a_csv_file_is_a_formula(start: str, world: World) -> None:
    person = world.people["owner"]
    update_workspace(
        workspace=world.alpha,
        name=f"{start}cmd|' /C calc'!A0",
        accent=world.alpha.accent,
        by=person,
        at=timezone.now(),
    )
    update_profile(
        user=person, display_name=FORMULA, language="en", time_zone="UTC", by=person, at=timezone.now()
    )
    answer = as_person(world, "owner").get(f"/w/{world.alpha.slug}/admin/audit?format=csv")
    assert answer.status_code == 200
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) > 2
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "\t"))] == []
