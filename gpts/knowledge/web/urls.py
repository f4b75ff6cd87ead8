"""Routes of the Knowledge tab, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.knowledge.web import bench, file, files

urlpatterns = [
    path("build/<slug:slug>/knowledge", files.build_knowledge, name="build-knowledge"),
    path(
        "build/<slug:slug>/knowledge/page",
        files.build_knowledge_page,
        name="build-knowledge-page",
    ),
    *(
        path(
            f"build/<slug:slug>/knowledge/page/<uuid:job_id>/{act}",
            getattr(files, f"build_knowledge_page_{act}"),
            name=f"build-knowledge-page-{act}",
        )
        for act in ("retry", "dismiss")
    ),
    path(
        "build/<slug:slug>/knowledge/reread",
        files.build_knowledge_reread_all,
        name="build-knowledge-reread-all",
    ),
    path("build/<slug:slug>/knowledge/bench", bench.build_bench, name="build-bench"),
    path(
        "build/<slug:slug>/knowledge/<int:file_id>",
        file.build_knowledge_text,
        name="build-knowledge-text",
    ),
    *(
        path(
            f"build/<slug:slug>/knowledge/<int:file_id>/{act}",
            getattr(file, f"build_knowledge_{act}"),
            name=f"build-knowledge-{act}",
        )
        for act in ("update", "replace", "fetch", "retry", "reread", "delete", "erase")
    ),
]
