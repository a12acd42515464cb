"""A tool is written while the tab, the session, the network, and the browser itself are killed at ten points."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import BrowserContext, BrowserType, Page, expect

from accounts.models import User
from tests import factories as make
from tests.browser.signing_in import sign_in
from tests.browser.stored_drafts import wait_until_stored
from tests.browser.test_desk_drafts import restore
from tools.models import Tool

PLAN, FACT, SEAT = "[name='plans-0-{}']", "[name='facts-0-{}']", "#seat-skeptic"

# What is typed in turn: where, and what.
STEPS = [
    ("[name='name']", "Acme Vector"),
    ("[name='tagline']", "Stores vectors on a disk"),
    ("[name='description']", "First line.\n\nSecond *line*, with “quotes”."),
    ("[name='website']", "https://acme.example/"),
    (PLAN.format("name"), "Team"),
    (PLAN.format("source"), "https://acme.example/pricing"),
    (FACT.format("value"), "Apache-2.0"),
    (f"{SEAT} [name$='-gist']", "It held."),
    (f"{SEAT} [name$='-quote']", "Held under load for a month,\nand what broke was fixed."),
    (f"{SEAT} [name$='-predictions-0-claim']", "It is still there in a year."),
]


class Writer:
    """Somebody who writes a tool in a browser with a profile on disk."""

    def __init__(self, browser_type: BrowserType, launch_arguments: dict, profile: Path, site: str) -> None:
        self.browser_type, self.launch_arguments, self.profile, self.site = (
            browser_type, launch_arguments, profile, site
        )  # fmt: skip
        self.context: BrowserContext
        self.page: Page
        self.start()

    def start(self) -> None:
        """Start the browser, sign in, and open the form."""
        self.context = self.browser_type.launch_persistent_context(self.profile, **self.launch_arguments)
        self.sign_in()
        self.open()

    def sign_in(self) -> None:
        sign_in(self.context, self.site, User.objects.get(username="ada"))

    def open(self) -> None:
        self.page = self.context.new_page()
        self.page.goto(f"{self.site}/admin/tools/tool/add/")

    def try_to_save(self) -> None:
        self.page.get_by_role("button", name="Save and continue editing").click(no_wait_after=True)

    # -- What goes wrong, each up to the point where the form is open again ----------------------------------

    def lose_the_tab(self) -> None:
        self.page.close()
        self.open()

    def lose_the_session(self) -> None:
        Session.objects.all().delete()
        self.try_to_save()
        self.page.wait_for_url("**/account/login/**")
        self.page.close()
        self.sign_in()
        self.open()

    def lose_the_network(self) -> None:
        self.context.set_offline(True)
        with self.page.expect_event("requestfailed"):
            self.try_to_save()
        self.page.close()
        self.context.set_offline(False)
        self.open()

    def lose_the_browser(self) -> None:
        """Kill all processes of the browser."""
        for process in Path("/proc").iterdir():
            with suppress(OSError, ProcessLookupError):
                if process.name.isdigit() and str(self.profile).encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
        with suppress(Exception):  # it is dead already
            self.context.close()
        (self.profile / "SingletonLock").unlink(missing_ok=True)
        self.start()


KILLS: list[Callable[[Writer], None]] = [
    Writer.lose_the_browser,
    Writer.lose_the_tab,
    Writer.lose_the_session,
    Writer.lose_the_network,
]


@pytest.fixture
def writer(transactional_db, live_server, settings, tmp_path, browser_type, browser_type_launch_args):
    settings.REQUIRE_MFA = False
    make.attribute(slug="license", name="License").categories.add(make.category(name="Databases"))
    make.reviewer(slug="skeptic", name="The Skeptic", seat=1)
    User.objects.create_superuser("ada")
    writer = Writer(browser_type, browser_type_launch_args, tmp_path, live_server.url)
    yield writer
    writer.context.close()


def test_nothing_typed_is_lost_at_ten_points(writer):
    """What was typed before each kill is offered after it, all of it, and what is saved in the end is that."""
    for number, ((field, text), kill) in enumerate(zip(STEPS, cycle(KILLS), strict=False)):
        writer.page.locator(field).first.fill(text)
        wait_until_stored(writer.page, text.split("\n", maxsplit=1)[0])
        kill(writer)
        restore(writer.page)
        if number == 0:
            writer.page.get_by_label("Category").select_option("Databases")
        for before, typed in STEPS[: number + 1]:
            expect(writer.page.locator(before).first).to_have_value(typed)
    assert not Tool.objects.exists()

    page = writer.page
    page.locator(PLAN.format("kind")).select_option("free")
    page.locator(f"{SEAT} [name$='-predictions-0-due_on']").fill("2027-12-01")
    writer.try_to_save()
    expect(page.locator(".messagelist .success")).to_be_visible()
    tool = Tool.objects.get()
    review = tool.reviews.get()
    assert (tool.name, tool.tagline, tool.description.replace("\r\n", "\n"), tool.website) == tuple(
        text for _, text in STEPS[:4]
    )
    assert tool.plans.values_list("name", "source").get() == (STEPS[4][1], STEPS[5][1])
    assert tool.facts.get().value == STEPS[6][1]
    assert (review.gist, review.quote.replace("\r\n", "\n")) == (STEPS[7][1], STEPS[8][1])
    assert review.predictions.get().claim == STEPS[9][1]
