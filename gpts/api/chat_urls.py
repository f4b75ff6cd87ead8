"""API routes of chatting, included by gpts.api.urls."""

from __future__ import annotations

from django.urls import path

from gpts.api import chat_turns, chat_views

_CONVERSATION = "conversations/<uuid:conversation_id>"
_TURN = f"{_CONVERSATION}/turns/<uuid:turn_id>"

urlpatterns = [
    path("gpts/<slug:slug>/conversations", chat_turns.turn_first, name="turn-first"),
    path("conversations", chat_views.ConversationsView.as_view(), name="conversation-list"),
    path(_CONVERSATION, chat_views.ConversationView.as_view(), name="conversation-detail"),
    path(f"{_CONVERSATION}/turns", chat_turns.turn_start, name="turn-start"),
    path(f"{_TURN}/stop", chat_views.TurnStopView.as_view(), name="turn-stop"),
    path(f"{_TURN}/events", chat_turns.turn_events, name="turn-events"),
    path(f"{_TURN}/retry", chat_turns.turn_retry, name="turn-retry"),
    path(f"{_TURN}/edit", chat_turns.turn_edit, name="turn-edit"),
]
