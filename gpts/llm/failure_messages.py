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
        FailureCode.PROVIDER_SLOW: _("The model took too long to answer. Try again."),
        FailureCode.RATE_LIMITED: _("The model is busy. Try again in a moment."),
        FailureCode.BAD_KEY: _("The model provider refused our key. The operator has to renew it."),
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
