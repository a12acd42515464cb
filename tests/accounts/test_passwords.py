import re
from unicodedata import normalize

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.mail import wait_until_sent
from accounts.models import User
from tests.accounts.people import PASSWORD, add_app, get_signed_in_user, person, sign_in

pytestmark = pytest.mark.django_db
NEW = "a heron on nine chimneys"


def validation_codes(password: str) -> list[str | None]:
    user = User(username="marlene", email="marlene.kowalski@example.org", first_name="Marlene", last_name="Kowalski")
    try:
        validate_password(password, user)
    except ValidationError as error:
        return [each.code for each in error.error_list]
    return []


@pytest.mark.parametrize(
    "password",
    [
        "seven lamps over water",
        "aufeinanderfolgend",  # no composition rules
        "123 456 789 012",
        "łódź żółć jaźń ÷",
        "🦜🪁🧶🥁🪴🛶🧭🪗🥨🧊🪁🦜🧶🥁🪴",
        "x" * 64,
        "long words " * 40,
        "marlene paints seven lamps",
    ],
)
def test_passwords_may_contain_any_characters(password):
    assert validation_codes(password) == []
    user = User()
    user.set_password(password)
    assert user.check_password(password)


COMPOSED = "łódź żółć jaźń é"
DECOMPOSED = normalize("NFD", COMPOSED)
WIDE, NARROW = "ｓｅｖｅｎ　ｌａｍｐｓ　ｏｖｅｒ", "seven lamps over"


@pytest.mark.parametrize(
    ("chosen", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), (WIDE, NARROW), (NARROW, WIDE)]
)
def test_password_may_be_typed_on_another_keyboard(client, chosen, typed):
    assert chosen != typed
    user = User()
    user.set_password(chosen)
    assert user.check_password(typed)
    assert User(password=make_password(normalize("NFKC", chosen))).check_password(typed)

    signed_up = User.objects.create_user("ana", password=chosen)
    assert sign_in(client, signed_up, typed).status_code == 302
    new, again = f"{chosen} {chosen}", f"{typed} {typed}"
    change = {"oldpassword": typed, "password1": new, "password2": new}
    assert client.post("/account/password/", change).status_code == 302
    assert sign_in(Client(), signed_up, again).status_code == 302


def test_password_set_before_normalization_still_works(client):
    user = User.objects.create(username="ana", is_staff=True, password=make_password(DECOMPOSED))
    assert sign_in(client, user, DECOMPOSED).status_code == 302
    assert sign_in(Client(), user, "not " + DECOMPOSED).status_code == 200
    user.refresh_from_db()
    assert get_signed_in_user(client) == "ana"


def test_unknown_name_takes_as_many_hashes_as_a_wrong_password(client, monkeypatch):
    """Also for a password that is not normalized, of which both forms are tried."""
    hashed = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *args: hashed.append(args[0]) or encode(self, *args))
    user = person()
    for password, count in ((DECOMPOSED, 2), (COMPOSED, 1)):
        for name in (user.username, "nobody"):
            hashed.clear()
            client.post("/account/login/", {"login": name, "password": password})
            assert len(hashed) == count, name


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("seven lamps o!", ["password_too_short"]),
        ("qwertyuiop", ["password_too_short", "password_too_common"]),
        ("Shipside-Shipside-2026", ["password_of_context"]),
        ("marlene.kowalski.1", ["password_of_context"]),
        ("KOWALSKI_MARLENE!!!!", ["password_of_context"]),
        ("example.org shipside 12", ["password_of_context"]),
        ("e\u0301" * 14, ["password_too_short"]),  # 14 characters, however they are typed
        ("ｓｈｉｐｓｉｄｅ ｓｈｉｐｓｉｄｅ", ["password_of_context"]),
        ("ｑｗｅｒｔｙｕｉｏｐ", ["password_too_short", "password_too_common"]),
    ],
)
def test_short_common_and_obvious_passwords_are_rejected(password, codes):
    assert validation_codes(password) == codes


