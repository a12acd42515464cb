import re
from io import StringIO
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.mail import wait_until_sent
from tests.accounts.people import (
    PASSWORD,
    add_app,
    add_recovery_codes,
    compute_code,
    get_signed_in_user,
    person,
    sign_in,
)
from tests.locking import send_twice

pytestmark = pytest.mark.django_db
ACCOUNT_PAGES = (
    "/account/",
    "/account/app/",
    "/account/app/remove/",
    "/account/recovery-codes/",
    "/account/recovery-codes/new/",
    "/account/passkeys/",
    "/account/passkeys/add/",
    "/account/passkeys/1/",
    "/account/passkeys/1/remove/",
    "/account/password/",
)


@pytest.fixture(autouse=True)
def _required(settings):
    settings.REQUIRE_MFA = True


@pytest.mark.parametrize(
    ("group", "required"), [("Reviewer", False), ("Editor", True), ("Moderator", False), ("Administrator", True)]
)
def test_desk_requires_a_second_factor_of_publishers(client, group, required):
    client.force_login(person(group))
    response = client.get("/admin/")
    if required:
        assert (response.status_code, response.headers["Location"]) == (302, "/account/")
        assert "You need to set up" in client.get("/account/").text
    else:
        assert response.status_code == 200
        assert "You need to set up" not in client.get("/account/").text


@pytest.mark.parametrize(
    "url",
    [
        "/admin/tools/tool/",
        "/admin/tools/tool/add/",
        "/admin/accounts/user/",
        "/admin/autocomplete/",
        "/admin/jsi18n/",
        "/admin/password_change/",
        "/admin/nowhere/",
    ],
)
def test_no_desk_page_opens_without_a_second_factor(client, url):
    client.force_login(person(is_superuser=True))
    for response in (client.get(url), client.post(url)):
        assert (response.status_code, response.headers["Location"]) == (302, "/account/")


def confirm(client: Client, url: str, code: str) -> str:
    """Give a code on the page that a response led to, and return where that leads."""
    assert urlsplit(url).path == "/account/confirm/code/"
    page = client.get(url)
    response = client.post(url, {"code": code, "next": parse_qs(urlsplit(url).query)["next"][0]})
    assert (page.status_code, response.status_code) == (200, 302)
    return response.headers["Location"]


def test_second_factor_given_in_the_session_opens_the_desk(client):
    user = person(is_superuser=True)
    sign_in(client, user)
    add_recovery_codes(user)  # not a factor by themselves
    assert client.get("/admin/").headers["Location"] == "/account/"
    secret = add_app(user)
    url = client.get("/admin/tools/tool/?q=a").headers["Location"]
    assert url == "/account/confirm/code/?next=%2Fadmin%2Ftools%2Ftool%2F%3Fq%3Da"
    assert confirm(client, url, compute_code(secret)) == "/admin/tools/tool/?q=a"
    assert client.get("/admin/").status_code == 200


def test_session_without_the_factor_opens_nothing_once_one_is_set_up(client):
    """Someone who knows the password alone signs in before the owner sets up a factor."""
    user = person("Editor")
    sign_in(client, user)
    add_app(user)
    for url in ("/admin/", "/admin/tools/tool/", "/admin/tools/tool/add/"):
        for response in (client.get(url), client.post(url)):
            assert response.headers["Location"].startswith("/account/confirm/code/?next=%2Fadmin%2F"), url
    for url in ACCOUNT_PAGES:
        for response in (client.get(url), client.post(url, {"password": PASSWORD})):
            assert response.headers["Location"].startswith("/account/confirm/code/?next="), url
    assert Authenticator.objects.count() == 1


def test_session_without_the_passkey_is_asked_for_it(client):
    user = person("Editor")
    sign_in(client, user)
    Authenticator.objects.create(user=user, type="webauthn", data={"name": "Blue key", "credential": {}})
    assert client.get("/admin/").headers["Location"] == "/account/confirm/passkey/?next=%2Fadmin%2F"


