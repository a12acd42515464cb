"""The newsletter in a browser: a reader subscribes, and messages fit the screens they are read on."""

import re
from itertools import product

from django.core import mail
from playwright.sync_api import Page, expect

from newsletter.messages import Links, build_issue_message
from newsletter.models import Issue, Subscriber
from newsletter.worker import MailWorker
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
