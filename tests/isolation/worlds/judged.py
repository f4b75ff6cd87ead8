"""Submissions, cases, reports and decisions about the owner's GPTs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gpts.assistants.models import GPT, Adoption, AdoptionRequest
from gpts.assistants.services.gpts import create_gpt
from marketplace.models import Listing
from marketplace.services.ratings import rate_listing
from reviews.models import Case, Notice
from reviews.services.claims import claim_case
from reviews.services.reports import ReportInput, file_report
from tests.isolation.worlds.chats import talk
from tests.isolation.worlds.creations import draft
from tests.support.reviews import decide, make_queued_case
from workspaces.access import personal_workspace

SECRET_REPORT = "reported by fernweasel for reasons of its own"
SECRET_NOTE = "private note saltmarten of the moderators"


def build(world: Any) -> None:
    people = world.people
    owner, moderator, reader = people["owner"], people["moderator"], people["reader"]
    now = timezone.now() - timedelta(hours=1)
    world.gpts["listed"] = _own(owner, "Sunrise Promenade", category="writing")
    decide(make_queued_case(world.gpts["listed"], at=now), moderator, "approve", at=now)
    listing = Listing.objects.get(gpt=world.gpts["listed"])
    Adoption.objects.create(
        workspace=world.alpha, gpt=world.gpts["listed"], state="withdrawn", decided_at=now
    )
    for key, name in (("own_adoption_request", "owner"), ("adoption_request", "member")):
        asked = AdoptionRequest.objects.create(
            workspace=world.alpha,
            gpt=world.gpts["listed"],
            requested_by=people[name],
            reason="For our walks.",
            requested_at=now,
        )
        world.ids[key] = asked.pk

    world.gpts["waiting"] = _own(owner, "Glimmerfen Almanac", category="education")
    waiting = make_queued_case(world.gpts["waiting"], at=now)
    world.gpts["claimed"] = _own(owner, "Tessera Cartographer", category="programming")
    claimed = make_queued_case(world.gpts["claimed"], at=now)
    claim = claim_case(case_id=claimed.pk, by=moderator, at=timezone.now())
    claimed.refresh_from_db()

    world.gpts["refused"] = _own(owner, "Obsidian Lullaby", category="other")
    refused = make_queued_case(world.gpts["refused"], at=now)
    decision = decide(
        refused, people["moderator2"], "reject", policies=("quality",), reasoning="Too thin.", at=now
    )

    talk(reader, world.gpts["listed"], personal_workspace(reader))
    rate_listing(listing=listing, stars=4, text="Good walks.", by=reader, at=now)
    report = file_report(
        listing=listing,
        given=ReportInput(category="copyright", explanation=SECRET_REPORT, is_good_faith=True, locale="en"),
        by=reader,
        at=now,
    )
    world.ids |= {
        "listed_slug": listing.slug, "case": waiting.pk, "claimed_case": claimed.pk,
        "claim_token": claim.token, "row_version": claimed.row_version, "decision": decision.pk,
        "submission": waiting.submission.pk, "waiting_slug": world.gpts["waiting"].slug,
        "report": report.pk, "report_case": Case.objects.get(reports=report).pk,
        "notice": Notice.objects.get(decision=decision).pk,
    }  # fmt: skip


def _own(owner: Any, name: str, **fields: Any) -> GPT:
    return create_gpt(
        workspace=personal_workspace(owner),
        owner=owner,
        by=owner,
        at=timezone.now() - timedelta(hours=2),
        **draft(name, **fields),
    )
