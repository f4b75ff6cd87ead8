"""What a draft may hold: every field cleaned and checked before a service writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.text import clean_block, clean_line
from gpts.assistants.models import GPT
from gpts.assistants.models.gpts import (
    DESCRIPTION_LENGTH,
    INSTRUCTIONS_LENGTH,
    NAME_LENGTH,
    STARTER_COUNT,
    STARTER_LENGTH,
)
from gpts.assistants.queries.gpts import list_available_models
from gpts.assistants.services.draft_settings import SETTING_CLEANERS
from gpts.assistants.states import Category
from gpts.llm.models import LanguageModel
from gpts.llm.states import Capability
from workspaces.models import Workspace

DRAFT_FIELDS = (
    "name",
    "description",
    "instructions",
    "starters",
    "category",
    "language_model",
    "capabilities",
    "temperature",
    *SETTING_CLEANERS,
)


def clean_draft(changes: Mapping[str, Any], *, workspace: Workspace, current: GPT | None) -> dict[str, Any]:
    """Return ``changes`` cleaned, ready to be set on a GPT.

    ``language_model`` may be a LanguageModel, its id, or None. Raises InvalidInput naming the field;
    when several fields are wrong, ``data["errors"]`` maps each to its message.
    """
    unknown = sorted(set(changes) - set(DRAFT_FIELDS))
    if unknown:
        raise InvalidInput(
            _("A draft has no field “%(field)s”.") % {"field": unknown[0][:60]},
            code="unknown_field",
            field=unknown[0][:60],
        )
    cleaned: dict[str, Any] = {}
    problems: list[InvalidInput] = []
    for field, value in changes.items():
        try:
            if field == "language_model":
                cleaned[field] = _clean_model(value, workspace=workspace, current=current)
            else:
                cleaned[field] = _CLEANERS[field](value)
        except InvalidInput as problem:
            problems.append(problem)
    if problems:
        first = problems[0]
        raise InvalidInput(
            first.message,
            code=first.code,
            field=first.field,
            data={**first.data, "errors": {problem.field: str(problem.message) for problem in problems}},
        )
    return cleaned


def _check_text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(_("This must be text."), code="wrong_type", field=field)
    return value


def _clean_name(value: Any) -> str:
    return clean_line(_check_text(value, "name"), max_length=NAME_LENGTH, field="name")


def _clean_description(value: Any) -> str:
    return clean_line(
        _check_text(value, "description"), max_length=DESCRIPTION_LENGTH, field="description", required=False
    )


def _clean_instructions(value: Any) -> str:
    return clean_block(
        _check_text(value, "instructions"),
        max_length=INSTRUCTIONS_LENGTH,
        field="instructions",
        required=False,
    )


def _clean_starters(value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)):
        raise InvalidInput(_("Starters are a list of texts."), code="wrong_type", field="starters")
    # Bounded before the loop: an enormous list must not cost enormous work.
    if len(value) > STARTER_COUNT * 4:
        raise _too_many_starters()
    cleaned = [
        clean_line(_check_text(item, "starters"), max_length=STARTER_LENGTH, field="starters", required=False)
        for item in value
    ]
    starters = list(dict.fromkeys(item for item in cleaned if item))
    if len(starters) > STARTER_COUNT:
        raise _too_many_starters()
    return starters


def _too_many_starters() -> InvalidInput:
    return InvalidInput(
        _("At most %(count)d starters fit. Remove some.") % {"count": STARTER_COUNT},
        code="too_many",
        field="starters",
        data={"limit": STARTER_COUNT},
    )


def _clean_category(value: Any) -> str:
    if value not in Category.values:
        raise InvalidInput(_("Choose one of the categories."), code="unknown_choice", field="category")
    return str(value)


def _clean_capabilities(value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)) or any(item not in Capability.values for item in value):
        raise InvalidInput(
            _("Choose capabilities from the list."), code="unknown_choice", field="capabilities"
        )
    return sorted({str(item) for item in value})


def _clean_temperature(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    refusal = InvalidInput(
        _("The temperature is a number from 0 to 2, such as 0.7."), code="out_of_range", field="temperature"
    )
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise refusal
    try:
        number = Decimal(str(value)[:20])
    except InvalidOperation:
        raise refusal from None
    if not number.is_finite() or not 0 <= number <= 2:
        raise refusal
    return number.quantize(Decimal("0.01"))


_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "name": _clean_name,
    "description": _clean_description,
    "instructions": _clean_instructions,
    "starters": _clean_starters,
    "category": _clean_category,
    "capabilities": _clean_capabilities,
    "temperature": _clean_temperature,
    **SETTING_CLEANERS,
}


def _clean_model(value: Any, *, workspace: Workspace, current: GPT | None) -> LanguageModel | None:
    if value is None or value == "":
        return None
    identifier = value.pk if isinstance(value, LanguageModel) else value
    # A model that was retired since stays with the drafts that have it.
    kept = None if current is None else current.language_model
    if kept is not None and str(identifier) == str(kept.pk):
        return kept
    # A number from a form can exceed what the column holds.
    if isinstance(identifier, bool) or not str(identifier).isdecimal() or int(str(identifier)[:20]) >= 2**63:
        raise _unknown_model()
    model = list_available_models(workspace).filter(pk=int(identifier)).first()
    if model is None:
        raise _unknown_model()
    return model


def _unknown_model() -> InvalidInput:
    return InvalidInput(
        _("This model is not offered here. Choose one from the list."),
        code="unknown_choice",
        field="language_model",
    )
