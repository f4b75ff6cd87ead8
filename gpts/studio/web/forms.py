"""The forms of the studio. They render fields and keep typed values; the services validate."""

from __future__ import annotations

from collections.abc import Sequence
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
from gpts.assistants.queries.gpts import keep_allowed, list_available_models
from gpts.assistants.services.draft_settings import SETTING_CLEANERS
from gpts.assistants.services.gpts import serialize_draft_field
from gpts.assistants.services.versions import RELEASE_NOTES_LENGTH
from gpts.assistants.states import Category, OutputFormat
from gpts.llm.catalogue import get_features, get_provider_tools, is_retired
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.outputs import MAX_SCHEMA_CHARACTERS
from gpts.llm.states import Capability, ModelChoice
from gpts.studio.gpt_templates import GPTTemplate
from workspaces.models import User


def counter_attrs(limit: int, **attrs: Any) -> dict[str, Any]:
    """Return widget attributes for a character counter. No maxlength, which would cut off pasted text."""
    return {"data-counter": str(limit), **attrs}


class NewGPTForm(forms.Form):
    """The name of a new GPT, its workspace and the template that fills the rest."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        strip=False,
        help_text=_("What people will call it. You can change it later."),
        widget=forms.TextInput(attrs=counter_attrs(NAME_LENGTH, autofocus=True, autocomplete="off")),
    )
    workspace = forms.ChoiceField(
        label=_("Where it belongs"), required=False, help_text=_("The workspace keeps it when people leave.")
    )
    pattern = forms.ChoiceField(label=_("Start from"), required=False)

    def __init__(
        self,
        *args: Any,
        workspaces: list[tuple[str, str]],
        templates: Sequence[GPTTemplate],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        workspace, pattern = self.fields["workspace"], self.fields["pattern"]
        assert isinstance(workspace, forms.ChoiceField)
        assert isinstance(pattern, forms.ChoiceField)
        workspace.choices = workspaces
        pattern.choices = [(template.key, template.label) for template in templates]


class DraftForm(forms.Form):
    """All fields of a draft except its icon, starters and files, which have their own controls."""

    name = forms.CharField(
        label=_("Name"), required=False, strip=False, widget=forms.TextInput(attrs=counter_attrs(NAME_LENGTH))
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        strip=False,
        help_text=_("One or two lines: what it does and for whom. People see it before they click."),
        widget=forms.Textarea(attrs=counter_attrs(DESCRIPTION_LENGTH, rows=2, **{"data-autosize": ""})),
    )
    instructions = forms.CharField(
        label=_("Instructions"),
        required=False,
        strip=False,
        help_text=_(
            "What it does, how it answers, what it must not do. They are not secret: never put keys here."
        ),
        widget=forms.Textarea(attrs=counter_attrs(INSTRUCTIONS_LENGTH, rows=12)),
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
            attrs=counter_attrs(
                MAX_SCHEMA_CHARACTERS, rows=10, spellcheck="false", **{"class": "input--code"}
            )
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
        widget=forms.TextInput(attrs=counter_attrs(NO_ANSWER_LENGTH)),
    )

    def __init__(self, *args: Any, gpt: GPT, may_edit: bool, person: User, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: _get_initial(gpt, name) for name in self.base_fields})
        super().__init__(*args, **kwargs)
        offered = list(list_available_models(gpt.workspace))
        self.models = offered
        if may_edit:
            self.models = keep_allowed(offered, user_id=person.pk, workspace_id=gpt.workspace_id)
        model, listed = self.fields["language_model"], self.fields["allowed_models"]
        assert isinstance(model, forms.ChoiceField)
        assert isinstance(listed, forms.MultipleChoiceField)
        model.choices = list_model_choices(self.models, gpt, is_offered=gpt.language_model in offered)
        listed.choices = list_allowed_model_choices(self.models, gpt)
        current = gpt.language_model or next(iter(self.models), None)
        self.abilities = {str(item.pk): list_abilities(item) for item in (*self.models, current) if item}
        self.abilities[""] = list_abilities(self.models[0] if self.models else None)
        self.able = frozenset(list_abilities(current))
        self.retirement = build_retirement_note(gpt.language_model)
        for bound in self.fields.values():
            bound.disabled = not may_edit


def _get_initial(gpt: GPT, name: str) -> Any:
    if name == "language_model":
        return gpt.language_model_id or ""
    value = serialize_draft_field(gpt, name)
    return "" if value is None else value


def list_model_choices(models: list[LanguageModel], gpt: GPT, *, is_offered: bool) -> list[tuple[Any, Any]]:
    """Return the models to choose, and the draft's own also if it was retired or a rule forbids it."""
    choices: list[tuple[Any, Any]] = [(model.pk, f"{model} · {model.provider}") for model in models]
    current = gpt.language_model
    if current is not None and current.pk not in [value for value, _label in choices]:
        text = _("%(model)s (forbidden by a rule)") if is_offered else _("%(model)s (retired)")
        choices.append((current.pk, text % {"model": current.shown_label}))
    return [("", _("The workspace's default")), *choices] if current is None else choices


