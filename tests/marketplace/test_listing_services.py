"""Publishing, delisting, quarantining and restoring listings, from every state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import IllegalTransition, InvalidInput
from core.models import AuditEvent
from gpts.assistants.models import LiveVersion
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.states import Audience
from marketplace.cards import make_tagline
from marketplace.models import Listing, ListingRelease, SearchTerm
from marketplace.services.listings import (
    delist_listing,
    publish_listing,
    quarantine_listing,
    restore_listing,
)
from marketplace.states import ALLOWED, ListingAct, ListingState
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import NOW, make_gpt, make_listing, make_version

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)


def test_publish_copies_public_facts_and_goes_live() -> None:
    gpt = make_gpt(capabilities=["web_search"])
    version = make_version(gpt, notes="First.")

    listing = publish_listing(gpt=gpt, version=version, by=None, at=NOW)

    listing.refresh_from_db()
    assert (listing.slug, listing.name, listing.category) == (gpt.slug, "Essay coach", "writing")
    assert listing.tagline == "Reads your draft and asks what you mean."
    assert listing.capabilities == ["web_search"]
    assert (listing.state, listing.version_number, listing.languages) == ("listed", 1, ["en"])
    assert listing.builder_name == gpt.owner.display_name
    assert LiveVersion.objects.get(gpt=gpt, audience=Audience.PUBLIC).version == version
    assert list(listing.releases.values_list("number", "notes")) == [(1, "First.")]
    assert AuditEvent.objects.filter(action="marketplace.listing_published").count() == 1
    assert "Secret" not in str(Listing.objects.filter(pk=listing.pk).values())


def test_a_new_version_keeps_url_first_date_and_figures() -> None:
    listing = make_listing()
    listing.score.__class__.objects.filter(pk=listing.pk).update(stars_5=2, rating_count=2, rating_sum=10)
    gpt = update_draft(
        gpt=listing.gpt, revision=listing.gpt.draft_revision, changes={"name": "Essay friend"},
        by=listing.publisher, at=LATER,
    )  # fmt: skip

    again = publish_listing(gpt=gpt, version=make_version(gpt, at=LATER), by=None, at=LATER)

    again.refresh_from_db()
    assert (again.pk, again.slug, again.published_at) == (listing.pk, listing.slug, NOW)
    assert (again.name, again.version_number, again.updated_at) == ("Essay friend", 2, LATER)
    assert again.score.rating_count == 2
    assert set(ListingRelease.objects.values_list("number", flat=True)) == {1, 2}
    assert SearchTerm.objects.get(term="coach").listing_count == 0
    assert SearchTerm.objects.get(term="friend").listing_count == 1


def test_publishing_the_live_version_again_changes_nothing() -> None:
    listing = make_listing()
    events = AuditEvent.objects.count()

    publish_listing(gpt=listing.gpt, version=listing.version, by=None, at=LATER)

    listing.refresh_from_db()
    assert listing.updated_at == NOW
    assert AuditEvent.objects.count() == events


def test_a_foreign_version_is_refused() -> None:
    gpt, other = make_gpt(), make_gpt()

    with pytest.raises(InvalidInput) as refused:
        publish_listing(gpt=gpt, version=make_version(other), by=None, at=NOW)

    assert refused.value.code == "foreign_version"
    assert not Listing.objects.exists()


def test_delist_and_restore() -> None:
    listing, moderator = make_listing(), UserFactory.create(display_name="Mo")

    delist_listing(listing=listing, by=moderator, at=LATER, reason="Copies another GPT.")

    listing.refresh_from_db()
    assert listing.state == ListingState.DELISTED
    assert not LiveVersion.objects.filter(gpt=listing.gpt).exists()
    event = AuditEvent.objects.get(action="marketplace.listing_delisted")
    assert (event.actor_id, event.reason) == (moderator.pk, "Copies another GPT.")
    assert event.subject_id == str(listing.pk)

    restore_listing(listing=listing, by=moderator, at=LATER)

    listing.refresh_from_db()
    assert listing.state == ListingState.LISTED
    assert LiveVersion.objects.get(gpt=listing.gpt).version_id == listing.version_id


@pytest.mark.parametrize("start", [ListingState.LISTED, ListingState.DELISTED])
def test_restore_after_quarantine_brings_back_the_state_before(start: ListingState) -> None:
    listing = make_listing()
    if start == ListingState.DELISTED:
        delist_listing(listing=listing, by=None, at=NOW, reason="Asked for.")

    quarantine_listing(listing=listing, by=None, at=LATER, reason="Phishing.")
    listing.gpt.refresh_from_db()
    assert listing.gpt.quarantined_at == LATER
    assert SearchTerm.objects.get(term="coach").listing_count == 0

    restore_listing(listing=listing, by=None, at=LATER)
    restored = Listing.objects.select_related("gpt").get(pk=listing.pk)
    assert (restored.state, restored.state_before) == (start, "")
    assert restored.gpt.quarantined_at is None
    assert SearchTerm.objects.get(term="coach").listing_count == (1 if start == ListingState.LISTED else 0)
    assert LiveVersion.objects.filter(gpt=listing.gpt).exists() is (start == ListingState.LISTED)


@pytest.mark.parametrize("act", list(ListingAct))
@pytest.mark.parametrize("state", list(ListingState))
def test_every_step_from_every_state(state: ListingState, act: ListingAct) -> None:
    listing = make_listing()
    before = "listed" if state == ListingState.QUARANTINED else ""
    Listing.objects.filter(pk=listing.pk).update(state=state, state_before=before)
    version = make_version(
        update_draft(
            gpt=listing.gpt, revision=listing.gpt.draft_revision, changes={"name": "Other"},
            by=listing.publisher, at=NOW,
        )
    )  # fmt: skip
    steps = {
        ListingAct.PUBLISH: lambda: publish_listing(gpt=listing.gpt, version=version, by=None, at=LATER),
        ListingAct.DELIST: lambda: delist_listing(listing=listing, by=None, at=LATER, reason="x"),
        ListingAct.RESTORE: lambda: restore_listing(listing=listing, by=None, at=LATER),
        ListingAct.QUARANTINE: lambda: quarantine_listing(listing=listing, by=None, at=LATER),
    }
    was = Listing.objects.filter(pk=listing.pk).values().get()
    events = AuditEvent.objects.count()

    if state in ALLOWED[act]:
        steps[act]()
        assert Listing.objects.filter(pk=listing.pk).values().get() != was
        return
    with pytest.raises(IllegalTransition) as refused:
        steps[act]()
    assert refused.value.data == {"state": state.value, "act": act.value}
    assert Listing.objects.filter(pk=listing.pk).values().get() == was
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize(
    ("description", "tagline"),
    [
        ("One line", "One line"),
        ("Asks first. Then writes.", "Asks first."),
        ("帮你改作文。也能出题。", "帮你改作文。"),
        ("word " * 40, ("word " * 23).strip() + "…"),
        ("", ""),
    ],
)
def test_tagline_is_the_first_sentence(description: str, tagline: str) -> None:
    assert make_tagline(description) == tagline
