"""Signing in as a person does, with password and code or with a passkey, in a browser that logs no error."""

import re
from itertools import cycle, pairwise

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import CDPSession, Page, expect

from tests.accounts.people import PASSWORD, add_recovery_codes, compute_code, person
from tests.browser.axe import find_violations
from tests.browser.screens import follow
from tools.models import Category

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(live_server, settings):
    """Require a second factor, and return the site's address by a host name that passkeys accept."""
    settings.REQUIRE_MFA = True
    cache.clear()
    yield live_server.url.replace("127.0.0.1", "localhost")
    cache.clear()


def enter_password(page: Page, desk: str, name: str) -> None:
    page.goto(f"{desk}/admin/")
    page.get_by_label("User name or email address").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page, desk: str) -> None:
    page.goto(f"{desk}/account/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status").first).to_contain_text("You are signed out.")


def test_password_then_setting_up_an_app(desk, page):
    user = person("Editor")
    enter_password(page, desk, user.username)
    expect(page.get_by_role("alert")).to_contain_text(["", "You need to set up"])
    follow(page.get_by_role("link", name="Set up an app"))
    secret = re.search(r"[A-Z2-7]{32}", page.locator("main").inner_text())[0]
    square = page.get_by_role("img", name="QR code").bounding_box()
    assert square["width"] == pytest.approx(square["height"], abs=4)
    page.get_by_label("Authenticator code").fill(compute_code(secret))
    page.get_by_role("button", name="Turn it on").click()
    recovery_code = page.locator(".account__codes code").first.inner_text()
    expect(page.locator("main button")).to_have_count(3)
    buttons = [button.bounding_box() for button in page.locator("main button").all()]
    assert all(before["x"] + before["width"] + 8 <= after["x"] for before, after in pairwise(buttons)), buttons
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert recovery_code in download.value.path().read_text()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.", exact=True)).to_be_visible()
    assert recovery_code in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("link", name="I have saved them").click()
    page.get_by_role("link", name="Go to the desk").click()
    expect(page).to_have_title(re.compile("The desk"))
    sign_out(page, desk)

    enter_password(page, desk, user.email)
    page.get_by_label("Code").fill("000 000 000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("That code is wrong.")).to_be_visible()
    page.get_by_label("Code").fill(recovery_code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_title(re.compile("The desk"))


def test_no_accessibility_rule_is_broken(desk, page):
    user = person("Editor")
    page.set_viewport_size({"width": 360, "height": 900})
    complaints, schemes = [], cycle(["light", "dark"])

    def check(path: str) -> None:
        page.goto(desk + path)
        page.emulate_media(color_scheme=next(schemes), reduced_motion="reduce")
        if report := find_violations(page):
            complaints.append(f"{path}: {report}")

    for path in ("login/", "password/reset/", "password/reset/sent/", "password/reset/a-b/"):
        check(f"/account/{path}")
    enter_password(page, desk, user.username)
    expect(page).to_have_url(f"{desk}/account/")
    for path in ("", "app/", "passkeys/", "passkeys/add/", "password/", "logout/"):
        check(f"/account/{path}")
    add_recovery_codes(user)
    for path in ("recovery-codes/", "recovery-codes/"):  # once with the codes, then without
        check(f"/account/{path}")
    assert not complaints, "\n".join(complaints)


def add_authenticator(page: Page) -> tuple[CDPSession, str]:
    """Give a page a device that holds passkeys and confirms its user, and return its DevTools and its id there."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return devtools, devtools.send("WebAuthn.addVirtualAuthenticator", {"options": device})["authenticatorId"]


def save_after_the_session_has_ended(page: Page, desk: str, devtools: CDPSession, authenticator: str) -> None:
    """Type, lose the session, and save: the passkey renews the session in the small window while the page waits."""
    page.goto(f"{desk}/admin/tools/category/add/")
    page.get_by_label("Name:").fill("Typed before")
    Session.objects.all().delete()
    page.evaluate("const now = Date.now; Date.now = () => now() + 360_000")  # six minutes later
    page.get_by_label("Name:").press_sequentially(" and after")
    expect(page.get_by_role("alert")).to_contain_text("You are signed out. What you typed is still here")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Save and continue editing").click()
    window_devtools, window_authenticator = add_authenticator(opened.value)  # a device belongs to one page
    [passkey] = devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    window_devtools.send("WebAuthn.addCredential", {"authenticatorId": window_authenticator, "credential": passkey})
    with opened.value.expect_event("close"):
        opened.value.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    assert [category.name for category in Category.objects.all()] == ["Typed before and after"]


def test_passkey_is_added_signs_in_alone_and_after_the_password_and_renews_a_session(desk, page):
    user = person("Editor")
    devtools, authenticator = add_authenticator(page)
    enter_password(page, desk, user.username)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name", exact=True).fill("Work laptop")
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_text("Work laptop")).to_be_visible()
    sign_out(page, desk)

    # However often strangers fail to sign in.
    for n in range(6):
        strange = Client(REMOTE_ADDR=f"192.0.2.{n}")
        strange.post("/account/login/", {"login": user.username, "password": "not it"})
    page.goto(f"{desk}/admin/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_title(re.compile("The desk"))
    sign_out(page, desk)

    enter_password(page, desk, user.username)
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page).to_have_title(re.compile("The desk"))
    save_after_the_session_has_ended(page, desk, devtools, authenticator)
    sign_out(page, desk)

    # Someone who does not confirm gets a notice instead of an error in the console.
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#notice")).to_have_text("No passkey was used. Try again, or sign in another way.")
