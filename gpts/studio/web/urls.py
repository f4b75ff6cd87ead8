"""Routes of the builder, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.studio.web import configure as build_configure
from gpts.studio.web import create as build_create
from gpts.studio.web import icon as build_icon
from gpts.studio.web import live as build_live
from gpts.studio.web import my_gpts as build_list
from gpts.studio.web import preview as build_preview
from gpts.studio.web import share as build_share
from gpts.studio.web import versions as build_versions

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
]
