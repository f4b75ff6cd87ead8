"""Sentences for readers about turns that failed: one for each failure code."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gpts.llm.runtime.types import FailureCode
from gpts.llm.states import FinishReason, TurnState


def get_failure_message(code: str, retry_after: int | None = None) -> str:
    """Return the sentence for a failure code, with what to do; ``retry_after`` is in seconds."""
    if code == FailureCode.RATE_LIMITED and retry_after:
        return ngettext(
            "The model is busy. Try again in %(seconds)d second.",
            "The model is busy. Try again in %(seconds)d seconds.",
            retry_after,
        ) % {"seconds": retry_after}
    messages = {
        FailureCode.PROVIDER_DOWN: _("The model provider does not answer. Try again in a moment."),
        FailureCode.PROVIDER_ERROR: _("The model provider had an error of its own. Try again in a moment."),
        FailureCode.OVERLOADED: _("The model provider has too much to do. Try again in a few minutes."),
        FailureCode.TLS_FAILED: _(
            "The connection to the model provider is not secure, so nothing was sent. Tell the people who run"
            " this site."
        ),
        FailureCode.PROVIDER_SLOW: _("The model took too long to answer. Try again."),
        FailureCode.RATE_LIMITED: _("The model is busy. Try again in a moment."),
        FailureCode.MINUTE_LIMIT: _(
            "This is more than the model provider takes in one minute. Wait a minute and try again; if that"
            " does not help, shorten your message or start a new conversation."
        ),
        FailureCode.BAD_KEY: _("The model provider refused our key. The operator has to renew it."),
        FailureCode.NO_PERMISSION: _(
            "The model provider does not let us use this model. Choose another model, or tell the people who"
            " run this site."
        ),
        FailureCode.NO_CREDIT: _(
            "The account at the model provider has no credit left. Choose another model, or tell the people"
            " who run this site."
        ),
        FailureCode.NO_MODEL: _(
            "The model provider has no such model. Choose another model, or tell the people who run this"
            " site."
        ),
        FailureCode.NO_ENDPOINT: _(
            "The model is set up with a wrong address or protocol. Choose another model, or tell the people"
            " who run this site."
        ),
        FailureCode.NO_TOOLS: _("This model cannot call functions. Choose another model."),
        FailureCode.NO_IMAGES: _(
            "This model cannot look at images. Remove the image, or choose another model."
        ),
        FailureCode.REQUEST_REFUSED: _(
            "The model provider refused the request. Asking again will not help: choose another model, or"
            " tell the people who run this site."
        ),
        FailureCode.CONTEXT_OVERFLOW: _(
            "This conversation is too long for the model. Shorten your message or start a new conversation."
        ),
        FailureCode.MALFORMED_STREAM: _("The model's answer was damaged on its way. Try again."),
        FailureCode.EMPTY_ANSWER: _("The model answered with nothing. Try again, or ask in other words."),
        FailureCode.CONTENT_REFUSED: _("The model provider refused to answer this. Change your message."),
        FailureCode.THINKING_LIMIT: _(
            "The model used up its limit for thinking before it could answer. Try again, ask for less, or"
            " choose another model."
        ),
        FailureCode.ONLY_THINKING: _(
            "The model thought and then gave no answer. Try again, or ask in other words."
        ),
        FailureCode.UNREADABLE_CALL: _(
            "The model tried to call a function in a way that cannot be read. Try again, or choose another"
            " model."
        ),
        FailureCode.INTERRUPTED: _(
            "The server stopped while answering. What had arrived is kept. Try again."
        ),
        FailureCode.ACCESS_ENDED: _(
            "Your access to this GPT ended while it was answering. What had arrived is kept."
        ),
    }
    return {str(known): text for known, text in messages.items()}.get(
        code, _("The answer failed. Try again.")
    )


def get_failure_label(code: str) -> str:
    """Return a failure code in a few words, for lists; the code itself when it is unknown."""
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
        FailureCode.THINKING_LIMIT: _("Limit used up by thinking"),
        FailureCode.ONLY_THINKING: _("Only thinking, no answer"),
        FailureCode.UNREADABLE_CALL: _("Unreadable function call"),
        FailureCode.CONTENT_REFUSED: _("Provider refused the content"),
        FailureCode.INTERRUPTED: _("Server stopped"),
        FailureCode.ACCESS_ENDED: _("Access ended"),
    }
    return {str(known): text for known, text in labels.items()}.get(code, code)


def get_turn_note(state: str, code: str, retry_after: int | None = None, finish_reason: str = "") -> str:
    """Return the note below an answer that was stopped, failed or cut by a limit; empty for a whole one."""
    if state == TurnState.STOPPED:
        return _("You stopped this answer.")
    if state in (TurnState.FAILED, TurnState.INTERRUPTED):
        return get_failure_message(code, retry_after)
    return get_limit_note() if finish_reason == FinishReason.LENGTH else ""


def get_limit_note() -> str:
    """Return the note below an answer that the model's limit cut."""
    return _("This answer ends at the model's limit, in the middle of what it had to say.")
