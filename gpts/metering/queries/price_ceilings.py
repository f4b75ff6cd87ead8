"""Reads the price ceiling of a workspace, and the price of a GPT's answers for a person."""

from __future__ import annotations

from dataclasses import dataclass

from gpts.llm.catalogue import is_foreign
from gpts.llm.models import LanguageModel
from gpts.metering.models import PriceCeiling
from gpts.metering.services.price_ceilings import is_within
from workspaces.models import Workspace


@dataclass(frozen=True)
class AnswerPrice:
    """What an answer of ``model`` costs the workspace that pays, known before the first message.

    ``priced_by`` is the other workspace that sets the price, None for the instance and the own workspace;
    ``is_allowed`` is False above the paying workspace's ceiling.
    """

    model: LanguageModel
    priced_by: Workspace | None
    is_allowed: bool

    @property
    def is_free(self) -> bool:
        return not (self.model.input_price_micros or self.model.output_price_micros)


def get_price_ceiling(workspace: Workspace) -> PriceCeiling | None:
    """Return the ceiling of a workspace that the caller has authorised."""
    return PriceCeiling.objects.filter(workspace=workspace).first()


def get_foreign_price(model: LanguageModel | None, workspace_id: int) -> AnswerPrice | None:
    """Return the price of ``model`` if another workspace sets it and it is not free, else None."""
    price = None if model is None else get_answer_price(model, workspace_id)
    return price if price is not None and price.priced_by is not None and not price.is_free else None


def get_answer_price(model: LanguageModel, workspace_id: int) -> AnswerPrice:
    """Return the price of ``model`` for ``workspace_id``. No query for own models and the instance's."""
    if not is_foreign(model, workspace_id):
        return AnswerPrice(model, None, True)
    ceiling = PriceCeiling.objects.filter(workspace_id=workspace_id).first()
    is_allowed = ceiling is None or is_within(model, ceiling)
    return AnswerPrice(model, model.provider.workspace, is_allowed)
