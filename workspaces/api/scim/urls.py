"""Routes of the directory interface, under /scim/v2/<workspace>/."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from workspaces.api.scim import documents, resources

app_name = "scim"
urlpatterns: list[URLPattern] = [
    path(
        "ServiceProviderConfig",
        csrf_exempt(documents.ServiceProviderConfigView.as_view()),
        name="service-provider-config",
    ),
    path("ResourceTypes", csrf_exempt(documents.ResourceTypesView.as_view()), name="resource-types"),
    path(
        "ResourceTypes/<str:name>",
        csrf_exempt(documents.ResourceTypesView.as_view()),
        name="resource-type",
    ),
    path("Schemas", csrf_exempt(documents.SchemasView.as_view()), name="schemas"),
    path("Schemas/<str:urn>", csrf_exempt(documents.SchemasView.as_view()), name="schema"),
    path("Users", csrf_exempt(resources.UsersView.as_view()), name="users"),
    path("Users/.search", csrf_exempt(resources.UserSearchView.as_view()), name="user-search"),
    path("Users/<uuid:identifier>", csrf_exempt(resources.UserView.as_view()), name="user"),
    path("Groups", csrf_exempt(resources.GroupsView.as_view()), name="groups"),
    path("Groups/.search", csrf_exempt(resources.GroupSearchView.as_view()), name="group-search"),
    path("Groups/<uuid:identifier>", csrf_exempt(resources.GroupView.as_view()), name="group"),
    path(".search", csrf_exempt(resources.SearchView.as_view()), name="search"),
    path("<path:rest>", csrf_exempt(documents.OtherView.as_view()), name="other"),
]
