"""Every road at the desk that leads to what readers see: nobody changes any of it who may not publish.

The same roads, taken by an editor, do change it, so that none of them is blocked by something else. A new page of
the desk fails the test until a road leads there, or it is harmless.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode
from PIL import Image

from catalog.bulk_changes import record_bulk_change
from catalog.models import BulkChange, ChangeState
from comparisons.models import Comparison
from desk.models import PendingChange
from tests import factories as make
from tests.catalog.documents import export
from tests.comparisons.contents import make_site
from tests.desk.forms import change_url, fill_form
from tests.desk.pending import keep, pending_url
from tests.desk.people import make_user
from tests.desk.sheets import ATTRIBUTES, FACTS, PLANS, TOOLS, make_csv
from tests.desk.test_permissions import list_pages
from tests.desk.test_pick_lines import blank_row
from tests.desk.test_restore import find_oldest, restore_url
from tests.desk.test_verify import post_action
from tests.desk.uploading import upload
from tools.models import Attribute, Category, ContentRevision, Plan, Tool

pytestmark = pytest.mark.django_db
CHANGES = [
    *(
        f"{model.replace('.', f'.{verb}_')}"
        for model in (
            "tools.tool", "tools.plan", "tools.fact", "tools.category", "tools.attribute", "tools.correction",
            "reviews.review", "reviews.prediction", "reviews.reviewer", "comparisons.comparison",
        )
        for verb in ("view", "add", "change", "delete")
    ),
    "tools.import_catalog",
]  # fmt: skip
SHOWN = (
    "/tools/alpha.json", "/tools/alpha/", "/compare/alpha-vs-beta.json", "/compare/alpha-vs-beta/", "/tools/",
    "/reviewers/", "/changes/", "/predictions/",
)  # fmt: skip

type Road = Callable[[Client, "Site"], None]
ROADS: dict[str, Road] = {}


def road(function: Road) -> Road:
    ROADS[function.__name__] = function
    return function


class Site:
    """Published content whose rows all have an older version, and what a road needs of it."""

    def __init__(self) -> None:
        self.pair: Comparison = make_site()
        self.tool: Tool = self.pair.first
        self.review = self.tool.reviews.order_by("published_at").last()
        self.seat = self.review.reviewer
        self.prediction = self.review.predictions.get()
        self.fact = self.tool.facts.get()
        self.attribute: Attribute = self.fact.attribute
        self.category: Category = self.tool.category
        self.plan: Plan = self.tool.plans.get()
        self.draft = make.review(of=self.tool, by=make.reviewer(), verdict="skip", published_at=None)
        self.empty = make.attribute(name="Empty")
        self.empty.categories.add(self.category)
        self.was = timezone.now()
        self.change = BulkChange(kind="import", title="prices.csv")
        with record_bulk_change(self.change):
            for row, field, value in (
                (self.tool, "tagline", "Now."), (self.plan, "source", "https://now.example/"),
                (self.fact, "source", "https://now.example/"), (self.category, "name", "Now"),
                (self.attribute, "name", "Now"), (self.seat, "lens", "Now?"), (self.pair, "introduction", "Now."),
                (self.prediction, "note", "Now."),
            ):  # fmt: skip
                setattr(row, field, value)
                row.save()
        self.prediction.outcome, self.prediction.source = "right", "https://now.example/"
        self.prediction.judged_on = timezone.now().date()
        self.prediction.save()

    def read(self, client: Client) -> list[bytes]:
        return [client.get(address).content for address in SHOWN]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT, settings.DATA_DIR = tmp_path / "media", tmp_path / "data"


# -- Forms ------------------------------------------------------------------------------------------------


def send_form(client: Client, row: Any, **typed: Any) -> None:
    """Send the form of a row as a browser does; if it is shown as text only, as somebody who forges it."""
    response = client.get(change_url(row))
    fields = fill_form(client, row) if 'name="_save"' in response.text or "_pending" in response.text else {}
    client.post(change_url(row), {**fields, **typed, "_save": "Save"})


@road
def save_tool(client: Client, site: Site) -> None:
    send_form(client, site.tool, tagline="Forced.", rename_to="renamed")


@road
def save_what_belongs_to_tool(client: Client, site: Site) -> None:
    rows = {"plans-0-source": "https://forced.example/", "plans-0-verified_today": "on", "facts-0-value": "Forced"}
    correction = {"corrections-TOTAL_FORMS": "1", "corrections-0-tool": site.tool.pk, "corrections-0-note": "Wrong."}
    send_form(client, site.tool, **rows, **correction)


@road
def save_logo(client: Client, site: Site) -> None:
    file = BytesIO()
    Image.new("RGB", (20, 20), "red").save(file, "PNG")
    send_form(client, site.tool, logo_file=SimpleUploadedFile("logo.png", file.getvalue()))


@road
def publish_edition_on_tool_page(client: Client, site: Site) -> None:
    prefix = f"scorecard-{site.seat.pk}-"
    words = {"verdict": "ship", "gist": "It works.", "basis": "read", "publish_now": "on"}
    words["quote"] = "It holds up in my stack, day after day, and so I keep it around for good. " * 3
    send_form(client, site.tool, **{f"{prefix}{name}": value for name, value in words.items()})


@road
def save_comparison(client: Client, site: Site) -> None:
    send_form(client, site.pair, introduction="Forced.")


@road
def save_pick_lines(client: Client, site: Site) -> None:
    prefix = blank_row(client, site.pair)
    typed = {"side": "first", "words": "you like forced lines", "place": "1"}
    send_form(client, site.pair, **{f"{prefix}-{name}": value for name, value in typed.items()})


@road
def save_price(client: Client, site: Site) -> None:
    send_form(client, site.plan, source="https://forced.example/", verified_on="2026-01-01")


@road
def save_fact(client: Client, site: Site) -> None:
    send_form(client, site.fact, source="https://forced.example/", verified_on="2026-01-01")


@road
def save_category(client: Client, site: Site) -> None:
    send_form(client, site.category, name="Forced", description="Forced.")


@road
def save_attribute(client: Client, site: Site) -> None:
    send_form(client, site.attribute, name="Forced")


@road
def save_reviewer(client: Client, site: Site) -> None:
    send_form(client, site.seat, lens="Forced?")


@road
def judge_prediction(client: Client, site: Site) -> None:
    send_form(client, site.prediction, outcome="wrong", note="Forced.", source="https://forced.example/")


@road
def add_reviewer(client: Client, site: Site) -> None:
    words = {"name": "Forced", "slug": "forced", "lens": "Forced?", "disclosure": "A person.", "behind": "person"}
    client.post("/admin/reviews/reviewer/add/", {**words, "bio": "", "seat": 9, "_save": "Save"})


@road
def add_correction(client: Client, site: Site) -> None:
    client.post("/admin/tools/correction/add/", {"tool": site.tool.pk, "note": "Forced.", "_save": "Save"})


# -- Lists, files, and history ----------------------------------------------------------------------------


@road
def verify_prices(client: Client, site: Site) -> None:
    post_action(client, PLANS, "verify_today", [site.plan])


@road
def verify_facts(client: Client, site: Site) -> None:
    post_action(client, FACTS, "verify_today", [site.fact])


@road
def verify_tools(client: Client, site: Site) -> None:
    post_action(client, TOOLS, "verify_statements", [site.tool])


def import_file(client: Client, address: str, content: bytes | str) -> None:
    shown = upload(client, address, content, "file")
    if token := re.search(r'name="upload_token" value="([^"]+)"', shown.text):
        client.post(address, {"upload_token": token[1], "import": "Import now"})


@road
def import_tools(client: Client, site: Site) -> None:
    import_file(client, f"{TOOLS}import/", make_csv(["slug", "tagline"], ["alpha", "Forced."]))


@road
def import_prices(client: Client, site: Site) -> None:
    rows = ["tool", "name", "source"], ["alpha", site.plan.name, "https://forced.example/"]
    import_file(client, f"{PLANS}import/", make_csv(*rows))


@road
def import_facts(client: Client, site: Site) -> None:
    rows = ["tool", "attribute", "value"], ["alpha", site.attribute.slug, "Forced"]
    import_file(client, f"{FACTS}import/", make_csv(*rows))


@road
def import_attributes(client: Client, site: Site) -> None:
    import_file(client, f"{ATTRIBUTES}import/", make_csv(["slug", "name"], [site.attribute.slug, "Forced"]))


@road
def import_catalog(client: Client, site: Site) -> None:
    document = json.loads(export())
    for reviewer in document["reviewers"]:
        reviewer["lens"] = "Forced?"
    for comparison in document["comparisons"]:
        comparison["introduction"] = "Forced."
    import_file(client, "/admin/catalog/", json.dumps(document))


def restore(client: Client, site: Site, *, subject: str, row: str) -> None:
    """Restore the oldest version of a row, in the history of a subject: both are attributes of the site."""
    restored, version = getattr(site, subject), find_oldest(getattr(site, row))
    shown = client.get(restore_url(restored, version))
    seen = re.search(r'name="seen_version" value="([^"]+)"', shown.text)
    history = client.get(change_url(restored).replace("/change/", "/history/")).context
    client.post(restore_url(restored, version), {"seen_version": seen[1] if seen else str(history)})


ROADS |= {
    f"restore_{row}": partial(restore, subject="tool" if row == "plan" else row, row=row)
    for row in ("tool", "plan", "fact", "pair", "category", "attribute", "seat")
}


def take_back(client: Client, address: str) -> None:
    shown = client.get(address)
    client.post(address, {"seal": (shown.context or {}).get("seal", "forged"), "why": "wrong"})


@road
def restore_as_of(client: Client, site: Site) -> None:
    take_back(client, f"/admin/tools/tool/{site.tool.pk}/as-of/?{urlencode({'at': site.was.isoformat()})}")


@road
def undo(client: Client, site: Site) -> None:
    take_back(client, f"/admin/changes/{site.change.pk}/undo/")


@road
def convert_attribute(client: Client, site: Site) -> None:
    address = f"/admin/tools/attribute/{site.attribute.pk}/convert/"
    typed = {"kind": "choice", "choices": "Forced | forced", "step": "convert", "convert": "Convert"}
    client.post(address, {**typed, "row-0": site.fact.value, "becomes-0": "forced", "note-0": ""})


# -- Publishing -------------------------------------------------------------------------------------------


def move(client: Client, content: Any, transition: str, **fields: Any) -> None:
    address = change_url(content).replace("/change/", f"/{transition}/")
    seen = re.findall(r'name="seen" value="([^"]+)"', client.get(address).text)
    client.post(address, {"seen": seen, "reason": "Forced.", **fields})


@road
def withdraw_tool(client: Client, site: Site) -> None:
    move(client, site.tool, "withdraw")


@road
def withdraw_comparison(client: Client, site: Site) -> None:
    move(client, site.pair, "withdraw")


@road
def withdraw_review(client: Client, site: Site) -> None:
    move(client, site.review, "withdraw")


@road
def publish_review(client: Client, site: Site) -> None:
    move(client, site.draft, "publish", override="on")


@road
def withdraw_selected(client: Client, site: Site) -> None:
    address = "/admin/tools/tool/"
    asked = post_action(client, address, "withdraw_selected", [site.tool], confirmed=False)
    seen = re.findall(r'name="seen" value="([^"]+)"', asked.text)
    post_action(client, address, "withdraw_selected", [site.tool], seen=seen, reason="Forced.")


@road
def work_off_action(client: Client, site: Site) -> None:
    change = BulkChange.objects.create(
        kind="action", state=ChangeState.RUNNING, title="Withdraw", model="tools.tool", action="withdraw",
        options={"reason": "Forced.", "back": "/admin/"}, waiting=[site.tool.pk], selected=1,
        made_by_id=client.session["_auth_user_id"],
    )  # fmt: skip
    client.post(f"/admin/changes/{change.pk}/go/", {"go": "on"})


@road
def publish_pending_change(client: Client, site: Site) -> None:
    change = PendingChange.objects.of(site.tool).first() or keep(client, site.tool, tagline="Pending.")
    client.post(pending_url(site.tool), {"action": "publish", "token": change.token})
    PendingChange.objects.all().delete()


# -- The tests --------------------------------------------------------------------------------------------

REFUSED_TO_ALL = {"delete_selected", "delete_one"}
# Pages that only show something, write drafts, comments, or pending changes, or are the same view as one with a road.
HARMLESS = {
    *("history", "deleted", "export", "import_template", "markdown", "slug", "check", "download", "example"),
    *("hand_over", "copy_plans", "pending_edit", "usual", "schedule", "unschedule", "put_back"),
    *("prices", "changes"),
}


def get_page(name: str) -> str:
    """Return what a page about content does, such as `restore`; "" for other pages."""
    match = re.fullmatch("(?:tools|reviews|comparisons)_[a-z]+_(.+)|(?:catalog|bulk)_(.+)", name)
    return (match[1] or match[2]) if match else ""


class NotingClient(Client):
    """A client that notes to which pages it posts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.posted_to: set[str] = set()

    def post(self, *args: Any, **options: Any) -> Any:
        response = super().post(*args, **options)
        self.posted_to.add(get_page(response.resolver_match.url_name))
        return response