def list_allowed_model_choices(models: list[LanguageModel], gpt: GPT) -> list[tuple[str, str]]:
    """Return the models that may be listed for the chat; unavailable ones stay until they are unchecked."""
    labels = {model.name: model.shown_label for model in reversed(models)}
    gone = [name for name in gpt.allowed_models if name not in labels]
    return [*labels.items(), *((name, _("%(model)s (not offered)") % {"model": name}) for name in gone)]


def list_abilities(model: LanguageModel | None) -> list[str]:
    """Return the features and capabilities of a model, for showing which settings have an effect."""
    if model is None:
        return []
    built_in = (Capability.FILE_SEARCH.value, *((Capability.VISION.value,) if accepts_images(model) else ()))
    return sorted({*get_features(model), *get_provider_tools(model), *built_in})


def build_retirement_note(model: LanguageModel | None) -> str:
    """Return the sentences about the retirement of the draft's model, or "" if none is planned."""
    if model is None or model.retired_at is None:
        return ""
    day = date_format(model.retired_at, formats.day_format())
    values = {"model": model, "day": day, "other": model.replacement or ""}
    if is_retired(model):
        text = _("%(model)s was retired on %(day)s.") % values
    else:
        text = _("%(model)s will be retired on %(day)s.") % values
    then = (
        _("From then on %(other)s answers in its place, unless you choose another model.") % values
        if model.replacement is not None
        else _("From then on the workspace's default model answers, unless you choose another one.")
    )
    return f"{text} {then}"


class SubmitForm(forms.Form):
    """A submission to the store: release notes, a note to the moderators, the creator's attestation."""

    release_notes = forms.CharField(
        label=_("What is new"),
        required=False,
        strip=False,
        help_text=_("For your users, on the store page."),
        widget=forms.Textarea(attrs=counter_attrs(RELEASE_NOTES_LENGTH, rows=3)),
    )
    note = forms.CharField(
        label=_("Note to the moderators"),
        required=False,
        strip=False,
        help_text=_("Only they see it: how to test it, where the knowledge comes from."),
        widget=forms.Textarea(attrs=counter_attrs(RELEASE_NOTES_LENGTH, rows=2)),
    )
    attested = forms.BooleanField(
        label=_("I may publish this, its knowledge is mine to share, and it keeps the rules of the store."),
        required=False,
    )


def read_draft_changes(post: QueryDict) -> dict[str, Any]:
    """Return the changed fields of a posted draft form.

    ``fields`` lists the posted fields (autosave posts only changed ones); without it, the form is complete.
    """
    if post.get("fields"):
        names = post.get("fields", "").split(",")
    else:
        # An unticked checkbox posts nothing, so settings are only read from a form that contains them.
        has_settings = "model_settings" in post
        present = [name for name in DraftForm.base_fields if has_settings or name not in SETTING_CLEANERS]
        names = [*present, "starters"]
    changes: dict[str, Any] = {}
    for name in names:
        if name in ("starters", "capabilities", "allowed_models"):
            changes[name] = post.getlist(name)
        elif name in DraftForm.base_fields:
            changes[name] = post.get(name, "")
    return changes


def build_starter_rows(values: list[str], *, may_edit: bool) -> list[str]:
    """Return the starters and up to two empty rows for more."""
    return values if not may_edit else [*values, "", ""][: max(STARTER_COUNT, len(values))]


def show_refusal(form: forms.Form, refusal: DomainError) -> None:
    """Show a service's error beside the fields that it names, instead of the form's own errors."""
    form.full_clean()
    form.errors.clear()
    messages = refusal.data.get("errors") or {refusal.field: refusal.message}
    for field, message in messages.items():
        form.add_error(field if field in form.fields else None, message)
