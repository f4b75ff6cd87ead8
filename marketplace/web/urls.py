"""Pages of the store."""

from django.urls import URLPattern, URLResolver, path

from marketplace.web import (
    about,
    asking,
    browse,
    builders,
    company_store,
    external,
    private_store,
    ranking,
    store_rules,
    suggestions,
)

app_name = "marketplace"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", browse.home, name="storefront-show"),
    path("search", browse.search, name="listing-search"),
    path("search/suggestions", suggestions.suggestions_show, name="suggestion-list"),
    path("categories/<slug:slug>", browse.category_show, name="category-show"),
    path("leaderboards", browse.leaderboards, name="leaderboard-list"),
    path("how-ranking-works", ranking.ranking_show, name="ranking-show"),
    path("rules", store_rules.rules_show, name="rules-show"),
    path("g/<slug:slug>", about.about_show, name="about-show"),
    path("g/<slug:slug>/ask", asking.question_ask, name="question-ask"),
    path("g/<slug:slug>/ask/drop", asking.question_drop, name="question-drop"),
    path("g/<slug:slug>/rating", about.rating_save, name="rating-save"),
    path("g/<slug:slug>/rating/delete", about.rating_delete, name="rating-delete"),
    path("builders/me/edit", builders.profile_edit, name="profile-edit"),
    path("builders/<str:handle>", builders.builder_show, name="builder-show"),
    path("w/<slug:workspace>/", private_store.private_store_show, name="private-store-show"),
    path("w/<slug:workspace>/onboarding/close", private_store.onboarding_close, name="onboarding-close"),
    path("w/<slug:workspace>/external/<slug:slug>", external.adoption_ask, name="adoption-ask"),
    path("w/<slug:workspace>/admin/external", external.external_list, name="external-list"),
    path(
        "w/<slug:workspace>/admin/external/requests/<int:request_id>",
        external.request_refuse,
        name="adoption-request-refuse",
    ),
    path("w/<slug:workspace>/admin/external/<slug:slug>", external.external_show, name="external-show"),
    path(
        "w/<slug:workspace>/admin/external/<slug:slug>/pack.<str:kind>",
        external.pack_download,
        name="external-pack",
    ),
    path("w/<slug:workspace>/admin/store", company_store.sections, name="store-section-list"),
    path("w/<slug:workspace>/admin/store/blocks", company_store.block, name="store-block"),
    path(
        "w/<slug:workspace>/admin/store/blocks/<slug:slug>/lift",
        company_store.block_lift,
        name="store-block-lift",
    ),
    path("w/<slug:workspace>/admin/store/<int:section_id>", company_store.section, name="store-section"),
    path(
        "w/<slug:workspace>/admin/store/<int:section_id>/delete",
        company_store.section_delete,
        name="store-section-delete",
    ),
]
