"""Pages of this app."""

from django.urls import URLPattern, URLResolver, path

from marketplace.web import about, builders, private_store, store

app_name = "marketplace"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", store.home, name="storefront-show"),
    path("search", store.search, name="listing-search"),
    path("categories/<slug:slug>", store.category_show, name="category-show"),
    path("leaderboards", store.leaderboards, name="leaderboard-list"),
    path("g/<slug:slug>", about.about_show, name="about-show"),
    path("g/<slug:slug>/rating", about.rating_save, name="rating-save"),
    path("g/<slug:slug>/rating/delete", about.rating_delete, name="rating-delete"),
    path("builders/me/edit", builders.profile_edit, name="profile-edit"),
    path("builders/<str:handle>", builders.builder_show, name="builder-show"),
    path("w/<slug:workspace>/", private_store.private_store_show, name="private-store-show"),
]
