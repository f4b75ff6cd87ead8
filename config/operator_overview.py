"""/operator/: what needs the operator's attention, and the instance in figures."""

from __future__ import annotations

import platform
import shutil
import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import django
import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from config.operator_health import (
    FAILURES,
    LONG_QUEUE,
    MIN_FREE_BYTES,
    MIN_FREE_SHARE,
    describe_semantic_search,
    describe_storage_check,
)
from config.server_checks import list_server_states
from core.instance_settings import get_setting
from core.job_log import read_job_log
from core.look import formats
from gpts.llm.failure_messages import get_failure_label
from gpts.llm.queries import list_recent_failures
from workspaces.queries import count_instance, count_late_erasures, list_staff_members
from workspaces.queries.jobs import count_failed_jobs, list_queue_names
from workspaces.web.staff import staff_required


@dataclass(frozen=True)
class Attention:
    """Something that the operator should look at. ``kind`` is "bad" or "warn"."""

    kind: str
    title: str
    text: str
    url: str = ""


@require_safe
@staff_required("operator")
def show_overview(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {
        "attention": list_attention(at=now),
        "figures": count_instance(at=now),
        "versions": list_versions(),
    }
    return render(request, "config/overview.html", context)


def list_attention(*, at: datetime) -> list[Attention]:
    """Return what needs attention, the worst first. Asks the database and both Redis servers."""
    found = [*_list_servers(at), *_list_jobs(at), *_list_disks(), *_list_failures(at), *_list_people(at)]
    return sorted(found, key=lambda one: one.kind != "bad")


def _list_servers(at: datetime) -> list[Attention]:
    storage = describe_storage_check(at=at)
    # A check that is late or missing is named on the page of health alone.
    checked = [] if storage.is_reachable else [storage]
    states = [*list_server_states(), describe_semantic_search(), *checked]
    return [
        Attention(
            "warn" if state.is_reachable else "bad",
            str(state.name),
            str(state.problem),
            reverse("operator-health"),
        )
        for state in states
        if state.problem
    ]


def _list_jobs(at: datetime) -> list[Attention]:
    url = reverse("workspaces:operator-job-list")
    found = []
    jobs, mails = count_failed_jobs()
    if jobs:
        text = ngettext("%(count)s job failed.", "%(count)s jobs failed.", jobs)
        found.append(Attention("warn", _("Failed jobs"), text % {"count": formats.number(jobs)}, url))
    if mails:
        text = ngettext(
            "%(count)s e-mail could not be sent and is tried again.",
            "%(count)s e-mails could not be sent and are tried again.",
            mails,
        )
        found.append(
            Attention("bad", _("E-mails are not delivered"), text % {"count": formats.number(mails)}, url)
        )
    try:
        log = read_job_log(list_queue_names(), at=at)
    except redis.RedisError:
        return found  # named among the servers
    if not any(worker.is_alive for worker in log.workers):
        text = _("None has given a sign of life in the last minute: no mail is sent and no file is read.")
        found.append(Attention("bad", _("No worker runs"), text, url))
    for name, count in log.queues.items():
        if count > LONG_QUEUE:
            text = ngettext(
                "%(count)s job waits in it. Check whether its worker is running.",
                "%(count)s jobs wait in it. Check whether its worker is running.",
                count,
            )
            title = _("The queue “%(name)s” is long") % {"name": name}
            found.append(Attention("warn", title, text % {"count": formats.number(count)}, url))
    return found


def _list_disks() -> list[Attention]:
    usage = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else "/")
    if usage.free >= MIN_FREE_BYTES and usage.free >= usage.total * MIN_FREE_SHARE:
        return []
    text = _("%(free)s of %(total)s are free. Without space nothing can be stored any more.") % {
        "free": formats.file_size(usage.free),
        "total": formats.file_size(usage.total),
    }
    kind = "bad" if usage.free < MIN_FREE_BYTES else "warn"
    return [Attention(kind, _("The disk is nearly full"), text)]


def _list_failures(at: datetime) -> list[Attention]:
    return [
        Attention(
            "warn",
            _("%(model)s of %(provider)s failed")
            % {"model": failure.model.shown_label, "provider": failure.model.provider.shown_name},
            str(get_failure_label(failure.code)),
            reverse("gpts:operator-model-change", args=[failure.model_id]),
        )
        for failure in list_recent_failures(since=at - FAILURES)
    ]


def _list_people(at: datetime) -> list[Attention]:
    found = []
    late = count_late_erasures(at=at)
    if late:
        text = ngettext(
            "%(count)s erasure was asked for more than a day ago and has not finished.",
            "%(count)s erasures were asked for more than a day ago and have not finished.",
            late,
        )
        found.append(Attention("warn", _("Erasures wait"), text % {"count": formats.number(late)}))
    lacking = [member for member in list_staff_members() if not member.has_second_factor]
    if lacking and get_setting("staff_second_factor"):
        text = ngettext(
            "The role of %(count)s person waits for two-factor sign-in.",
            "The roles of %(count)s people wait for two-factor sign-in.",
            len(lacking),
        )
        found.append(
            Attention(
                "warn",
                _("Staff without two-factor sign-in"),
                text % {"count": formats.number(len(lacking))},
                reverse("workspaces:staff-list"),
            )
        )
    return found


def list_versions() -> list[dict[str, Any]]:
    """Return the versions of what runs here, for facts.html."""
    servers = list_server_states()
    return [
        {"label": "Loggia", "value": get_version()},
        {"label": "Python", "value": platform.python_version()},
        {"label": "Django", "value": django.get_version()},
        {"label": "PostgreSQL", "value": servers[0].value or "–"},
    ]


@lru_cache(maxsize=1)
def get_version() -> str:
    """Return the version of Loggia, from pyproject.toml; empty where that file is not installed."""
    try:
        text = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return ""
    return str(tomllib.loads(text)["project"]["version"])
