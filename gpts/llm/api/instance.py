"""/api/v1/operator/model-providers and /operator/models: the instance's own catalogue, for operators."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request

from gpts.llm.api import catalogue
from workspaces.access import not_found
from workspaces.rules import STAFF_PREDICATES
from workspaces.states import ApiScope, Staff

WORK = ApiScope.OPERATOR_WORK


class InstanceView(catalogue.CatalogueView):
    """Besides the scope of the key, its person must be an operator; others get 404."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not STAFF_PREDICATES[Staff.OPERATOR](self.person):
            raise not_found()

    def get_tenant(self, request: Request, slug: str) -> None:
        return None


@extend_schema_view(
    get=extend_schema(operation_id="instance_provider_list"),
    post=extend_schema(operation_id="instance_provider_add"),
)
class InstanceProvidersView(InstanceView, catalogue.ProvidersView):
    required_scopes: ClassVar = {"GET": WORK, "POST": WORK}


@extend_schema_view(
    get=extend_schema(operation_id="instance_provider_read"),
    patch=extend_schema(operation_id="instance_provider_change"),
)
class InstanceProviderView(InstanceView, catalogue.ProviderView):
    required_scopes: ClassVar = {"GET": WORK, "PATCH": WORK}


@extend_schema_view(
    get=extend_schema(operation_id="instance_provider_test_read"),
    post=extend_schema(operation_id="instance_provider_test"),
)
class InstanceProviderTestView(InstanceView, catalogue.ProviderTestView):
    required_scopes: ClassVar = {"GET": WORK, "POST": WORK}


@extend_schema_view(post=extend_schema(operation_id="instance_model_add"))
class InstanceProviderModelsView(InstanceView, catalogue.ProviderModelsView):
    required_scopes: ClassVar = {"POST": WORK}


@extend_schema_view(patch=extend_schema(operation_id="instance_model_change"))
class InstanceModelView(InstanceView, catalogue.CatalogueModelView):
    required_scopes: ClassVar = {"PATCH": WORK}


@extend_schema_view(delete=extend_schema(operation_id="instance_model_forget"))
class InstanceLearnedView(InstanceView, catalogue.LearnedView):
    required_scopes: ClassVar = {"DELETE": WORK}


@extend_schema_view(get=extend_schema(operation_id="instance_model_failures"))
class InstanceFailedCallsView(InstanceView, catalogue.FailedCallsView):
    required_scopes: ClassVar = {"GET": WORK}


@extend_schema_view(put=extend_schema(operation_id="instance_model_retire"))
class InstanceRetirementView(InstanceView, catalogue.RetirementView):
    # No GET: which GPTs use a model is private to each workspace, whose admins replace it there.
    http_method_names = ["put", "options"]
    required_scopes: ClassVar = {"PUT": WORK}
