import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.accounts.people import (
    PASSWORD,
    app_of,
    code_of,
    person,
    recovery_codes_of,
    sign_in,
    signed_in_as,
    wrong_code,
)

pytestmark = pytest.mark.django_db
NOON = "2026-11-22 12:00:05+00:00"


@pytest.fixture
def noon(time_machine):
    """The clock stands still a few seconds into a code, and can be moved."""
    time_machine.move_to(NOON, tick=False)
    return time_machine


def errors(response) -> list[str]:
    return [error for errors in response.context["form"].errors.values() for error in errors]


@pytest.mark.parametrize("name", ["ana", "ana@example.org", "Ana@Example.org"])
def test_signs_in_by_name_or_address_and_goes_on(client, name):
    person("Moderator", username="ana", email="ana@example.org")
    response = client.post("/account/login/", {"login": name, "password": PASSWORD, "next": "/admin/votes/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/votes/")
    assert signed_in_as(client) == "ana"


def test_never_goes_on_to_another_site(client):
    user = person()
    response = sign_in(client, user, next="https://elsewhere.example/")
    assert response.headers["Location"] == "/admin/"


def test_the_admins_own_form_takes_nothing_in(client):
    user = person(is_superuser=True)
    response = client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    assert (response.status_code, response.headers["Location"]) == (302, "/account/login/?next=%2Fadmin%2Flogin%2F")
    assert signed_in_as(client) is None


def test_asks_for_the_code_and_opens_nothing_before(client, noon):
    user = person(is_superuser=True)
    secret = app_of(user)
    assert sign_in(client, user).headers["Location"] == "/account/login/code/"
    assert signed_in_as(client) is None
    assert client.get("/account/").status_code == 302
    response = client.post("/account/login/code/", {"code": wrong_code(secret)})
    assert errors(response) == ["That code is not right. Codes change every 30 seconds, and each works once."]
    assert signed_in_as(client) is None
    response = client.post("/account/login/code/", {"code": code_of(secret)})
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")
    assert signed_in_as(client) == user.username


@pytest.mark.parametrize(("periods", "works"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_code_of_a_neighbouring_period_works(client, noon, periods, works):
    user = person()
    secret = app_of(user)
    sign_in(client, user)
    client.post("/account/login/code/", {"code": code_of(secret, periods=periods)})
    assert (signed_in_as(client) is not None) == works


def test_code_works_once_as_long_as_it_is_right(client, noon):
    user = person()
    code = code_of(app_of(user), periods=1)
    for seconds, works in ((0, True), (10, False), (45, False)):  # 30 seconds before its time, then in it
        noon.move_to(NOON, tick=False)
        noon.shift(seconds)
        browser = Client()
        sign_in(browser, user)
        browser.post("/account/login/code/", {"code": code})
        assert (signed_in_as(browser) is not None) == works


def test_recovery_code_signs_in_once(client):
    user = person()
    app_of(user)
    code = recovery_codes_of(user)[0]
    for works in (True, False):
        browser = Client()
        sign_in(browser, user)
        browser.post("/account/login/code/", {"code": code})
        assert (signed_in_as(browser) is not None) == works


def test_account_is_locked_after_five_wrong_passwords_for_five_minutes(client, noon):
    user = person()
    for n in range(5):
        response = Client(REMOTE_ADDR=f"192.0.2.{n}").post(
            "/account/login/", {"login": user.username, "password": "not it"}
        )
        assert errors(response) == ["This name and this password do not belong together."]
    response = sign_in(client, user)
    assert errors(response) == ["Too many attempts that failed. Wait five minutes, then try again."]
    noon.shift(timedelta(minutes=5, seconds=1))
    assert sign_in(client, user).status_code == 302


def test_another_host_header_opens_no_locked_account(noon):
    user = person()
    for n in range(6):
        client = Client(REMOTE_ADDR=f"192.0.2.{n}", headers={"host": f"testserver:{8000 + n}"})
        response = client.post("/account/login/", {"login": user.username.upper(), "password": "not it"})
    assert errors(response) == ["Too many attempts that failed. Wait five minutes, then try again."]


def test_codes_are_locked_after_five_wrong_ones(client, noon):
    user = person()
    secret = app_of(user)
    sign_in(client, user)
    for _ in range(5):
        client.post("/account/login/code/", {"code": wrong_code(secret)})
    response = client.post("/account/login/code/", {"code": code_of(secret)})
    assert errors(response) == ["Too many attempts that failed. Wait five minutes, then try again."]
    assert signed_in_as(client) is None


def test_one_client_gets_ten_wrong_passwords_a_minute_whoever_it_claims_to_be(client):
    people = [person() for _ in range(4)]
    said = [
        errors(
            client.post(
                "/account/login/",
                {"login": people[n % 4].username, "password": "not it"},
                headers={"x-forwarded-for": f"203.0.113.{n}"},
            )
        )
        for n in range(11)
    ]
    assert said[:10] == [["This name and this password do not belong together."]] * 10
    assert said[10] == ["Too many attempts that failed. Wait five minutes, then try again."]


def test_clients_behind_a_proxy_are_counted_apart(client, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    for n in range(30):
        ask = {"headers": {"x-forwarded-for": f"6.6.6.6, 203.0.113.{n}"}}
        response = client.post("/account/login/", {"login": f"nobody-{n}", "password": "not it"}, **ask)
        assert response.status_code == 200
        assert errors(response) == ["This name and this password do not belong together."]


def test_thirty_requests_a_minute_are_enough(client):
    answers = [client.post("/account/login/", {"login": "", "password": ""}).status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]
    page = client.post("/account/login/", {"login": "", "password": ""})
    assert "Too many requests" in page.text


def test_limits_are_kept_in_the_database(client):
    user = person()
    cache.clear()
    client.post("/account/login/", {"login": user.username, "password": "not it"}, REMOTE_ADDR="198.51.100.77")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM accounts_cache")
        keys = [key for (key,) in cursor.fetchall()]
    assert len(keys) == 4  # requests and failures of the client; failures of the account for five minutes and for a day
    assert [key for key in keys if not re.fullmatch("[0-9a-f]{64}", key)] == []  # and no address among them


def test_session_ends_twelve_hours_after_signing_in_whatever_is_done(client, noon):
    user = person()
    secret = app_of(user)
    sign_in(client, user)
    client.post("/account/login/code/", {"code": code_of(secret)})
    assert client.cookies["sessionid"]["max-age"] == 12 * 3600
    noon.shift(timedelta(hours=11))
    session = client.session
    session["something"] = "was done"
    session.save()
    assert signed_in_as(client) == user.username
    noon.shift(timedelta(hours=1, minutes=1))
    assert signed_in_as(client) is None


def test_session_by_password_alone_ends_as_well(client, noon):
    user = person()
    sign_in(client, user)
    assert Session.objects.get().expire_date == timezone.now() + timedelta(hours=12)
    noon.shift(timedelta(hours=11))
    session = client.session
    session["something"] = "was done"
    session.save()
    noon.shift(timedelta(hours=1, minutes=1))
    assert signed_in_as(client) is None


@pytest.mark.parametrize("url", ["/admin/logout/", "/account/logout/"])
def test_signs_out_by_post_only(client, url):
    client.force_login(person())
    assert client.get(url).status_code == (405 if url.startswith("/admin") else 200)
    assert signed_in_as(client) is not None
    assert client.post(url).headers["Location"] == "/account/login/"
    assert signed_in_as(client) is None


def test_session_key_changes_at_sign_in(client):
    user = person()
    client.get("/account/login/passkey/", headers={"accept": "application/json"})
    before = client.cookies["sessionid"].value
    sign_in(client, user)
    assert client.cookies["sessionid"].value != before


def test_asking_for_passkeys_is_limited(client):
    ask = [client.get("/account/login/passkey/", headers={"accept": "application/json"}) for _ in range(31)]
    assert [response.status_code for response in ask] == [200] * 30 + [429]


def test_nobody_signs_up(client):
    for url in ("/account/signup/", "/account/email/", "/accounts/signup/"):
        assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "url", ["/account/login/", "/account/password/reset/", "/account/password/reset/sent/", "/account/inactive/"]
)
def test_pages_are_kept_nowhere_and_hold_the_strict_policy(client, url):
    response = client.get(url)
    assert response.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    policy = response.headers["Content-Security-Policy"]
    assert "nonce" not in policy
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy


def test_forms_want_a_token():
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/account/login/", {"login": "a", "password": "b"}).status_code == 403
    assert strict.post("/account/logout/").status_code == 403
