"""The forms of building. They draw and keep what was typed; the services check it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.look import formats
from gpts.assistants.model_settings import accepts_images
from gpts.assistants.models import GPT
from gpts.assistants.models.gpts import (
    DESCRIPTION_LENGTH,
    INSTRUCTIONS_LENGTH,
    NAME_LENGTH,
    NO_ANSWER_LENGTH,
    STARTER_COUNT,
)
from gpts.assistants.queries.gpts import list_available_models
from gpts.assistants.services.draft_settings import SETTING_CLEANERS
from gpts.assistants.services.gpts import serialize_draft_field
from gpts.assistants.services.versions import RELEASE_NOTES_LENGTH
from gpts.assistants.states import Category, OutputFormat
from gpts.llm.catalogue import features_of, is_retired, tools_of
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.outputs import MAX_SCHEMA_CHARACTERS
from gpts.llm.states import Capability, ModelChoice
from gpts.studio.gpt_templates import PATTERNS


def counted(limit: int, **attrs: Any) -> dict[str, Any]:
    """Attributes that count characters without cutting off what somebody pastes."""
    return {"data-counter": str(limit), **attrs}


class NewGPTForm(forms.Form):
    """Name first; the pattern fills the rest."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        strip=False,
        help_text=_("What people will call it. You can change it later."),
        widget=forms.TextInput(attrs=counted(NAME_LENGTH, autofocus=True, autocomplete="off")),
    )
    workspace = forms.ChoiceField(
        label=_("Where it belongs"), required=False, help_text=_("The workspace keeps it when people leave.")
    )
    pattern = forms.ChoiceField(
        label=_("Start from"), required=False, choices=[(pattern.key, pattern.label) for pattern in PATTERNS]
    )

    def __init__(self, *args: Any, places: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        workspace = self.fields["workspace"]
        assert isinstance(workspace, forms.ChoiceField)
        workspace.choices = places


class DraftForm(forms.Form):
    """Everything of a draft except its icon, starters and files, which have controls of their own."""

    name = forms.CharField(
        label=_("Name"), required=False, strip=False, widget=forms.TextInput(attrs=counted(NAME_LENGTH))
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        strip=False,
        help_text=_("One or two lines: what it does and for whom. People see it before they click."),
        widget=forms.Textarea(attrs=counted(DESCRIPTION_LENGTH, rows=2, **{"data-autosize": ""})),
    )
    instructions = forms.CharField(
        label=_("Instructions"),
        required=False,
        strip=False,
        help_text=_(
            "What it does, how it answers, what it must not do. They are not secret: never put keys here."
        ),
        widget=forms.Textarea(attrs=counted(INSTRUCTIONS_LENGTH, rows=12)),
    )
    category = forms.ChoiceField(label=_("Category"), required=False, choices=Category.choices)
    language_model = forms.ChoiceField(
        label=_("Model"), required=False, help_text=_("It answers unless a person chooses another.")
    )
    capabilities = forms.MultipleChoiceField(
        label=_("Capabilities"),
        required=False,
        choices=Capability.choices,
        help_text=_("A capability works only when the model offers it."),
        widget=forms.CheckboxSelectMultiple,
    )
    temperature = forms.CharField(
        label=_("Temperature"),
        required=False,
        help_text=_("From 0, steady, to 2, surprising. Empty: the model's own."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    model_choice = forms.ChoiceField(
        label=_("Who picks the model"),
        required=False,
        choices=ModelChoice.choices,
        help_text=_("What a person may choose in the chat."),
    )
    allowed_models = forms.MultipleChoiceField(
        label=_("Listed models"), required=False, widget=forms.CheckboxSelectMultiple
    )
    seed = forms.CharField(
        label=_("Seed"),
        required=False,
        help_text=_("A whole number: the same question then gets much the same answer. Empty: none."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    output_format = forms.ChoiceField(
        label=_("Answer format"),
        required=False,
        choices=OutputFormat.choices,
        help_text=_("JSON answers are checked and shown as a table, with the raw text beside it."),
    )
    output_schema = forms.CharField(
        label=_("JSON schema"),
        required=False,
        strip=False,
        help_text=_("What a valid answer looks like, as JSON Schema (Draft 2020-12)."),
        widget=forms.Textarea(
            attrs=counted(MAX_SCHEMA_CHARACTERS, rows=10, spellcheck="false", **{"class": "input--code"})
        ),
    )
    parallel_tool_calls = forms.BooleanField(
        label=_("Several function calls at once"),
        required=False,
        help_text=_("Off: the model waits for one result before it asks for the next."),
    )
    answers_only_from_knowledge = forms.BooleanField(
        label=_("Answer only from its knowledge"),
        required=False,
        help_text=_("When no passage fits the question, the text below is the answer and no model is asked."),
    )
    no_answer_text = forms.CharField(
        label=_("Answer when nothing fits"),
        required=False,
        strip=False,
        help_text=_("Empty: “I do not have enough information in my documents to answer this.”"),
        widget=forms.TextInput(attrs=counted(NO_ANSWER_LENGTH)),
    )

    def __init__(self, *args: Any, gpt: GPT, may_edit: bool, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: _initial(gpt, name) for name in self.base_fields})
        super().__init__(*args, **kwargs)
        self.models = list(list_available_models(gpt.workspace))
        model, listed = self.fields["language_model"], self.fields["allowed_models"]
        assert isinstance(model, forms.ChoiceField)
        assert isinstance(listed, forms.MultipleChoiceField)
        model.choices = model_choices(self.models, gpt)
        listed.choices = listed_choices(self.models, gpt)
        current = gpt.language_model or next(iter(self.models), None)
        self.abilities = {str(item.pk): abilities_of(item) for item in (*self.models, current) if item}
        self.abilities[""] = abilities_of(self.models[0] if self.models else None)
        self.able = frozenset(abilities_of(current))
        self.retirement = retirement_note(gpt.language_model)
        for bound in self.fields.values():
            bound.disabled = not may_edit


def _initial(gpt: GPT, name: str) -> Any:
    if name == "language_model":
        return gpt.language_model_id or ""
    value = serialize_draft_field(gpt, name)
    return "" if value is None else value


def model_choices(models: list[LanguageModel], gpt: GPT) -> list[tuple[Any, Any]]:
    """Models on offer, with the draft's own even when it was retired since."""
    choices: list[tuple[Any, Any]] = [
        (model.pk, f"{model.label} · {model.provider.name}") for model in models
    ]
    current = gpt.language_model
    if current is not None and current.pk not in [value for value, _label in choices]:
        choices.append((current.pk, _("%(model)s (retired)") % {"model": current.label}))
    return [("", _("The workspace's default")), *choices] if current is None else choices


def listed_choices(models: list[LanguageModel], gpt: GPT) -> list[tuple[str, str]]:
    """Models that may be listed for the chat, by name; listed ones that are gone stay until unchecked."""
    labels = {model.name: model.label for model in reversed(models)}
    gone = [name for name in gpt.allowed_models if name not in labels]
    return [*labels.items(), *((name, _("%(model)s (not offered)") % {"model": name}) for name in gone)]


def abilities_of(model: LanguageModel | None) -> list[str]:
    """Features and capabilities of a model in one list, for showing what has an effect."""
    if model is None:
        return []
    kept = (Capability.FILE_SEARCH.value, *((Capability.VISION.value,) if accepts_images(model) else ()))
    return sorted({*features_of(model), *tools_of(model), *kept})


def retirement_note(model: LanguageModel | None) -> str:
    """What to know about a recommended model that is leaving or gone; empty while it stays."""
    if model is None or model.retired_at is None:
        return ""
    day = date_format(model.retired_at, formats.day_format())
    named = {"model": model.label, "day": day, "other": getattr(model.replacement, "label", "")}
    if is_retired(model):
        text = _("%(model)s was retired on %(day)s.") % named
    else:
        text = _("%(model)s will be retired on %(day)s.") % named
    then = (
        _("From then on %(other)s answers in its place, unless you choose another model.") % named
        if model.replacement is not None
        else _("From then on the workspace's default model answers, unless you choose another one.")
    )
    return f"{text} {then}"


class SubmitForm(forms.Form):
    """Release notes and what the author attests."""

    release_notes = forms.CharField(
        label=_("What is new"),
        required=False,
        strip=False,
        help_text=_("For your users, on the store page."),
        widget=forms.Textarea(attrs=counted(RELEASE_NOTES_LENGTH, rows=3)),
    )
    note = forms.CharField(
        label=_("Note to the moderators"),
        required=False,
        strip=False,
        help_text=_("Only they see it: how to test it, where the knowledge comes from."),
        widget=forms.Textarea(attrs=counted(RELEASE_NOTES_LENGTH, rows=2)),
    )
    attested = forms.BooleanField(
        label=_("I may publish this, its knowledge is mine to share, and it keeps the rules of the store."),
        required=False,
    )


def draft_changes(post: QueryDict) -> dict[str, Any]:
    """Return the changed fields of a posted draft form.

    ``fields`` names what was sent (autosave sends only what changed); without it the whole form counts.
    """
    if post.get("fields"):
        names = post.get("fields", "").split(",")
    else:
        # A checkbox that is off sends nothing: only a form that has the settings says something about them.
        has_settings = "model_settings" in post
        shown = [name for name in DraftForm.base_fields if has_settings or name not in SETTING_CLEANERS]
        names = [*shown, "starters"]
    changes: dict[str, Any] = {}
    for name in names:
        if name in ("starters", "capabilities", "allowed_models"):
            changes[name] = post.getlist(name)
        elif name in DraftForm.base_fields:
            changes[name] = post.get(name, "")
    return changes


def starter_rows(values: list[str], *, may_edit: bool) -> list[str]:
    """Return the starters with two empty rows behind them, as far as there is room."""
    return values if not may_edit else [*values, "", ""][: max(STARTER_COUNT, len(values))]


def show_refusal(form: forms.Form, refusal: DomainError) -> None:
    """Put a service's refusal beside the fields that it names, in place of the form's own errors."""
    form.full_clean()
    form.errors.clear()
    messages = refusal.data.get("errors") or {refusal.field: refusal.message}
    for field, message in messages.items():
        form.add_error(field if field in form.fields else None, message)
