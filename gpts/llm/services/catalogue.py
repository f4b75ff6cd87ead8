"""Changes the model catalogue: providers with encrypted keys, and their models. Every change is audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.audit import compare, record
from core.errors import Conflict, InvalidInput
from core.secrets import seal
from core.text import clean_line
from gpts.llm.catalogue import LARGEST_WINDOW, OPTIONS
from gpts.llm.embeddings import forget_embedding_models
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.runtime.types import ModelOption
from gpts.llm.services.addresses import clean_base_url
from gpts.llm.services.learning import forget_learned
from gpts.llm.services.providers import KEY_PURPOSE, get_key_tenant
from gpts.llm.states import Capability, ModelFeature, ModelKind, OptionChoice, ProviderKind
from workspaces.models import User, Workspace

NAME_LENGTH = 80
MODEL_NAME_LENGTH = 120
URL_LENGTH = 300
KEY_LENGTH = 500
MAX_PROVIDERS = 20  # of a workspace, or of the instance
MAX_MODELS = 200  # of a provider
RESTRICT_VIOLATION = "23001"  # SQLSTATE of the trigger that keeps approved addresses
LARGEST_PRICE = 10**12
TIME_LIMITS = ("first_token_seconds", "silence_seconds", "answer_seconds")
LONGEST_LIMIT = 3_600
KINDS = (ProviderKind.RESPONSES, ProviderKind.CHAT_COMPLETIONS)


# What the audit log keeps the values of: facts and choices, neither names nor keys.
PROVIDER_FACTS = ("kind", "base_url", "is_enabled")
MODEL_FACTS = (
    "context_window", "max_output_tokens", "input_price_micros", "output_price_micros", "capabilities",
    "features", "kind", "dimensions", "first_token_seconds", "silence_seconds", "answer_seconds",
    "is_default", "option_choices",
)  # fmt: skip


@dataclass(frozen=True)
class ProviderChange:
    """New values of a provider; None leaves a field unchanged. An empty ``key`` removes the key."""

    name: str | None = None
    kind: str | None = None
    base_url: str | None = None
    key: str | None = None
    is_enabled: bool | None = None


@transaction.atomic
def create_provider(
    *, workspace: Workspace | None, change: ProviderChange, by: User, at: datetime
) -> ModelProvider:
    """Add a provider to a workspace, or to the instance for None. The caller has authorised ``by``."""
    if ModelProvider.objects.filter(workspace=workspace).count() >= MAX_PROVIDERS:
        raise InvalidInput(_("There are too many providers here. Remove or change one."), code="too_many")
    provider = ModelProvider(workspace=workspace, created_at=at, kind=ProviderKind.RESPONSES)
    fields = _set_provider(provider, change, is_new=True)
    try:
        with transaction.atomic():
            provider.save()
    except IntegrityError:
        raise _build_name_conflict() from None
    if change.key:
        _seal_key(provider, change.key)
        provider.save(update_fields=["sealed_key"])
    _record("gpts.provider_added", provider, provider, fields, by=by, at=at)
    return provider


@transaction.atomic
def change_provider(
    *, provider: ModelProvider, change: ProviderChange, by: User, at: datetime
) -> ModelProvider:
    """Change the given fields. Raises InvalidInput, and Conflict for the built-in provider.

    A new protocol or address forgets what was learned about the models there.

    Conflict (``address_approved``) for another host while public GPTs, which were approved with the present
    one, answer through it: a trigger refuses that. A new address needs the key again: a stored key must not
    be sent to a server that an admin adds later.
    """
    row = ModelProvider.objects.select_for_update().get(pk=provider.pk)
    if row.kind == ProviderKind.OFFLINE:
        raise Conflict(_("The built-in model is always there and cannot be changed."), code="built_in")
    before, former = row.base_url, {name: getattr(row, name) for name in PROVIDER_FACTS}
    fields = _set_provider(row, change, is_new=False)
    if row.base_url != before and row.sealed_key and change.key is None:
        raise InvalidInput(
            _("Enter the key again: it was given for another address."), code="key_again", field="key"
        )
    if change.key is not None:
        fields.append("key")
        if change.key:
            _seal_key(row, change.key)
        else:
            row.sealed_key = ""
    if not fields:
        return row
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", "") != RESTRICT_VIOLATION:
            raise _build_name_conflict() from None
        raise Conflict(
            _(
                "Public GPTs were approved with this address. Add a provider with the new one, choose its"
                " models in their drafts and submit the new versions."
            ),
            code="address_approved",
            field="base_url",
        ) from None
    if {"kind", "base_url"} & set(fields):
        forget_learned(row.models.all())
    changes = compare(former, {name: getattr(row, name) for name in PROVIDER_FACTS}, PROVIDER_FACTS)
    _record("gpts.provider_changed", row, row, fields, by=by, at=at, changes=changes)
    return row


@transaction.atomic
def add_model(*, provider: ModelProvider, values: Mapping[str, Any], by: User, at: datetime) -> LanguageModel:
    """Add a model to a provider; its first chat model becomes the default."""
    row = ModelProvider.objects.select_for_update().get(pk=provider.pk)
    if row.kind == ProviderKind.OFFLINE:
        raise Conflict(_("The built-in model is always there and cannot be changed."), code="built_in")
    if row.models.count() >= MAX_MODELS:
        raise InvalidInput(_("This provider has too many models already."), code="too_many")
    cleaned = clean_model(values)
    if "name" not in cleaned:
        raise InvalidInput(
            _("A model needs the name that its provider knows it by."), code="required", field="name"
        )
    is_assumed = "context_window" not in cleaned and cleaned.get("kind") != ModelKind.EMBEDDING
    model = LanguageModel(
        provider=row,
        is_size_assumed=is_assumed,
        **{"label": cleaned["name"], **MODEL_DEFAULTS, **cleaned},
    )
    _check_combination(model)
    is_first = model.kind == ModelKind.CHAT and not row.models.filter(is_default=True).exists()
    model.is_default = False
    model.option_choices = _merge_choices(model, model.option_choices)
    try:
        with transaction.atomic():
            model.save()
    except IntegrityError:
        raise InvalidInput(
            _("This provider has a model of this name already."), code="name_taken", field="name"
        ) from None
    if is_first or cleaned.get("is_default"):
        _make_default(model)
    _record("gpts.model_added", model, row, sorted(cleaned), by=by, at=at)
    return model


@transaction.atomic
def change_model(*, model: LanguageModel, values: Mapping[str, Any], by: User, at: datetime) -> LanguageModel:
    """Change the given fields of a model; its name cannot change, because frozen versions refer to it."""
    row = LanguageModel.objects.select_for_update(of=("self",)).select_related("provider").get(pk=model.pk)
    if row.provider.kind == ProviderKind.OFFLINE:
        raise Conflict(_("The built-in model is always there and cannot be changed."), code="built_in")
    cleaned = clean_model(values)
    if cleaned.pop("name", row.name) != row.name:
        raise InvalidInput(
            _("A model keeps its name. Add another model and retire this one."), code="fixed", field="name"
        )
    wants_default = cleaned.pop("is_default", None)
    if "option_choices" in cleaned:
        cleaned["option_choices"] = _merge_choices(row, cleaned["option_choices"])
    changed = [name for name, value in cleaned.items() if getattr(row, name) != value]
    changed += _confirm_what_was_assumed(row, cleaned)
    former = {name: getattr(row, name) for name in MODEL_FACTS}
    for name in changed:
        if name in cleaned:
            setattr(row, name, cleaned[name])
    _check_combination(row)
    if wants_default is not None and wants_default != row.is_default:
        changed.append("is_default")
        if wants_default:
            _make_default(row)
        row.is_default = wants_default
    if not changed:
        return row
    row.save(update_fields=changed)
    changes = compare(former, {name: getattr(row, name) for name in MODEL_FACTS}, MODEL_FACTS)
    _record("gpts.model_changed", row, row.provider, changed, by=by, at=at, changes=changes)
    return row


@transaction.atomic
def forget_what_was_learned(*, model: LanguageModel, by: User, at: datetime) -> LanguageModel:
    """Forget what answers have shown about a model, so that everything is sent again. Idempotent."""
    row = LanguageModel.objects.select_for_update(of=("self",)).select_related("provider").get(pk=model.pk)
    if row.learned:
        row.learned = {}
        row.save(update_fields=["learned"])
        _record("gpts.model_changed", row, row.provider, ["learned"], by=by, at=at)
    return row


def _merge_choices(row: LanguageModel, choices: Mapping[str, str]) -> dict[str, str]:
    """Return the row's choices with ``choices``, of the protocol's options; automatic is not stored."""
    own = {option.value for option in OPTIONS[ProviderKind(row.provider.kind)]}
    merged = {**row.option_choices, **{name: value for name, value in choices.items() if name in own}}
    return {name: value for name, value in sorted(merged.items()) if value != OptionChoice.AUTOMATIC}


def _confirm_what_was_assumed(row: LanguageModel, cleaned: Mapping[str, Any]) -> list[str]:
    """Take a given context window for confirmed: it is not assumed any more, and a warning about it is over.

    A choice about an option also forgets what was learned about it. Returns the changed fields.
    """
    changed = []
    learned = dict(row.learned)
    if "context_window" in cleaned:
        if row.is_size_assumed:
            row.is_size_assumed = False
            changed.append("is_size_assumed")
        if cleaned["context_window"] != row.context_window:
            learned.pop("input_cut", None)
            learned.pop("context_window", None)
    if cleaned.get("max_output_tokens", row.max_output_tokens) != row.max_output_tokens:
        learned.pop("output_limit", None)
    before = row.option_choices
    chosen = cleaned.get("option_choices", before)
    fresh = {name for name, value in chosen.items() if before.get(name) != value}
    options = {name: value for name, value in learned.get("options", {}).items() if name not in fresh}
    learned = {name: value for name, value in learned.items() if name != "options"}
    if options:
        learned["options"] = options
    if learned != row.learned:
        row.learned = learned
        changed.append("learned")
    return changed


@transaction.atomic
def import_models(
    *, provider: ModelProvider, names: list[str], by: User, at: datetime
) -> list[LanguageModel]:
    """Add models by name with default values; existing ones are left unchanged."""
    known = set(provider.models.values_list("name", flat=True))
    missing = [name for name in dict.fromkeys(names) if name not in known]
    return [add_model(provider=provider, values={"name": name}, by=by, at=at) for name in missing]


MODEL_DEFAULTS: dict[str, Any] = {
    "context_window": 128_000,
    "max_output_tokens": 4_096,
    "capabilities": [Capability.FILE_SEARCH.value],
    "features": [feature.value for feature in ModelFeature],
    "kind": ModelKind.CHAT.value,
}


def clean_model(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's values, each validated by itself; raises InvalidInput with the field."""
    cleaned: dict[str, Any] = {}
    for name, value in values.items():
        if name == "name":
            cleaned[name] = clean_line(str(value), max_length=MODEL_NAME_LENGTH, field=name)
        elif name == "label":
            label = clean_line(str(value), max_length=NAME_LENGTH, field=name, required=False)
            cleaned[name] = label or str(values.get("name", ""))[:NAME_LENGTH]
        elif name in ("context_window", "max_output_tokens"):
            cleaned[name] = _clean_integer(value, name, 1, LARGEST_WINDOW)
        elif name in ("input_price_micros", "output_price_micros"):
            cleaned[name] = _clean_integer(value, name, 0, LARGEST_PRICE)
        elif name == "dimensions":
            cleaned[name] = None if value in (None, "") else _clean_integer(value, name, 1, 4_000)
        elif name in TIME_LIMITS:
            cleaned[name] = None if value in (None, "") else _clean_integer(value, name, 1, LONGEST_LIMIT)
        elif name == "kind":
            cleaned[name] = _clean_choice(value, ModelKind.values, name)
        elif name == "capabilities":
            cleaned[name] = sorted({_clean_choice(item, Capability.values, name) for item in value})
        elif name == "features":
            cleaned[name] = sorted({_clean_choice(item, ModelFeature.values, name) for item in value})
        elif name == "is_default":
            cleaned[name] = bool(value)
        elif name == "options":
            cleaned["option_choices"] = {
                _clean_choice(option, [option.value for option in ModelOption], name): _clean_choice(
                    choice, OptionChoice.values, name
                )
                for option, choice in dict(value).items()
            }
        else:
            raise InvalidInput(
                _("A model has no field “%(field)s”.") % {"field": name[:60]}, code="unknown_field"
            )
    return cleaned


