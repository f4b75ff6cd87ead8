"""Routes of chatting, included by gpts.web.urls."""

from __future__ import annotations

from django.urls import path

from gpts.web import chat_pages, chat_stream

urlpatterns = [
    path("g/<slug:slug>/chat", chat_pages.chat_start, name="chat-start"),
    path("g/<slug:slug>/chat/turns", chat_stream.turn_first, name="turn-first"),
    path("c/", chat_pages.conversation_list, name="conversation-list"),
    path("chats/", chat_pages.chats_redirect, name="chats-redirect"),
    path("c/<uuid:conversation_id>", chat_pages.conversation_show, name="conversation-show"),
    path("c/<uuid:conversation_id>/rename", chat_pages.conversation_rename, name="conversation-rename"),
    path("c/<uuid:conversation_id>/delete", chat_pages.conversation_delete, name="conversation-delete"),
    path("c/<uuid:conversation_id>/restore", chat_pages.conversation_restore, name="conversation-restore"),
    path("c/<uuid:conversation_id>/turns", chat_stream.turn_start, name="turn-start"),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/events", chat_stream.turn_events, name="turn-events"),
    path(
        "c/<uuid:conversation_id>/turns/<uuid:turn_id>/sources/<int:number>",
        chat_pages.source_show,
        name="source-show",
    ),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/stop", chat_pages.turn_stop, name="turn-stop"),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/retry", chat_stream.turn_retry, name="turn-retry"),
    path("c/<uuid:conversation_id>/turns/<uuid:turn_id>/edit", chat_stream.turn_edit, name="turn-edit"),
]
