"""Asks a provider for its list of models: "Test connection", and the list to import from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from core.errors import DomainError
from core.outbound import OutboundFailed, fetch
from core.outbound_guard import OutboundPolicy, OutboundRefused, policy_from_settings
from gpts.llm.models import ModelProvider
from gpts.llm.services.providers import get_provider_key
from gpts.llm.states import ProviderKind

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


def probe_provider(provider: ModelProvider) -> ProbeResult:
    """Request ``/models`` with the stored key, for at most eight seconds. Writes nothing, raises nothing.

    Addresses of a workspace pass the outbound guard; those of the instance are trusted.
    """
    if provider.kind == ProviderKind.OFFLINE:
        return ProbeResult(True, "ok", _("The built-in model needs no connection."))
    headers = {"accept": "application/json"}
    try:
        if key := get_provider_key(provider):
            headers["authorization"] = f"Bearer {key}"
        answer = fetch(
            f"{provider.base_url}/models",
            headers=headers,
            max_bytes=MAX_LIST_BYTES,
            timeout=PROBE_SECONDS,
            max_redirects=0,
            policy=_build_policy(provider),
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


def _build_policy(provider: ModelProvider) -> OutboundPolicy:
    if provider.workspace_id is not None:
        return policy_from_settings()
    parts = urlsplit(provider.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    trusted = frozenset({f"{(parts.hostname or '').lower()}:{port}"})
    return OutboundPolicy(allow_http=True, allowed_private=trusted)


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
