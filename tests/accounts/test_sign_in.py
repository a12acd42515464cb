import re
from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from accounts import sessions
from accounts.models import User
from tests.accounts.people import (
    PASSWORD,
    add_app,
    add_recovery_codes,
    compute_code,
    compute_wrong_code,
    get_signed_in_user,
    person,
    sign_in,
)

pytestmark = pytest.mark.django_db
NOON = "2026-11-22 12:00:05+00:00"


@pytest.fixture
def noon(time_machine):
    """Freeze the clock a few seconds into a code's period, and return it to be moved."""
    time_machine.move_to(NOON, tick=False)
    return time_machine


def errors(response) -> list[str]:
    return [error for errors in response.context["form"].errors.values() for error in errors]


@pytest.mark.parametrize("name", ["ana", "ana@example.org", "Ana@Example.org"])
def test_sign_in_by_name_or_address_redirects_to_next(client, name):
    person("Moderator", username="ana", email="ana@example.org")
    response = client.post("/account/login/", {"login": name, "password": PASSWORD, "next": "/admin/votes/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/votes/")
    assert get_signed_in_user(client) == "ana"


@pytest.mark.parametrize("typed", ["zoe\u0301", "zo\u00e9\u200b", "zo\u00e9\u00a0", "\ufeffzo\u00e9", "\uff5ao\u00e9"])
def test_name_signs_in_however_it_is_encoded(client, typed):
    person("Moderator", username="zo\u00e9")
    client.post("/account/login/", {"login": typed, "password": PASSWORD})
    assert get_signed_in_user(client) == "zo\u00e9"


def test_sign_in_never_redirects_to_another_site(client):
    user = person()
    response = sign_in(client, user, next="https://elsewhere.example/")
    assert response.headers["Location"] == "/admin/"


@pytest.mark.parametrize("url", ["/account/login/", "/account/password/reset/", "/account/confirm/"])
def test_address_that_cannot_be_parsed_is_ignored(client, url):
    if url == "/account/confirm/":
        sign_in(client, person())
    assert client.get(f"{url}?next=http://[").status_code == 200
    assert client.post(f"{url}?next=http://[", {"next": "http://[", "password": PASSWORD}).status_code in (200, 302)


def test_admin_login_form_is_disabled(client):
    user = person(is_superuser=True)
    response = client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    assert (response.status_code, response.headers["Location"]) == (302, "/account/login/?next=%2Fadmin%2Flogin%2F")
    assert get_signed_in_user(client) is None


def test_code_is_required_before_anything_opens(client, noon):
    user = person(is_superuser=True)
    secret = add_app(user)
    assert sign_in(client, user).headers["Location"] == "/account/login/code/"
    assert get_signed_in_user(client) is None
    assert client.get("/account/").status_code == 302
    response = client.post("/account/login/code/", {"code": compute_wrong_code(secret)})
    assert errors(response) == ["That code is wrong. Codes change every 30 seconds, and each works once."]
    assert get_signed_in_user(client) is None
    response = client.post("/account/login/code/", {"code": compute_code(secret)})
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")
    assert get_signed_in_user(client) == user.username


@pytest.mark.parametrize(("periods", "works"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_code_of_an_adjacent_period_works(client, noon, periods, works):
    user = person()
    secret = add_app(user)
    sign_in(client, user)
    client.post("/account/login/code/", {"code": compute_code(secret, periods=periods)})
    assert (get_signed_in_user(client) is not None) == works


def test_code_works_once_while_it_is_valid(client, noon):
    user = person()
    code = compute_code(add_app(user), periods=1)
    for seconds, works in ((0, True), (10, False), (45, False)):  # 30 seconds early, then within its period
        noon.move_to(NOON, tick=False)
        noon.shift(seconds)
        browser = Client()
        sign_in(browser, user)
        browser.post("/account/login/code/", {"code": code})
        assert (get_signed_in_user(browser) is not None) == works


def test_recovery_code_signs_in_once(client):
    user = person()
    add_app(user)
    code = add_recovery_codes(user)[0]
    for works in (True, False):
        browser = Client()
        sign_in(browser, user)
        browser.post("/account/login/code/", {"code": code})
        assert (get_signed_in_user(browser) is not None) == works


def test_five_wrong_passwords_lock_the_account_for_five_minutes(client, noon):
    user = person()
    for n in range(5):
        response = Client(REMOTE_ADDR=f"192.0.2.{n}").post(
            "/account/login/", {"login": user.username, "password": "not it"}
        )
        assert errors(response) == ["The user name or password is wrong."]
    response = sign_in(client, user)
    assert errors(response) == ["Too many failed attempts. Wait five minutes, then try again."]
    noon.shift(timedelta(minutes=5, seconds=1))
    assert sign_in(client, user).status_code == 302


def fail_to_sign_in(name: str, *, times: int, client: Client | None = None) -> list[str]:
    """Enter a wrong password, by default from elsewhere each time, and return the last errors."""
    for n in range(times):
        browser = client or Client(REMOTE_ADDR=f"192.0.2.{n}")
        response = browser.post("/account/login/", {"login": name, "password": "not it"})
    return errors(response)


WRONG, LOCKED = "The user name or password is wrong.", "Too many failed attempts. Wait five minutes, then try again."


def sign_in_and_out(client: Client, user: User) -> None:
    assert sign_in(client, user).status_code == 302
    client.post("/account/logout/")


def test_strangers_cannot_lock_an_account_for_a_known_device(client, noon):
    user = person(email="ana@example.org")
    sign_in_and_out(client, user)
    for name in (user.username, "Ana@example.org"):
        assert fail_to_sign_in(name, times=6) == [LOCKED]
        assert errors(Client().post("/account/login/", {"login": name, "password": PASSWORD})) == [LOCKED]
        assert client.post("/account/login/", {"login": name, "password": PASSWORD}).status_code == 302
        client.post("/account/logout/")


def test_known_device_confirms_its_password_while_the_account_is_locked(client, noon):
    user = person()
    sign_in(client, user)
    noon.shift(timedelta(minutes=10))
    assert fail_to_sign_in(user.username, times=6) == [LOCKED]
    response = client.post("/account/confirm/", {"password": PASSWORD, "next": "/account/app/"})
    assert response.headers["Location"] == "/account/app/"


def test_known_device_is_locked_by_its_own_failures(client, noon):
    user = person()
    sign_in_and_out(client, user)
    assert fail_to_sign_in(user.username, times=5, client=client) == [WRONG]
    assert errors(sign_in(client, user)) == [LOCKED]
    assert sign_in(Client(), user).status_code == 302  # others are counted apart
    noon.shift(timedelta(minutes=5, seconds=1))
    assert sign_in(client, user).status_code == 302


def test_device_is_known_only_for_the_accounts_that_signed_in_on_it(client, noon):
    user, other = person(), person()
    sign_in_and_out(client, user)
    assert fail_to_sign_in(other.username, times=6) == [LOCKED]
    assert errors(sign_in(client, other)) == [LOCKED]
    noon.shift(timedelta(minutes=6))
    sign_in_and_out(client, other)
    for name in (user.username, other.username):
        assert fail_to_sign_in(name, times=6) == [LOCKED]
    sign_in_and_out(client, user)
    sign_in_and_out(client, other)


def test_failed_sign_in_and_forged_cookies_make_no_known_device(client, noon):
    user = person()
    sign_in_and_out(client, user)
    cookie = client.cookies["device"].value
    assert fail_to_sign_in(user.username, times=6) == [LOCKED]
    stranger = Client()
    fail_to_sign_in(user.username, times=1, client=stranger)
    assert "device" not in stranger.cookies
    for forged in ("", "x", cookie[:-1], f"{cookie[:-1]}{'a' if cookie[-1] != 'a' else 'b'}", "é\0"):
        stranger.cookies["device"] = forged
        assert errors(sign_in(stranger, user)) == [LOCKED]


def test_cookie_of_a_known_device_is_for_account_pages_alone(client):
    sign_in(client, person())
    cookie = client.cookies["device"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (
        "/account/",
        True,
        "Lax",
        400 * 24 * 3600,
    )


def test_host_header_does_not_bypass_the_lock(noon):
    user = person()
    for n in range(6):
        client = Client(REMOTE_ADDR=f"192.0.2.{n}", headers={"host": f"testserver:{8000 + n}"})
        response = client.post("/account/login/", {"login": user.username.upper(), "password": "not it"})
    assert errors(response) == ["Too many failed attempts. Wait five minutes, then try again."]


def test_five_wrong_codes_lock_the_account(client, noon):
    user = person()
    secret = add_app(user)
    sign_in(client, user)
    for _ in range(5):
        client.post("/account/login/code/", {"code": compute_wrong_code(secret)})
    response = client.post("/account/login/code/", {"code": compute_code(secret)})
    assert errors(response) == ["Too many failed attempts. Wait five minutes, then try again."]
    assert get_signed_in_user(client) is None


def test_client_gets_ten_wrong_passwords_per_minute_despite_forged_headers(client):
    people = [person() for _ in range(4)]
    messages = [
        errors(
            client.post(
                "/account/login/",
                {"login": people[n % 4].username, "password": "not it"},
                headers={"x-forwarded-for": f"203.0.113.{n}"},
            )
        )
        for n in range(11)
    ]
    assert messages[:10] == [["The user name or password is wrong."]] * 10
    assert messages[10] == ["Too many failed attempts. Wait five minutes, then try again."]


def test_clients_behind_a_proxy_are_limited_separately(client, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    for n in range(30):
        forwarded = {"headers": {"x-forwarded-for": f"6.6.6.6, 203.0.113.{n}"}}
        response = client.post("/account/login/", {"login": f"nobody-{n}", "password": "not it"}, **forwarded)
        assert response.status_code == 200
        assert errors(response) == ["The user name or password is wrong."]


def test_client_gets_thirty_sign_in_requests_per_minute(client):
    statuses = [client.post("/account/login/", {"login": "", "password": ""}).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    page = client.post("/account/login/", {"login": "", "password": ""})
    assert "Too many requests" in page.text


def test_rate_limits_are_stored_in_the_database_without_addresses(client):
    user = person()
    cache.clear()
    client.post("/account/login/", {"login": user.username, "password": "not it"}, REMOTE_ADDR="198.51.100.77")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM accounts_cache")
        keys = [key for (key,) in cursor.fetchall()]
    assert len(keys) == 4  # the client's requests and failures; the account's failures per five minutes and per day
    assert [key for key in keys if not re.fullmatch("[0-9a-f]{64}", key)] == []  # hashes, no addresses


def test_session_ends_twelve_hours_after_its_last_use_and_a_week_after_sign_in(client, noon):
    user = person()
    secret = add_app(user)
    sign_in(client, user)
    client.post("/account/login/code/", {"code": compute_code(secret)})
    assert client.cookies["sessionid"]["max-age"] == 12 * 3600
    began = timezone.now()
    for _ in range(15):
        noon.shift(timedelta(hours=11))
        assert client.get("/admin/").status_code == 200
        assert Session.objects.get().expire_date == min(timezone.now() + timedelta(hours=12), began + timedelta(days=7))
    noon.shift(timedelta(hours=4))
    assert get_signed_in_user(client) is None  # 169 hours after signing in


def test_session_that_is_not_used_ends_after_twelve_hours(client, noon):
    user = person()
    secret = add_app(user)
    sign_in(client, user)
    client.post("/account/login/code/", {"code": compute_code(secret)})
    noon.shift(timedelta(hours=12, minutes=1))
    assert get_signed_in_user(client) is None


def test_renewing_a_session_is_stored_at_most_every_five_minutes(client, noon):
    client.force_login(user := person())
    request = HttpRequest()
    request.session = client.session
    sessions.begin(request)
    request.session.save()
    ends = Session.objects.get().expire_date
    noon.shift(timedelta(minutes=5))
    client.get("/admin/session/")
    assert Session.objects.get().expire_date == ends
    noon.shift(timedelta(seconds=1))
    report = client.get("/admin/session/").json()
    assert Session.objects.get().expire_date == ends + timedelta(minutes=5, seconds=1)
    assert (report["user"], datetime.fromisoformat(report["ends"])) == (user.pk, Session.objects.get().expire_date)


def test_session_without_second_factor_ends_as_well(client, noon):
    user = person()
    sign_in(client, user)
    assert Session.objects.get().expire_date == timezone.now() + timedelta(hours=12)
    noon.shift(timedelta(hours=11))
    session = client.session
    session["something"] = "was done"
    session.save()
    noon.shift(timedelta(hours=1, minutes=1))
    assert get_signed_in_user(client) is None


@pytest.mark.parametrize("url", ["/admin/logout/", "/account/logout/"])
def test_sign_out_requires_post(client, url):
    client.force_login(person())
    assert client.get(url).status_code == (405 if url.startswith("/admin") else 200)
    assert get_signed_in_user(client) is not None
    assert client.post(url).headers["Location"] == "/account/login/"
    assert get_signed_in_user(client) is None


def test_session_key_changes_at_sign_in(client):
    user = person()
    client.get("/account/login/passkey/", headers={"accept": "application/json"})
    before = client.cookies["sessionid"].value
    sign_in(client, user)
    assert client.cookies["sessionid"].value != before


def test_passkey_challenges_are_rate_limited(client):
    responses = [client.get("/account/login/passkey/", headers={"accept": "application/json"}) for _ in range(31)]
    assert [response.status_code for response in responses] == [200] * 30 + [429]


def test_there_is_no_sign_up(client):
    for url in ("/account/signup/", "/account/email/", "/accounts/signup/"):
        assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    "url", ["/account/login/", "/account/password/reset/", "/account/password/reset/sent/", "/account/inactive/"]
)
def test_account_pages_are_not_cached_and_have_a_strict_policy(client, url):
    response = client.get(url)
    assert response.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    policy = response.headers["Content-Security-Policy"]
    assert "nonce" not in policy
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy


@pytest.mark.parametrize("path", ["/account/login/", "/account/logout/", "/admin/tools/tool/add/", "/admin/catalog/"])
def test_form_without_a_csrf_token_gets_a_page_of_the_site_that_says_what_to_do(admin_user, path):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    response = strict.post(path, {"login": "a", "password": "b"})
    assert response.status_code == 403
    page = response.content.decode()
    assert 'class="top"' in page
    assert "Go back: what you typed is still there, and you can send it again." in page
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "no-store" in response.headers["Cache-Control"]


def test_password_managers_find_the_page_that_changes_the_password(client, admin_client):
    response = client.get("/.well-known/change-password")
    assert (response.status_code, response.headers["Location"]) == (302, "/account/password/")
    assert admin_client.get("/.well-known/change-password", follow=True).status_code == 200
    assert (
        client.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200").status_code == 404
    )
