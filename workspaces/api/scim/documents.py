"""What an identity provider reads first: abilities, resource types, schemas (RFC 7644, section 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from core.links import absolute_url
from workspaces.api.scim.base import ScimView, answer
from workspaces.queries.scim import MAX_COUNT
from workspaces.scim.errors import ScimError, build_missing
from workspaces.scim.schemas import LIST, RESOURCE_TYPES, SCHEMAS


class ServiceProviderConfigView(ScimView):
    def get(self, request: HttpRequest, workspace: str) -> HttpResponse:
        _refuse_filter(request)
        return answer(
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
                "documentationUri": absolute_url("/api/"),
                "patch": {"supported": True},
                "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": True, "maxResults": MAX_COUNT},
                "changePassword": {"supported": False},
                "sort": {"supported": True},
                "etag": {"supported": True},
                "authenticationSchemes": [
                    {
                        "type": "oauthbearertoken",
                        "name": "Bearer token",
                        "description": "A token of the workspace, made on its page Identity.",
                        "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                        "primary": True,
                    }
                ],
                "meta": {
                    "resourceType": "ServiceProviderConfig",
                    "location": f"{self.base}/ServiceProviderConfig",
                },
            }
        )


class ResourceTypesView(ScimView):
    def get(self, request: HttpRequest, workspace: str, name: str = "") -> HttpResponse:
        _refuse_filter(request)
        documents = [one.as_document(self.base) for one in RESOURCE_TYPES if not name or one.name == name]
        return _show(documents, is_one=bool(name))


class SchemasView(ScimView):
    def get(self, request: HttpRequest, workspace: str, urn: str = "") -> HttpResponse:
        _refuse_filter(request)
        documents = [
            one.as_document(self.base) for one in SCHEMAS if not urn or one.urn.lower() == urn.lower()
        ]
        return _show(documents, is_one=bool(urn))


def _show(documents: Sequence[dict[str, Any]], *, is_one: bool) -> HttpResponse:
    if is_one:
        if not documents:
            raise build_missing()
        return answer(documents[0])
    return answer(
        {
            "schemas": [LIST],
            "totalResults": len(documents),
            "startIndex": 1,
            "itemsPerPage": len(documents),
            "Resources": list(documents),
        }
    )


def _refuse_filter(request: HttpRequest) -> None:
    if "filter" in request.GET:
        raise ScimError("These documents cannot be filtered.", status=403)


class OtherView(ScimView):
    """Every other address below the workspace's directory."""

    def get(self, request: HttpRequest, workspace: str, rest: str) -> HttpResponse:
        raise build_missing()

    post = put = patch = delete = get
