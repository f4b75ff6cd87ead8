"""API routes of chats, included by gpts.api_urls."""

from __future__ import annotations

from django.urls import path

from gpts.chat.api import attachments, export, feedback, prices, retention, share_links
from gpts.chat.api import branches as chat_branches
from gpts.chat.api import conversations as chat_views
from gpts.chat.api import turns as chat_turns

_CONVERSATION = "conversations/<uuid:conversation_id>"
_TURN = f"{_CONVERSATION}/turns/<uuid:turn_id>"

_COMPANY = "workspaces/<slug:workspace>"

urlpatterns = [
    path(f"{_COMPANY}/retention", retention.RetentionView.as_view(), name="retention-list"),
    path(
        f"{_COMPANY}/retention/<uuid:rule_id>", retention.RetentionRuleView.as_view(), name="retention-detail"
    ),
    path(f"{_COMPANY}/legal-holds", retention.LegalHoldsView.as_view(), name="legal-hold-list"),
    path(
        f"{_COMPANY}/legal-holds/<uuid:hold_id>", retention.LegalHoldView.as_view(), name="legal-hold-detail"
    ),
    path("gpts/<slug:slug>/conversations", chat_turns.turn_first, name="turn-first"),
    path(
        "gpts/<slug:slug>/attachments",
        attachments.FirstAttachmentsView.as_view(),
        name="attachment-list-first",
    ),
    path(f"{_CONVERSATION}/attachments", attachments.AttachmentsView.as_view(), name="attachment-list"),
    path("attachments/<uuid:attachment_id>", attachments.AttachmentView.as_view(), name="attachment-detail"),
    path(
        "attachments/<uuid:attachment_id>/content",
        attachments.AttachmentContentView.as_view(),
        name="attachment-content",
    ),
    path("gpts/<slug:slug>/price", prices.AnswerPriceView.as_view(), name="gpt-price"),
    path("shares", share_links.SharesView.as_view(), name="share-list"),
    path("conversations/export", export.ExportAllView.as_view(), name="conversation-export-all"),
    path(f"{_CONVERSATION}/export", export.ExportView.as_view(), name="conversation-export"),
    path(f"{_CONVERSATION}/share", share_links.ShareView.as_view(), name="share-detail"),
    path(f"{_TURN}/feedback", feedback.FeedbackView.as_view(), name="turn-feedback"),
    path("mentions", chat_branches.MentionsView.as_view(), name="mention-list"),
    path(
        f"{_CONVERSATION}/version",
        chat_branches.ConversationVersionView.as_view(),
        name="conversation-version",
    ),
    path(f"{_TURN}/show", chat_branches.TurnShowView.as_view(), name="turn-show"),
    path("conversations", chat_views.ConversationsView.as_view(), name="conversation-list"),
    path(_CONVERSATION, chat_views.ConversationView.as_view(), name="conversation-detail"),
    path(f"{_CONVERSATION}/turns", chat_turns.turn_start, name="turn-start"),
    path(f"{_TURN}/stop", chat_views.TurnStopView.as_view(), name="turn-stop"),
    path(f"{_TURN}/events", chat_turns.turn_events, name="turn-events"),
    path(f"{_TURN}/retry", chat_turns.turn_retry, name="turn-retry"),
    path(f"{_TURN}/continue", chat_turns.turn_continue, name="turn-continue"),
    path(f"{_TURN}/edit", chat_turns.turn_edit, name="turn-edit"),
]
