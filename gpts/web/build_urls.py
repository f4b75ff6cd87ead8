"""Routes of building, included by gpts.web.urls."""

from __future__ import annotations

from django.urls import path

from gpts.web import (
    build_bench,
    build_configure,
    build_create,
    build_icon,
    build_knowledge,
    build_knowledge_file,
    build_list,
    build_live,
    build_preview,
    build_share,
    build_versions,
    icons,
)

urlpatterns = [
    path("build/", build_list.build_list, name="build-list"),
    path("build/new", build_list.build_new, name="build-new"),
    path("build/<slug:slug>/create", build_create.build_create, name="build-create"),
    path("build/<slug:slug>/create/messages", build_create.build_create_message, name="build-create-message"),
    path(
        "build/<slug:slug>/create/changes/<int:change_id>",
        build_create.build_create_change,
        name="build-create-change",
    ),
    path("build/<slug:slug>/create/stop", build_create.build_create_stop, name="build-create-stop"),
    path("build/<slug:slug>/create/reset", build_create.build_create_reset, name="build-create-reset"),
    path("build/<slug:slug>/configure", build_configure.build_configure, name="build-configure"),
    path("build/<slug:slug>/draft", build_live.build_draft, name="build-draft"),
    path("build/<slug:slug>/presence", build_live.build_presence, name="build-presence"),
    path("build/<slug:slug>/icon", build_icon.build_icon, name="build-icon"),
    path(
        "build/<slug:slug>/icon/drawn/<int:variant>.png", build_icon.build_icon_drawn, name="build-icon-drawn"
    ),
    path("build/<slug:slug>/preview", build_preview.build_preview, name="build-preview"),
    path("build/<slug:slug>/knowledge", build_knowledge.build_knowledge, name="build-knowledge"),
    path(
        "build/<slug:slug>/knowledge/page",
        build_knowledge.build_knowledge_page,
        name="build-knowledge-page",
    ),
    path("build/<slug:slug>/knowledge/bench", build_bench.build_bench, name="build-bench"),
    path(
        "build/<slug:slug>/knowledge/<int:file_id>",
        build_knowledge_file.build_knowledge_text,
        name="build-knowledge-text",
    ),
    *(
        path(
            f"build/<slug:slug>/knowledge/<int:file_id>/{act}",
            getattr(build_knowledge_file, f"build_knowledge_{act}"),
            name=f"build-knowledge-{act}",
        )
        for act in ("update", "replace", "fetch", "retry", "delete", "erase")
    ),
    path("build/<slug:slug>/versions", build_versions.build_versions, name="build-versions"),
    path("build/<slug:slug>/versions/freeze", build_versions.build_freeze, name="build-freeze"),
    path("build/<slug:slug>/versions/diff", build_versions.build_diff, name="build-diff"),
    path(
        "build/<slug:slug>/versions/changes.md",
        build_versions.build_change_log_markdown,
        name="build-change-log-markdown",
    ),
    path("build/<slug:slug>/versions/<int:number>", build_versions.build_version, name="build-version"),
    path("build/<slug:slug>/versions/changes.json", build_versions.build_change_log, name="build-change-log"),
    path(
        "build/<slug:slug>/versions/<int:number>/restore", build_versions.build_restore, name="build-restore"
    ),
    path("build/<slug:slug>/share", build_share.build_share, name="build-share"),
    path("build/<slug:slug>/share/submit", build_share.build_submit, name="build-submit"),
    path("build/<slug:slug>/share/withdraw", build_share.build_withdraw, name="build-withdraw"),
    path("build/<slug:slug>/share/audience", build_share.build_audience, name="build-audience"),
    path("build/<slug:slug>/duplicate", build_list.build_duplicate, name="build-duplicate"),
    path("build/<slug:slug>/delete", build_list.build_delete, name="build-delete"),
    path("icons/<str:digest>.webp", icons.icon, name="icon-show"),
]
