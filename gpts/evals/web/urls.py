"""Routes of the Tests tab, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.evals.web import prompts, runs

urlpatterns = [
    path("build/<slug:slug>/tests", prompts.prompt_list, name="build-tests"),
    path("build/<slug:slug>/tests/new", prompts.new_prompt, name="build-test-new"),
    path("build/<slug:slug>/tests/suggest", prompts.add_suggestions, name="build-test-suggest"),
    path("build/<slug:slug>/tests/import", prompts.import_file, name="build-test-import"),
    path("build/<slug:slug>/tests/export", prompts.export_file, name="build-test-export"),
    path("build/<slug:slug>/tests/run", runs.start, name="build-test-run"),
    path("build/<slug:slug>/tests/leaks", runs.leak_overview, name="build-leaks"),
    path("build/<slug:slug>/tests/harden", runs.add_hardening_text, name="build-harden"),
    path("build/<slug:slug>/tests/<int:prompt_id>", prompts.edit_prompt, name="build-test-edit"),
    path("build/<slug:slug>/tests/<int:prompt_id>/act", prompts.act_on_prompt, name="build-test-act"),
    path(
        "build/<slug:slug>/tests/runs/<uuid:run_id>",
        runs.results,
        name="build-test-result",
    ),
    path(
        "build/<slug:slug>/tests/runs/<uuid:run_id>/progress",
        runs.progress,
        name="build-test-progress",
    ),
    path(
        "build/<slug:slug>/tests/runs/<uuid:run_id>/cancel",
        runs.cancel,
        name="build-test-cancel",
    ),
]
