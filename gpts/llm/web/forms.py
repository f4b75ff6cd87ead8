"""Forms of the model catalogue. The services validate the values."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.dates import is_usual_year
from core.money import MICROS_PER_UNIT
from gpts.llm.catalogue import get_last_day
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.catalogue import (
    KEY_LENGTH,
    MODEL_DEFAULTS,
    NAME_LENGTH,
    TIME_LIMITS,
    URL_LENGTH,
    ProviderChange,
)
from gpts.llm.states import Capability, ModelFeature, ModelKind, OptionChoice, ProviderKind
from gpts.llm.wording import list_option_states

OPTION_PREFIX = "option_"


class ProviderForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)
    kind = forms.ChoiceField(
        label=_("Protocol"),
        choices=[
            (kind.value, kind.label) for kind in (ProviderKind.RESPONSES, ProviderKind.CHAT_COMPLETIONS)
        ],
        help_text=_("Responses has the provider's own tools; Chat Completions is what most servers speak."),
    )
    base_url = forms.CharField(
        label=_("Address"),
        max_length=URL_LENGTH,
        help_text=_("Up to /v1, such as https://api.example.com/v1."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
    )
    key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=KEY_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    no_key = forms.BooleanField(label=_("Take the stored key away"), required=False)
    is_enabled = forms.BooleanField(
        label=_("Enabled"), required=False, help_text=_("Off: its models answer nobody until it is on again.")
    )

    def __init__(self, *args: Any, provider: ModelProvider | None = None, **kwargs: Any) -> None:
        self.provider = provider
        if provider is not None:
            kwargs["initial"] = {
                name: getattr(provider, name) for name in ("name", "kind", "base_url", "is_enabled")
            }
        super().__init__(*args, **kwargs)
        has_key = provider is not None and bool(provider.sealed_key)
        self.fields["key"].help_text = (
            _("A key is stored. It is never shown; enter another one to replace it.")
            if has_key
            else _("Stored sealed and never shown again. Empty for servers that need none.")
        )
        if not has_key:
            del self.fields["no_key"]
        if provider is None:
            del self.fields["is_enabled"]

    def get_change(self) -> ProviderChange:
        values = self.cleaned_data
        key: str | None = values["key"] or None
        if self.provider is None:
            key = values["key"]
        elif values.get("no_key"):
            key = ""
        return ProviderChange(
            values["name"], values["kind"], values["base_url"], key, values.get("is_enabled")
        )


class ModelForm(forms.Form):
    name = forms.CharField(
        label=_("Name at the provider"), max_length=120, help_text=_("Exactly as its API wants it.")
    )
    label = forms.CharField(
        label=_("Label"), max_length=NAME_LENGTH, required=False, help_text=_("What people see.")
    )
    kind = forms.ChoiceField(label=_("What it is for"), choices=ModelKind.choices)
    context_window = forms.CharField(
        label=_("Context window"), help_text=_("In tokens, question and answer together.")
    )
    max_output_tokens = forms.CharField(label=_("Longest answer"), help_text=_("In tokens."))
    input_price = forms.DecimalField(
        label=_("Price of a million tokens sent"), min_value=0, max_digits=12, decimal_places=6, initial=0
    )
    output_price = forms.DecimalField(
        label=_("Price of a million tokens received"), min_value=0, max_digits=12, decimal_places=6, initial=0
    )
    capabilities = forms.MultipleChoiceField(
        label=_("Capabilities"),
        choices=Capability.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Web search, code and images work only with the Responses protocol."),
    )
    features = forms.MultipleChoiceField(
        label=_("Settings that it understands"),
        choices=ModelFeature.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    dimensions = forms.CharField(
        label=_("Dimensions"), required=False, help_text=_("Length of its vectors, for embeddings only.")
    )
    first_token_seconds = forms.CharField(
        label=_("Seconds until the first word"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    silence_seconds = forms.CharField(
        label=_("Seconds of silence"),
        required=False,
        help_text=_("Without any sign of life, also none that only keeps the connection open."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    answer_seconds = forms.CharField(
        label=_("Seconds for a whole answer"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    is_default = forms.BooleanField(
        label=_("Default of this provider"),
        required=False,
        help_text=_("Answers for GPTs whose maker chose none."),
    )

    def __init__(self, *args: Any, model: LanguageModel | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = (
            MODEL_DEFAULTS | kwargs.get("initial", {}) if model is None else _get_initial(model)
        )
        super().__init__(*args, **kwargs)
        for name in ("input_price", "output_price"):
            self.fields[name].help_text = settings.PAYOUT_CURRENCY
        limits = (
            settings.MODEL_FIRST_TOKEN_SECONDS,
            settings.MODEL_IDLE_SECONDS,
            settings.MODEL_ANSWER_SECONDS,
        )
        for name, seconds in zip(TIME_LIMITS, limits, strict=True):
            self.fields[name].widget.attrs["placeholder"] = f"{seconds:g}"
        self.option_fields: list[str] = []
        if model is None:
            self.fields["context_window"].help_text = _(
                "In tokens, question and answer together. What stands here is an assumption: look it up."
            )
        else:
            self.fields["name"].disabled = True
            self._add_options(model)

    def _add_options(self, model: LanguageModel) -> None:
        """Add a choice for each option of the model's protocol; optional, so that short posts keep them."""
        for state in list_option_states(model):
            name = f"{OPTION_PREFIX}{state.name}"
            choices = [(choice.value, choice.label) for choice in OptionChoice]
            if state.refused_at is not None:
                choices[0] = (OptionChoice.AUTOMATIC.value, _("Not sent: the server refused it"))
            self.fields[name] = forms.ChoiceField(
                label=state.label,
                help_text=state.help,
                choices=choices,
                required=False,
                initial=state.choice,
            )
            self.option_fields.append(name)

    @property
    def options(self) -> list[forms.BoundField]:
        return [self[name] for name in self.option_fields]

    def get_values(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        chosen = {
            name.removeprefix(OPTION_PREFIX): values.pop(name)
            for name in self.option_fields
            if name in values
        }
        if chosen := {name: choice for name, choice in chosen.items() if choice}:
            values["options"] = chosen
        for side in ("input", "output"):
            values[f"{side}_price_micros"] = int(values.pop(f"{side}_price") * MICROS_PER_UNIT)
        return values


class RetirementForm(forms.Form):
    """A model's last day (in UTC) and its replacement."""

    day = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("It answers until the end of this day (UTC). Empty: it stays."),
    )
    replacement = forms.TypedChoiceField(
        label=_("Replacement"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("Answers in its place afterwards, also for versions that are live."),
    )

    def __init__(self, *args: Any, model: LanguageModel, choices: list[LanguageModel], **kwargs: Any) -> None:
        kwargs["initial"] = {
            "day": None if model.retired_at is None else get_last_day(model.retired_at),
            "replacement": model.replacement_id,
        }
        super().__init__(*args, **kwargs)
        field = self.fields["replacement"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", _("The default model")),
            *((other.pk, f"{other} · {other.provider}") for other in choices),
        ]

    def clean_day(self) -> date | None:
        day: date | None = self.cleaned_data["day"]
        if day is not None and not is_usual_year(day.year):
            raise forms.ValidationError(_("Write a date like 2026-03-31."), code="date_invalid")
        return day

    def get_retirement_time(self) -> datetime | None:
        return get_retirement_time(self.cleaned_data["day"])


def get_retirement_time(day: date | None) -> datetime | None:
    """Return the end of a last day: midnight UTC at the start of the next one."""
    return None if day is None else datetime.combine(day, time(), UTC) + timedelta(days=1)


def _get_initial(model: LanguageModel) -> dict[str, Any]:
    names = ("name", "label", "kind", "context_window", "max_output_tokens", "capabilities", "features",
             "dimensions", "is_default", *TIME_LIMITS)  # fmt: skip
    prices = {
        "input_price": Decimal(model.input_price_micros) / MICROS_PER_UNIT,
        "output_price": Decimal(model.output_price_micros) / MICROS_PER_UNIT,
    }
    return {name: getattr(model, name) for name in names} | prices
