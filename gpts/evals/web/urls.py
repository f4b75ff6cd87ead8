"""Routes of the Tests tab, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.evals.web import prompts as build_tests
from gpts.evals.web import runs as build_test_runs

urlpatterns = [
    path("build/<slug:slug>/tests", build_tests.build_tests, name="build-tests"),
    path("build/<slug:slug>/tests/new", build_tests.build_test_new, name="build-test-new"),
    path("build/<slug:slug>/tests/suggest", build_tests.build_test_suggest, name="build-test-suggest"),
    path("build/<slug:slug>/tests/import", build_tests.build_test_import, name="build-test-import"),
    path("build/<slug:slug>/tests/export", build_tests.build_test_export, name="build-test-export"),
    path("build/<slug:slug>/tests/run", build_test_runs.build_test_run, name="build-test-run"),
    path("build/<slug:slug>/tests/leaks", build_test_runs.build_leaks, name="build-leaks"),
    path("build/<slug:slug>/tests/harden", build_test_runs.build_harden, name="build-harden"),
    path("build/<slug:slug>/tests/<int:prompt_id>", build_tests.build_test_edit, name="build-test-edit"),
    path("build/<slug:slug>/tests/<int:prompt_id>/act", build_tests.build_test_act, name="build-test-act"),
    path(
        "build/<slug:slug>/tests/runs/<uuid:run_id>",
        build_test_runs.build_test_result,
        name="build-test-result",
    ),
    path(
        "build/<slug:slug>/tests/runs/<uuid:run_id>/progress",
        build_test_runs.build_test_progress,
        name="build-test-progress",
    ),
    path(
        "build/<slug:slug>/tests/runs/<uuid:run_id>/cancel",
        build_test_runs.build_test_cancel,
        name="build-test-cancel",
    ),
]
