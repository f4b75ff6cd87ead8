"""Labels for the keys of insights: versions, models, failures, reasons and the rest."""

from __future__ import annotations

from django.utils.translation import gettext as _

from gpts.chat.states import FeedbackReason
from gpts.insights.services.facts import OTHER_MODEL
from gpts.llm.failure_messages import get_failure_label as get_code_label
from gpts.llm.states import TurnState


def get_rest_label() -> str:
    return _("Others, fewer than five people each")


def get_version_label(key: str) -> str:
    return _("Version %(number)s") % {"number": key} if key else get_rest_label()


def get_model_label(key: str) -> str:
    if key == OTHER_MODEL:
        return _("Models of other workspaces")
    return key or get_rest_label()


def get_reason_label(key: str) -> str:
    if not key:
        return get_rest_label()
    labels = {reason.value: str(reason.label) for reason in FeedbackReason if reason}
    return labels.get(key, _("No reason"))


def get_failure_label(key: str) -> str:
    """Return the label of a failure code; the code itself when it is unknown."""
    own = {TurnState.FAILED.value: _("Failed without a code"), "": get_rest_label()}
    return own.get(key) or get_code_label(key)


def format_seconds(seconds: float | None) -> str:
    """Return a duration as text: 0.8 s, 12 s, 3 min."""
    if seconds is None:
        return "–"
    if seconds >= 100:
        return _("%(count)s min") % {"count": f"{seconds / 60:.0f}"}
    return _("%(count)s s") % {
        "count": f"{seconds:.0f}" if seconds >= 10 or not seconds else f"{seconds:.1f}"
    }
