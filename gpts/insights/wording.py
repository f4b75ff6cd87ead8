"""Labels for the keys of insights: versions, models, failures, reasons and the rest."""

from __future__ import annotations

from django.utils.translation import gettext as _

from gpts.chat.states import FeedbackReason
from gpts.insights.services.facts import OTHER_MODEL
from gpts.llm.runtime.types import FailureCode
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
    labels = {
        FailureCode.PROVIDER_DOWN: _("Provider did not answer"),
        FailureCode.PROVIDER_SLOW: _("Provider was too slow"),
        FailureCode.RATE_LIMITED: _("Provider was busy"),
        FailureCode.PROVIDER_ERROR: _("Provider had an error"),
        FailureCode.OVERLOADED: _("Provider was overloaded"),
        FailureCode.TLS_FAILED: _("Connection was not secure"),
        FailureCode.MINUTE_LIMIT: _("Provider's limit of a minute"),
        FailureCode.BAD_KEY: _("Provider refused the key"),
        FailureCode.NO_PERMISSION: _("Key without permission"),
        FailureCode.NO_CREDIT: _("No credit at the provider"),
        FailureCode.NO_MODEL: _("Model does not exist"),
        FailureCode.NO_ENDPOINT: _("Wrong address or protocol"),
        FailureCode.NO_TOOLS: _("Model cannot call functions"),
        FailureCode.NO_IMAGES: _("Model cannot look at images"),
        FailureCode.REQUEST_REFUSED: _("Provider refused the request"),
        FailureCode.CONTEXT_OVERFLOW: _("Conversation too long"),
        FailureCode.MALFORMED_STREAM: _("Damaged answer"),
        FailureCode.EMPTY_ANSWER: _("Empty answer"),
        FailureCode.CONTENT_REFUSED: _("Provider refused the content"),
        FailureCode.INTERRUPTED: _("Server stopped"),
        FailureCode.ACCESS_ENDED: _("Access ended"),
        TurnState.FAILED: _("Failed without a code"),
        "": get_rest_label(),
    }
    return {str(known): text for known, text in labels.items()}.get(key, key)


def format_seconds(seconds: float | None) -> str:
    """Return a duration as text: 0.8 s, 12 s, 3 min."""
    if seconds is None:
        return "–"
    if seconds >= 100:
        return _("%(count)s min") % {"count": f"{seconds / 60:.0f}"}
    return _("%(count)s s") % {
        "count": f"{seconds:.0f}" if seconds >= 10 or not seconds else f"{seconds:.1f}"
    }
