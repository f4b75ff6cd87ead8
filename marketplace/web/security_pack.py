"""The security pack in words: the same sections for the page, CSV and PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.csv_files import write_csv
from core.look import formats
from core.min_group import MIN_GROUP
from core.pdf_files import PdfSection, write_pdf
from gpts.assistants.models import GPT, Version
from marketplace.cards import rating_average
from marketplace.queries.security_pack import ModelFacts, SecurityPack, TestFacts, build_security_pack
from marketplace.web.labels import list_capability_labels, list_data_lines, list_language_labels
from reviews.queries.record import ModerationRecord, read_moderation_record
from reviews.states import EnforcementKind
from workspaces.models import Workspace

CSV, PDF = "csv", "pdf"
COLUMNS = ("section", "item", "value")


@dataclass(frozen=True)
class Section:
    """``key`` names it in addresses and files of any language; ``lines`` are (label, value)."""

    key: str
    title: str
    lines: tuple[tuple[str, str], ...]
    note: str = ""


@dataclass(frozen=True)
class _VersionFacts:
    capabilities: Sequence[str]
    model_label: str
    has_knowledge: bool


@dataclass(frozen=True)
class ShownPack:
    pack: SecurityPack
    record: ModerationRecord
    sections: tuple[Section, ...]


def show_security_pack(gpt: GPT, version: Version) -> ShownPack:
    """Return the pack and its sections in the active language."""
    pack, record = build_security_pack(gpt, version), read_moderation_record(gpt, version)
    return ShownPack(pack, record, tuple(_build_sections(pack, record)))


def build_pack_file(
    workspace: Workspace, gpt: GPT, version: Version, kind: str, *, at: datetime
) -> HttpResponse:
    """Return the pack as CSV or PDF, as a download."""
    shown = show_security_pack(gpt, version)
    if kind == CSV:
        rows = [(section.title, *line) for section in shown.sections for line in section.lines]
        body, media_type = write_csv(COLUMNS, rows, has_mark=True), "text/csv; charset=utf-8"
    else:
        title = _("Security pack: %(gpt)s, version %(number)d") % {
            "gpt": version.name,
            "number": version.number,
        }
        subtitle = _("For %(company)s, %(when)s") % {"company": workspace.name, "when": formats.exact(at)}
        sections = [PdfSection(one.title, one.lines, one.note) for one in shown.sections]
        body, media_type = write_pdf(title=title, subtitle=subtitle, sections=sections), "application/pdf"
    response = HttpResponse(body, content_type=media_type)
    name = f"security-pack-{gpt.slug}-v{version.number}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _build_sections(pack: SecurityPack, record: ModerationRecord) -> Iterator[Section]:
    version = pack.version
    yield Section("gpt", _("The GPT"), tuple(_list_gpt_lines(pack)))
    if pack.publisher is not None:
        yield Section("publisher", _("Publisher and proof"), tuple(_list_publisher_lines(pack)))
    facts = _VersionFacts(
        version.capabilities, "" if pack.model is None else pack.model.label, bool(version.knowledge_hashes)
    )
    yield Section(
        "data",
        _("Where data goes"),
        (
            *_list_host_lines(pack.model),
            (_("What happens to data"), "\n".join(line.text for line in list_data_lines(facts))),
        ),
    )
    capabilities = list_capability_labels(facts)
    yield Section(
        "abilities",
        _("What it can do"),
        (
            (_("Capabilities"), _(", ").join(capabilities) or _("None")),
            (_("Actions"), _("None: it calls no other service.")),
        ),
    )
    yield Section(
        "knowledge",
        _("Knowledge files"),
        tuple(_list_file_lines(pack)),
        _("Names and contents stay with the maker. An answer names the file that it quotes."),
    )
    yield Section(
        "tests",
        _("Tests of exactly this version"),
        (
            (_("Golden prompts"), _describe_tests(pack.golden)),
            (_("Leak probes"), _describe_leaks(pack.leak)),
        ),
        _("Run by the maker. Questions and answers stay with the maker."),
    )
    yield Section("moderation", _("Reports and moderation"), tuple(_list_record_lines(record)))
    yield Section("reviews", _("Ratings and reviews"), tuple(_list_review_lines(pack)))
    if pack.releases:
        yield Section("versions", _("Versions"), tuple(_list_release_lines(pack)))


def _list_gpt_lines(pack: SecurityPack) -> Iterator[tuple[str, str]]:
    version, listing = pack.version, pack.listing
    yield _("Name"), version.name
    yield (
        _("Version"),
        _("%(number)d, %(day)s") % {"number": version.number, "day": _day(version.created_at)},
    )
    if version.description:
        yield _("Description"), version.description
    yield _("Category"), str(version.get_category_display())
    if listing is None:
        yield _("In the store"), _("The public store does not have it now.")
        return
    yield _("In the store since"), _day(listing.published_at)
    if listing.languages:
        yield _("Languages"), _(", ").join(list_language_labels(listing))


def _list_publisher_lines(pack: SecurityPack) -> Iterator[tuple[str, str]]:
    publisher = pack.publisher
    assert publisher is not None
    yield _("Name"), publisher.name
    yield (
        _("Proof of the name"),
        _("Verified on %(day)s") % {"day": _day(publisher.name_proved_at)}
        if publisher.name_proved_at
        else _("Not verified"),
    )
    if publisher.website:
        yield _("Website"), publisher.website
        yield (
            _("Proof of the website"),
            _("Verified on %(day)s") % {"day": _day(publisher.website_proved_at)}
            if publisher.website_proved_at
            else _("Not verified"),
        )
    if publisher.builder_since:
        yield _("Builder since"), _day(publisher.builder_since)


def _list_host_lines(model: ModelFacts | None) -> Iterator[tuple[str, str]]:
    if model is None:
        yield _("Model"), _("The instance's default")
        return
    yield _("Model"), model.label
    if model.is_built_in:
        yield _("Host"), _("None: the built-in model answers on this server.")
        return
    yield (
        _("Provider"),
        _("A connection of the maker's workspace") if model.is_of_maker else model.provider,
    )
    yield _("Host"), model.host


def _list_file_lines(pack: SecurityPack) -> Iterator[tuple[str, str]]:
    count = len(pack.version.knowledge_hashes)
    yield _("Files"), formats.number(count)
    sizes = [one.size for one in pack.files if one.size is not None]
    if sizes:
        yield _("Together"), formats.file_size(sum(sizes))
    for position, one in enumerate(pack.files, start=1):
        yield (
            _("File %(number)d") % {"number": position},
            _("Deleted by the maker")
            if one.size is None
            else f"{one.kind or _('Another kind')} · {formats.file_size(one.size)}",
        )


def _describe_tests(tests: TestFacts | None) -> str:
    if tests is None:
        return _("Not run on this version.")
    return _("%(passed)d of %(total)d passed on %(day)s") % {
        "passed": tests.passed,
        "total": tests.total,
        "day": _day(tests.ended_at),
    }


def _describe_leaks(tests: TestFacts | None) -> str:
    if tests is None:
        return _("Not run on this version.")
    if tests.score is None:
        return _("Run on %(day)s without an answer.") % {"day": _day(tests.ended_at)}
    return _("%(score)d of 100 on %(day)s: it withstood %(passed)d of %(total)d attempts") % {
        "score": tests.score,
        "passed": tests.passed,
        "total": tests.total,
        "day": _day(tests.ended_at),
    }


def _list_record_lines(record: ModerationRecord) -> Iterator[tuple[str, str]]:
    if record.reports is None:
        reports = _("By fewer than %(count)d people") % {"count": MIN_GROUP}
    else:
        reports = formats.number(record.reports) if record.reports else _("None")
    yield _("Reports"), reports
    yield (
        _("Reviewed by moderation"),
        _("Approved on %(day)s, exactly this version") % {"day": _day(record.approved_at)}
        if record.approved_at
        else _("No approval of exactly this version"),
    )
    for measure in record.measures:
        text = _("%(measure)s on %(day)s")
        if measure.is_reversed:
            text = _("%(measure)s on %(day)s, taken back since")
        yield (
            _("Measure"),
            text % {"measure": EnforcementKind(measure.kind).label, "day": _day(measure.decided_at)},
        )
    if not record.measures:
        yield _("Measures"), _("None")


def _list_review_lines(pack: SecurityPack) -> Iterator[tuple[str, str]]:
    score = pack.score
    count = 0 if score is None else score.rating_count
    average = None if score is None else rating_average(score.rating_sum, score.rating_count)
    if average is None:
        yield _("Rating"), _("Too few ratings to show") if count else _("No ratings")
    else:
        yield (
            _("Rating"),
            ngettext("%(average)s of 5, %(count)d rating", "%(average)s of 5, %(count)d ratings", count)
            % {"average": formats.number(average, 1), "count": count},
        )
    for review in pack.reviews:
        if review.text:
            label = ngettext("%(count)d star", "%(count)d stars", review.stars) % {"count": review.stars}
            yield f"{label} · {_day(review.updated_at)}", review.text


def _list_release_lines(pack: SecurityPack) -> Iterator[tuple[str, str]]:
    for release in pack.releases:
        said = [release.notes] if release.notes else []
        said += [
            f"{change.label}: {change.before or '–'} → {change.after or '–'}" for change in release.changes
        ]
        label = _("%(number)d, %(day)s") % {"number": release.number, "day": _day(release.released_at)}
        yield label, "\n".join(said) or _("No notes")


def _day(moment: datetime | None) -> str:
    return "" if moment is None else date_format(timezone.localtime(moment), formats.day_format())
