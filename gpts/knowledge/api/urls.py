"""API routes of knowledge files, included by gpts.api_urls."""

from __future__ import annotations

from django.urls import path

from gpts.knowledge.api import bench, files

urlpatterns = [
    path("gpts/<slug:slug>/knowledge/search", bench.KnowledgeSearchView.as_view(), name="knowledge-search"),
    path("gpts/<slug:slug>/knowledge", files.KnowledgeFilesView.as_view(), name="knowledge-list"),
    path("gpts/<slug:slug>/knowledge/pages", files.KnowledgePagesView.as_view(), name="knowledge-page"),
    path(
        "gpts/<slug:slug>/knowledge/reread",
        files.KnowledgeRereadAllView.as_view(),
        name="knowledge-reread-all",
    ),
    path(
        "gpts/<slug:slug>/knowledge/pages/<uuid:job_id>",
        files.KnowledgePageJobView.as_view(),
        name="knowledge-page-job",
    ),
    path(
        "gpts/<slug:slug>/knowledge/pages/<uuid:job_id>/retry",
        files.KnowledgePageRetryView.as_view(),
        name="knowledge-page-retry",
    ),
    *(
        path(f"gpts/<slug:slug>/knowledge/<int:file_id>{end}", view.as_view(), name=f"knowledge-{name}")
        for end, name, view in (
            ("", "detail", files.KnowledgeFileView),
            ("/content", "content", files.KnowledgeContentView),
            ("/text", "text", files.KnowledgeTextView),
            ("/fetch", "fetch", files.KnowledgeFetchView),
            ("/retry", "retry", files.KnowledgeRetryView),
            ("/reread", "reread", files.KnowledgeRereadView),
            ("/erase", "erase", files.KnowledgeEraseView),
        )
    ),
]