def _check_combination(model: LanguageModel) -> None:
    if model.max_output_tokens > model.context_window:
        raise InvalidInput(
            _("The longest answer cannot exceed the context window."),
            code="out_of_range",
            field="max_output_tokens",
        )
    if model.kind == ModelKind.EMBEDDING and model.dimensions is None:
        raise InvalidInput(
            _("Say how long the vectors are: an embedding model has dimensions."),
            code="required",
            field="dimensions",
        )
    if model.kind == ModelKind.CHAT:
        model.dimensions = None


def _make_default(model: LanguageModel) -> None:
    if model.kind != ModelKind.CHAT:
        raise InvalidInput(
            _("Only a model that answers can be the default."), code="wrong_kind", field="is_default"
        )
    LanguageModel.objects.filter(provider_id=model.provider_id, is_default=True).exclude(pk=model.pk).update(
        is_default=False
    )
    model.is_default = True
    LanguageModel.objects.filter(pk=model.pk).update(is_default=True)


def _set_provider(provider: ModelProvider, change: ProviderChange, *, is_new: bool) -> list[str]:
    """Set the validated values on the row; returns the names of the fields that changed."""
    values: dict[str, Any] = {}
    if change.name is not None or is_new:
        values["name"] = clean_line(change.name or "", max_length=NAME_LENGTH, field="name")
    if change.kind is not None or is_new:
        values["kind"] = _clean_choice(change.kind, [kind.value for kind in KINDS], "kind")
    if change.base_url is not None or is_new:
        values["base_url"] = clean_base_url(change.base_url or "", provider.purpose)
    if change.is_enabled is not None:
        values["is_enabled"] = change.is_enabled
    if change.key is not None:
        _check_key(change.key)
    changed = [name for name, value in values.items() if getattr(provider, name) != value or is_new]
    for name, value in values.items():
        setattr(provider, name, value)
    return changed