def test_setting_up_an_app_ends_other_sessions(client):
    user, colleague = person("Editor"), person("Reviewer")
    thief, bystander = Client(), Client()
    for browser, whose in ((thief, user), (bystander, colleague), (client, user)):
        sign_in(browser, whose)
    set_up_app(client)
    assert get_signed_in_user(client) == user.username
    assert get_signed_in_user(bystander) == colleague.username
    assert get_signed_in_user(thief) is None


@pytest.mark.parametrize("url", ["/account/app/remove/", "/account/recovery-codes/new/"])
def test_changing_factors_ends_other_sessions(client, url):
    user = person("Editor")
    secret, codes = add_app(user), add_recovery_codes(user)
    other = Client()
    for browser, code in ((other, codes[0]), (client, compute_code(secret))):
        sign_in(browser, user)
        browser.post("/account/login/code/", {"code": code})
        assert get_signed_in_user(browser) == user.username
    assert client.post(url).status_code == 302
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").headers["Location"] == "/account/login/?next=/account/"


def test_removing_a_passkey_ends_other_sessions(client):
    user = person("Editor")
    key = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Lost key", "credential": {}})
    secret, codes = add_app(user), add_recovery_codes(user)
    thief = Client()
    for browser, code in ((thief, codes[0]), (client, compute_code(secret))):
        sign_in(browser, user)
        browser.post("/account/login/code/", {"code": code})
    assert client.post(f"/account/passkeys/{key.pk}/remove/").status_code == 302
    assert get_signed_in_user(thief) is None
    assert get_signed_in_user(client) == user.username


@pytest.mark.django_db(transaction=True)
def test_setting_up_an_app_twice_at_once_makes_one(client):
    """A double click."""
    user = person("Editor")
    sign_in(client, user)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", client.get("/account/app/").text)[1]
    responses = send_twice(
        client,
        "/account/app/",
        {"code": compute_code(secret)},
        lock="LOCK TABLE mfa_authenticator IN SHARE MODE",
    )
    assert [(each.status_code, each.headers["Location"]) for each in responses] == [
        (302, "/account/recovery-codes/")
    ] * 2
    assert sorted(Authenticator.objects.values_list("type", flat=True)) == ["recovery_codes", "totp"]
    assert client.get("/account/recovery-codes/").text.count("<code>") == 10
    assert get_signed_in_user(client) == user.username


def test_setting_disables_the_requirement(client, settings):
    settings.REQUIRE_MFA = False
    client.force_login(person(is_superuser=True))
    assert client.get("/admin/").status_code == 200


def set_up_app(client: Client) -> str:
    """Set up an authenticator app through the pages, and return its secret."""
    page = client.get("/account/app/")
    assert "<svg" in page.text
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)[1]
    response = client.post("/account/app/", {"code": compute_code(secret)})
    assert (response.status_code, response.headers["Location"]) == (302, "/account/recovery-codes/")
    return secret


def test_app_can_be_set_up_right_after_sign_in(client, django_capture_on_commit_callbacks):
    user = person("Editor")
    assert sign_in(client, user).headers["Location"] == "/admin/"
    assert client.get("/admin/").headers["Location"] == "/account/"
    with django_capture_on_commit_callbacks(execute=True):
        secret = set_up_app(client)
    codes = re.findall(r"<code>(\d{8})</code>", client.get("/account/recovery-codes/").text)
    assert len(codes) == 10
    assert re.findall(r"<code>", client.get("/account/recovery-codes/").text) == []  # shown only once
    assert get_signed_in_user(client) == user.username
    wait_until_sent()
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([user.email], "An authenticator app was added · Shipside")
    ]

    other = Client()
    assert sign_in(other, user).headers["Location"] == "/account/login/code/"
    other.post("/account/login/code/", {"code": compute_code(secret, periods=1)})
    assert get_signed_in_user(other) == user.username
    another = Client()
    sign_in(another, user)
    another.post("/account/login/code/", {"code": codes[3]})
    assert get_signed_in_user(another) == user.username


