"""Buttons and forms that would lose what was typed: actions, transitions, and forms with an old CSRF token."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from tests import factories as make
from tests.desk.forms import change_url, fill_form, read_fields

pytestmark = pytest.mark.django_db
VERIFY = {"CHANGE_FORM-action": "verify_statements", "index": "0"}


def test_action_of_a_form_saves_what_was_typed_first(admin_client):
    tool = make.tool(tagline="Old.")
    make.plan(of=tool, source="https://example.com/")
    form = fill_form(admin_client, tool, tagline="New.", **VERIFY)
    response = admin_client.post(change_url(tool), form)
    tool.refresh_from_db()
    assert (response.status_code, "Did you check the source today" in response.content.decode()) == (200, True)
    assert tool.tagline == "New."
    page = html.fromstring(response.content.decode())
    fields = {field.get("name"): field.get("value") for field in page.xpath("//div[@id='content']//form//input[@name]")}
    assert admin_client.post(change_url(tool), fields).status_code == 302  # confirmed
    assert tool.plans.get().verified_on is not None


def test_action_does_not_run_if_the_form_has_an_error(admin_client):
    tool = make.tool(tagline="Old.")
    response = admin_client.post(change_url(tool), fill_form(admin_client, tool, website="x", tagline="New.", **VERIFY))
    assert (response.status_code, read_fields(response.content.decode())["tagline"]) == (200, "New.")
    assert "Enter a valid URL" in response.content.decode()


def test_run_without_an_action_saves_too(admin_client):
    tool = make.tool(tagline="Old.")
    assert (
        admin_client.post(change_url(tool), fill_form(admin_client, tool, tagline="New.", index="0")).status_code == 302
    )
    tool.refresh_from_db()
    assert tool.tagline == "New."


@pytest.mark.parametrize(
    ("then", "where"), [("publish", "/publish/"), ("preview", "/preview/"), ("https://x", "/change/")]
)
def test_save_goes_on_to_the_transition_whose_link_was_pressed(admin_client, then, where):
    tool = make.tool(tagline="Old.", published_at=None)
    form = fill_form(admin_client, tool, tagline="New.", _continue="1", _then=then)
    response = admin_client.post(change_url(tool), form)
    tool.refresh_from_db()
    assert (tool.tagline, where in response.url) == ("New.", True)


# -- Old CSRF tokens -----------------------------------------------------------------------------------------

OURS = {"HTTP_SEC_FETCH_SITE": "same-origin"}


@pytest.fixture
def strict() -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("ada", password="p"))
    return client


def test_form_with_an_old_token_is_saved_with_one_click(strict):
    tool = make.tool(tagline="Old.", published_at=None)
    evil = '"><script>alert(1)</script>'
    form = fill_form(strict, tool, tagline=evil, csrfmiddlewaretoken="x" * 64, _save="Save")
    logo = SimpleUploadedFile("my logo.png", b"x")
    response = strict.post(change_url(tool), form | {"logo_file": logo}, **OURS)
    text = response.content.decode()
    assert (response.status_code, "<script>alert" in text, "my logo.png" in text) == (403, False, True)
    assert "no-store" in response.headers["Cache-Control"]
    page = html.fromstring(text)
    [again] = page.xpath("//div[@id='content']//form")
    fields = {field.get("name"): field.get("value") for field in again.xpath(".//input[@name]")}
    assert (again.get("action"), fields["tagline"]) == (change_url(tool), evil)
    assert strict.post(again.get("action"), fields, **OURS).status_code == 302
    tool.refresh_from_db()
    assert tool.tagline == evil


@pytest.mark.parametrize(
    ("headers", "is_user"),
    [
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, True),
        ({"HTTP_ORIGIN": "https://evil.example"}, True),
        ({}, True),
        (OURS, False),
    ],
)
def test_only_a_page_of_ours_gets_its_form_back(strict, headers, is_user):
    client = strict if is_user else Client(enforce_csrf_checks=True)
    response = client.post(reverse("admin:tools_tool_add"), {"tagline": "Mine.", "_save": "1"}, **headers)
    assert (response.status_code, "Mine." in response.content.decode()) == (403, False)


def test_signed_out_editor_is_asked_to_sign_in_where_the_form_was():
    address = reverse("admin:tools_tool_add")
    response = Client(enforce_csrf_checks=True).post(address, {"tagline": "Mine."}, **OURS)
    [link] = html.fromstring(response.content.decode()).xpath("//div[@id='content']//a")
    assert (response.status_code, link.get("href"), link.text) == (403, address, "Sign in, and open it again")


def test_passwords_are_not_repeated(strict):
    user = User.objects.get()
    address = reverse("admin:auth_user_password_change", args=[user.pk])
    response = strict.post(address, {"password1": "secret words", "other": "kept"}, **OURS)
    text = response.content.decode()
    assert (response.status_code, "secret words" in text, "kept" in text) == (403, False, True)
