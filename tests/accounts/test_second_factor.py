import re
from io import StringIO
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.mail import wait_until_sent
from accounts.second_factor import is_missing
from tests.accounts.people import (
    PASSWORD,
    add_app,
    add_recovery_codes,
    compute_code,
    get_signed_in_user,
    person,
    sign_in,
)

pytestmark = pytest.mark.django_db


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


def test_second_factor_opens_the_desk(client):
    user = person(is_superuser=True)
    client.force_login(user)
    add_recovery_codes(user)  # not a factor by themselves
    assert is_missing(user)
    add_app(user)
    assert not is_missing(user)
    assert client.get("/admin/").status_code == 200


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