@road
def delete_selected(client: Client, site: Site) -> None:
    for address, row in ((TOOLS, site.tool), (PLANS, site.plan), (FACTS, site.fact), (ATTRIBUTES, site.attribute)):
        client.post(address, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})


@road
def delete_one(client: Client, site: Site) -> None:
    for row in (site.tool, site.pair, site.plan, site.fact, site.review, site.prediction, site.category, site.seat):
        client.post(change_url(row).replace("/change/", "/delete/"), {"post": "yes"})


def find_changing_roads(client: Client, site: Site, reader: Client) -> set[str]:
    """Take each road and go back. Return the ones after which readers see something else."""
    found, revision, before = set(), ContentRevision.objects.get().number, site.read(reader)
    for name, take in ROADS.items():
        savepoint = transaction.savepoint_create()
        take(client, site)
        if ContentRevision.objects.get().number != revision and site.read(reader) != before:
            found.add(name)
        transaction.savepoint_rollback(savepoint)
        connection.check_constraints()  # defers them again, which some roads end
    assert site.read(reader) == before
    return found


def test_nobody_changes_what_readers_see_without_the_right_to_publish(admin_client, client):
    site = Site()
    writer = NotingClient(raise_request_exception=False)
    writer.force_login(make_user(*CHANGES))
    assert find_changing_roads(writer, site, client) == set()
    assert {page for page in map(get_page, list_pages()) if page} - writer.posted_to - HARMLESS == set()
    assert ROADS.keys() - find_changing_roads(admin_client, site, client) == REFUSED_TO_ALL
