"""Signing in with a company's SAML identity provider: our description, its answer, and the end.

The answer comes as a form that the provider's page sends, so the browser leaves our cookies out. It is
checked at once and kept for two minutes, sealed; a redirect later, with the cookies, it counts only in the
session that asked for it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from core.links import absolute_url
from core.scope import open_scope
from core.secrets import SecretBroken, seal, unseal
from workspaces.access import not_found
from workspaces.directory import directory_scope, find_sign_ins
from workspaces.models import IdentityConnection, User, Workspace
from workspaces.oidc.tokens import build_stale
from workspaces.saml.metadata import IdentityProvider, ServiceProvider, build_service_metadata
from workspaces.saml.requests import SamlAttempt, build_address
from workspaces.saml.responses import read_response
from workspaces.services.sign_in import resolve_person
from workspaces.services.single_use import use_once
from workspaces.states import ConnectionKind
from workspaces.web.company_session import finish_sign_in, pop_attempt, read_linking
from workspaces.web.own_scopes import opens_own_scopes

KEPT_SECONDS = 120
PURPOSE = "workspaces.saml_answer"


def begin_saml(connection: IdentityConnection, *, at: datetime) -> tuple[str, dict[str, Any]]:
    """Return the address at the provider, and what the session keeps of the try."""
    attempt = SamlAttempt.begin(at=at)
    service = get_service(connection.workspace)
    return build_address(connection.discovered["sso_url"], service, attempt, at=at), asdict(attempt)


@require_safe
def metadata(request: HttpRequest, workspace: str) -> HttpResponse:
    """Show our side of the connection to the provider; it has nothing that is secret."""
    company, _connections = find_sign_ins(workspace)
    response = HttpResponse(
        build_service_metadata(get_service(company)), content_type="application/samlmetadata+xml"
    )
    response["Content-Disposition"] = f'inline; filename="{company.slug}-saml.xml"'
    return response


# Another site sends this form. The request that it must answer stands in for the token.
@csrf_exempt
@require_POST
def consume(request: HttpRequest, workspace: str) -> HttpResponse:
    """Check the provider's answer and keep it for the session that asked."""
    company, connection = _find(workspace)
    provider = IdentityProvider(
        connection.issuer, connection.discovered["sso_url"], connection.discovered["certificates"]
    )
    confirmed = read_response(
        request.POST.get("SAMLResponse", ""),
        service=get_service(company),
        provider=provider,
        at=timezone.now(),
    )
    handle = secrets.token_urlsafe(32)
    kept = {
        **asdict(confirmed),
        "connection": connection.pk,
        "issuer": connection.issuer,
        "relay_state": request.POST.get("RelayState", "")[:200],
    }
    sealed = seal(json.dumps(kept), purpose=PURPOSE, tenant=company.pk, row=handle)
    cache.set(_build_key(company, handle), sealed, KEPT_SECONDS)
    address = reverse("workspaces:company-saml-finish", args=[company.slug])
    # 303: the browser asks with GET, and then it sends our cookies.
    return HttpResponse(status=303, headers={"Location": f"{address}?{urlencode({'answer': handle})}"})


@opens_own_scopes
@require_safe
def finish(request: HttpRequest, workspace: str) -> HttpResponseBase:
    """Sign the person in whom the answer names, in the browser that asked for it. Each answer counts once."""
    company, connection = _find(workspace)
    now = timezone.now()
    kept = pop_attempt(request, connection)
    answer = _pop_answer(company, request.GET.get("answer", "")[:100])
    if answer["connection"] != connection.pk or answer["issuer"] != connection.issuer:
        raise build_stale()
    attempt = SamlAttempt(*(kept[name] for name in ("request_id", "relay_state", "begun_at")))
    attempt.require_answer(in_response_to=answer["in_response_to"], relay_state=answer["relay_state"], at=now)
    linking = read_linking(request, kept)
    with open_scope(directory_scope(company.pk)):
        if not use_once("saml", f"{connection.pk} {answer['assertion_id']}", at=now):
            raise build_stale()
        user = resolve_person(
            connection=connection,
            claims=answer["claims"],
            at=now,
            linking=linking,
            signed_in=request.user if isinstance(request.user, User) else None,
        )
    return finish_sign_in(request, user, connection, str(kept.get("next") or ""))


def get_service(workspace: Workspace) -> ServiceProvider:
    """Return our names for the provider: one for each company, so that no answer is good for two of them."""
    return ServiceProvider(
        entity_id=absolute_url(reverse("workspaces:company-saml-metadata", args=[workspace.slug])),
        acs_url=absolute_url(reverse("workspaces:company-saml-consume", args=[workspace.slug])),
    )


def _find(slug: str) -> tuple[Workspace, IdentityConnection]:
    company, connections = find_sign_ins(slug)
    for connection in connections:
        if connection.kind == ConnectionKind.SAML:
            return company, connection
    raise not_found()


def _build_key(company: Workspace, handle: str) -> str:
    return f"sign-in:saml:{company.pk}:{handle}"


def _pop_answer(company: Workspace, handle: str) -> dict[str, Any]:
    key = _build_key(company, handle)
    sealed = cache.get(key) if handle else None
    if sealed is None:
        raise build_stale()
    cache.delete(key)
    try:
        found: dict[str, Any] = json.loads(unseal(sealed, purpose=PURPOSE, tenant=company.pk, row=handle))
    except SecretBroken as error:
        raise build_stale() from error
    return found
