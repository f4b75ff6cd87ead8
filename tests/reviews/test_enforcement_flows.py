"""Each kind of enforcement through to where it takes effect, and back: a kind without a flow fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from core.errors import Conflict, DomainError, Forbidden, NotFound
from core.scope import system_scope
from gpts.assistants.access import access_chat
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import find_live_version
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import delete_gpt, update_draft
from gpts.chat.models import SharedConversation
from gpts.chat.services.rechecks import RunningAnswer, find_turns_without_access
from gpts.chat.services.turns import finish_turn, start_first_turn
from marketplace.models import Listing
from payouts.models import Batch, Payout
from payouts.services import propose_batch
from payouts.services.ledger import EntryDraft, available_account, post_entries, revenue_share_account
from payouts.states import EntryKind
from reviews.checks.names import NamesChecker
from reviews.models import Case, Decision, Enforcement, Notice, Standing, Strike, Submission
from reviews.queries import submission_status
from reviews.services.appeals import file_appeal
from reviews.services.checks import RISK_PER_STRIKE, compute_starting_risk
from reviews.services.enforcement import reverse_decision
from reviews.services.submissions import submit_version
from reviews.states import EnforcementKind, EnforcementState
from tests.support.factories.gpts import VersionFactory
from tests.support.factories.workspaces import FinanceUserFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.payouts import create_verified_account
from tests.support.reviews import (
    AT,
    decide,
    make_gpt,
    make_listed_gpt,
    make_moderator,
    make_queued_case,
    make_report_case,
    quarantine,
    submit,
)
from workspaces.access import personal_workspace
from workspaces.models import User

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=5)


def create_listing(owner: User | None = None, name: str = "Evening Walks") -> Listing:
    owner = owner or UserFactory.create(display_name="Ann")
    return Listing.objects.get(gpt=make_listed_gpt(owner, make_moderator(), name=name))


def decide_report(listing: Listing, outcome: str, policy: str = "malware-phishing") -> Decision:
    return decide(
        make_report_case(listing), make_moderator("Milo"), outcome, policies=(policy,), reasoning="It does."
    )


def overturn(decision: Decision) -> None:
    """Object as the builder, and have another moderator overturn the decision."""
    builder = decision.case.builder
    assert builder is not None
    appeal = file_appeal(decision=decision, text="It never did.", by=builder, at=LATER)
    decide(appeal.case, make_moderator("Lea"), "overturn", reasoning="It does not.", at=LATER)
    assert set(decision.enforcements.values_list("state", flat=True)) == {"reversed"}


def read_state(gpt: GPT) -> dict[str, object]:
    """Where a stranger meets the GPT: the store, the search, its chat, the builder's page."""
    person = UserFactory.create(display_name="Stranger")
    stranger = sign_in(person)
    fresh = GPT.objects.get(pk=gpt.pk)
    return {
        "about": stranger.get(f"/g/{gpt.slug}").status_code,
        "found": f"/g/{gpt.slug}" in stranger.get("/search", {"q": gpt.name}).content.decode(),
        "chat": stranger.get(f"/g/{gpt.slug}/chat").status_code,
        "turn": may_start_turn(person, gpt),
        "quarantined": fresh.quarantined_at is not None,
        "live": sorted(fresh.live_versions.values_list("audience", "version_id")),
    }


def may_start_turn(person: User, gpt: GPT) -> bool:
    """Whether a turn could start: page, API and every other way to chat ask this first."""
    try:
        access_chat(person, gpt.slug)
    except NotFound:
        return False
    return True


def is_open(state: dict[str, object]) -> bool:
    return (state["about"], state["found"], state["chat"], state["turn"]) == (200, True, 200, True)


def is_shut(state: dict[str, object]) -> bool:
    return (state["about"], state["found"], state["chat"], state["turn"]) == (404, False, 404, False)


def publish_version() -> None:
    gpt = make_gpt(UserFactory.create(display_name="Ann"))
    case = make_queued_case(gpt)
    assert is_shut(read_state(gpt))

    decision = decide(case, make_moderator(), "approve")

    assert is_open(read_state(gpt))
    with transaction.atomic():
        reverse_decision(decision, by=None, at=LATER)
    assert is_shut(read_state(gpt))


