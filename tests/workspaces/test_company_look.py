"""Name, accent colour and logo of a company: its settings, the API, and the pages that carry them."""

from __future__ import annotations

import hashlib
import re
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from core.links import absolute_url
from core.look.accent_colours import contrast, list_samples, parse
from core.models import AuditEvent
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from tests.support.api_client import ApiClient
from tests.support.chat import create_conversation, create_public_gpt
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import PASSWORD, UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_picture
from workspaces.models import User, Workspace
from workspaces.services.logos import read_logo, set_logo
from workspaces.services.workspace_erasure import erase_rest_of_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Olga")


@pytest.fixture
def member() -> User:
    return UserFactory.create(display_name="Mia")


@pytest.fixture
def company(owner: User, member: User) -> Workspace:
    return create_company(owner, member=member)


def create_company_gpt(company: Workspace, owner: User) -> GPT:
    with system_scope("tests"):
        gpt = GPTFactory.create(owner=owner, workspace=company, name="Expenses")
        version = VersionFactory.create(gpt=gpt)
        set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=NOW)
    return gpt


def test_a_logo_is_re_encoded_shown_to_everybody_and_removed(
    owner: User, member: User, company: Workspace, own_media: Path
) -> None:
    client, url = sign_in(owner), f"/w/{company.slug}/admin/settings/logo"
    assert client.post(url, {"logo": make_picture("JPEG")}).status_code == 302
    company.refresh_from_db()
    data = (own_media / company.logo).read_bytes()
    assert company.logo == f"logos/{hashlib.sha256(data).hexdigest()}.webp"
    with Image.open(BytesIO(data)) as logo:
        assert (logo.format, logo.size) == ("WEBP", (256, 256))
    answer = Client().get(company.logo_url)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, data, "image/webp")
    assert "immutable" in answer["Cache-Control"]
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.data["changes"]) == ("workspaces.workspace_changed", {"logo": [False, True]})

    refused = client.post(url, {"logo": SimpleUploadedFile("a.png", b"<svg></svg>")}, follow=True)
    assert "not a picture that can be read" in refused.content.decode()
    assert "Choose a picture first." in client.post(url, follow=True).content.decode()
    assert sign_in(member).post(url, {"remove": "1"}).status_code == 403
    assert Workspace.objects.get(pk=company.pk).logo == company.logo

    client.post(url, {"remove": "1"})
    assert Workspace.objects.get(pk=company.pk).logo == ""


def test_an_erased_company_leaves_no_logo_that_nobody_else_has(
    owner: User, company: Workspace, own_media: Path, django_capture_on_commit_callbacks: object
) -> None:
    other = create_company(UserFactory.create())
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        set_logo(workspace=company, upload=make_picture(), by=owner, at=NOW)
        set_logo(workspace=other, upload=make_picture(), by=owner, at=NOW)
    for place, is_left in ((company, True), (other, False)):
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            while erase_rest_of_workspace(place, NOW):
                pass
        assert (own_media / company.logo).exists() is is_left
        assert Workspace.objects.get(pk=place.pk).logo == ""


def test_the_api_reads_and_changes_the_look(owner: User, member: User, company: Workspace) -> None:
    api, theirs = (ApiClient(person, company, scopes=("account",)) for person in (owner, member))
    path = f"workspaces/{company.slug}"
    assert api("PATCH", path, {"accent": "#AA3355"}).json()["accent"] == "#aa3355"
    assert api("PATCH", path, {"accent": "red"}).json()["error"]["code"] == "accent_invalid"
    assert theirs("PATCH", path, {"accent": ""}).status_code == 403

    def upload(client: ApiClient) -> object:
        body = encode_multipart(BOUNDARY, {"logo": make_picture()})
        return client.client.generic(
            "PUT", f"/api/v1/{path}/logo", body, content_type=MULTIPART_CONTENT, headers=client.headers
        )

    assert upload(theirs).status_code == 403  # type: ignore[attr-defined]
    shown = upload(api).json()  # type: ignore[attr-defined]
    company.refresh_from_db()
    assert (shown["accent"], shown["logo_url"]) == ("#aa3355", absolute_url(company.logo_url))
    assert read_logo(company.logo[6:-5])
    assert theirs.get(path).json() == shown
    assert api("DELETE", f"{path}/logo").status_code == 204
    assert api.get(path).json()["logo_url"] == ""


