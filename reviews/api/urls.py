"""API routes of moderation, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from reviews.api import cases, reports, submissions

app_name = "reviews_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("reviews/queue", cases.QueueView.as_view(), name="queue-list"),
    path("reviews/queue/next", cases.NextView.as_view(), name="queue-next"),
    path("reviews/cases/<uuid:case_id>", cases.CaseView.as_view(), name="case-detail"),
    path("reviews/cases/<uuid:case_id>/claim", cases.ClaimView.as_view(), name="case-claim"),
    path("reviews/cases/<uuid:case_id>/decision", cases.DecisionView.as_view(), name="case-decision"),
    path("reviews/reports", reports.ReportsView.as_view(), name="report-list"),
    path("reviews/submissions", submissions.SubmissionsView.as_view(), name="submission-list"),
    path(
        "reviews/submissions/<uuid:submission_id>",
        submissions.SubmissionView.as_view(),
        name="submission-detail",
    ),
    path("gpts/<slug:slug>/submissions", submissions.SubmitView.as_view(), name="submission-create"),
]
