"""API routes of the store, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from marketplace.api import company_store, external, views

app_name = "marketplace_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("store/listings/", views.ListingsView.as_view(), name="listing-list"),
    path("store/listings/<slug:slug>/", views.ListingView.as_view(), name="listing-detail"),
    path("store/listings/<slug:slug>/ratings/", views.RatingsView.as_view(), name="rating-list"),
    path("store/suggestions/", views.SuggestionsView.as_view(), name="suggestion-list"),
    path("store/categories/", views.CategoriesView.as_view(), name="category-list"),
    path("store/leaderboards/", views.LeaderboardsView.as_view(), name="leaderboard-list"),
    path("workspaces/<slug:workspace>/store", company_store.PrivateStoreView.as_view(), name="private-store"),
    path(
        "workspaces/<slug:workspace>/store/sections",
        company_store.SectionsView.as_view(),
        name="store-section-list",
    ),
    path(
        "workspaces/<slug:workspace>/store/sections/<int:section_id>",
        company_store.StoreSectionView.as_view(),
        name="store-section-detail",
    ),
    path(
        "workspaces/<slug:workspace>/store/blocks",
        company_store.StoreBlocksView.as_view(),
        name="store-block-list",
    ),
    path(
        "workspaces/<slug:workspace>/store/blocks/<slug:slug>",
        company_store.StoreBlockView.as_view(),
        name="store-block-detail",
    ),
    path(
        "workspaces/<slug:workspace>/external",
        external.AdoptionsView.as_view(),
        name="adoption-list",
    ),
    path(
        "workspaces/<slug:workspace>/external/requests",
        external.AdoptionRequestsView.as_view(),
        name="adoption-request-list",
    ),
    path(
        "workspaces/<slug:workspace>/external/requests/<int:request_id>",
        external.AdoptionRequestView.as_view(),
        name="adoption-request-detail",
    ),
    path(
        "workspaces/<slug:workspace>/external/gpts/<slug:slug>",
        external.AdoptionView.as_view(),
        name="adoption-detail",
    ),
    path(
        "workspaces/<slug:workspace>/external/gpts/<slug:slug>/pack",
        external.PackView.as_view(),
        name="adoption-pack",
    ),
    path(
        "workspaces/<slug:workspace>/external/gpts/<slug:slug>/pack.<str:kind>",
        external.PackFileView.as_view(),
        name="adoption-pack-file",
    ),
    path("store/builders/<str:handle>/", views.BuilderView.as_view(), name="builder-detail"),
]
