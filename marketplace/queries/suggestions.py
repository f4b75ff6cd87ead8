"""What a search field suggests: the person's own and recent GPTs, listings by name, categories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from gpts.assistants.states import Category
from gpts.chat.mentions import Mention, list_familiar_gpts
from marketplace.cards import icon_url
from marketplace.page_cache import LIST_SECONDS, build_inputs, get_entry, store_entry
from marketplace.queries.external import get_external_rules
from marketplace.queries.public_role import as_public
from marketplace.search.suggestions import (
    MAX_SUGGESTIONS,
    SuggestedListing,
    clean_typed,
    find_as_typed,
    find_by_name,
    find_listed,
)
from marketplace.search.tokens import split_segments
from marketplace.states import SuggestionKind
from workspaces.models import User

MAX_FAMILIAR = 3
MAX_CATEGORIES = 2
# Texts share the entries of the cache by their digest, so that invented ones cannot fill it: some MB at most.
SLOTS = 2_048
PATH = "/search/suggestions"


@dataclass(frozen=True)
class Suggestion:
    """One line of the list. ``builder_name`` is empty for a category and for a GPT outside the store."""

    kind: SuggestionKind
    url: str
    name: str
    slug: str
    category: str
    icon_url: str = ""
    builder_name: str = ""
    builder_verified: bool = False


def list_suggestions(
    text: str, *, listings: Iterable[SuggestedListing], familiar: Iterable[Suggestion] = ()
) -> list[Suggestion]:
    """Join the lists, familiar GPTs first, none twice, and categories last; at most MAX_SUGGESTIONS."""
    categories = [
        Suggestion(SuggestionKind.CATEGORY, f"/categories/{one.value}", str(one.label), one.value, one.value)
        for one in list_matching_categories(clean_typed(text))
    ]
    gpts = {one.slug: one for one in familiar}
    for one in listings:
        gpts.setdefault(one.slug, _from_listing(SuggestionKind.GPT, one))
    return [*list(gpts.values())[: MAX_SUGGESTIONS - len(categories)], *categories]


def suggest_listings(text: str) -> list[SuggestedListing]:
    """Return listings for a text that is being typed, as the public role sees them.

    No query where the cache knows the text: it holds a keyed digest of it, not the text itself, and is
    invalid with every change of the store.
    """
    typed = clean_typed(text)
    if not typed:
        return []
    digest = salted_hmac("marketplace.suggestions", typed, algorithm="sha256").hexdigest()[:32]
    inputs = build_inputs(f"suggestions-{int(digest[:8], 16) % SLOTS}", PATH)
    version, entry = get_entry(inputs)
    if entry is not None and entry[0] == digest:
        kept: list[SuggestedListing] = entry[1]
        return kept
    found = _find_by_name(typed)
    store_entry(inputs, version, (digest, found), seconds=LIST_SECONDS)
    return found


def list_store_slugs(text: str) -> list[str]:
    """Return the slugs of listings whose names have all words of a text, for "@" and for new chats.

    One query by the index of the search column; nothing is corrected.
    """
    typed = clean_typed(text)
    return [one.slug for one in _find_as_typed(typed)] if typed else []


def leave_out_refused(person: User, listings: list[SuggestedListing]) -> list[SuggestedListing]:
    """Return the listings that the person's companies let them use. Reads in the person's scope."""
    rules = get_external_rules(person) if listings else None
    if rules is None:
        return listings
    usable = rules.find_usable_slugs(one.slug for one in listings)
    return [one for one in listings if one.slug in usable]


def suggest_familiar(person: User, text: str) -> list[Suggestion]:
    """Return GPTs that the person owns or used lately. Reads in the person's scope.

    Those in the store lead to their page there, others to a chat.
    """
    typed = clean_typed(text)
    if not typed:
        return []
    mentions = list_familiar_gpts(person, typed)[:MAX_FAMILIAR]
    listed = _find_listed([one.slug for one in mentions])
    return [_from_mention(one, listed.get(one.slug)) for one in mentions]


def list_matching_categories(typed: str) -> list[Category]:
    """Return categories with a word that begins with the text, in the reader's language or in English."""
    if not typed or (len(typed) < 2 and typed.isascii()):
        return []
    found = [
        one for one in Category if _is_name_begun(str(one.label), typed) or _is_name_begun(one.value, typed)
    ]
    return found[:MAX_CATEGORIES]


def _is_name_begun(name: str, typed: str) -> bool:
    folded = name.casefold()
    if folded.startswith(typed):
        return True
    return any(
        typed in segment.text if segment.is_han else segment.text.startswith(typed)
        for segment in split_segments(folded)
    )


def _from_listing(kind: SuggestionKind, one: SuggestedListing) -> Suggestion:
    return Suggestion(
        kind=kind,
        url=one.url,
        name=one.name,
        slug=one.slug,
        category=one.category,
        icon_url=one.icon_url,
        builder_name=one.builder_name,
        builder_verified=one.builder_verified,
    )


def _from_mention(mention: Mention, listing: SuggestedListing | None) -> Suggestion:
    kind = SuggestionKind.OWN if mention.is_own else SuggestionKind.RECENT
    if listing is not None:
        return _from_listing(kind, listing)
    return Suggestion(
        kind=kind,
        url=f"/g/{mention.slug}/chat",
        name=mention.name,
        slug=mention.slug,
        category=mention.category,
        icon_url=icon_url(mention.icon),
    )


_find_by_name = as_public(find_by_name)
_find_as_typed = as_public(find_as_typed)
_find_listed = as_public(find_listed)
