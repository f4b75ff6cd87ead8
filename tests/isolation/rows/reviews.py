"""Cases for moderators, decisions and submissions for the people they concern, reports by everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.isolation.rows.row import EVERYBODY, MODERATOR, NOBODY, OWNER, PEOPLE, Row, api, page, staff_page
from tests.isolation.world import World

CASE = {"case_id": "claimed_case"}
WAITING = {"case_id": "case"}
WORK = "reviews:work"
DECISION = {"decision_id": "decision"}
# Filed by somebody who is none of the actors.
REPORTED = {"report_id": "report"}
SUBMISSION = {"submission_id": "submission"}
ATTESTED = {"attested": True}


def claim(world: World) -> Mapping[str, Any]:
    """Return the input of the moderator with the claim, so that only the permission check stops others."""
    return {"token": str(world.claim_token), "claim_token": str(world.claim_token),
            "version": world.row_version, "row_version": world.row_version,
            "outcome": "approve", "reasoning": "Fine.", "reason": "x", "private_note": ""}  # fmt: skip


REPORT = {"category": "copyright", "explanation": "Copied from me.", "is_good_faith": "on"}

ROWS: list[Row] = [
    staff_page("reviews:queue-list", MODERATOR),
    staff_page("reviews:queue-next", MODERATOR, "POST"),
    staff_page("reviews:decision-list", MODERATOR),
    staff_page("reviews:transparency-detail", MODERATOR),
    staff_page("reviews:case-detail", MODERATOR, ids=CASE),
    staff_page("reviews:case-claim", MODERATOR, "POST", ids=WAITING),
    staff_page("reviews:case-renew", MODERATOR, "POST", ids=CASE, body=claim),
    staff_page("reviews:case-release", MODERATOR, "POST", ids=CASE, body=claim),
    staff_page("reviews:case-escalate", MODERATOR, "POST", ids=CASE, body=claim),
    # Only leads may take over a claim; moderators get a message.
    staff_page("reviews:case-take-over", frozenset(), "POST", ids=CASE, body=claim, forbidden=MODERATOR),
    staff_page("reviews:case-pictures", MODERATOR, "POST", ids=CASE),
    staff_page("reviews:case-decide", MODERATOR, "POST", ids=CASE, body=claim),
    page("reviews:report-create", EVERYBODY, "GET POST", ids={"slug": "listed_slug"}, body=REPORT),
    page("reviews:decision-detail", OWNER, ids=DECISION),
    page("reviews:appeal-create", OWNER, "POST", ids=DECISION, body={"text": "Look again."}),
    page("reviews:report-list", PEOPLE),
    page("reviews:report-detail", NOBODY, ids=REPORTED),
    page("reviews:report-appeal", NOBODY, "POST", ids=REPORTED, body={"text": "Look again."}),
    api("reviews_api:queue-list", MODERATOR, WORK),
    api("reviews_api:queue-next", MODERATOR, WORK, "POST"),
    api("reviews_api:case-detail", MODERATOR, WORK, ids=CASE),
    api("reviews_api:case-claim", MODERATOR, WORK, "POST", ids=WAITING),
    api("reviews_api:case-claim", MODERATOR, WORK, "PUT DELETE", ids=CASE, body=claim),
    api("reviews_api:case-decision", MODERATOR, WORK, "POST", ids=CASE, body=claim),
    api("reviews_api:report-list", PEOPLE, "store:read", "POST",
        body=lambda world: REPORT | {"gpt": world.listed_slug, "is_good_faith": True}),
    api("reviews_api:submission-list", PEOPLE, "gpts:read"),
    api("reviews_api:submission-detail", OWNER, "gpts:read", ids=SUBMISSION),
    api("reviews_api:submission-detail", OWNER, "gpts:write", "DELETE", ids=SUBMISSION),
    api("reviews_api:submission-create", OWNER, "gpts:write", "POST", ids={"slug": "slug"}, body=ATTESTED),
]  # fmt: skip
