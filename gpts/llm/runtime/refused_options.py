"""Finds out which option of a request a server refused, so that it is asked again without it.

Pure: an error and what was sent in, what to leave out or lower out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gpts.llm.runtime import option_phrases as phrases
from gpts.llm.runtime.option_phrases import PARAMS, SENTENCES
from gpts.llm.runtime.types import (
    FailureCode,
    ModelFailure,
    ModelOption,
    ModelRequest,
    OptionsLearned,
    ProviderError,
)

# A request is repeated at most this often.
MAX_REPEATS = 6
# A smaller limit in an error is no limit of an answer.
LEAST_OUTPUT = 16
# Kept free where a server names the room for an answer, as some of them count "about".
ROOM_SLACK = 16

# Failures that another form of the same request may avoid.
FORM_FAILURES = frozenset(
    {
        FailureCode.REQUEST_REFUSED,
        FailureCode.PROVIDER_ERROR,
        FailureCode.CONTEXT_OVERFLOW,
        FailureCode.NO_TOOLS,
        FailureCode.NO_ENDPOINT,
        FailureCode.NO_MODEL,
    }
)
LIMIT_OPTIONS = (ModelOption.MAX_TOKENS, ModelOption.MAX_COMPLETION_TOKENS, ModelOption.MAX_OUTPUT_TOKENS)


@dataclass(frozen=True, slots=True)
class OtherForm:
    """How to ask again. What is not ``is_lasting`` concerns this request alone and is not remembered."""

    omit: frozenset[ModelOption] = frozenset()
    restore: frozenset[ModelOption] = frozenset()
    output_limit: int | None = None
    context_window: int | None = None
    is_lasting: bool = True


class RequestForms:
    """The forms in which one request is sent, until one of them is taken."""

    def __init__(self, request: ModelRequest) -> None:
        self.request = request
        self._learned = OptionsLearned()
        self._tried: set[ModelOption] = set()
        self._has_lowered = False
        self._repeats = 0

    def change(self, failure: ModelFailure, sent: frozenset[ModelOption]) -> bool:
        """Change the request by what its refusal says; false when it says nothing that helps."""
        if self._repeats >= MAX_REPEATS:
            return False
        form = find_other_form(failure, self.request, sent)
        if form is None:
            return False
        form = self._leave_out_tried(form)
        if not (form.omit or form.output_limit):
            return False
        self._apply(form)
        return True

    def _leave_out_tried(self, form: OtherForm) -> OtherForm:
        """Each option is dropped at most once, and the limit lowered at most once."""
        omit = form.omit - self._tried
        limit = None if self._has_lowered else form.output_limit
        # A server that refuses one name of the limit gets the other, unless it has refused that one too.
        restore = frozenset(form.restore - self._tried) if omit else frozenset[ModelOption]()
        return replace(form, omit=omit, restore=restore, output_limit=limit)

    def _apply(self, form: OtherForm) -> None:
        self._repeats += 1
        self._tried |= form.omit
        self._has_lowered = self._has_lowered or form.output_limit is not None
        request = self.request
        omitted = (request.spec.omitted | form.omit) - form.restore
        lowered = min(form.output_limit or request.max_output_tokens, request.max_output_tokens)
        self.request = replace(
            request, spec=replace(request.spec, omitted=omitted), max_output_tokens=lowered
        )
        learned = self._learned
        if form.is_lasting:
            learned = replace(
                learned,
                refused=(learned.refused | form.omit) - form.restore,
                accepted=learned.accepted | form.restore,
                output_limit=form.output_limit or learned.output_limit,
            )
        if form.context_window is not None and form.context_window < request.spec.context_window:
            learned = replace(learned, context_window=form.context_window)
        self._learned = learned

    def get_learned(self) -> OptionsLearned | None:
        """Return what the taken form shows about the model, None when the first form was taken."""
        return self._learned if self._learned != OptionsLearned() else None


def find_other_form(
    failure: ModelFailure, request: ModelRequest, sent: frozenset[ModelOption]
) -> OtherForm | None:
    """Return how to ask again after a failure; None if its error names nothing of what was ``sent``."""
    error = failure.error
    if error is None or failure.code not in FORM_FAILURES:
        return None
    message = error.message.replace(request.spec.name, " ") if len(request.spec.name) > 2 else error.message
    if (form := _find_lower_limit(message, request, sent)) is not None:
        return form
    found = _find_by_param(error, message, sent) or _find_by_sentence(message, sent)
    if not found and failure.code == FailureCode.NO_TOOLS:
        found = sent & {ModelOption.TOOLS, ModelOption.PROVIDER_TOOLS}
    if len(found) > 1:
        # Errors about what belongs to a stream name the stream as well.
        found -= {ModelOption.STREAM}
    if not found:
        return None
    is_range = found <= {ModelOption.TEMPERATURE, ModelOption.SEED} and bool(phrases.RANGE.search(message))
    is_schema = found <= {ModelOption.JSON_SCHEMA, ModelOption.JSON_MODE} and bool(
        phrases.BAD_SCHEMA.search(message)
    )
    return OtherForm(found, _get_other_name(found, request), is_lasting=not (is_range or is_schema))


def _get_other_name(omit: frozenset[ModelOption], request: ModelRequest) -> frozenset[ModelOption]:
    """Return max_tokens where the server refuses max_completion_tokens, which stood in for it."""
    if ModelOption.MAX_COMPLETION_TOKENS in omit and ModelOption.MAX_TOKENS in request.spec.omitted:
        return frozenset({ModelOption.MAX_TOKENS})
    return frozenset()


def _find_by_param(
    error: ProviderError, message: str, sent: frozenset[ModelOption]
) -> frozenset[ModelOption]:
    if phrases.FUNCTION_SCHEMA.search(message):
        return frozenset()
    is_refusal = bool(
        set(error.codes) & phrases.REFUSED_CODES or phrases.REFUSED.search(message) or not message
    )
    if not is_refusal:
        return frozenset()
    return frozenset(
        option
        for param in error.params
        for option in _order(sent)
        if re.fullmatch(PARAMS[option], param.removeprefix("body."), re.I)
    )


def _find_by_sentence(message: str, sent: frozenset[ModelOption]) -> frozenset[ModelOption]:
    found: set[ModelOption] = set()
    for sentence in phrases.SENTENCE_END.split(message):
        if phrases.REFUSED.search(sentence):
            found |= {
                option
                for option in _order(sent)
                if option in SENTENCES and SENTENCES[option].search(sentence)
            }
    if found:
        return frozenset(found)
    if ModelOption.SYSTEM_ROLE in sent and phrases.SYSTEM_REFUSED.search(message):
        return frozenset({ModelOption.SYSTEM_ROLE})
    return frozenset()


def _order(options: Iterable[ModelOption]) -> list[ModelOption]:
    return sorted(options, key=list(ModelOption).index)


def _find_lower_limit(message: str, request: ModelRequest, sent: frozenset[ModelOption]) -> OtherForm | None:
    """Return the form with a shorter answer, if the error says that the wanted one is too long."""
    asked = request.max_output_tokens
    if not any(option in sent for option in LIMIT_OPTIONS) or not phrases.LIMIT_NAMES.search(message):
        return None
    window, prompt = phrases.WINDOW.search(message), phrases.PROMPT.search(message)
    if window is not None and prompt is not None:
        # The prompt fits, but not together with the answer: what fits depends on the prompt.
        total = _read_number(window[1])
        room = total - _read_number(prompt[1]) - ROOM_SLACK
        if LEAST_OUTPUT <= room < asked:
            return OtherForm(output_limit=room, context_window=total, is_lasting=False)
        return None
    for pattern, less in phrases.LIMITS:
        for found in pattern.finditer(message):
            limit = _read_number(next(group for group in found.groups() if group)) - less
            if LEAST_OUTPUT <= limit < asked:
                return OtherForm(output_limit=limit)
    return None


def _read_number(text: str) -> int:
    digits = text.replace(",", "").replace("_", "")
    return int(digits) if len(digits) < 12 else 0