def request_reset(client: Client, email: str) -> list[mail.EmailMessage]:
    response = client.post("/account/password/reset/", {"email": email})
    assert (response.status_code, response.headers["Location"]) == (302, "/account/password/reset/sent/")
    wait_until_sent()
    return list(mail.outbox)


def extract_link(message: mail.EmailMessage) -> str:
    return re.search(r"http://127\.0\.0\.1:8000(/account/password/reset/\S+)", message.body)[1]


def test_reset_link_works_once_and_ends_other_sessions(client):
    user = person("Editor", email="Ana@Example.org")
    add_app(user)
    elsewhere = Client()
    elsewhere.force_login(user)
    (message,) = request_reset(client, "ana@example.ORG")
    assert (message.to, message.subject) == (["ana@example.org"], "A new password for Shipside")
    link = extract_link(message)
    form = client.get(link)
    assert form.status_code == 302  # to a URL without the secret
    assert form.headers["Location"].endswith("-set-password/")
    page = client.get(form.headers["Location"])
    assert page.status_code == 200
    rejected = client.post(form.headers["Location"], {"password1": "short", "password2": "short"})
    assert rejected.status_code == 200
    assert "15 characters" in str(rejected.context["form"].errors)
    assert client.post(form.headers["Location"], {"password1": NEW, "password2": NEW}).status_code == 302
    assert get_signed_in_user(elsewhere) is None
    assert "no longer works" in client.get(link, follow=True).text
    wait_until_sent()
    assert [message.subject for message in mail.outbox[1:]] == ["Your password was changed · Shipside"]
    # The second factor is unchanged.
    assert sign_in(Client(), user).status_code == 200
    assert sign_in(Client(), user, NEW).headers["Location"] == "/account/login/code/"


def test_mail_to_an_account_reaches_its_own_domain(admin_client, client):
    """IDNA 2003 mailed `faß.de` at `fass.de`, which is somebody else's."""
    user = person("Editor")
    fields = {"username": user.username, "is_active": "on", "email": "Me@faß.de", "_save": "Save"}
    saved = admin_client.post(f"/admin/accounts/user/{user.pk}/change/", fields)
    assert saved.status_code == 302, saved.context["errors"]
    user.refresh_from_db()
    assert user.email == "me@xn--fa-hia.de"
    client.post("/account/password/reset/", {"email": "ME@faß.de"})
    wait_until_sent()
    assert [message.to for message in mail.outbox] == [["me@xn--fa-hia.de"]]
    client.post("/account/login/", {"login": "me@FAẞ.de", "password": PASSWORD})
    assert get_signed_in_user(client) == user.username


def test_reset_link_expires_after_a_day(client, time_machine):
    time_machine.move_to("2026-11-22 12:00:00+00:00", tick=False)
    person(email="ana@example.org")
    link = extract_link(request_reset(client, "ana@example.org")[0])
    time_machine.shift(24 * 3600 + 1)
    assert "no longer works" in client.get(link, follow=True).text


def test_reset_link_works_only_for_its_account(client):
    other = person(email="other@example.org")
    person(email="ana@example.org")
    link = extract_link(request_reset(client, "ana@example.org")[0])
    rest = link.rpartition("/reset/")[2].partition("-")[2]
    assert (
        "no longer works" in client.get(f"/account/password/reset/{user_pk_to_url_str(other)}-{rest}", follow=True).text
    )


def test_reset_unlocks_an_account(client):
    user = person(email="ana@example.org")
    for _ in range(5):
        Client().post("/account/login/", {"login": user.username, "password": "not it"})
    form = client.get(extract_link(request_reset(client, "ana@example.org")[0]))
    client.post(form.headers["Location"], {"password1": NEW, "password2": NEW})
    sign_in(client, user, NEW)
    assert get_signed_in_user(client) == user.username


def test_reset_unlocks_a_known_device(client):
    user = person(email="ana@example.org")
    sign_in(client, user)
    client.post("/account/logout/")
    for _ in range(5):
        client.post("/account/login/", {"login": user.username, "password": "not it"})
    form = client.get(extract_link(request_reset(client, "ana@example.org")[0]))
    client.post(form.headers["Location"], {"password1": NEW, "password2": NEW})
    sign_in(client, user, NEW)
    assert get_signed_in_user(client) == user.username


