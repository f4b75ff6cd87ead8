"""Routes of chat pages, included by gpts.urls."""

from __future__ import annotations

from django.urls import path

from gpts.chat.web import branches as chat_branches
from gpts.chat.web import content_access, new_chat, retention
from gpts.chat.web import conversations as chat_pages
from gpts.chat.web import export as chat_export
from gpts.chat.web import feedback as chat_feedback
from gpts.chat.web import files as chat_files
from gpts.chat.web import search as chat_search
from gpts.chat.web import share_links as chat_share_links
from gpts.chat.web import turns as chat_turns

_CONTENT = "w/<slug:workspace>/admin/content"
_RETENTION = "w/<slug:workspace>/admin/retention"

urlpatterns = [
    path(_CONTENT, content_access.content_access_list, name="content-access-list"),
    path(f"{_CONTENT}/rule", content_access.content_access_rule, name="content-access-rule"),
    path(
        f"{_CONTENT}/<uuid:access_id>/answer",
        content_access.content_access_answer,
        name="content-access-answer",
    ),
    path(
        f"{_CONTENT}/<uuid:access_id>/close", content_access.content_access_close, name="content-access-close"
    ),
    path(f"{_CONTENT}/<uuid:access_id>", content_access.opened_list, name="opened-conversation-list"),
    path(
        f"{_CONTENT}/<uuid:access_id>/<uuid:conversation_id>",
        content_access.opened_show,
        name="opened-conversation-show",
    ),
    path(_RETENTION, retention.retention, name="retention"),
    path(f"{_RETENTION}/<uuid:rule_id>/save", retention.retention_save, name="retention-save"),
    path(f"{_RETENTION}/<uuid:rule_id>/end", retention.retention_end, name="retention-end"),
    path(f"{_RETENTION}/holds", retention.hold_start, name="hold-start"),
    path(f"{_RETENTION}/holds/<uuid:hold_id>/end", retention.hold_end, name="hold-end"),
    path("settings/content-access", content_access.own_accesses, name="own-content-access"),
    path("g/<slug:slug>/chat", chat_pages.chat_start, name="chat-start"),
    path("g/<slug:slug>/chat/turns", chat_turns.turn_first, name="turn-first"),
    path("g/<slug:slug>/chat/asked", chat_turns.asked_send, name="asked-send"),
    path("g/<slug:slug>/chat/attachments", chat_files.attachment_add_first, name="attachment-add-first"),
    path("c/<uuid:conversation_id>/attachments", chat_files.attachment_add, name="attachment-add"),
    path("c/attachments/<uuid:attachment_id>", chat_files.attachment_show, name="attachment-show"),
    path("c/attachments/<uuid:attachment_id>/file", chat_files.attachment_file, name="attachment-file"),
    path("c/attachments/<uuid:attachment_id>/remove", chat_files.attachment_remove, name="attachment-remove"),
    path("c/mentions", chat_branches.mention_list, name="mention-list"),
    path("c/export.jsonl", chat_export.conversation_export_all, name="conversation-export-all"),
    path(
        "c/<uuid:conversation_id>/export.<str:kind>",
        chat_export.conversation_export,
        name="conversation-export",
    ),
    path("c/shared", chat_share_links.share_list, name="share-list"),
    path("c/<uuid:conversation_id>/share", chat_share_links.share_show, name="share-show"),
    path("c/<uuid:conversation_id>/share/make", chat_share_links.share_make, name="share-make"),
    path("c/<uuid:conversation_id>/share/stop", chat_share_links.share_stop, name="share-stop"),
    path("s/<str:token>", chat_share_links.share_open, name="share-open"),
    path("c/new", new_chat.chat_new, name="chat-new"),
    path("c/", chat_search.conversation_list, name="conversation-list"),
    path("chats/", chat_pages.chats_redirect, name="chats-redirect"),
    path("c/<uuid:conversation_id>", chat_pages.conversation_show, name="conversation-show"),
    path("c/<uuid:conversation_id>/rename", chat_pages.conversation_rename, name="conversation-rename"),
    path("c/<uuid:conversation_id>/delete", chat_pages.conversation_delete, name="conversation-delete"),
    path("c/<uuid:conversation_id>/restore", chat_pages.conversation_restore, name="conversation-restore"),
    path(
        "c/<uuid:conversation_id>/continue",
        chat_branches.conversation_continue,
        name="conversation-continue",
    ),
    path("c/<uuid:conversation_id>/changes", chat_branches.conversation_changes, name="conversation-changes"),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>", chat_branches.turn_show, name="turn-show"),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/show", chat_branches.turn_switch, name="turn-switch"),
    path(
        "c/<uuid:conversation_id>/turns/<uuid:turn_id>/feedback",
        chat_feedback.turn_feedback,
        name="turn-feedback",
    ),
    path("c/<uuid:conversation_id>/turns", chat_turns.turn_start, name="turn-start"),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/events", chat_turns.turn_events, name="turn-events"),
    path(
        "c/<uuid:conversation_id>/turns/<uuid:turn_id>/sources/<int:number>",
        chat_pages.source_show,
        name="source-show",
    ),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/stop", chat_pages.turn_stop, name="turn-stop"),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/retry", chat_turns.turn_retry, name="turn-retry"),
    path(
        "c/<uuid:conversation_id>/turns/<uuid:turn_id>/continue",
        chat_turns.turn_continue,
        name="turn-continue",
    ),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/edit", chat_turns.turn_edit, name="turn-edit"),
]
