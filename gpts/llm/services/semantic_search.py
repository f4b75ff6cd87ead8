"""The operator's choice of how the instance searches by meaning."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput
from core.jobs import enqueue_on_commit
from gpts.llm.embeddings import forget_embedding_models
from gpts.llm.models import SemanticSearch
from gpts.llm.states import SearchMode
from workspaces.models import User

ONLY_ROW = 1


@transaction.atomic
def set_search_mode(*, mode: str, by: User, at: datetime) -> SemanticSearch:
    """Choose how to search. The caller has authorised ``by`` as an operator. The same again writes nothing.

    Searches follow at once: by words alone where another model has made no vectors yet, which a worker does.
    Vectors that were made stay, so that going back costs nothing.
    """
    if mode not in SearchMode.values:
        raise InvalidInput(_("Choose from the list."), code="unknown_choice", field="mode")
    choice, is_new = SemanticSearch.objects.select_for_update().get_or_create(
        id=ONLY_ROW, defaults={"mode": SearchMode.AUTOMATIC, "changed_at": at}
    )
    before = choice.mode
    if mode == before and not is_new:
        return choice
    choice.mode, choice.changed_at = mode, at
    choice.save()
    transaction.on_commit(forget_embedding_models, robust=True)
    enqueue_on_commit("gpts.embed_waiting")
    record(
        action="gpts.search_mode_set",
        by=by,
        at=at,
        subject=choice,
        workspace_id=None,
        data={"mode": mode},
        changes={"mode": (str(before), str(mode))},
    )
    return choice