def test_wrong_code_does_not_set_up_an_app(client):
    user = person("Editor")
    sign_in(client, user)
    client.get("/account/app/")
    response = client.post("/account/app/", {"code": "abc"})
    assert response.status_code == 200
    assert not Authenticator.objects.exists()


def test_secrets_are_encrypted_in_the_database(client):
    user = person("Editor")
    secret = add_app(user)
    codes = add_recovery_codes(user)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not [code for code in codes if code in stored]
    assert Authenticator.objects.get(type="totp").wrap().validate_code(compute_code(secret))


def test_new_secret_key_needs_the_old_one_as_fallback(settings):
    secret = add_app(person())
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert not Authenticator.objects.get().wrap().validate_code(compute_code(secret))
    settings.SECRET_KEY_FALLBACKS = [old]
    assert Authenticator.objects.get().wrap().validate_code(compute_code(secret))


@pytest.mark.parametrize("url", ["/account/app/remove/", "/account/recovery-codes/new/", "/account/passkeys/add/"])
def test_changes_require_reauthentication(client, url, time_machine):
    time_machine.move_to("2026-11-22 12:00:05+00:00", tick=False)
    user = person("Editor")
    secret = add_app(user)
    add_recovery_codes(user)
    sign_in(client, user)
    client.post("/account/login/code/", {"code": compute_code(secret)})
    assert client.get(url).status_code == 200
    time_machine.shift(301)
    asked = urlsplit(client.get(url).headers["Location"])
    assert (asked.path, parse_qs(asked.query)) == ("/account/confirm/", {"next": [url]})
    response = client.post("/account/confirm/", {"password": "not it", "next": url})
    assert response.context["form"].errors == {"password": ["That is not your password."]}
    response = client.post("/account/confirm/", {"password": PASSWORD, "next": url})
    assert response.headers["Location"] == url
    assert client.get(url).status_code == 200


def test_removing_the_app_closes_the_desk(client, django_capture_on_commit_callbacks):
    user = person("Editor")
    secret = add_app(user)
    sign_in(client, user)
    client.post("/account/login/code/", {"code": compute_code(secret)})
    assert client.get("/account/app/remove/").status_code == 200
    assert client.post("/account/app/remove/").headers["Location"] == "/account/"
    assert client.get("/admin/").headers["Location"] == "/account/"


def test_account_pages_require_sign_in(client):
    for url in (
        *ACCOUNT_PAGES,
        "/account/password/set/",
        "/account/confirm/",
        "/account/confirm/code/",
        "/account/confirm/passkey/",
        "/account/login/code/",
    ):
        response = client.get(url)
        assert (response.status_code, urlsplit(response.headers["Location"]).path) == (302, "/account/login/"), url


def test_passkeys_of_others_are_not_found(client):
    owner = person()
    key = Authenticator.objects.create(user=owner, type="webauthn", data={"name": "Blue key", "credential": {}})
    user = person()
    sign_in(client, user)
    assert client.get(f"/account/passkeys/{key.pk}/").status_code == 404
    assert client.post(f"/account/passkeys/{key.pk}/remove/").status_code == 404
    assert Authenticator.objects.get() == key


def test_command_removes_all_factors(client, django_capture_on_commit_callbacks):
    user = person(is_superuser=True)
    add_app(user)
    add_recovery_codes(user)
    client.force_login(user)
    out = StringIO()
    with django_capture_on_commit_callbacks(execute=True):
        call_command("remove_second_factors", user.username, stdout=out)
    assert out.getvalue() == f"{user.username} no longer has a second factor and is signed out everywhere.\n"
    assert not Authenticator.objects.exists()
    assert get_signed_in_user(client) is None
    wait_until_sent()
    assert [message.subject for message in mail.outbox] == ["Your second factors were removed · Shipside"]
    with pytest.raises(CommandError, match="There is no user named nobody"):
        call_command("remove_second_factors", "nobody")
