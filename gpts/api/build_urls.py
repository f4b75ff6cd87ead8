"""API routes of building, included by gpts.api.urls."""

from __future__ import annotations

from django.urls import path

from gpts.api import bench, create_messages, create_views, gpts, icon, knowledge, sharing, usage, versions

urlpatterns = [
    path("usage", usage.UsageView.as_view(), name="usage-list"),
    path("models", gpts.ModelsView.as_view(), name="model-list"),
    path("gpts", gpts.GPTsView.as_view(), name="gpt-list"),
    path("gpts/<slug:slug>", gpts.GPTView.as_view(), name="gpt-detail"),
    path("gpts/<slug:slug>/create-messages", create_messages.create_message, name="create-message"),
    path(
        "gpts/<slug:slug>/create-conversation",
        create_views.CreateConversationView.as_view(),
        name="create-conversation",
    ),
    path(
        "gpts/<slug:slug>/create-conversation/stop",
        create_views.CreateStopView.as_view(),
        name="create-stop",
    ),
    path(
        "gpts/<slug:slug>/create-changes/<int:change_id>",
        create_views.CreateChangeView.as_view(),
        name="create-change",
    ),
    path("gpts/<slug:slug>/duplicate", gpts.DuplicateView.as_view(), name="gpt-duplicate"),
    path("gpts/<slug:slug>/versions", versions.VersionsView.as_view(), name="version-list"),
    path("gpts/<slug:slug>/versions/<int:number>", versions.VersionView.as_view(), name="version-detail"),
    path(
        "gpts/<slug:slug>/versions/<int:number>/restore",
        sharing.RestoreView.as_view(),
        name="version-restore",
    ),
    path("gpts/<slug:slug>/icon", icon.IconView.as_view(), name="icon"),
    path("gpts/<slug:slug>/audiences/<slug:audience>", sharing.AudienceView.as_view(), name="audience"),
    path("gpts/<slug:slug>/change-log", versions.ChangeLogView.as_view(), name="change-log"),
    path("gpts/<slug:slug>/diff", versions.DiffView.as_view(), name="version-diff"),
    path("gpts/<slug:slug>/submission", versions.SubmissionView.as_view(), name="submission-detail"),
    path("gpts/<slug:slug>/knowledge/search", bench.KnowledgeSearchView.as_view(), name="knowledge-search"),
    path("gpts/<slug:slug>/knowledge", knowledge.KnowledgeFilesView.as_view(), name="knowledge-list"),
    path("gpts/<slug:slug>/knowledge/pages", knowledge.KnowledgePagesView.as_view(), name="knowledge-page"),
    *(
        path(f"gpts/<slug:slug>/knowledge/<int:file_id>{end}", view.as_view(), name=f"knowledge-{name}")
        for end, name, view in (
            ("", "detail", knowledge.KnowledgeFileView),
            ("/content", "content", knowledge.KnowledgeContentView),
            ("/text", "text", knowledge.KnowledgeTextView),
            ("/fetch", "fetch", knowledge.KnowledgeFetchView),
            ("/retry", "retry", knowledge.KnowledgeRetryView),
            ("/erase", "erase", knowledge.KnowledgeEraseView),
        )
    ),
]
