"""Pages of moderation: the queue for moderators, reporting for everybody, decisions for builders."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from reviews.web import cases, claims, decisions, own_reports, queue, reports, transparency

app_name = "reviews"
urlpatterns: list[URLPattern | URLResolver] = [
    path("moderation/", queue.show_queue, name="queue-list"),
    path("moderation/next", queue.take_next, name="queue-next"),
    path("moderation/decisions", decisions.show_log, name="decision-list"),
    path("moderation/transparency", transparency.show_report, name="transparency-detail"),
    path("moderation/cases/<uuid:case_id>", cases.show_case, name="case-detail"),
    path("moderation/cases/<uuid:case_id>/claim", claims.claim, name="case-claim"),
    path("moderation/cases/<uuid:case_id>/renew", claims.renew, name="case-renew"),
    path("moderation/cases/<uuid:case_id>/release", claims.release, name="case-release"),
    path("moderation/cases/<uuid:case_id>/escalate", claims.escalate, name="case-escalate"),
    path("moderation/cases/<uuid:case_id>/take-over", claims.take_over, name="case-take-over"),
    path("moderation/cases/<uuid:case_id>/pictures", cases.show_pictures, name="case-pictures"),
    path("moderation/cases/<uuid:case_id>/decide", cases.decide, name="case-decide"),
    path("g/<slug:slug>/report", reports.report, name="report-create"),
    path("reviews/decisions/<uuid:decision_id>", decisions.show_statement, name="decision-detail"),
    path("reviews/decisions/<uuid:decision_id>/appeal", decisions.appeal, name="appeal-create"),
    path("reviews/reports", own_reports.show_reports, name="report-list"),
    path("reviews/reports/<uuid:report_id>", own_reports.show_report, name="report-detail"),
    path("reviews/reports/<uuid:report_id>/appeal", own_reports.appeal, name="report-appeal"),
]
