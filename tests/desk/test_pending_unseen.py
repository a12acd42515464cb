"""What is pending appears on no public page, before its preview and after it, and in no file that programs read."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from catalog.exporting import export_lines
from desk.models import PendingChange
from desk.pending import previews
from newsletter.composing import compose_items
from tests import factories as make
from tests.comparisons.contents import SECRET, make_site
from tests.desk.forms import change_url, fill_form
from tests.desk.pending import act, keep
from tests.desk.test_preview import PUBLIC
from tools.models import Tool

pytestmark = pytest.mark.django_db
ROADS = [
    *dict.fromkeys(address.replace("secret-0", "shown-0") for address in PUBLIC),
    "/tools/?q=secret",
    "/tools/alpha/votes/",
    "/categories/",
    "/newsletter/",
    "/search/?q=secret&kind=prices",
    "/feeds/tools/alpha.xml",
]


def change_everything(client: Client, tool: Tool) -> PendingChange:
    """Keep a change of everything that the form of a tool can say."""
    form = fill_form(client, tool)
    seat = re.search(r"scorecard-(\d+)-seen", " ".join(form))[1]
    rows = {
        "corrections-TOTAL_FORMS": "1",
        "corrections-0-id": "",
        "corrections-0-tool": str(tool.pk),
        "corrections-0-note": f"{SECRET} correction.",
        f"scorecard-{seat}-verdict": "skip",
        f"scorecard-{seat}-gist": f"{SECRET} gist.",
        f"scorecard-{seat}-quote": f"{SECRET} words of a new edition, which are long enough to be published. " * 2,
        f"scorecard-{seat}-basis": "read",
        f"scorecard-{seat}-publish_now": "on",
        f"scorecard-{seat}-predictions-0-claim": f"{SECRET} claim.",
        f"scorecard-{seat}-predictions-0-due_on": "2099-01-01",
    }
    typed = {"plans-0-name": f"{SECRET} plan", "plans-0-kind": "free", "facts-0-value": SECRET, "facts-0-note": SECRET}
    own = {name: f"{SECRET} {name}" for name in ("name", "short_name", "aliases", "tagline", "description")}
    return keep(client, tool, **own, **rows, **typed, website="https://secret.example/", rename_to="secret-alpha")


def test_nothing_pending_is_on_any_road(admin_client, client):
    pair = make_site()
    tool = pair.first

    def read_roads() -> list[tuple[int, bytes]]:
        return [(response.status_code, response.content) for response in map(client.get, ROADS)]

    before = read_roads()
    exported = list(export_lines())
    changes = [change_everything(admin_client, tool), keep(admin_client, pair, introduction=f"{SECRET} words.")]
    for change in changes:
        assert SECRET in client.get(previews.preview_url(change)).content.decode()
    after = read_roads()
    assert after == before
    assert [road for road, (_, page) in zip(ROADS, after, strict=True) if SECRET.encode() in page] == []
    assert list(export_lines()) == exported
    assert SECRET not in str(compose_items(since=make.PAST, at=timezone.now()))
    tagline = fill_form(admin_client, pair.second) | {"tagline": "Another.", "_save": "1"}
    assert admin_client.post(change_url(pair.second), tagline).status_code == 302  # another revision
    assert [road for road, (_, page) in zip(ROADS, read_roads(), strict=True) if SECRET.encode() in page] == []
    act(admin_client, tool, "publish")
    assert SECRET in client.get("/changes/").content.decode()


def test_preview_is_what_readers_get_after_publishing(admin_client, client):
    pair = make_site()
    tool = pair.first
    keep(admin_client, pair, introduction="New *words*.")
    preview = client.get(previews.preview_url(change_everything(admin_client, tool))).content.decode()
    act(admin_client, tool, "publish")
    tool.refresh_from_db()
    page = client.get(tool.get_absolute_url()).content.decode()

    def read_text(html: str) -> list[str]:
        for part in (
            r'<form class="(ballot|beside)".*?</form>',
            r'<details class="fold embed".*?</details>',
            r' · <a href="/feeds/.*?</a>',
        ):
            html = re.sub(part, "", html, flags=re.DOTALL)
        [main] = re.findall(r"<main.*</main>", html, re.DOTALL)
        return re.sub(r"<[^>]+>", " ", main).split()

    only_in_preview = "Nobody can vote in a preview."
    assert " ".join(read_text(preview)).replace(only_in_preview, "").split() == read_text(page)
