"""Asks a provider for its models: "Test connection", and the list to import from. A worker does it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from core.errors import Conflict, DomainError
from core.outbound import OutboundFailed, fetch
from core.outbound_guard import OutboundRefused
from core.scope import system_scope
from gpts.llm.models import ModelProvider
from gpts.llm.queries import TEST_JOB
from gpts.llm.services.providers import get_provider_key
from gpts.llm.states import ProviderKind
from workspaces.access import WorkspaceAct, not_found
from workspaces.models import OutboundJob, User
from workspaces.rules import STAFF_PREDICATES
from workspaces.services.outbound_jobs import handles, request_job
from workspaces.states import Staff

PROBE_SECONDS = 8.0
MAX_NAMES = 500
MAX_LIST_BYTES = 1_000_000


@dataclass(frozen=True)
class ProbeResult:
    """The outcome of a probe. ``message`` never quotes the provider; ``names`` are its models."""

    is_ok: bool
    code: str
    message: str
    names: tuple[str, ...] = ()


class ProbeFailed(DomainError):
    """The connection test found that the provider cannot be used; the message says why."""


def request_test(*, provider: ModelProvider, by: User, at: datetime) -> OutboundJob:
    """Have a worker test a provider; get_provider_test returns how it goes. The caller has authorised ``by``.

    Raises Conflict for the built-in provider, which needs no connection, and what request_job raises.
    """
    if provider.kind == ProviderKind.OFFLINE:
        raise Conflict(_("The built-in model is always there and cannot be changed."), code="built_in")
    return request_job(
        kind=TEST_JOB,
        workspace=provider.workspace,
        subject_id=provider.pk,
        address=provider.base_url,
        by=by,
        at=at,
    )


@handles(TEST_JOB)
def run_test_job(job: OutboundJob) -> dict[str, Any]:
    """Probe the job's provider as it is now; returns the names of its models, or raises ProbeFailed."""
    with system_scope(TEST_JOB):
        provider = ModelProvider.objects.filter(pk=job.subject_id, workspace=job.workspace).first()
        if provider is None or not _may_test(job):
            raise not_found()
        key = get_provider_key(provider)
    probe = probe_provider(provider, key=key)
    if not probe.is_ok:
        raise ProbeFailed(probe.message, code=probe.code)
    return {"message": probe.message, "names": list(probe.names)}


def _may_test(job: OutboundJob) -> bool:
    """Whether the person who asked is still an admin of the workspace, or an operator."""
    person = User.objects.filter(pk=job.requested_by_id, is_active=True).first()
    if person is None:
        return False
    if job.workspace is None:
        return STAFF_PREDICATES[Staff.OPERATOR](person)
    return person.has_perm(WorkspaceAct.ADMINISTER, job.workspace)


def probe_provider(provider: ModelProvider, *, key: str) -> ProbeResult:
    """Request ``/models`` for at most eight seconds. Writes nothing, raises nothing. Not in a transaction."""
    headers = {"accept": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    try:
        answer = fetch(
            f"{provider.base_url}/models",
            purpose=provider.purpose,
            headers=headers,
            max_bytes=MAX_LIST_BYTES,
            timeout=PROBE_SECONDS,
            max_redirects=0,
        )
    except OutboundRefused:
        return ProbeResult(
            False, "refused", _("This server may not call that address. Use a public https address.")
        )
    except OutboundFailed as failure:
        return ProbeResult(False, failure.code, _describe_silence(provider))
    except DomainError as failure:
        return ProbeResult(False, failure.code, str(failure.message))
    return _read_answer(answer.status, answer.body)


def _describe_silence(provider: ModelProvider) -> str:
    host = urlsplit(provider.base_url).hostname or ""
    return _("%(host)s does not answer. Check the address, and that the server is running.") % {"host": host}


def _read_answer(status: int, body: bytes) -> ProbeResult:
    if status in (401, 403):
        return ProbeResult(
            False, "bad_key", _("The provider answers, but it refuses the key. Enter the key again.")
        )
    if status == 404:
        return ProbeResult(
            False,
            "no_list",
            _("Something answers there, but not a model server. Does the address end in /v1?"),
        )
    if status != 200:
        return ProbeResult(
            False, "bad_status", _("The provider answers with error %(status)d.") % {"status": status}
        )
    try:
        rows = json.loads(body)["data"]
        names = sorted({str(row["id"]) for row in rows if 0 < len(str(row["id"])) <= 120})[:MAX_NAMES]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ProbeResult(
            False,
            "no_list",
            _("Something answers there, but not a model server. Does the address end in /v1?"),
        )
    text = _("The connection works. It offers %(count)d models.")
    return ProbeResult(True, "ok", text % {"count": len(names)}, tuple(names))
