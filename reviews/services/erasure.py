"""Erases what people wrote to moderation, once the cases are closed. Decisions stay."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from reviews.models import (
    Appeal,
    Case,
    Check,
    Enforcement,
    Fingerprint,
    Notice,
    Report,
    Submission,
)
from reviews.services.submissions import withdraw_submission
from reviews.states import OPEN_SUBMISSIONS, CaseState, DeliveryState
from workspaces.erasure import BATCH, ErasurePart, ErasureWaits
from workspaces.models import User, Workspace

# Not translated: it is stored in place of a text that the database requires.
ERASED_TEXT = "(erased)"


def erase_of_person(user: User, at: datetime) -> int:
    """Erase reports, appeals and letters of a person; those of open cases wait until the case is closed."""
    reports = _closed(Report.objects.filter(reporter=user)).exclude(explanation=ERASED_TEXT, reporter_name="")
    appeals = _closed(Appeal.objects.filter(appellant=user)).exclude(text=ERASED_TEXT)
    letters = Notice.objects.filter(Q(recipient=user) | Q(case__builder=user, case__state=CaseState.CLOSED))
    about = Report.objects.filter(case__builder=user, case__state=CaseState.CLOSED).exclude(
        evidence={}, url=""
    )
    notes = Case.objects.filter(builder=user, state=CaseState.CLOSED).exclude(note="")
    count = (
        _update(
            reports, explanation=ERASED_TEXT, reporter_name="", reporter_email="", url="", address_hash=""
        )
        + _update(appeals, text=ERASED_TEXT)
        + _erase_letters(letters.exclude(delivery=DeliveryState.WAITING))
        + _update(about, evidence={}, url="")
        + _update(notes, note="")
    )
    is_open = (
        Report.objects.filter(reporter=user).exclude(explanation=ERASED_TEXT).exists()
        or Appeal.objects.filter(appellant=user).exclude(text=ERASED_TEXT).exists()
        or Case.objects.filter(builder=user).exclude(state=CaseState.CLOSED).exists()
    )
    if not count and is_open:
        raise ErasureWaits
    return count


def erase_of_workspace(workspace: Workspace, at: datetime) -> int:
    """Withdraw submissions; erase notes, quotes, copies and letters about its GPTs once cases are closed."""
    for submission in Submission.objects.filter(gpt__workspace=workspace, state__in=OPEN_SUBMISSIONS)[:BATCH]:
        withdraw_submission(submission=submission, by=None, at=at)
    cases = Case.objects.filter(gpt__workspace=workspace)
    closed = cases.filter(state=CaseState.CLOSED)
    letters = Notice.objects.filter(case__in=closed).exclude(delivery=DeliveryState.WAITING)
    count = (
        _update(Submission.objects.filter(gpt__workspace=workspace).exclude(note=""), note="")
        + _update(closed.exclude(note=""), note="")
        + _update(Report.objects.filter(case__in=closed).exclude(evidence={}), evidence={})
        + _update(Report.objects.filter(case__in=closed).exclude(url=""), url="")
        + _erase_letters(letters)
    )
    if not cases.exclude(state=CaseState.CLOSED).exists():
        versions = Check.objects.filter(version__gpt__workspace=workspace)
        count += _update(versions.exclude(evidence=[], failure=""), evidence=[], failure="")
        count += Fingerprint.objects.filter(gpt__workspace=workspace).delete()[0]
        effects = Enforcement.objects.filter(gpt__workspace=workspace)
        count += _update(effects.exclude(undo={}), undo={})
    elif not count:
        raise ErasureWaits
    return count


def _closed(rows: QuerySet) -> QuerySet:
    return rows.filter(case__state=CaseState.CLOSED)


def _erase_letters(letters: QuerySet[Notice]) -> int:
    """Empty letters that were sent: their recipients have them. The address becomes one that nobody owns."""
    found = letters.exclude(subject=ERASED_TEXT)[:BATCH]
    for letter in found:
        letter.email, letter.subject = f"erased-{letter.pk.hex}@deleted.invalid", ERASED_TEXT
        letter.body, letter.facts = ERASED_TEXT, {}
        letter.save(update_fields=["email", "subject", "body", "facts"])
    return len(found)


def _update(rows: QuerySet, **values: object) -> int:
    found = list(rows.values_list("pk", flat=True)[:BATCH])
    return int(rows.model.objects.filter(pk__in=found).update(**values))


PART = ErasurePart(
    name="reviews",
    label=_("Reports, appeals, letters and notes of moderation"),
    erase_person=erase_of_person,
    erase_workspace=erase_of_workspace,
)
