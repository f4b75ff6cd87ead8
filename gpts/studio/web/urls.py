"""Routes of the studio, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.studio.web import (
    address,
    company_gpts,
    configure,
    create,
    gpt_search,
    icon,
    live,
    my_gpts,
    orphans,
    preview,
    publishing,
    share,
    share_approval,
    share_owner,
    share_people,
    shared,
    versions,
)

urlpatterns = [
    path("build/", my_gpts.gpt_list, name="build-list"),
    path("build/shared", shared.shared_list, name="shared-list"),
    path("build/shared/<int:share_id>/leave", shared.shared_leave, name="shared-leave"),
    path("build/new", my_gpts.new_gpt, name="build-new"),
    path("build/<slug:slug>/create", create.create, name="build-create"),
    path("build/<slug:slug>/create/messages", create.create_message, name="build-create-message"),
    path(
        "build/<slug:slug>/create/changes/<int:change_id>",
        create.set_change,
        name="build-create-change",
    ),
    path("build/<slug:slug>/create/stop", create.stop, name="build-create-stop"),
    path("build/<slug:slug>/create/reset", create.reset, name="build-create-reset"),
    path("build/<slug:slug>/configure", configure.configure, name="build-configure"),
    path("build/<slug:slug>/draft", live.draft, name="build-draft"),
    path("build/<slug:slug>/presence", live.presence, name="build-presence"),
    path("build/<slug:slug>/icon", icon.icon, name="build-icon"),
    path("build/<slug:slug>/icon/drawn/<int:variant>.webp", icon.drawn_icon, name="build-icon-drawn"),
    path("build/<slug:slug>/preview", preview.preview, name="build-preview"),
    path("build/<slug:slug>/preview/start-over", preview.start_over, name="build-preview-start-over"),
    path("build/<slug:slug>/versions", versions.version_list, name="build-versions"),
    path("build/<slug:slug>/versions/freeze", versions.freeze, name="build-freeze"),
    path("build/<slug:slug>/versions/diff", versions.diff, name="build-diff"),
    path(
        "build/<slug:slug>/versions/changes.md",
        versions.download_change_log_markdown,
        name="build-change-log-markdown",
    ),
    path("build/<slug:slug>/versions/<int:number>", versions.version_detail, name="build-version"),
    path(
        "build/<slug:slug>/versions/changes.json", versions.download_change_log_json, name="build-change-log"
    ),
    path("build/<slug:slug>/versions/<int:number>/restore", versions.restore, name="build-restore"),
    path("build/<slug:slug>/share", share.share, name="build-share"),
    path("build/<slug:slug>/share/address", address.address, name="build-address"),
    path("build/<slug:slug>/share/submit", share.submit, name="build-submit"),
    path("build/<slug:slug>/share/withdraw", share.withdraw, name="build-withdraw"),
    path("build/<slug:slug>/share/audience", share.set_audience, name="build-audience"),
    path("build/<slug:slug>/share/ask", share_approval.ask, name="build-ask"),
    path(
        "build/<slug:slug>/share/ask/<int:request_id>", share_approval.take_back, name="build-ask-take-back"
    ),
    path("build/<slug:slug>/share/people", share_people.add, name="build-share-add"),
    path("build/<slug:slug>/share/people/<int:share_id>", share_people.change, name="build-share-change"),
    path("build/<slug:slug>/share/owners", share_owner.heirs, name="build-heirs"),
    path("build/<slug:slug>/share/owner", share_owner.transfer, name="build-transfer"),
    path("build/<slug:slug>/duplicate", my_gpts.duplicate, name="build-duplicate"),
    path("w/<slug:workspace>/admin/publishing", publishing.publishing_list, name="publishing-list"),
    path("w/<slug:workspace>/admin/publishing/rule", publishing.publishing_rule, name="publishing-rule"),
    path(
        "w/<slug:workspace>/admin/publishing/<int:request_id>",
        publishing.publishing_show,
        name="publishing-show",
    ),
    path("w/<slug:workspace>/admin/gpts", company_gpts.gpt_table, name="gpt-table"),
    path("w/<slug:workspace>/admin/gpts/gpts.csv", company_gpts.download, name="gpt-table-csv"),
    path("w/<slug:workspace>/admin/gpts/filters", company_gpts.change_filters, name="gpt-table-filters"),
    path("w/<slug:workspace>/admin/gpts/batch", company_gpts.batch, name="gpt-table-batch"),
    path("w/<slug:workspace>/admin/gpts/search", gpt_search.search, name="gpt-search"),
    path("w/<slug:workspace>/admin/gpts/orphans", orphans.orphans, name="orphan-list"),
    path("build/<slug:slug>/delete", my_gpts.delete, name="build-delete"),
]
