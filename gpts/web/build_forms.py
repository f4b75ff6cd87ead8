"""The forms of building. They draw and keep what was typed; the services check it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from gpts.models import GPT
from gpts.models.gpts import (
    DESCRIPTION_LENGTH,
    INSTRUCTIONS_LENGTH,
    NAME_LENGTH,
    STARTER_COUNT,
)
from gpts.patterns import PATTERNS
from gpts.queries import available_models
from gpts.services.versions import RELEASE_NOTES_LENGTH
from gpts.states import Capability, Category
from workspaces.models import Workspace


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
    language_model = forms.ChoiceField(label=_("Model"), required=False)
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

    def __init__(self, *args: Any, gpt: GPT, may_edit: bool, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: _initial(gpt, name) for name in self.base_fields})
        super().__init__(*args, **kwargs)
        model = self.fields["language_model"]
        assert isinstance(model, forms.ChoiceField)
        model.choices = model_choices(gpt.workspace, gpt)
        for bound in self.fields.values():
            bound.disabled = not may_edit


def _initial(gpt: GPT, name: str) -> Any:
    if name == "language_model":
        return gpt.language_model_id or ""
    value = getattr(gpt, name)
    return "" if value is None else value


def model_choices(workspace: Workspace, gpt: GPT) -> list[tuple[Any, Any]]:
    """Models on offer, with the draft's own even when it was retired since."""
    choices: list[tuple[Any, Any]] = [
        (model.pk, f"{model.label} · {model.provider.name}") for model in available_models(workspace)
    ]
    current = gpt.language_model
    if current is not None and current.pk not in [value for value, _label in choices]:
        choices.append((current.pk, _("%(model)s (retired)") % {"model": current.label}))
    return [("", _("The workspace's default")), *choices] if current is None else choices


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
    names = post.get("fields", "").split(",") if post.get("fields") else [*DraftForm.base_fields, "starters"]
    changes: dict[str, Any] = {}
    for name in names:
        if name in ("starters", "capabilities"):
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
