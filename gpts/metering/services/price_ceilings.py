"""Price ceilings: what a workspace pays at most for models of other workspaces, which set their prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import compare, record
from core.errors import Forbidden, InvalidInput
from core.look import formats
from gpts.llm.catalogue import is_foreign
from gpts.llm.models import LanguageModel
from gpts.llm.services.catalogue import LARGEST_PRICE
from gpts.metering.models import PriceCeiling
from workspaces.models import User, Workspace


@transaction.atomic
def set_price_ceiling(
    *,
    workspace: Workspace,
    input_price_micros: int | None,
    output_price_micros: int | None,
    by: User,
    at: datetime,
) -> PriceCeiling | None:
    """Set both highest prices of the workspace, or remove the ceiling with None twice. Audited.

    It holds from the next answer on; running answers keep the price with which they began. Raises
    InvalidInput.
    """
    prices = {"input_price_micros": input_price_micros, "output_price_micros": output_price_micros}
    known = PriceCeiling.objects.select_for_update().filter(workspace=workspace)
    before = known.values(*prices).first() or {}
    if all(price is None for price in prices.values()):
        removed, _rows = PriceCeiling.objects.filter(workspace=workspace).delete()
        if removed:
            _record(workspace, before, prices, by=by, at=at)
        return None
    for field, price in prices.items():
        if price is None or not 0 <= price <= LARGEST_PRICE:
            raise InvalidInput(
                _("Give both prices as amounts of zero or more, or neither for no ceiling."),
                code="price_invalid",
                field=field,
            )
    ceiling, _is_new = PriceCeiling.objects.update_or_create(
        workspace=workspace, defaults={**prices, "updated_at": at, "updated_by": by}
    )
    _record(workspace, before, prices, by=by, at=at)
    return ceiling


def check_price(model: LanguageModel | None, workspace_id: int) -> None:
    """Raise Forbidden if the model is another workspace's and dearer than ``workspace_id`` allows.

    No query for the instance's and the workspace's own models.
    """
    if model is None or not is_foreign(model, workspace_id):
        return
    ceiling = PriceCeiling.objects.filter(workspace_id=workspace_id).first()
    if ceiling is None or is_within(model, ceiling):
        return
    currency = settings.PAYOUT_CURRENCY
    words = {
        "sent": formats.micros(model.input_price_micros, currency),
        "received": formats.micros(model.output_price_micros, currency),
        "most_sent": formats.micros(ceiling.input_price_micros, currency),
        "most_received": formats.micros(ceiling.output_price_micros, currency),
    }
    raise Forbidden(
        _(
            "The model of this GPT costs %(sent)s in and %(received)s out per million tokens. Your workspace"
            " pays at most %(most_sent)s and %(most_received)s for models of others."
        )
        % words,
        code="price_above_ceiling",
        data={
            "input_price_micros": model.input_price_micros,
            "output_price_micros": model.output_price_micros,
            "most_input_price_micros": ceiling.input_price_micros,
            "most_output_price_micros": ceiling.output_price_micros,
        },
    )


def is_within(model: LanguageModel, ceiling: PriceCeiling) -> bool:
    return (
        model.input_price_micros <= ceiling.input_price_micros
        and model.output_price_micros <= ceiling.output_price_micros
    )


def _record(
    workspace: Workspace,
    before: Mapping[str, int | None],
    prices: Mapping[str, int | None],
    *,
    by: User,
    at: datetime,
) -> None:
    record(
        action="gpts.price_ceiling_set",
        by=by,
        at=at,
        subject=workspace,
        workspace_id=workspace.pk,
        data=prices,
        changes=compare(before, prices, list(prices)),
    )
