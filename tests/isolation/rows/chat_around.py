"""Attachments, feedback, share links and exports of chats."""

from __future__ import annotations

from tests.isolation.rows.row import ADMINS, ALPHA, MEMBER, OWNER, PEOPLE, Row, api, page

TURN = {"conversation_id": "conversation", "turn_id": "turn"}
TALK = {"conversation_id": "conversation"}
FILE = {"attachment_id": "attachment"}
CHAT = "chat"
AT_ALPHA = "owner@alpha"
UP = {"thumb": "up"}

CONTENT = {"workspace": "alpha_place"}
ASKED = CONTENT | {"access_id": "content_asked"}
OPENED = CONTENT | {"access_id": "content_opened"}

PLACE = {"workspace": "alpha_place"}
RULE = PLACE | {"rule_id": "retention_rule"}
HOLD = PLACE | {"hold_id": "legal_hold"}
NEW_HOLD = {"email": "nobody@else.test", "reason": "A dispute about an offer."}

ROWS: list[Row] = [
    page("gpts:retention", ADMINS, "GET POST", ids=PLACE, forbidden=MEMBER),
    page("gpts:retention-save", ADMINS, "POST", ids=RULE, forbidden=MEMBER),
    page("gpts:retention-end", ADMINS, "POST", ids=RULE, forbidden=MEMBER),
    page("gpts:hold-start", ADMINS, "POST", ids=PLACE, forbidden=MEMBER, body=NEW_HOLD),
    page("gpts:hold-end", ADMINS, "POST", ids=HOLD, forbidden=MEMBER),
    api("gpts_api:retention-list", ADMINS, "account", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:retention-list",
        ADMINS,
        "account",
        "POST",
        ids=PLACE,
        key=AT_ALPHA,
        forbidden=MEMBER,
        body={"days": 30},
    ),
    api(
        "gpts_api:retention-detail",
        ADMINS,
        "account",
        "GET PUT DELETE",
        ids=RULE,
        key=AT_ALPHA,
        forbidden=MEMBER,
    ),
    api("gpts_api:legal-hold-list", ADMINS, "account", ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:legal-hold-list",
        ADMINS,
        "account",
        "POST",
        ids=PLACE,
        key=AT_ALPHA,
        forbidden=MEMBER,
        body=NEW_HOLD,
    ),
    api("gpts_api:legal-hold-detail", ADMINS, "account", "DELETE", ids=HOLD, key=AT_ALPHA, forbidden=MEMBER),
    page("gpts:content-access-list", ADMINS, "GET POST", ids=CONTENT, forbidden=MEMBER),
    page("gpts:content-access-rule", OWNER, "POST", ids=CONTENT, forbidden=frozenset({"admin", "member"})),
    page("gpts:content-access-answer", ADMINS, "POST", ids=ASKED, forbidden=MEMBER),
    page("gpts:content-access-close", ADMINS, "POST", ids=ASKED, forbidden=MEMBER),
    page("gpts:opened-conversation-list", ADMINS, ids=OPENED, forbidden=MEMBER),
    page(
        "gpts:opened-conversation-show",
        ADMINS,
        ids=OPENED | {"conversation_id": "opened_conversation"},
        forbidden=MEMBER,
    ),
    page("gpts:own-content-access", PEOPLE),
    # Without a file these are refused after the permission check.
    page("gpts:attachment-add-first", ALPHA, "POST", ids={"slug": "alpha_slug"}),
    page("gpts:attachment-add", OWNER, "POST", ids=TALK),
    page("gpts:attachment-show", OWNER, ids=FILE),
    page("gpts:attachment-file", OWNER, ids=FILE),
    page("gpts:attachment-remove", OWNER, "POST", ids=FILE),
    page("gpts:turn-feedback", OWNER, "POST", ids=TURN, body=UP),
    page("gpts:conversation-export", OWNER, ids=TALK, fixed={"kind": "json"}),
    page("gpts:conversation-export-all", PEOPLE),
    page("gpts:share-list", PEOPLE),
    page("gpts:share-show", OWNER, ids=TALK),
    page("gpts:share-make", OWNER, "POST", ids=TALK),
    page("gpts:share-stop", OWNER, "POST", ids=TALK),
    # The owner's conversation belongs to Alpha, so its link is for Alpha's members. A visitor with the link
    # knows that it exists and may be asked to sign in.
    page("gpts:share-open", ALPHA, ids={"token": "share_token"}, is_public=True),
    api("gpts_api:attachment-list-first", ALPHA, CHAT, "POST", ids={"slug": "alpha_slug"}, key=AT_ALPHA),
    api("gpts_api:attachment-list", OWNER, CHAT, "POST", ids=TALK, key=AT_ALPHA),
    api("gpts_api:attachment-detail", OWNER, CHAT, "GET DELETE", ids=FILE, key=AT_ALPHA),
    api("gpts_api:attachment-content", OWNER, CHAT, ids=FILE, key=AT_ALPHA),
    api("gpts_api:turn-feedback", OWNER, CHAT, "PUT DELETE", ids=TURN, key=AT_ALPHA, body=UP),
    api("gpts_api:gpt-price", ALPHA, CHAT, ids={"slug": "alpha_slug"}, key=AT_ALPHA),
    api("gpts_api:share-list", PEOPLE, CHAT),
    api("gpts_api:share-detail", OWNER, CHAT, "GET PUT DELETE", ids=TALK, key=AT_ALPHA),
    api("gpts_api:conversation-export", OWNER, CHAT, ids=TALK, key=AT_ALPHA),
    api("gpts_api:conversation-export-all", PEOPLE, CHAT),
]
