"""The newsletter in a browser: a reader subscribes, and messages fit the screens they are read on."""

import re
from itertools import product

from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from newsletter.messages import Links, build_issue_message
from newsletter.models import Delivery, Issue, Subscriber
from newsletter.worker import MailWorker
from tests import factories as make
from tests.browser.screens import follow
from tests.browser.signing_in import sign_in
from tools.models import Category

LINKS = Links(unsubscribe="https://shipside.example/u/", preferences="https://shipside.example/p/")


def test_reader_subscribes_confirms_chooses_and_unsubscribes(site, page: Page, settings):
    settings.SITE_URL = site
    page.goto(f"{site}/tools/aider/")
    box = page.locator("#newsletter-signup")
    expect(box.get_by_label("Leave this empty")).to_be_hidden()
    box.get_by_label("Email").fill("Ada@Example.com")
    box.get_by_role("button").click()
    expect(page.get_by_text("Check your inbox.")).to_be_visible()
    assert page.url == f"{site}/tools/aider/"
    MailWorker().run(until_empty=True)
    [message] = mail.outbox
    [link] = set(re.findall(rf"{site}/newsletter/confirm/\S+", message.body))
    page.goto(link)
    page.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.get_by_role("heading", name="You are on the list")).to_be_visible()
    page.get_by_role("link", name="Choose categories").click()
    page.get_by_label("Only these categories").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Choose at least one category")).to_be_visible()
    page.get_by_label(Category.objects.get(slug="speech").name).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    page.get_by_role("link", name="Unsubscribe").click()
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You are off the list")).to_be_visible()
    assert Subscriber.objects.get().status == "Unsubscribed"


def test_message_fits_the_screen_and_is_legible(site, page: Page):
    page.set_content(build_issue_message(Issue.objects.get(), LINKS).html)
    for scheme, width in product(("light", "dark"), (360, 700)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)
        ink, paper = page.evaluate(
            "[getComputedStyle(document.querySelector('h1')).color, "
            "getComputedStyle(document.querySelector('.sheet')).backgroundColor]"
        )
        bright = [sum(map(int, re.findall(r"\d+", color)[:3])) > 380 for color in (ink, paper)]
        assert bright == ([False, True] if scheme == "light" else [True, False]), (scheme, width)


def test_editor_sees_the_message_while_typing_and_how_it_goes_out(site, page: Page):
    sign_in(page.context, site, User.objects.create(username="ed", is_staff=True, is_superuser=True, password="!"))
    Issue.objects.all().delete()
    page.goto(f"{site}/admin/newsletter/issue/")
    page.get_by_role("button", name="Write one by hand").click()
    page.get_by_label("Subject").fill("From us")
    page.get_by_label("Lead").fill("We **moved**.")
    frame = page.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text("From us")
    expect(frame.locator("strong")).to_have_text("moved")
    follow(page.get_by_role("button", name="Save and continue editing"))
    issue = Issue.objects.get()
    watched = [make.entry(title=title, words=(title,)) for title in ("One " + "W" * 200, "Two")]
    Issue.objects.update(content=[one.record for one in watched])
    form = f"{site}/admin/newsletter/issue/{issue.pk}"
    page.goto(f"{form}/change/")
    page.get_by_role("button", name="Leave “Two” out").click()
    expect(page.get_by_role("button", name="Put “Two” back")).to_be_visible()
    follow(page.get_by_role("button", name="Mark as ready"))
    make.subscriber(), make.subscriber()
    page.get_by_role("button", name="Send…").click()
    follow(page.get_by_role("button", name="Send it now"))
    progress = page.locator("#issue-progress")
    expect(progress).to_contain_text("Sent 0 of 2")
    first, second = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=first.pk).update(state="sent", finished_at=timezone.now())
    expect(progress).to_contain_text("Sent 1 of 2")  # by itself
    Delivery.objects.filter(pk=second.pk).update(state="sent", finished_at=timezone.now())
    Issue.objects.update(state="sent", finished_at=timezone.now())
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(progress).to_contain_text("Sent 2 of 2")