def _check_key(key: str) -> None:
    if len(key) > KEY_LENGTH or not key.isascii() or any(ord(letter) < 33 for letter in key):
        raise InvalidInput(
            _("A key is one line of letters, digits and signs, without spaces."), code="bad_key", field="key"
        )


def _seal_key(provider: ModelProvider, key: str) -> None:
    provider.sealed_key = seal(
        key, purpose=KEY_PURPOSE, tenant=get_key_tenant(provider), row=str(provider.pk)
    )


def _clean_integer(value: Any, field: str, least: int, most: int) -> int:
    text = str(value).strip()
    is_number = not isinstance(value, bool) and text.isascii() and text.isdecimal() and len(text) < 20
    if not is_number or not least <= int(text) <= most:
        raise InvalidInput(
            _("Enter a whole number from %(least)d to %(most)d.") % {"least": least, "most": most},
            code="out_of_range",
            field=field,
        )
    return int(text)


def _clean_choice(value: Any, allowed: list[str], field: str) -> str:
    if value not in allowed:
        raise InvalidInput(_("Choose from the list."), code="unknown_choice", field=field)
    return str(value)


def _build_name_conflict() -> InvalidInput:
    return InvalidInput(_("There is a provider of this name already."), code="name_taken", field="name")


def _record(
    action: str,
    subject: Any,
    provider: ModelProvider,
    fields: list[str],
    *,
    by: User,
    at: datetime,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> None:
    transaction.on_commit(forget_embedding_models, robust=True)
    record(
        action=action,
        by=by,
        at=at,
        subject=subject,
        workspace_id=provider.workspace_id,
        data={"provider": provider.pk, "fields": sorted(fields)},
        changes=changes,
    )
