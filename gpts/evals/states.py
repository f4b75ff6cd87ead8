"""The states of golden prompts, and the transition function of runs."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core.errors import IllegalTransition


class ExpectedOutcome(TextChoices):
    """The label that accuracy is measured against."""

    NONE = "", _("Not labelled")
    ANSWER = "answer", _("Answers")
    REFUSE = "refuse", _("Refuses")
    ESCALATE = "escalate", _("Hands over to a person")


class GoldenKind(TextChoices):
    GOLDEN = "golden", _("Golden prompts")
    LEAK = "leak", _("Leak probes")


class GoldenRunState(TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Broken off")


ACTIVE_RUNS = (GoldenRunState.WAITING, GoldenRunState.RUNNING)


class GoldenRunAction(TextChoices):
    BEGIN = "begin"
    FINISH = "finish"
    CANCEL = "cancel"
    FAIL = "fail"


_MOVES = {
    (GoldenRunState.WAITING, GoldenRunAction.BEGIN): GoldenRunState.RUNNING,
    (GoldenRunState.RUNNING, GoldenRunAction.FINISH): GoldenRunState.FINISHED,
    (GoldenRunState.WAITING, GoldenRunAction.CANCEL): GoldenRunState.CANCELLED,
    (GoldenRunState.RUNNING, GoldenRunAction.CANCEL): GoldenRunState.CANCELLED,
    (GoldenRunState.WAITING, GoldenRunAction.FAIL): GoldenRunState.FAILED,
    (GoldenRunState.RUNNING, GoldenRunAction.FAIL): GoldenRunState.FAILED,
}


def move_run(state: str, action: str) -> GoldenRunState:
    """Return the state after ``action``; raises IllegalTransition (``run_ended``) if it is not allowed."""
    after = _MOVES.get((GoldenRunState(state), GoldenRunAction(action)))
    if after is None:
        raise IllegalTransition(
            _("This run has ended already."), code="run_ended", data={"state": str(state)}
        )
    return after


class GoldenResultState(TextChoices):
    """UNJUDGED: no check failed, but a judge gave no verdict, so it has not passed. ERROR: no answer came."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Asking")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")
    UNJUDGED = "unjudged", _("Not judged")
    ERROR = "error", _("No answer")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_RESULTS = (GoldenResultState.WAITING, GoldenResultState.RUNNING)
