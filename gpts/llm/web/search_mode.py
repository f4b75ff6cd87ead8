"""The operator's choice of how the instance searches by meaning, on the page of its models."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from gpts.knowledge.services.embedding_queue import get_waiting_count
from gpts.llm.embedding_messages import describe_embedding_failure
from gpts.llm.embeddings import (
    BuiltinState,
    get_builtin_state,
    get_embedding_model,
    get_search_mode,
)
from gpts.llm.services.semantic_search import set_search_mode
from gpts.llm.states import SearchMode
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required

LIST = "gpts:operator-model-list"


def get_search_context() -> dict[str, Any]:
    """Return what the page says about search by meaning: the choice, the model in use, what is missing."""
    model = get_embedding_model(None)
    state = get_builtin_state()
    return {
        "modes": [
            {"value": mode.value, "label": mode.label, "is_chosen": mode == get_search_mode()}
            for mode in SearchMode
        ],
        "model": model,
        "failure": "" if model is None else describe_embedding_failure(model),
        "failed_at": None if model is None else model.embedding_failed_at,
        "is_off": state is BuiltinState.OFF,
        "is_missing": state is BuiltinState.MISSING,
        "waiting": get_waiting_count(),
    }


@staff_required("operator")
@require_POST
def choose_search_mode(request: HttpRequest) -> HttpResponse:
    try:
        set_search_mode(mode=request.POST.get("mode", ""), by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Saved"))
    return redirect(LIST)
