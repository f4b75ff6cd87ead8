"""API routes of the studio, included by gpts.api_urls."""

from __future__ import annotations

from django.urls import path

from gpts.studio.api import (
    address,
    company_gpts,
    create_messages,
    gpts,
    icon,
    publishing,
    shared,
    shares,
    sharing,
    versions,
)
from gpts.studio.api import create_conversation as create_views

urlpatterns = [
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
    path("shares", shared.SharedView.as_view(), name="shared-list"),
    path("shares/<int:share_id>", shared.SharedGPTView.as_view(), name="shared-detail"),
    path("gpts/<slug:slug>/duplicate", gpts.DuplicateView.as_view(), name="gpt-duplicate"),
    path("gpts/<slug:slug>/versions", versions.VersionsView.as_view(), name="version-list"),
    path("gpts/<slug:slug>/versions/<int:number>", versions.VersionView.as_view(), name="version-detail"),
    path(
        "gpts/<slug:slug>/versions/<int:number>/restore",
        sharing.RestoreView.as_view(),
        name="version-restore",
    ),
    path("gpts/<slug:slug>/address", address.AddressView.as_view(), name="address"),
    path("gpts/<slug:slug>/icon", icon.IconView.as_view(), name="icon"),
    path("gpts/<slug:slug>/audiences/<slug:audience>", sharing.AudienceView.as_view(), name="audience"),
    path("gpts/<slug:slug>/approvals", publishing.ApprovalsView.as_view(), name="approval-list"),
    path(
        "gpts/<slug:slug>/approvals/<int:request_id>",
        publishing.ApprovalView.as_view(),
        name="approval-detail",
    ),
    path(
        "workspaces/<slug:workspace>/publishing", publishing.PublishingView.as_view(), name="publishing-list"
    ),
    path(
        "workspaces/<slug:workspace>/publishing/rule",
        publishing.PublishingRuleView.as_view(),
        name="publishing-rule",
    ),
    path(
        "workspaces/<slug:workspace>/publishing/<int:request_id>",
        publishing.PublishDecisionView.as_view(),
        name="publishing-decide",
    ),
    path("gpts/<slug:slug>/shares", shares.SharesView.as_view(), name="gpt-shares"),
    path("gpts/<slug:slug>/shares/<int:share_id>", shares.ShareView.as_view(), name="gpt-share"),
    path("gpts/<slug:slug>/owner", shares.OwnerView.as_view(), name="gpt-owner"),
    path("workspaces/<slug:workspace>/gpts", company_gpts.CompanyGPTsView.as_view(), name="gpt-table"),
    path(
        "workspaces/<slug:workspace>/gpts.csv",
        company_gpts.CompanyGPTFileView.as_view(),
        name="gpt-table-csv",
    ),
    path(
        "workspaces/<slug:workspace>/gpts/batch", company_gpts.GPTBatchView.as_view(), name="gpt-table-batch"
    ),
    path(
        "workspaces/<slug:workspace>/gpt-filters",
        company_gpts.GPTFiltersView.as_view(),
        name="gpt-filter-list",
    ),
    path(
        "workspaces/<slug:workspace>/gpt-filters/saved",
        company_gpts.GPTFilterView.as_view(),
        name="gpt-filter-detail",
    ),
    path("workspaces/<slug:workspace>/orphans", shares.OrphansView.as_view(), name="orphan-list"),
    path("workspaces/<slug:workspace>/gpt-transfers", shares.TransfersView.as_view(), name="transfer-list"),
    path(
        "workspaces/<slug:workspace>/gpt-transfers/<uuid:transfer_id>",
        shares.TransferView.as_view(),
        name="transfer-detail",
    ),
    path("gpts/<slug:slug>/change-log", versions.ChangeLogView.as_view(), name="change-log"),
    path("gpts/<slug:slug>/diff", versions.DiffView.as_view(), name="version-diff"),
    path("gpts/<slug:slug>/submission", versions.SubmissionView.as_view(), name="submission-detail"),
]