@pytest.mark.parametrize("email", ["nobody@example.org", "closed@example.org"])
def test_responses_do_not_reveal_who_has_an_account(client, email):
    person(email="ana@example.org", username="ana")
    person(email="closed@example.org", is_active=False)
    pages = {}
    for asked in ("ana@example.org", email):
        response = client.post("/account/password/reset/", {"email": asked}, follow=True)
        pages[asked] = (response.status_code, response.redirect_chain, response.text)
    assert pages["ana@example.org"] == pages[email]
    wait_until_sent()
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]

    responses = []
    for name in ("ana", "nobody", "ana@example.org", email):
        page = Client().post("/account/login/", {"login": name, "password": "not it"})
        responses.append((page.status_code, page.context["form"].errors))
    assert responses == [(200, {"__all__": ["The user name or password is wrong."]})] * 4


def test_unknown_user_names_are_hashed_too(client, monkeypatch):
    """Otherwise, response times would reveal who has an account."""
    hashed = []
    monkeypatch.setattr(User, "set_password", lambda self, password: hashed.append(password))
    client.post("/account/login/", {"login": "nobody", "password": "not it"})
    assert hashed == ["not it"]


def test_inactive_account_cannot_sign_in(client):
    user = person(is_active=False)
    assert sign_in(client, user).headers["Location"] == "/account/inactive/"
    assert get_signed_in_user(client) is None


def test_password_change_requires_the_current_password(client):
    user = person()
    sign_in(client, user)
    elsewhere = Client()
    elsewhere.force_login(user)
    wrong = client.post("/account/password/", {"oldpassword": "not it", "password1": NEW, "password2": NEW})
    assert wrong.context["form"].errors == {"oldpassword": ["That is not your current password."]}
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post("/account/password/", fields).status_code == 302
    assert get_signed_in_user(client) == user.username
    assert get_signed_in_user(elsewhere) is None


def test_mail_failure_is_logged_and_not_raised(client, settings, caplog):
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 9},
        }
    }
    person(email="ana@example.org")
    response = client.post("/account/password/reset/", {"email": "ana@example.org"})
    assert response.status_code == 302
    wait_until_sent()
    assert "A mail could not be sent: ConnectionRefusedError" in caplog.text


def test_one_address_gets_five_reset_links_per_hour(client):
    person(email="ana@example.org")
    statuses = [client.post("/account/password/reset/", {"email": "ana@example.org"}).status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429]
    assert client.post("/account/password/reset/", {"email": "nobody@example.org"}).status_code == 302
    wait_until_sent()
    assert len(mail.outbox) == 5


NOTIFICATIONS = {
    "account/email/password_changed": "Your password was changed",
    "account/email/password_reset": "Your password was changed",
    "account/email/password_set": "Your account has a password",
    "mfa/email/all_removed": "Your second factors were removed",
    "mfa/email/recovery_codes_generated": "New recovery codes",
    "mfa/email/totp_activated": "An authenticator app was added",
    "mfa/email/totp_deactivated": "An authenticator app was removed",
    "mfa/email/webauthn_added": "A passkey was added",
    "mfa/email/webauthn_removed": "A passkey was removed",
}


@pytest.mark.parametrize("notification", NOTIFICATIONS)
def test_notification_uses_our_templates(notification):
    user = person(username="o'hara", email="ohara@example.org")
    get_adapter().send_notification_mail(notification, user)
    wait_until_sent()
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["ohara@example.org"], f"{NOTIFICATIONS[notification]} · Shipside")
    assert message.body.startswith("Hello o'hara,\n\n")
    assert message.body.endswith("\n\nShipside\nhttp://127.0.0.1:8000")


def test_nothing_is_sent_without_an_address():
    get_adapter().send_notification_mail("account/email/password_changed", person(email=""))
    wait_until_sent()
    assert mail.outbox == []