@pytest.mark.parametrize("accent", ["#ffff00", "#000000", "#ffffff", "#808080", "#0000ff", "#aa3355"])
def test_samples_of_an_accent_can_be_read_in_both_themes(accent: str) -> None:
    for sample in list_samples(accent):
        pairs = [
            (sample.accent, sample.ground),
            (sample.accent, sample.accent_ground),
            (sample.on_accent, sample.accent),
        ]
        assert all(contrast(parse(ink), parse(ground)) >= 4.5 for ink, ground in pairs), sample
        assert sample.is_adjusted is (sample.accent != accent)
    assert [sample.theme for sample in list_samples(accent)] == ["light", "dark"]
    assert list_samples("red") == []


def test_the_settings_show_what_a_colour_becomes(owner: User, company: Workspace) -> None:
    page = sign_in(owner).get(f"/w/{company.slug}/admin/settings/accent?accent=%23ffff00").content.decode()
    for sample in list_samples("#ffff00"):
        assert f'fill="{sample.accent}"' in page
        assert f"contrast {sample.contrast} to 1" in page
    bad = sign_in(owner).get(f"/w/{company.slug}/admin/settings/accent?accent=red").content.decode()
    assert "Write the colour as #rrggbb" in bad


def read_brand(client: Client, url: str) -> tuple[str, bool, bool]:
    """Return the name in the switcher, whether the logo is in it, and whether the page has the accent."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    page = answer.content.decode()
    summary = re.search(r'class="switcher__now"(.*?)</summary>', page, re.S)
    if summary is None:
        return "", False, "@layer tokens" in page
    name = re.search(r'switcher__name">([^<]*)<', summary[1])
    return name[1] if name else "", "/logos/" in summary[1], "@layer tokens" in page


def test_every_page_of_a_company_has_its_name_logo_and_accent(
    owner: User, member: User, company: Workspace
) -> None:
    set_logo(workspace=company, upload=make_picture(), by=owner, at=NOW)
    Workspace.objects.filter(pk=company.pk).update(accent="#335588")
    gpt, public = create_company_gpt(company, owner), create_public_gpt()
    with system_scope("tests"):
        chat = create_conversation(member, gpt=public)
    own, branded = sign_in(owner), (company.name, True, True)
    pages = [f"/w/{company.slug}/", f"/w/{company.slug}/admin/settings", f"/w/{company.slug}/admin/members",
             f"/g/{gpt.slug}/chat", f"/build/{gpt.slug}/configure", f"/build/{gpt.slug}/tests"]  # fmt: skip
    assert {url: read_brand(own, url) for url in pages} == dict.fromkeys(pages, branded)

    # Elsewhere it says which place that is, in the product's own colours.
    places = {"/": "Public store", "/c/": "Personal", "/build/": "Personal", f"/c/{chat.pk}": "Personal"}
    client = sign_in(member)
    assert {url: read_brand(client, url) for url in places} == {
        url: (name, False, False) for url, name in places.items()
    }
    # Who belongs to no company has one place only.
    assert read_brand(sign_in(UserFactory.create()), "/build/") == ("", False, False)


def test_the_switcher_lists_the_workspaces_and_is_searched_when_there_are_many(member: User) -> None:
    def list_items(client: Client) -> list[tuple[str, str]]:
        page = client.get("/c/").content.decode()
        menu = re.search(r'<details class="menu switcher"(.*?)</details>', page, re.S)
        assert menu is not None
        found = re.findall(r'href="([^"]*)".*?switcher__name">([^<]*)<', menu[1], re.S)
        return [*found, ("search", "")] if "data-menu-filter>" in menu[1] else found

    with system_scope("tests"):
        companies = [create_company(UserFactory.create(), member=member) for _number in range(7)]
    listed = sorted((f"/w/{one.slug}/", one.name) for one in companies)
    fixed = [("/build/", "Personal"), ("/", "Public store")]
    found = list_items(sign_in(member))
    assert sorted(found[:7]) == listed
    assert found[7:] == fixed
    with system_scope("tests"):
        create_company(UserFactory.create(), member=member)
    assert list_items(sign_in(member))[8:] == [*fixed, ("search", "")]


def test_members_of_one_company_land_in_its_store(client: Client, member: User, company: Workspace) -> None:
    def land(person: User, query: str = "") -> str:
        client.logout()
        answer = client.post(f"/accounts/login/{query}", {"login": person.email, "password": PASSWORD})
        return str(answer.headers["Location"])

    assert land(member) == f"/w/{company.slug}/"
    assert land(member, "?next=/build/") == "/build/"
    assert land(UserFactory.create(display_name="Alone")) == "/"
    with system_scope("tests"):
        create_company(UserFactory.create(), member=member)
    assert land(member) == "/"