def reject_version() -> None:
    gpt = make_gpt(UserFactory.create(display_name="Ann"))
    decision = decide(
        make_queued_case(gpt), make_moderator("Milo"), "reject", policies=("misleading",), reasoning="No."
    )
    assert is_shut(read_state(gpt))
    with pytest.raises(Conflict, match="unchanged"):
        submit(gpt, at=LATER)

    overturn(decision)

    assert is_open(read_state(gpt))


def delist() -> None:
    listing = create_listing()
    before = read_state(listing.gpt)
    assert is_open(before)

    decision = decide_report(listing, "delist")

    assert is_shut(read_state(listing.gpt))
    assert sign_in(listing.publisher).get(f"/g/{listing.slug}/chat").status_code == 200
    assert Strike.objects.get(user=listing.publisher).removed_at is None
    overturn(decision)
    assert read_state(listing.gpt) == before
    assert Strike.objects.get(user=listing.publisher).removed_at is not None


def quarantine_everywhere() -> None:
    """Store, chat, running answers, share links, builder, deleting and publishing: all of them stop."""
    listing = create_listing()
    gpt, owner = listing.gpt, listing.publisher
    reader = UserFactory.create(display_name="Reader")
    turn = start_first_turn(
        gpt=gpt, version=find_live_version(reader, gpt), workspace=personal_workspace(reader),
        text="Where to?", by=reader, at=AT,
    )  # fmt: skip
    finish_turn(turn_id=turn.pk, text="North.", input_tokens=5, output_tokens=3, model=None, at=AT)
    sign_in(reader).post(f"/c/{turn.conversation_id}/share/make")
    link = f"/s/{SharedConversation.objects.get().token}"
    running = RunningAnswer(
        turn_id=turn.pk, user_id=reader.pk, gpt_id=gpt.pk, act=GPTAct.CHAT, workspace_ids=(),
        payer_id=turn.workspace_id,
    )  # fmt: skip
    before, page = read_state(gpt), sign_in(reader).get(link).status_code
    revision = GPT.objects.get(pk=gpt.pk).draft_revision

    decision = quarantine(listing, make_moderator("Milo"))

    assert is_shut(read_state(gpt))
    assert find_turns_without_access([running], at=LATER) == {turn.pk}
    assert (page, sign_in(reader).get(link).status_code) == (200, 410)
    attempts: list[Callable[[], object]] = [
        lambda: update_draft(gpt=gpt, revision=revision, changes={"name": "New"}, by=owner, at=LATER),
        lambda: delete_gpt(gpt=gpt, typed_name=gpt.name, is_under_review=False, by=owner, at=LATER),
        lambda: submit_version(gpt=gpt, note="", by=owner, at=LATER),
    ]
    for attempt in attempts:
        with pytest.raises(DomainError) as refusal:
            attempt()
        assert refusal.value.code == "gpt_quarantined"
    assert sign_in(owner).get(f"/build/{gpt.slug}/configure").status_code in (200, 403)
    overturn(decision)
    assert read_state(gpt) == before
    assert find_turns_without_access([running], at=LATER) == set()
    assert sign_in(reader).get(link).status_code == 200


def warn() -> None:
    """A warning is told, counts as a strike, and makes the builder's next submission wait higher up."""
    listing = create_listing()
    owner = listing.publisher
    submission = submit(make_gpt(owner, name="Morning Walks", instructions="Other words. " * 30))
    risk = compute_starting_risk(submission, at=LATER)

    decision = decide_report(listing, "warn")

    assert Notice.objects.filter(decision=decision, recipient=owner).exists()
    assert Standing.objects.get(user=owner).builder_state == "warned"
    assert compute_starting_risk(submission, at=LATER) == risk + RISK_PER_STRIKE
    assert is_open(read_state(listing.gpt))
    overturn(decision)
    assert Standing.objects.get(user=owner).builder_state == "normal"
    assert compute_starting_risk(submission, at=LATER) == risk


