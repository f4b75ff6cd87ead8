"""Every database constraint of moderation, violated once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.ids import uuid7
from reviews.models import (
    Case,
    Check,
    Claim,
    Decision,
    Enforcement,
    Notice,
    PolicyVersion,
    Submission,
)
from tests.support.factories.reviews import AppealFactory, ReportFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import AT, decide, make_gpt, make_moderator, make_queued_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided() -> Decision:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    return decide(case, make_moderator(), "reject", policies=("quality",), reasoning="Thin.")


def _copy(row: Any, **changes: Any) -> Any:
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
    return type(row)(**{**values, **changes})


VIOLATIONS: dict[str, Callable[[Decision], Any]] = {
    "reviews_submission_one_open": lambda d: [
        _copy(d.case.submission, state="in_review", closed_at=None).save(force_insert=True)
        for _unused in range(2)
    ],
    "reviews_submission_state": lambda d: _copy(d.case.submission, state="lost").save(force_insert=True),
    "reviews_check_once": lambda d: _copy(Check.objects.all()[0]).save(force_insert=True),
    "reviews_check_score": lambda d: Check.objects.update(score=101),
    "reviews_case_closed": lambda d: Case.objects.update(closed_at=None),
    "reviews_case_risk": lambda d: Case.objects.update(risk=1001),
    "reviews_claim_lease": lambda d: Claim.objects.create(
        case=d.case, moderator_id=d.decider_id or 0, token=uuid7(), acquired_at=AT, expires_at=AT
    ),
    "reviews_decision_round": lambda d: _copy(d, claim_token=None).save(force_insert=True),
    "reviews_decision_reasons": lambda d: _copy(d, round=2, policy_versions=[]).save(force_insert=True),
    "reviews_decision_decider": lambda d: _copy(d, round=2, decider_id=None).save(force_insert=True),
    "reviews_enforcement_once": lambda d: _copy(d.enforcements.all()[0]).save(force_insert=True),
    "reviews_enforcement_executed": lambda d: Enforcement.objects.update(executed_at=None),
    "reviews_enforcement_reversed": lambda d: Enforcement.objects.update(reversed_at=AT),
    "reviews_notice_decision_once": lambda d: _copy(d.notices.all()[0]).save(force_insert=True),
    "reviews_notice_sent": lambda d: Notice.objects.update(delivery="sent"),
    "reviews_report_good_faith": lambda d: ReportFactory.create(case=d.case, is_good_faith=False),
    "reviews_report_somebody": lambda d: ReportFactory.create(case=d.case, reporter_email=""),
    "reviews_report_email": lambda d: [ReportFactory.create(case=d.case) for _unused in range(2)],
    "reviews_appeal_owner_once": lambda d: [AppealFactory.create(decision=d) for _unused in range(2)],
    "reviews_appeal_answered": lambda d: AppealFactory.create(decision=d, state="upheld"),
    "reviews_policyversion_number": lambda d: _copy(PolicyVersion.objects.all()[0]).save(force_insert=True),
    "reviews_policyversion_severity": lambda d: _copy(
        PolicyVersion.objects.all()[0], number=2, severity=6
    ).save(force_insert=True),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_constraint_is_enforced(name: str, decided: Decision) -> None:
    submissions = Submission.objects.count()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        VIOLATIONS[name](decided)
    assert Submission.objects.count() == submissions


def test_policies_and_their_wordings_have_names_to_tell_them_apart() -> None:
    wording = PolicyVersion.objects.select_related("policy")[0]

    assert str(wording.policy) == wording.policy.code
    assert str(wording) == f"{wording.title_en} ({wording.number})"
