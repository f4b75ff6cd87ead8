"""The facts about one version of an external GPT that a company reads before it decides.

What is secret stays with the maker: what instructions and files say, the names of files, the questions and
answers of tests, who reported, reviewed or decided. Nobody is named but the publisher, as in the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.adoptions import find_adoption, find_public_version
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.states import AdoptionState
from gpts.chat.version_changes import PublicChange
from gpts.evals.queries import find_finished_run
from gpts.evals.states import GoldenKind
from gpts.knowledge.extraction.kinds import KINDS
from gpts.knowledge.queries import list_answering_files
from gpts.llm.catalogue import get_usable_model
from gpts.llm.states import ProviderKind
from marketplace.models import BuilderProfile, Listing, ListingRelease, ListingScore, Rating
from marketplace.models.listings import LISTED
from marketplace.outside_changes import list_outside_changes
from marketplace.queries.ratings import list_ratings
from workspaces.models import Workspace

RELEASES = 10
REVIEWS = 5
FILES = 200
# Where providers without an address of their own are called.
DEFAULT_HOST = "api.openai.com"
_KIND_LABELS = {kind.media_type: kind.label for kind in KINDS}


@dataclass(frozen=True)
class Publisher:
    """``name`` is the builder's in the store; proofs are when it or the website was verified."""

    name: str
    handle: str
    website: str
    name_proved_at: datetime | None
    website_proved_at: datetime | None
    builder_since: datetime | None


@dataclass(frozen=True)
class ModelFacts:
    """``host`` is where questions go, empty for the built-in model; ``is_of_maker``: by the maker's key."""

    name: str
    label: str
    provider: str
    host: str
    is_of_maker: bool
    is_built_in: bool


@dataclass(frozen=True)
class FileFacts:
    """``kind`` is a label such as "PDF", ``size`` in bytes; both empty for a file deleted everywhere."""

    kind: str
    size: int | None


@dataclass(frozen=True)
class TestFacts:
    """The newest finished run on exactly this version's content; ``score`` (0 to 100) of leak probes."""

    passed: int
    total: int
    score: int | None
    model: str
    ended_at: datetime | None


@dataclass(frozen=True)
class Release:
    """A version of the store; ``changes`` is what differs from the one before it in the list."""

    number: int
    released_at: datetime
    notes: str
    changes: tuple[PublicChange, ...]


@dataclass(frozen=True)
class SecurityPack:
    """``listing``, ``publisher`` and ``score`` are None when the store does not have the GPT any more."""

    gpt: GPT
    version: Version
    listing: Listing | None
    publisher: Publisher | None
    model: ModelFacts | None
    files: tuple[FileFacts, ...]
    golden: TestFacts | None
    leak: TestFacts | None
    score: ListingScore | None
    reviews: tuple[Rating, ...]
    releases: tuple[Release, ...]


def access_pack_version(workspace: Workspace, gpt: GPT, number: int | None = None) -> Version:
    """Return the version to look at: the store's, the pinned one, or that of the two with ``number``.

    Raises NotFound: another company learns nothing of other versions.
    """
    adoption = find_adoption(workspace.pk, gpt)
    is_approved = adoption is not None and adoption.state == AdoptionState.APPROVED
    pinned = adoption.version if adoption is not None and is_approved else None
    for version in (find_public_version(gpt), pinned):
        if version is not None and number in (None, version.number):
            return version
    raise NotFound(_("This GPT has no such version."), code="version_not_found")


def build_security_pack(gpt: GPT, version: Version) -> SecurityPack:
    """Return what may be known of a version, for admins whom access_external_gpt has authorised.

    At most 14 queries, whatever the GPT has.
    """
    listing = Listing.objects.filter(LISTED, gpt=gpt).defer("search").select_related("score").first()
    with gpt_workspace_scope(gpt):
        model = _describe_model(gpt, version)
        files = _describe_files(gpt, version)
        golden, leak = (_find_tests(gpt, version, kind) for kind in (GoldenKind.GOLDEN, GoldenKind.LEAK))
        releases = () if listing is None else _list_releases(gpt, listing)
    return SecurityPack(
        gpt=gpt,
        version=version,
        listing=listing,
        publisher=None if listing is None else _describe_publisher(listing),
        model=model,
        files=files,
        golden=golden,
        leak=leak,
        score=None if listing is None else listing.score,
        reviews=() if listing is None else tuple(list_ratings(listing.pk, size=REVIEWS).items),
        releases=releases,
    )


def _describe_publisher(listing: Listing) -> Publisher:
    profile = (
        BuilderProfile.objects.filter(handle=listing.builder_handle).first()
        if listing.builder_handle
        else None
    )
    if profile is None:
        return Publisher(listing.builder_name, "", "", None, None, None)
    return Publisher(
        listing.builder_name,
        profile.handle,
        profile.website,
        profile.verified_name_at,
        profile.verified_website_at,
        profile.created_at,
    )


def _describe_model(gpt: GPT, version: Version) -> ModelFacts | None:
    model = get_usable_model(version, gpt.workspace)
    if model is None:
        return None
    provider = model.provider
    is_built_in = provider.kind == ProviderKind.OFFLINE
    host = "" if is_built_in else urlsplit(provider.base_url).hostname or DEFAULT_HOST
    is_of_maker = provider.workspace_id is not None
    # The name of a connection is the maker's own; where it leads is what matters to others.
    name = "" if is_of_maker else provider.shown_name
    return ModelFacts(model.name, model.shown_label, name, host, is_of_maker, is_built_in)


def _describe_files(gpt: GPT, version: Version) -> tuple[FileFacts, ...]:
    rows = list_answering_files(gpt, version).values_list(
        "content_hash", "document__media_type", "document__size"
    )
    # One document may be there under several names.
    known = {content_hash: FileFacts(_KIND_LABELS.get(kind, ""), size) for content_hash, kind, size in rows}
    wanted = list(dict.fromkeys(version.knowledge_hashes))[:FILES]
    return tuple(known.get(one, FileFacts("", None)) for one in wanted)


def _find_tests(gpt: GPT, version: Version, kind: str) -> TestFacts | None:
    run = find_finished_run(gpt, version.content_hash, kind)
    if run is None:
        return None
    return TestFacts(run.passed_count, run.total_count, run.score, run.model_name, run.ended_at)


def _list_releases(gpt: GPT, listing: Listing) -> tuple[Release, ...]:
    rows = list(ListingRelease.objects.filter(listing=listing).order_by("-number")[:RELEASES])
    versions = {
        one.number: one for one in Version.objects.filter(gpt=gpt, number__in=[r.number for r in rows])
    }
    releases = []
    for row, earlier in zip(rows, [*rows[1:], None], strict=True):
        before = None if earlier is None else versions.get(earlier.number)
        after = versions.get(row.number)
        changes = list_outside_changes(before, after) if before is not None and after is not None else []
        releases.append(Release(row.number, row.released_at, row.notes, tuple(changes)))
    return tuple(releases)