def suspend_builder() -> None:
    """Every listing of the builder stops, and nothing of theirs is submitted until they are reinstated."""
    first = create_listing()
    owner = first.publisher
    second = create_listing(owner, name="Morning Walks")
    before = [read_state(listing.gpt) for listing in (first, second)]
    other = make_gpt(owner, name="Night Walks")
    decision = decide_report(first, "suspend_builder")
    assert [read_state(listing.gpt) for listing in (first, second)] == before  # waits for a second person
    decide(Case.objects.get(kind="second_approval"), make_moderator("Lara"), "confirm", reasoning="Yes.")

    assert all(is_shut(read_state(listing.gpt)) for listing in (first, second))
    with pytest.raises(Forbidden, match="builder_suspended"):
        submit(other, at=LATER)
    assert not Submission.objects.filter(gpt=other).exists()

    overturn(decision)

    assert [read_state(listing.gpt) for listing in (first, second)] == before
    assert submit(other, at=LATER).state == "submitted"


def hold_payout() -> None:
    """Nobody proposes a payout to the builder; the money waits and goes out when the hold ends."""
    listing, finance = create_listing(), FinanceUserFactory.create(display_name="Finance")
    owner = listing.publisher
    create_verified_account(owner, by=finance)
    at = AT + timedelta(days=60)
    legs = [(revenue_share_account("2026-05"), 2_000), (available_account(owner.pk), -2_000)]
    post_entries([EntryDraft(EntryKind.LATE, "earned", "Earned", "USD", legs)], by=None, at=at)

    decision = quarantine(listing, make_moderator("Milo"))

    with pytest.raises(Conflict, match="nobody_payable"):
        propose_batch(currency="USD", by=finance, at=at)
    assert not Batch.objects.exists()
    overturn(decision)
    propose_batch(currency="USD", by=finance, at=at)
    assert Payout.objects.get(payee=owner).amount_minor == 2_000


def prohibit_name() -> None:
    """Nobody lists a GPT under the name: its check says so to the moderator, with the highest score."""
    listing = create_listing(name="Bank of Ulm")
    copy = VersionFactory.create(gpt=make_gpt(UserFactory.create(display_name="Bob"), name="Bank of U1m"))
    twin = VersionFactory.create(gpt=make_gpt(UserFactory.create(display_name="Bob"), name="bank of ulm"))

    def judge() -> list[int]:
        return [NamesChecker().run(version).score for version in (copy, twin)]

    before = judge()
    decision = decide_report(listing, "delist", "impersonation")

    assert judge() == [95, 95]
    overturn(decision)
    assert judge() == before


FLOWS: dict[str, Callable[[], None]] = {
    EnforcementKind.PUBLISH_VERSION: publish_version,
    EnforcementKind.REJECT_VERSION: reject_version,
    EnforcementKind.DELIST: delist,
    EnforcementKind.QUARANTINE: quarantine_everywhere,
    EnforcementKind.WARN: warn,
    EnforcementKind.SUSPEND_BUILDER: suspend_builder,
    EnforcementKind.HOLD_PAYOUT: hold_payout,
    EnforcementKind.PROHIBIT_NAME: prohibit_name,
}


@pytest.mark.parametrize("kind", EnforcementKind.values)
def test_an_enforcement_takes_effect_where_it_must_and_is_undone_completely(kind: str) -> None:
    with system_scope("tests"):
        FLOWS[kind]()
        connection.check_constraints()  # entries of the ledger are checked at commit, in the scope

    executed = Enforcement.objects.filter(kind=kind, executed_at__isnull=False)
    assert executed.filter(state=EnforcementState.REVERSED).exists()


def test_a_won_appeal_restores_visibility_payouts_and_record_together() -> None:
    with system_scope("tests"):
        listing = create_listing()
        owner, before = listing.publisher, read_state(listing.gpt)
        overturn(quarantine(listing, make_moderator("Milo")))

    assert read_state(listing.gpt) == before
    assert Strike.objects.get(user=owner).removed_at == LATER
    assert submission_status(listing.gpt).state == "live"
    assert not Enforcement.objects.filter(builder=owner, kind="hold_payout", state="executed").exists()
