"""/operator/health: the servers of the instance, and what the operator should correct."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.metrics import get_redis_figures
from config.server_checks import list_server_states
from core.links import absolute_url
from gpts.knowledge.text_recognition import describe_text_recognition
from workspaces.web.staff import staff_required


@require_safe
@staff_required("operator")
def show_health(request: HttpRequest) -> HttpResponse:
    queued, running = get_redis_figures()
    context = {
        "servers": list_server_states(),
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
