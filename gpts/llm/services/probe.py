"""Tests a provider: asks for its models and for one word of one of them. A worker does it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import Conflict, DomainError
from core.outbound import OutboundFailed, fetch
from core.outbound_guard import OutboundRefused
from core.scope import system_scope
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.queries import TEST_JOB
from gpts.llm.runtime.types import FailureCode, ModelAPI, ModelFailure
from gpts.llm.services.learning import build_failure, get_connection_digest, merge_learned, remember_answer
from gpts.llm.services.one_word import WordAnswer, ask_one_word, choose_model, find_test_model
from gpts.llm.services.providers import get_provider_key
from gpts.llm.states import ProviderKind
from gpts.llm.wording import describe_failure
from workspaces.access import WorkspaceAct, not_found
from workspaces.models import OutboundJob, User
from workspaces.rules import STAFF_PREDICATES
from workspaces.services.outbound_jobs import handles, request_job
from workspaces.states import Staff

PROBE_SECONDS = 8.0
# After these no model is asked: the server was not reached, or it refuses the key.
ENDS_THE_TEST = frozenset({"refused", "bad_key", "outbound_failed", "outbound_slow"})
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
    """Test the job's provider as it is now; returns the names of its models, or raises ProbeFailed.

    What the asked model has shown is remembered like that of any other answer.
    """
    with system_scope(TEST_JOB):
        provider = ModelProvider.objects.filter(pk=job.subject_id, workspace=job.workspace).first()
        if provider is None or not _may_test(job):
            raise not_found()
        key = get_provider_key(provider)
        model = find_test_model(provider)
    probe = probe_provider(provider, key=key)
    if probe.code in ENDS_THE_TEST:
        raise ProbeFailed(probe.message, code=probe.code)
    name = model.name if model is not None else choose_model(probe.names)
    if not name:
        if not probe.is_ok:
            raise ProbeFailed(probe.message, code=probe.code)
        return {"message": probe.message, "names": list(probe.names)}
    word = ask_one_word(provider, key=key, name=name, model=model)
    if model is not None:
        _remember(provider, model, word)
    if word.failure is not None:
        raise _explain(provider, name, word.failure, key=key, has_list=probe.is_ok)
    return {"message": _describe_success(provider, name, probe), "names": list(probe.names), "model": name}


def _remember(provider: ModelProvider, model: LanguageModel, word: WordAnswer) -> None:
    with system_scope(TEST_JOB):
        remember_answer(
            model_id=model.pk,
            connection=get_connection_digest(provider),
            learned=merge_learned(word.learned),
            failure=None if word.failure is None else build_failure(word.failure),
            at=timezone.now(),
        )


def _describe_success(provider: ModelProvider, name: str, probe: ProbeResult) -> str:
    answers = _("The connection works: %(model)s answers by %(protocol)s.") % {
        "model": name,
        "protocol": ProviderKind(provider.kind).label,
    }
    if probe.is_ok:
        offers = ngettext("It offers %(count)d model.", "It offers %(count)d models.", len(probe.names)) % {
            "count": len(probe.names)
        }
    else:
        offers = _("It has no list of its models: add them by name.")
    return f"{answers} {offers}"


def _explain(
    provider: ModelProvider, name: str, failure: ModelFailure, *, key: str, has_list: bool
) -> ProbeFailed:
    """Return why the model did not answer; for a missing protocol whether the other one works."""
    if failure.code != FailureCode.NO_ENDPOINT:
        reason = describe_failure(failure.code, provider.kind)
        return ProbeFailed(
            _("%(model)s does not answer. %(reason)s") % {"model": name, "reason": reason}, code=failure.code
        )
    own, other = _get_protocols(provider)
    if ask_one_word(provider, key=key, name=name, api=other).failure is None:
        return ProbeFailed(
            _("The server does not speak %(own)s at this address, but %(other)s works. Choose that protocol.")
            % {"own": ProviderKind(own.value).label, "other": ProviderKind(other.value).label},
            code="wrong_protocol",
        )
    if not has_list:
        return ProbeFailed(_describe_other_server(), code="no_list")
    return ProbeFailed(
        _("%(model)s does not answer. %(reason)s")
        % {"model": name, "reason": describe_failure(failure.code, provider.kind)},
        code=failure.code,
    )


def _get_protocols(provider: ModelProvider) -> tuple[ModelAPI, ModelAPI]:
    """Return the provider's protocol and the other one."""
    if provider.kind == ProviderKind.RESPONSES:
        return ModelAPI.RESPONSES, ModelAPI.CHAT_COMPLETIONS
    return ModelAPI.CHAT_COMPLETIONS, ModelAPI.RESPONSES


def _may_test(job: OutboundJob) -> bool:
    """Whether the person who asked is still an admin of the workspace, or an operator."""
    person = User.objects.filter(pk=job.requested_by_id, is_active=True).first()
    if person is None:
        return False
    if job.workspace is None:
        return STAFF_PREDICATES[Staff.OPERATOR](person)
    return person.has_perm(WorkspaceAct.MANAGE_MODELS, job.workspace)


def probe_provider(provider: ModelProvider, *, key: str, timeout: float = PROBE_SECONDS) -> ProbeResult:
    """Request ``/models`` for ``timeout`` seconds. Writes nothing, raises nothing. Not in a transaction."""
    headers = {"accept": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    try:
        answer = fetch(
            f"{provider.base_url}/models",
            purpose=provider.purpose,
            headers=headers,
            max_bytes=MAX_LIST_BYTES,
            timeout=timeout,
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


def _describe_other_server() -> str:
    return _("Something answers there, but not a model server. Does the address end in /v1?")


def _describe_silence(provider: ModelProvider) -> str:
    host = urlsplit(provider.base_url).hostname or ""
    return _("%(host)s does not answer. Check the address, and that the server is running.") % {"host": host}


def _read_answer(status: int, body: bytes) -> ProbeResult:
    if status in (401, 403):
        # A key may be good for answers and not for the list: only 401 ends the test.
        code = "bad_key" if status == 401 else "no_permission"
        return ProbeResult(
            False, code, _("The provider answers, but it refuses the key. Enter the key again.")
        )
    if status == 404:
        return ProbeResult(False, "no_list", _describe_other_server())
    if status != 200:
        return ProbeResult(
            False, "bad_status", _("The provider answers with error %(status)d.") % {"status": status}
        )
    try:
        rows = json.loads(body)["data"]
        names = sorted({str(row["id"]) for row in rows if 0 < len(str(row["id"])) <= 120})[:MAX_NAMES]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ProbeResult(False, "no_list", _describe_other_server())
    text = ngettext(
        "The connection works. It offers %(count)d model.",
        "The connection works. It offers %(count)d models.",
        len(names),
    )
    return ProbeResult(True, "ok", text % {"count": len(names)}, tuple(names))
