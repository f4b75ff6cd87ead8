"""How events of model providers and models read in the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.audit_words import (
    ActionWords,
    Area,
    AuditWords,
    FieldWords,
    Named,
    ObjectWords,
    Reader,
    describe_choice,
    read_numbers,
)
from core.look import formats
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import Capability, ModelFeature, ModelKind, OptionChoice, ProviderKind, SearchMode
from gpts.llm.wording import OPTION_LABELS
from workspaces.models import User
from workspaces.rules import is_operator

MODEL = "gpts.languagemodel"
PROVIDER = "gpts.modelprovider"


def _name_models(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = LanguageModel.objects.filter(pk__in=read_numbers(ids)).select_related("provider")
    return {
        str(row.pk): Named(row.shown_label, _page("model", row.pk, row.provider.workspace_id, reader))
        for row in rows
    }


def _name_providers(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = ModelProvider.objects.filter(pk__in=read_numbers(ids))
    return {str(row.pk): Named(row.name, _page("provider", row.pk, row.workspace_id, reader)) for row in rows}


def _page(noun: str, identifier: int, workspace_id: int | None, reader: Reader) -> str:
    if workspace_id is None:
        is_allowed = isinstance(reader.person, User) and is_operator(reader.person)
        return reverse(f"gpts:operator-{noun}-change", args=[identifier]) if is_allowed else ""
    if workspace_id != reader.workspace_id:
        return ""
    return reverse(f"gpts:workspace-{noun}-change", args=[reader.workspace_slug, identifier])


def _describe_price(value: Any, _data: Mapping[str, Any]) -> str:
    return "" if value is None else formats.micros(value, settings.PAYOUT_CURRENCY)


def _describe_options(value: Any, _data: Mapping[str, Any]) -> str:
    """Read a list of options, or a mapping of options to what is sent."""
    labels = {str(option): str(label) for option, label in OPTION_LABELS.items()}
    if isinstance(value, Mapping):
        choose = describe_choice(OptionChoice)
        return "; ".join(f"{labels.get(name, name)}: {choose(one, {})}" for name, one in value.items())
    return ", ".join(labels.get(name, name) for name in value)


_MODES = FieldWords(_("Search"), describe_choice(SearchMode))

WORDS = AuditWords(
    actions={
        "gpts.model_added": ActionWords(
            Area.MODELS, _("Model added"), _("%(who)s added the model %(what)s to %(provider)s.")
        ),
        "gpts.model_changed": ActionWords(
            Area.MODELS, _("Model changed"), _("%(who)s changed the model %(what)s.")
        ),
        "gpts.model_learned": ActionWords(
            Area.MODELS,
            _("Model's options learned"),
            _("The server of the model %(what)s showed what it does not take."),
            details=("options",),
        ),
        "gpts.provider_added": ActionWords(
            Area.MODELS, _("Model provider added"), _("%(who)s added the model provider %(what)s.")
        ),
        "gpts.provider_changed": ActionWords(
            Area.MODELS, _("Model provider changed"), _("%(who)s changed the model provider %(what)s.")
        ),
        "gpts.provider_set": ActionWords(
            Area.MODELS,
            _("Model provider set by the configuration"),
            _("The configuration of the instance set the model provider %(what)s."),
        ),
        "gpts.search_mode_set": ActionWords(
            Area.MODELS,
            _("Search by meaning set"),
            _("%(who)s chose how the instance searches by meaning."),
            fields={"before": _MODES, "mode": _MODES},
        ),
    },
    objects={
        MODEL: ObjectWords(_name_models, _("a removed model"), _("Models")),
        PROVIDER: ObjectWords(_name_providers, _("a removed provider"), _("Providers")),
        "gpts.semanticsearch": ObjectWords(lambda _ids, _reader: {}, _("the search")),
    },
    fields={
        "provider": FieldWords(_("Provider"), object=PROVIDER),
        "options": FieldWords(_("No longer sent"), _describe_options),
        "name": FieldWords(_("Name")),
        "label": FieldWords(_("Label")),
        "kind": FieldWords(
            _("Kind"),
            lambda value, _data: describe_choice(ModelKind if value in ModelKind.values else ProviderKind)(
                value, {}
            ),
        ),
        "base_url": FieldWords(_("Address")),
        "key": FieldWords(_("Key")),
        "sealed_key": FieldWords(_("Key")),
        "is_enabled": FieldWords(_("Switched on")),
        "context_window": FieldWords(_("Context window")),
        "max_output_tokens": FieldWords(_("Longest answer")),
        "input_price_micros": FieldWords(_("Price of a million tokens sent"), _describe_price),
        "output_price_micros": FieldWords(_("Price of a million tokens received"), _describe_price),
        "capabilities": FieldWords(_("Capabilities"), describe_choice(Capability)),
        "features": FieldWords(_("Features"), describe_choice(ModelFeature)),
        "dimensions": FieldWords(_("Dimensions")),
        "first_token_seconds": FieldWords(_("Seconds until the first word")),
        "silence_seconds": FieldWords(_("Seconds without a sign of life")),
        "answer_seconds": FieldWords(_("Seconds for a whole answer")),
        "is_default": FieldWords(_("Default")),
        "is_size_assumed": FieldWords(_("Sizes are assumed")),
        "option_choices": FieldWords(_("Options that are sent"), _describe_options),
        "learned": FieldWords(_("What was learned")),
        "output_limit": FieldWords(_("Longest answer")),
        "input_cut": FieldWords(_("Prompts cut by the server")),
    },
)
