"""The security pack: what admins of another company read of a version, and what stays with its maker."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.scope import system_scope
from gpts.assistants.models import GPT, Version
from gpts.assistants.services.versions import freeze_version
from gpts.evals.models import GoldenRun
from gpts.evals.states import GoldenKind, GoldenRunState
from gpts.knowledge.models import Document, KnowledgeFile
from marketplace.models import BuilderProfile, Listing, ListingScore, Rating
from marketplace.services.listings import publish_listing
from reviews.models import Report
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.external import approve
from tests.support.factories.workspaces import UserFactory
from tests.support.marketplace import make_listing
from tests.support.pages import sign_in
from tests.support.reviews import decide, make_moderator, make_report_case
from tests.support.times import NOW
from workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db

SECRETS = ("SECRET", "client-list.pdf", "PRIVATE QUESTION", "Asks for passwords.")


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Olga")


@pytest.fixture
def company(owner: User) -> Workspace:
    return create_company(owner, member=UserFactory.create(email="mia@pack.test"))


@pytest.fixture
def listing() -> Listing:
    """A GPT in the store with a second version, a file, tests, a review, a report and a measure."""
    listing = make_listing(name="Harbour", instructions="SECRET instructions.")
    gpt = GPT.objects.get(pk=listing.gpt_id)
    document = Document.objects.create(
        workspace=gpt.workspace,
        content_hash="a" * 64,
        media_type="application/pdf",
        size=2_000_000,
        storage_key="x",
        state="ready",
        created_at=NOW,
    )
    KnowledgeFile.objects.create(
        workspace=gpt.workspace,
        gpt=gpt,
        document=document,
        name="client-list.pdf",
        content_hash="a" * 64,
        uploaded_by=gpt.owner,
        created_at=NOW,
    )
    GPT.objects.filter(pk=gpt.pk).update(name="Harbour 港口", instructions="SECRET too.")
    gpt.refresh_from_db()
    version = freeze_version(gpt=gpt, release_notes="Speaks of tides.", by=gpt.owner, at=NOW)
    publish_listing(gpt=gpt, version=version, by=None, at=NOW)
    for kind, score in ((GoldenKind.GOLDEN, None), (GoldenKind.LEAK, 90)):
        add_run(gpt, version, kind, passed=9, total=10, score=score)
    add_run(gpt, version, GoldenKind.GOLDEN, passed=1, total=10, content_hash="b" * 64)
    profile = BuilderProfile.objects.create(
        user=gpt.owner, handle="harbour-works", display_name="Harbour Works", website="https://harbour.example",
        verified_website_at=NOW, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    Listing.objects.filter(pk=listing.pk).update(builder_handle=profile.handle, builder_name="Harbour Works")
    ListingScore.objects.filter(listing=listing).update(stars_4=6, rating_count=6, rating_sum=24)
    Rating.objects.create(
        listing=listing, user=UserFactory.create(), author_name="Rita", stars=4, text="Knows the coast.",
        version_number=2, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    listing.refresh_from_db()
    return listing


def add_run(gpt: GPT, version: Version, kind: str, *, passed: int, total: int, **fields: Any) -> None:
    GoldenRun.objects.create(
        workspace=gpt.workspace, gpt=gpt, version=version, kind=kind, state=GoldenRunState.FINISHED,
        behaviour={"question": "PRIVATE QUESTION"}, passed_count=passed, total_count=total, created_at=NOW,
        ended_at=NOW, **({"content_hash": version.content_hash} | fields),
    )  # fmt: skip


def test_the_page_and_files_say_what_is_known_and_nothing_secret(
    owner: User, company: Workspace, listing: Listing
) -> None:
    case = make_report_case(listing)
    decide(case, make_moderator(), "warn", policies=("malware-phishing",), reasoning="Asks for passwords.")
    admin = sign_in(owner)
    base = f"/w/{company.slug}/admin/external/{listing.slug}"

    page = admin.get(base).content.decode()
    table = admin.get(f"{base}/pack.csv").content.decode("utf-8-sig")
    rows = {tuple(row[:2]): row[2] for row in csv.reader(io.StringIO(table))}
    document = admin.get(f"{base}/pack.pdf")
    printed = "".join(one.get_textpage().get_text_range() for one in pypdfium2.PdfDocument(document.content))

    assert document["Content-Disposition"] == f'attachment; filename="security-pack-{listing.slug}-v2.pdf"'
    assert rows[("Publisher and proof", "Name")] == "Harbour Works"
    assert rows[("Publisher and proof", "Proof of the name")] == "Not verified"
    assert rows[("Publisher and proof", "Proof of the website")].startswith("Verified on ")
    assert rows[("Knowledge files", "Files")] == "1"
    assert rows[("Knowledge files", "File 1")] == "PDF · 1.9 MB"
    assert rows[("Tests of exactly this version", "Golden prompts")].startswith("9 of 10 passed on ")
    assert rows[("Tests of exactly this version", "Leak probes")].startswith("90 of 100 on ")
    assert rows[("Reports and moderation", "Reports")] == "By fewer than 5 people"
    assert rows[("Reports and moderation", "Measure")].startswith("Warning on ")
    assert rows[("Ratings and reviews", "Rating")] == "4.0 of 5, 6 ratings"
    assert "Knows the coast." in table
    assert "Speaks of tides." in table
    assert "Instructions: – → Changed" in table
    for text in (page, table, printed):
        assert "Harbour 港口" in text
        assert "Knows the coast." in text
        for secret in (*SECRETS, "Rita", Report.objects.get().explanation):
            assert secret not in text


def test_the_api_tells_the_same_and_only_versions_that_concern_the_company(
    owner: User, company: Workspace, listing: Listing
) -> None:
    gpt = GPT.objects.get(pk=listing.gpt_id)
    admin = ApiClient(owner, scopes=("account",), workspace=company)
    one = f"workspaces/{company.slug}/external/gpts/{listing.slug}/pack"

    with CaptureQueriesContext(connection) as counted:
        found = admin.get(one).json()

    assert found["golden_prompts"] | {"ended_at": ""} == {
        "passed": 9, "total": 10, "score": None, "model": "", "ended_at": ""
    }  # fmt: skip
    assert found["leak_probes"]["score"] == 90
    assert found["files"] == [{"kind": "PDF", "size": 2_000_000}]
    assert found["moderation"] == {"reports": 0, "approved_at": None, "measures": []}
    assert (found["rating"], found["rating_count"]) == (4.0, 6)
    assert [(one["number"], [c["field"] for c in one["changes"]]) for one in found["versions"]] == [
        (2, ["name", "knowledge", "instructions"]),
        (1, []),
    ]
    assert len(counted) < 60
    assert admin.get(f"{one}?version=1").json()["error"]["code"] == "version_not_found"
    assert admin.get(f"{one}?version=x").status_code == 404
    assert admin.get(f"{one}.exe").status_code == 404
    assert admin.get(f"{one}.csv").status_code == 200
    with system_scope("tests"):
        publish_listing(gpt=gpt, version=gpt.versions.get(number=1), by=None, at=NOW)
    approve(company, gpt, 1)
    with system_scope("tests"):
        publish_listing(gpt=gpt, version=gpt.versions.get(number=2), by=None, at=NOW + timedelta(days=1))
    assert admin.get(f"{one}?version=1").json()["golden_prompts"] is None
    member = ApiClient(User.objects.get(email="mia@pack.test"), scopes=("account",), workspace=company)
    assert member.get(one).status_code == 403
    assert (
        sign_in(UserFactory.create())
        .get(f"/w/{company.slug}/admin/external/{listing.slug}/pack.pdf")
        .status_code
        == 404
    )
