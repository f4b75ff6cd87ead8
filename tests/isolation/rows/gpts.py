"""Building and chatting: pages, streams and API."""

from __future__ import annotations

from tests.isolation.rows.row import ALPHA, EVERYBODY, MEMBER, OWNER, PEOPLE, Row, api, page

SLUG = {"slug": "slug"}
TURN = {"conversation_id": "conversation", "turn_id": "turn"}
TALK = {"conversation_id": "conversation"}
CITED = {"conversation_id": "draft_conversation", "turn_id": "cited_turn"}
READ, WRITE, CHAT = "gpts:read", "gpts:write", "chat"
SILENCE = {"text": ""}
AT_ALPHA = "owner@alpha"

ROWS: list[Row] = [
    page("gpts:build-list", PEOPLE),
    page("gpts:build-new", PEOPLE, "GET POST", body={"name": "Mine"}),
    page("gpts:build-configure", OWNER, "GET POST", ids=SLUG, body={"name": "Taken over", "revision": "3"}),
    page("gpts:build-icon", OWNER, "POST", ids=SLUG, body={"remove": "1"}),
    page("gpts:build-preview", OWNER, ids=SLUG),
    page("gpts:build-preview-start-over", OWNER, "POST", ids=SLUG),
    page("gpts:build-address", OWNER, "GET POST", ids=SLUG, body={"address": "x"}),
    page("gpts:build-versions", OWNER, ids=SLUG),
    page("gpts:build-freeze", OWNER, "POST", ids=SLUG, body={"release_notes": "x"}),
    page("gpts:build-diff", OWNER, ids=SLUG, query="?from=1&to=2"),
    page("gpts:build-change-log", OWNER, ids=SLUG),
    page("gpts:build-restore", OWNER, "POST", ids=SLUG, fixed={"number": 1}, body={"revision": "3"}),
    page("gpts:build-share", OWNER, ids=SLUG),
    page("gpts:build-submit", OWNER, "POST", ids=SLUG, body={"attested": "on"}),
    page("gpts:build-withdraw", OWNER, "POST", ids={"slug": "waiting_slug"}),
    page("gpts:build-audience", OWNER, "POST", ids=SLUG, body={"audience": "link"}),
    page("gpts:build-delete", OWNER, "POST", ids=SLUG, body={"confirmation": "x"}),
    page("gpts:icon-show", EVERYBODY, ids={"digest": "icon"}),
    page("gpts:icon-drawn", EVERYBODY, fixed={"tint": "writing", "form": 7}),
    page("gpts:chat-start", ALPHA, ids={"slug": "alpha_slug"}),
    # An empty message is refused after the permission check, so that nothing runs in these cells.
    page("gpts:turn-first", ALPHA, "POST", ids={"slug": "alpha_slug"}, body={"text": ""}),
    # Nobody has asked anything here: everybody is sent to the empty chat, which authorises.
    page("gpts:asked-send", PEOPLE, ids={"slug": "alpha_slug"}),
    page("gpts:chat-new", PEOPLE, query="?q=a"),
    page("gpts:conversation-list", PEOPLE),
    page("gpts:chats-redirect", EVERYBODY),
    page("gpts:conversation-show", OWNER, ids=TALK),
    page("gpts:conversation-rename", OWNER, "POST", ids=TALK, body={"title": "Mine now"}),
    page("gpts:conversation-delete", OWNER, "POST", ids=TALK),
    page("gpts:conversation-restore", OWNER, "POST", ids={"conversation_id": "deleted"}),
    page("gpts:turn-start", OWNER, "POST", ids=TALK, body={"text": ""}),
    page("gpts:turn-events", OWNER, ids=TURN, anonymous="forbidden"),
    page("gpts:source-show", OWNER, ids=CITED, fixed={"number": 1}),
    page("gpts:turn-stop", OWNER, "POST", ids=TURN),
    page("gpts:turn-retry", OWNER, "POST", ids=TURN),
    page("gpts:turn-continue", OWNER, "POST", ids=TURN),
    page("gpts:turn-show", OWNER, ids=TURN),
    page("gpts:turn-switch", OWNER, "POST", ids=TURN),
    page("gpts:conversation-continue", OWNER, "POST", ids=TALK, body={"version": "1"}),
    page("gpts:conversation-changes", OWNER, ids=TALK),
    page("gpts:mention-list", PEOPLE, query="?q=a"),
    page("gpts:turn-edit", OWNER, "POST", ids=TURN, body={"text": ""}),
    api("gpts_api:usage-list", PEOPLE, "usage:read"),
    api("gpts_api:model-list", PEOPLE, READ),
    api("gpts_api:gpt-list", PEOPLE, READ),
    api("gpts_api:gpt-list", PEOPLE - MEMBER, WRITE, "POST", forbidden=MEMBER, body={"name": "Mine"}),
    api("gpts_api:gpt-detail", OWNER, READ, ids=SLUG),
    api("gpts_api:gpt-detail", OWNER, WRITE, "PATCH", ids=SLUG, body={"revision": 3, "name": "Taken over"}),
    api("gpts_api:gpt-detail", OWNER, WRITE, "DELETE", ids=SLUG, body={"name": "Zibeline Quorvex"}),
    api("gpts_api:version-list", OWNER, READ, ids=SLUG),
    api("gpts_api:version-list", OWNER, WRITE, "POST", ids=SLUG, body={"release_notes": "x"}),
    api("gpts_api:version-detail", OWNER, READ, ids=SLUG, fixed={"number": 1}),
    api("gpts_api:version-diff", OWNER, READ, ids=SLUG, query="?from=1&to=2"),
    api(
        "gpts_api:version-restore", OWNER, WRITE, "POST", ids=SLUG, fixed={"number": 1}, body={"revision": 3}
    ),
    api("gpts_api:icon", OWNER, WRITE, "PUT DELETE", ids=SLUG),
    api("gpts_api:address", OWNER, READ, ids=SLUG),
    api("gpts_api:address", OWNER, WRITE, "PUT", ids=SLUG, body={"address": "x"}),
    api("gpts_api:audience", OWNER, WRITE, "POST DELETE", ids=SLUG, fixed={"audience": "link"}),
    api("gpts_api:submission-detail", OWNER, READ, ids={"slug": "waiting_slug"}),
    api("gpts_api:submission-detail", OWNER, WRITE, "POST", ids=SLUG, body={"attested": True}),
    api("gpts_api:submission-detail", OWNER, WRITE, "DELETE", ids={"slug": "waiting_slug"}),
    api(
        "gpts_api:turn-first",
        ALPHA,
        CHAT,
        "POST",
        ids={"slug": "alpha_slug"},
        key=AT_ALPHA,
        body=SILENCE,
    ),
    api("gpts_api:conversation-list", PEOPLE, CHAT),
    api("gpts_api:conversation-detail", OWNER, CHAT, "GET DELETE", ids=TALK, key=AT_ALPHA),
    api(
        "gpts_api:conversation-detail",
        OWNER,
        CHAT,
        "PATCH",
        ids=TALK,
        key=AT_ALPHA,
        body={"title": "Mine"},
    ),
    api("gpts_api:turn-start", OWNER, CHAT, "POST", ids=TALK, key=AT_ALPHA, body=SILENCE),
    api("gpts_api:turn-events", OWNER, CHAT, ids=TURN, key=AT_ALPHA),
    api("gpts_api:turn-stop", OWNER, CHAT, "POST", ids=TURN, key=AT_ALPHA),
    api("gpts_api:turn-retry", OWNER, CHAT, "POST", ids=TURN, key=AT_ALPHA),
    api("gpts_api:turn-continue", OWNER, CHAT, "POST", ids=TURN, key=AT_ALPHA),
    api("gpts_api:turn-show", OWNER, CHAT, "POST", ids=TURN, key=AT_ALPHA),
    api("gpts_api:conversation-version", OWNER, CHAT, ids=TALK, key=AT_ALPHA),
    api("gpts_api:conversation-version", OWNER, CHAT, "POST", ids=TALK, key=AT_ALPHA, body={"version": 1}),
    api("gpts_api:mention-list", PEOPLE, CHAT),
    api("gpts_api:turn-edit", OWNER, CHAT, "POST", ids=TURN, key=AT_ALPHA, body=SILENCE),
]
