"""Retire a model: set its last day and replacement, notify owners, replace it in drafts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.audit import compare, record
from core.dates import check_date
from core.errors import InvalidInput
from core.look import formats
from gpts.assistants.models import GPT
from gpts.assistants.queries.approved_addresses import keeps_approved_address
from gpts.assistants.queries.model_retirement import list_affected_gpts, list_models_to_remind
from gpts.assistants.services.gpts import update_draft
from gpts.llm.catalogue import MAX_REPLACEMENTS, get_last_day, is_offered
from gpts.llm.models import LanguageModel
from gpts.llm.states import ModelKind
from workspaces.models import User
from workspaces.services.notifications import notify

NOTE_KIND = "model_retiring"
MAX_REPLACED_DRAFTS = 500


@transaction.atomic
def set_retirement(
    *,
    model: LanguageModel,
    retired_at: datetime | None,
    replacement: LanguageModel | None,
    by: User | None,
    at: datetime,
) -> LanguageModel:
    """Set, move or remove a model's last day and its replacement; a new day is notified to owners.

    Repeating it changes nothing and notifies nobody. Raises InvalidInput for a year outside of 2000 to 2200,
    and for a replacement that is not offered everywhere the model is, whose replacements lead back to it, or
    that would send messages to public GPTs to another address than was approved (``address_approved``).
    """
    if retired_at is not None:
        check_date(retired_at, field="retired_at")
    row = LanguageModel.objects.select_for_update(of=("self",)).select_related("provider").get(pk=model.pk)
    if replacement is not None:
        _check_replacement(row, replacement)
        if not keeps_approved_address(row, replacement):
            raise InvalidInput(
                _("Public GPTs were approved with the address of this model. Choose a replacement there."),
                code="address_approved",
                field="replacement",
            )
    is_new_day = retired_at != row.retired_at
    if not is_new_day and row.replacement_id == (replacement and replacement.pk):
        return row
    former = {"retired_at": row.retired_at, "replacement": row.replacement_id}
    row.retired_at, row.replacement = retired_at, replacement
    if is_new_day:
        row.reminded_at = None
    row.save(update_fields=["retired_at", "replacement", "reminded_at"])
    if is_new_day and retired_at is not None:
        _notify_owners(row, at=at)
    record(
        action="gpts.model_retirement_set" if retired_at else "gpts.model_retirement_ended",
        by=by,
        at=at,
        subject=row,
        workspace_id=row.provider.workspace_id,
        data={"retired_at": retired_at.isoformat() if retired_at else "", "replacement": row.replacement_id},
        changes=compare(
            former,
            {"retired_at": retired_at, "replacement": row.replacement_id},
            ("retired_at", "replacement"),
        ),
    )
    return row


@transaction.atomic
def replace_in_drafts(
    *, model: LanguageModel, replacement: LanguageModel, gpts: Iterable[GPT], by: User, at: datetime
) -> int:
    """Replace ``model`` in the drafts of ``gpts``, each saved as one change; return how many were changed.

    Drafts that no longer use the model or are quarantined are left alone. The caller has authorised the
    person for the GPTs' workspace.
    """
    changed = 0
    identifiers = sorted(gpt.pk for gpt in gpts)[:MAX_REPLACED_DRAFTS]
    rows = GPT.objects.select_related("workspace").filter(
        pk__in=identifiers, language_model=model, deleted_at__isnull=True, quarantined_at__isnull=True
    )
    for gpt in rows.order_by("pk"):
        if not is_offered(replacement, gpt.workspace, at):
            raise InvalidInput(
                _("This model is not offered here. Choose one from the list."),
                code="unknown_choice",
                field="replacement",
            )
        update_draft(
            gpt=gpt, revision=gpt.draft_revision, changes={"language_model": replacement.pk}, by=by, at=at
        )
        changed += 1
    return changed


def remind_owners(*, at: datetime) -> int:
    """Remind owners two weeks before a model's last day, once for each day that was set.

    Returns how many owners were notified.
    """
    count = 0
    for found in list_models_to_remind(at):
        with transaction.atomic():
            model = (
                LanguageModel.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("provider")
                .filter(pk=found.pk, reminded_at__isnull=True)
                .first()
            )
            if model is None:
                continue
            model.reminded_at = at
            model.save(update_fields=["reminded_at"])
            count += _notify_owners(model, at=at)
    return count


def _check_replacement(model: LanguageModel, replacement: LanguageModel) -> None:
    is_offered_there = Q(pk=replacement.pk, kind=ModelKind.CHAT) & (
        Q(provider__workspace__isnull=True) | Q(provider__workspace=model.provider.workspace_id)
    )
    problem = InvalidInput(
        gettext_lazy("This model cannot stand in: it is not offered everywhere where the other one is."),
        code="unknown_choice",
        field="replacement",
    )
    following = LanguageModel.objects.filter(is_offered_there).first()
    if following is None:
        raise problem
    for _step in range(MAX_REPLACEMENTS + 1):
        if following is None:
            return
        if following.pk == model.pk:
            raise InvalidInput(
                gettext_lazy("This model waits to be replaced by the other one itself. Choose another."),
                code="circle",
                field="replacement",
            )
        following = following.replacement
    raise problem


def _notify_owners(model: LanguageModel, *, at: datetime) -> int:
    by_owner: dict[User, list[GPT]] = {}
    for entry in list_affected_gpts(model, model.provider.workspace):
        by_owner.setdefault(entry.gpt.owner, []).append(entry.gpt)
    for owner, gpts in by_owner.items():
        with translation.override(owner.language or translation.get_language()):
            _notify_owner(owner, model, gpts, at=at)
    return len(by_owner)


def _notify_owner(owner: User, model: LanguageModel, gpts: list[GPT], *, at: datetime) -> None:
    assert model.retired_at is not None
    day = date_format(get_last_day(model.retired_at), formats.day_format())
    title = _("The model %(model)s ends on %(day)s") % {"model": model.shown_label, "day": day}
    names = _(", ").join(gpt.name for gpt in gpts[:5])
    body = ngettext(
        "%(count)d GPT of yours uses it: %(names)s. Choose another model on its Configure tab.",
        "%(count)d GPTs of yours use it: %(names)s. Choose another model on their Configure tabs.",
        len(gpts),
    ) % {"count": len(gpts), "names": names}
    url = reverse("gpts:build-configure", args=[gpts[0].slug])
    notify(user=owner, kind=NOTE_KIND, title=title, body=body, url=url, at=at)
