"""API routes of golden prompts, included by gpts.api_urls."""

from __future__ import annotations

from django.urls import path

from gpts.evals.api import prompts as golden

GPT = "gpts/<slug:slug>"

urlpatterns = [
    path(f"{GPT}/golden-prompts", golden.GoldenPromptsView.as_view(), name="golden-prompt-list"),
    path(f"{GPT}/golden-prompts/order", golden.GoldenOrderView.as_view(), name="golden-prompt-order"),
    path(f"{GPT}/golden-prompts/file", golden.GoldenFileView.as_view(), name="golden-prompt-file"),
    path(
        f"{GPT}/golden-prompts/<int:prompt_id>",
        golden.GoldenPromptView.as_view(),
        name="golden-prompt-detail",
    ),
    path(f"{GPT}/golden-runs", golden.GoldenRunsView.as_view(), name="golden-run-list"),
    path(f"{GPT}/golden-runs/<uuid:run_id>", golden.GoldenRunView.as_view(), name="golden-run-detail"),
    path(
        f"{GPT}/golden-runs/<uuid:run_id>/cancel",
        golden.GoldenRunCancelView.as_view(),
        name="golden-run-cancel",
    ),
    path(
        f"{GPT}/golden-runs/<uuid:run_id>/results",
        golden.GoldenResultsView.as_view(),
        name="golden-result-list",
    ),
    path("workspaces/<slug:workspace>/golden-gate", golden.GoldenGateView.as_view(), name="golden-gate"),
]
