"""Sentences for the people who administer models: what is sent to a model, and what its failures mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from gpts.llm.catalogue import OPTIONS
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import FailureCode, ModelOption
from gpts.llm.states import OptionChoice, ProviderKind

OPTION_LABELS = {
    ModelOption.MAX_TOKENS: _("Longest answer (max_tokens)"),
    ModelOption.MAX_COMPLETION_TOKENS: _("Longest answer (max_completion_tokens)"),
    ModelOption.MAX_OUTPUT_TOKENS: _("Longest answer"),
    ModelOption.STREAM: _("Streaming"),
    ModelOption.STREAM_OPTIONS: _("Request for a count of tokens"),
    ModelOption.TEMPERATURE: _("Temperature"),
    ModelOption.SEED: _("Seed"),
    ModelOption.SYSTEM_ROLE: _("System message"),
    ModelOption.TOOLS: _("Functions"),
    ModelOption.PARALLEL_TOOL_CALLS: _("One function at a time"),
    ModelOption.TOOL_CHOICE: _("No functions in the last round"),
    ModelOption.PROVIDER_TOOLS: _("The provider's own tools"),
    ModelOption.JSON_SCHEMA: _("JSON schema"),
    ModelOption.JSON_MODE: _("JSON mode"),
    ModelOption.NULL_CONTENT: _("Null for a text that is empty"),
    ModelOption.STORE: _("Request not to store the conversation"),
}
# What happens without the option, where that is not plain.
OPTION_HELP = {
    ModelOption.MAX_COMPLETION_TOKENS: _("Sent where max_tokens is not."),
    ModelOption.STREAM: _("Without it an answer comes at once, when it is whole."),
    ModelOption.STREAM_OPTIONS: _("Without it tokens are estimated."),
    ModelOption.SYSTEM_ROLE: _("Without it the instructions stand before the first question."),
    ModelOption.TOOLS: _("Without them Create is a guided interview."),
    ModelOption.JSON_SCHEMA: _("Without it the schema stands in the instructions."),
}
ADVICE = {
    FailureCode.PROVIDER_DOWN: _("The server was not reached. Check the address, and that it is running."),
    FailureCode.PROVIDER_SLOW: _("It took too long. Servers that load a model first need the longest."),
    FailureCode.PROVIDER_ERROR: _("The server had an error of its own. Its log says more."),
    FailureCode.OVERLOADED: _("The server has too much to do, or is loading the model."),
    FailureCode.TLS_FAILED: _(
        "Its certificate is not valid for the address. Renew it, or correct the address."
    ),
    FailureCode.RATE_LIMITED: _("Too many requests for the account. Ask the provider for a higher limit."),
    FailureCode.MINUTE_LIMIT: _(
        "One request was more than the account may send in a minute. Ask the provider for a higher limit, or"
        " lower the longest answer."
    ),
    FailureCode.BAD_KEY: _("The key is wrong, expired or revoked. Enter a new one."),
    FailureCode.NO_PERMISSION: _("The key may not use this model. Allow it in the provider's account."),
    FailureCode.NO_CREDIT: _("The provider's account has no credit or quota left. Top it up."),
    FailureCode.NO_MODEL: _("The provider has no model of this name. Test the connection for its list."),
    FailureCode.NO_TOOLS: _(
        "The model, or its server, does not take function calls. Switch them on at the server, or take them"
        " away above."
    ),
    FailureCode.NO_IMAGES: _("The model cannot look at images. Take the capability away above."),
    FailureCode.REQUEST_REFUSED: _("The server refused the request; its words say why."),
    FailureCode.CONTEXT_OVERFLOW: _("The prompt was too long. Check the context window above."),
    FailureCode.CONTENT_REFUSED: _("The provider's filter refused what a person wrote, or the answer."),
    FailureCode.THINKING_LIMIT: _(
        "It used up its longest answer for thinking. Raise the longest answer above, or have it think less."
    ),
    FailureCode.ONLY_THINKING: _(
        "It thought and ended without an answer. If that stays, raise the longest answer or have it think"
        " less."
    ),
    FailureCode.UNREADABLE_CALL: _(
        "It called a function in a form that cannot be read. Set the server's parser of function calls to"
        " this model."
    ),
    FailureCode.MALFORMED_STREAM: _("The answer was not what the protocol says. Is it the right protocol?"),
}
NO_ENDPOINT = {
    ProviderKind.RESPONSES: _(
        "The server has no /responses at this address: it may speak Chat Completions, or the address lacks"
        " /v1."
    ),
    ProviderKind.CHAT_COMPLETIONS: _(
        "The server has no /chat/completions at this address: it may speak Responses, or the address lacks"
        " /v1."
    ),
}


@dataclass(frozen=True)
class OptionState:
    """An option as a model's page shows it; ``refused_at`` is when its server refused it, if it did."""

    name: str
    label: str
    help: str
    choice: str
    is_sent: bool
    refused_at: datetime | None


def list_option_states(model: LanguageModel) -> list[OptionState]:
    """Return every option of the model's protocol with what happens to it."""
    learned = model.learned.get("options", {})
    states = []
    for option in OPTIONS[ProviderKind(model.provider.kind)]:
        choice = model.option_choices.get(option, OptionChoice.AUTOMATIC)
        refused_at = parse_datetime(learned[option]["at"]) if option in learned else None
        is_sent = choice == OptionChoice.SENT or (choice == OptionChoice.AUTOMATIC and refused_at is None)
        label, explained = str(OPTION_LABELS[option]), str(OPTION_HELP.get(option, ""))
        states.append(OptionState(option.value, label, explained, str(choice), is_sent, refused_at))
    return states


def describe_refused_options(model: LanguageModel) -> list[str]:
    """Return the labels of the options that the model's server has refused."""
    return [state.label for state in list_option_states(model) if state.refused_at and not state.is_sent]


def describe_failure(code: str, kind: str) -> str:
    """Return what a failure means to those who run the model; ``kind`` is the provider's protocol."""
    if code == FailureCode.NO_ENDPOINT:
        return str(NO_ENDPOINT.get(ProviderKind(kind), code))
    known: dict[str, Any] = {advised.value: text for advised, text in ADVICE.items()}
    return str(known.get(code, _("It failed in another way.")))
