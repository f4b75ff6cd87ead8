"""Addresses of GPTs: provisional until chosen or first shared, then for good; one GPT for each."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import DomainError
from core.models import AuditEvent
from core.rate_limits import Limit
from core.scope import system_scope
from core.text import skeleton
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.queries.gpts import find_gpt
from gpts.assistants.services import addresses
from gpts.assistants.services.addresses import choose_address, find_address_problem, suggest_address
from gpts.assistants.services.erasure import erase_gpts_of_workspace
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.studio.services.sharing import share_draft
from reviews.models import Submission
from reviews.services.submissions import submit_version
from tests.support.api_client import ApiClient
from tests.support.at_once import run_at_once
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.pages import sign_in
from tests.support.times import LATER, NOW
from workspaces.models import ProtectedName

pytestmark = pytest.mark.django_db


def read(gpt: GPT) -> tuple[Any, ...]:
    gpt.refresh_from_db()
    return gpt.slug, gpt.former_slug, gpt.address_settled_at


def choose(gpt: GPT, address: str) -> GPT:
    return choose_address(gpt=gpt, address=address, by=gpt.owner, at=LATER)


def test_the_chosen_address_is_final_and_the_provisional_one_leads_to_it() -> None:
    gpt = GPTFactory.create(name="New GPT")
    provisional = gpt.slug

    chosen = choose(gpt, " Essay-Coach ")

    assert read(gpt) == ("essay-coach", provisional, LATER)
    assert chosen.slug == "essay-coach"
    assert [getattr(find_gpt(slug), "pk", None) for slug in (provisional, "essay-coach")] == [gpt.pk] * 2
    assert choose(gpt, "essay-coach").pk == gpt.pk
    with pytest.raises(DomainError) as refused:
        choose(gpt, "other-coach")
    assert (refused.value.code, refused.value.field) == ("address_settled", "address")
    assert read(gpt) == ("essay-coach", provisional, LATER)
    assert AuditEvent.objects.filter(action="gpts.address_chosen").count() == 1
    owner = sign_in(gpt.owner)
    assert [owner.get(f"/build/{slug}/{page}").status_code for slug in (provisional, "essay-coach")
            for page in ("create", "configure", "knowledge", "share", "preview")] == [200] * 10  # fmt: skip
    assert owner.get(f"/g/{provisional}/chat?draft=1").status_code == 200


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", "address_length"), ("ab", "address_length"), ("x" * 61, "address_length"),
        ("my coach", "address_form"),
        ("käse-coach", "address_form"), ("作文", "address_length"), ("作文教练", "address_form"),
        ("-coach", "address_form"), ("coach-", "address_form"), ("my--coach", "address_form"),
        ("my_coach", "address_form"), ("a/b/c", "address_form"), ("2024-05", "address_form"),
        ("new", "address_reserved"), ("admin", "address_reserved"), ("API", "address_reserved"),
        ("new-gpt", "address_reserved"),
        ("deleted-7", "address_reserved"), ("taken-coach", "address_taken"), ("TAKEN-coach", "address_taken"),
        ("chosen-coach", "address_taken"), ("givenup-abc234", "address_taken"),
        ("free-coach", ""), ("abc", ""),
    ],
)  # fmt: skip
def test_what_an_address_may_be(address: str, code: str) -> None:
    taken, other, gpt = GPTFactory.create(), GPTFactory.create(), GPTFactory.create()
    GPT.objects.filter(pk=taken.pk).update(slug="taken-coach")
    GPT.objects.filter(pk=other.pk).update(slug="givenup-abc234")
    choose(other, "chosen-coach")
    before = read(gpt)

    found = find_address_problem(gpt=gpt, address=address)

    assert ("" if found is None else found.code) == code
    assert read(gpt) == before
    if code:
        with pytest.raises(DomainError) as refused:
            choose(gpt, address)
        assert (refused.value.code, refused.value.field) == (code, "address")
        assert read(gpt) == before


def test_a_protected_name_is_refused_and_its_holder_may_have_it() -> None:
    gpt, mine = GPTFactory.create(), GPTFactory.create()
    for name, holder in (("Harbour Bank", None), ("Ada Works", mine.owner)):
        ProtectedName.objects.create(name=name, skeleton=skeleton(name), holder=holder)

    found = [
        getattr(find_address_problem(gpt=one, address=address), "code", "")
        for one, address in (
            (gpt, "harbour-bank-help"), (gpt, "ada-works"), (mine, "ada-works"), (gpt, "harbour-walks"),
        )
    ]  # fmt: skip

    assert found == ["name_protected", "name_protected", "", ""]


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("Essay coach", (), "essay-coach"),
        ("Essay coach", ("essay-coach",), "essay-coach-2"),
        ("Essay coach", ("essay-coach", "essay-coach-2"), "essay-coach-3"),
        ("Café Größe!", (), "cafe-groe"),
        ("作文教练", (), None),
        ("New GPT", (), None),
        ("Admin", (), None),
    ],
)
def test_the_suggestion_is_a_free_address_of_the_name(
    name: str, taken: tuple[str, ...], expected: str | None
) -> None:
    for slug in taken:
        GPT.objects.filter(pk=GPTFactory.create().pk).update(slug=slug)
    gpt = GPTFactory.create(name=name)

    assert suggest_address(gpt) == (expected or gpt.slug)


def test_sharing_settles_the_address_and_takes_the_chosen_one() -> None:
    linked, named, live, submitted, kept = (GPTFactory.create() for _ in range(5))
    slugs = [gpt.slug for gpt in (linked, named, live, submitted, kept)]
    share: dict[str, Any] = {"audiences": [Audience.LINK], "release_notes": "", "at": NOW}

    share_draft(gpt=linked, by=linked.owner, **share)
    share_draft(gpt=named, by=named.owner, address="named-coach", **share)
    set_live_version(gpt=live, version=VersionFactory.create(gpt=live), audience=Audience.LINK, at=NOW)
    submit_version(gpt=submitted, note="", by=submitted.owner, at=NOW, address="store-coach")
    VersionFactory.create(gpt=kept)

    assert read(linked) == (slugs[0], None, NOW)
    assert read(named) == ("named-coach", slugs[1], NOW)
    assert read(live) == (slugs[2], None, NOW)
    assert read(submitted) == ("store-coach", slugs[3], NOW)
    assert read(kept) == (slugs[4], None, None)
    # Sharing again with another address changes nothing: the address is never changed silently.
    share_draft(gpt=named, by=named.owner, address="other-coach", **share)
    assert read(named) == ("named-coach", slugs[1], NOW)


def test_a_refused_address_shares_nothing() -> None:
    GPT.objects.filter(pk=GPTFactory.create().pk).update(slug="taken-coach")
    gpt = GPTFactory.create()
    before = read(gpt)
    owner = sign_in(gpt.owner)

    pages = [
        owner.post(f"/build/{gpt.slug}/share/audience", {"audience": "link", "address": "taken-coach"}),
        owner.post(f"/build/{gpt.slug}/share/submit", {"attested": "on", "address": "admin"}),
        owner.post(f"/build/{gpt.slug}/share/address", {"address": "no good"}),
    ]

    assert [page.status_code for page in pages] == [409, 400, 400]
    assert ["Another GPT has this address" in page.content.decode() for page in pages] == [True, False, False]
    assert 'value="no good"' in pages[2].content.decode()
    assert read(gpt) == before
    counts = [rows.objects.filter(gpt=gpt).count() for rows in (Version, LiveVersion, Submission)]
    assert counts == [0, 0, 0]


def test_the_share_page_suggests_checks_and_takes_an_address() -> None:
    gpt = GPTFactory.create()
    owner = sign_in(gpt.owner)

    shown = owner.get(f"/build/{gpt.slug}/share").content.decode()
    checks = [owner.get(f"/build/{gpt.slug}/share/address", {"address": text}).json()["code"]
              for text in ("essay-coach", "admin")]  # fmt: skip
    said = owner.get(
        f"/build/{gpt.slug}/share/address", {"address": "admin"}, headers={"Accept-Language": "zh-hans"}
    ).json()
    taken = owner.post(f"/build/{gpt.slug}/share/audience", {"audience": "link", "address": "ada-coach"})

    assert shown.count('name="address"') == 3
    assert shown.count('value="essay-coach"') == 3
    assert checks == ["", "address_reserved"]
    assert said["problem"] == "这个词留给 Loggia 自己的页面，请换一个地址。"
    assert taken.headers["Location"] == "/build/ada-coach/share"
    after = owner.get("/build/ada-coach/share").content.decode()
    assert 'name="address"' not in after
    assert "/g/ada-coach/chat" in after


def test_the_api_chooses_an_address_once() -> None:
    gpt = GPTFactory.create()
    provisional, call = gpt.slug, ApiClient(gpt.owner)

    before = call.get(f"gpts/{provisional}/address?address=admin").json()
    refused = call("PUT", f"gpts/{provisional}/address", {"address": "admin"})
    chosen = call("PUT", f"gpts/{provisional}/address", {"address": "api-coach"})
    again = call("PUT", f"gpts/{provisional}/address", {"address": "late-coach"})

    assert before == {"address": provisional, "is_final": False, "suggestion": "essay-coach",
                      "problem": "address_reserved"}  # fmt: skip
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "address_reserved")
    assert (chosen.status_code, chosen.json()) == (
        200, {"address": "api-coach", "is_final": True, "suggestion": "", "problem": ""},
    )  # fmt: skip
    assert (again.status_code, again.json()["error"]["code"]) == (409, "address_settled")
    assert read(gpt)[:2] == ("api-coach", provisional)


@pytest.mark.parametrize("kind", ["audiences/link", "submission"])
def test_sharing_by_the_api_takes_an_address(kind: str) -> None:
    gpt = GPTFactory.create()
    call = ApiClient(gpt.owner)
    provisional = gpt.slug
    path = f"gpts/{provisional}/{kind}"
    rest = {"attested": True} if kind == "submission" else {}

    refused = call("POST", path, {"address": "admin", **rest})

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "address_reserved")
    counts = [rows.objects.filter(gpt=gpt).count() for rows in (Version, LiveVersion, Submission)]
    assert (counts, read(gpt)[0]) == ([0, 0, 0], provisional)
    given = call("POST", path, {"address": "shared-coach", **rest})
    assert given.status_code in (200, 201), given.content
    assert read(gpt)[:2] == ("shared-coach", provisional)


def test_addresses_cannot_be_tried_out_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "CHECKS", Limit("gpt-address-check", 2, 60))
    gpt, other = GPTFactory.create(), GPTFactory.create()
    page, call = sign_in(gpt.owner), ApiClient(gpt.owner)
    asked = f"/build/{gpt.slug}/share/address?address=essay-coach"

    answers = [page.get(asked).status_code, call.get(f"gpts/{gpt.slug}/address?address=admin").status_code]
    refused = [page.get(asked), call.get(f"gpts/{gpt.slug}/address?address=admin")]

    assert answers == [200, 200]
    assert [answer.status_code for answer in refused] == [429, 429]
    assert refused[1].json()["error"]["code"] == "too_many_tries"
    # Other people and the address itself are not affected.
    assert sign_in(other.owner).get(f"/build/{other.slug}/share/address?address=x-coach").status_code == 200
    assert call.get(f"gpts/{gpt.slug}/address").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_takers_one_gets_the_address() -> None:
    with system_scope("tests"):
        first, second = GPTFactory.create(), GPTFactory.create()

    codes = run_at_once(lambda: choose(first, "one-coach"), lambda: choose(second, "one-coach"))

    assert sorted(codes) == ["", "address_taken"]
    assert GPT.objects.filter(slug="one-coach").count() == 1


def test_an_erased_address_leads_to_nobody_else() -> None:
    gone, other = GPTFactory.create(), GPTFactory.create()
    choose(gone, "gone-coach")

    erase_gpts_of_workspace(gone.workspace, LATER)

    assert read(gone)[:2] == (f"deleted-{gone.pk}", None)
    assert getattr(find_address_problem(gpt=other, address="gone-coach"), "code", "") == "address_taken"
