import json
import os
import stat
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.actions import ChangedMeanwhileError, import_catalog
from catalog.exporting import export_lines
from desk.bulk import formats, report_rows, uploads, views
from reviews.models import Mention, Review
from tests import factories as make
from tests.catalog.test_catalog import document, plan, review, tool
from tests.desk.uploading import (
    IMPORTS,
    PUBLISHES,
    SEES,
    import_now,
    messages_of,
    send,
    somebody,
    ticket_in,
    words_of,
)
from tools.models import Attribute, Category, Plan, Tool

pytestmark = pytest.mark.django_db
PAGE = "/admin/catalog/"
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def waiting(settings) -> list[str]:
    folder = settings.DATA_DIR / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def exported() -> str:
    return "".join(export_lines())


def file_of(**sections) -> str:
    return json.dumps(document(**sections))


def draft(slug: str = "alpha", **fields):
    return tool(slug, **{"published_at": None, **fields})


# -- Down ---------------------------------------------------------------------------------------------------


def test_download_is_the_export_byte_for_byte():
    import_catalog(content=DEMO.read_bytes())
    response = somebody(*IMPORTS).get(PAGE + "download/")
    assert response.streaming
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"].startswith('attachment; filename="shipside-catalog-')
    assert response.getvalue().decode() == exported()


def test_download_never_holds_the_whole_file(monkeypatch):
    monkeypatch.setattr(views, "PIECE", 1000)
    import_catalog(content=DEMO.read_bytes())
    pieces = list(somebody(*IMPORTS).get(PAGE + "download/").streaming_content)
    assert len(pieces) > 30


def test_example_file_can_be_brought_in(settings):
    client = somebody(*IMPORTS)
    example = client.get(PAGE + "example/").getvalue()
    shown = send(client, PAGE, example)
    assert import_now(client, PAGE, shown).status_code == 303
    assert Tool.objects.values_list("slug", "published_at").get() == ("example-tool", None)


# -- Up -----------------------------------------------------------------------------------------------------


def test_dry_run_shows_and_writes_nothing_and_import_does_what_was_shown(settings):
    import_catalog(content=file_of(tools=[draft(plans=[plan()]), draft("omega")]).encode())
    before = exported()
    client = somebody(*IMPORTS)
    shown = send(
        client,
        PAGE,
        file_of(tools=[draft(tagline="New words", plans=[plan(amount=25)]), draft("omega"), draft("gamma")]),
        "mine.json",
    )
    assert exported() == before
    assert [tuple(count) for count in shown.context["shown"].counts] == [
        ("attributes", 0, 0, 1),
        ("categories", 0, 0, 1),
        ("plans", 0, 1, 0),
        ("reviewers", 0, 0, 1),
        ("tools", 1, 1, 1),
    ]
    assert [(change.what, change.where, change.fields) for change in shown.context["shown"].changed] == [
        ("tool “Alpha”", "tools[0]", [("tagline", "", "New words")]),
        ("plan “Pro” of “Alpha”", "tools[0].plans[0]", [("amount", "20", "25")]),
    ]
    assert [(added.kind, added.first) for added in shown.context["shown"].added] == [
        ("tools", [("tool “Gamma”", "tools[2]")])
    ]
    assert "This is what “mine.json” would do. Nothing is written yet." in words_of(shown)
    assert len(waiting(settings)) == 1
    done = import_now(client, PAGE, shown)
    assert (done.status_code, done["Location"]) == (303, PAGE)
    assert messages_of(client.get(PAGE)) == ["“mine.json” is imported: plans: 1 changed; tools: 1 added, 1 changed."]
    assert Tool.objects.get(slug="alpha").tagline == "New words"
    assert list(Plan.objects.order_by("pk").values_list("amount", flat=True)) == [20, 25]
    assert waiting(settings) == []


def test_what_the_site_says_already_is_nothing_to_import():
    import_catalog(content=DEMO.read_bytes())
    shown = send(somebody(*PUBLISHES), PAGE, DEMO.read_bytes())
    assert "The site says all of this already. There is nothing to import." in words_of(shown)
    assert "Import now" not in shown.text


def test_mentions_follow_an_import():
    client = somebody(*PUBLISHES)
    tools = [draft(reviews=[review(quote="Better than Omega.", published_at=None)]), draft("omega")]
    import_now(client, PAGE, send(client, PAGE, file_of(tools=tools)))
    assert Mention.objects.values_list("review__tool__slug", "tool__slug").get() == ("alpha", "omega")


def test_categories_of_an_attribute_and_former_slugs_are_shown_too():
    import_catalog(content=file_of().encode())
    changed = document(
        categories=[
            {"slug": "things", "name": "Things"},
            {"slug": "others", "name": "Others", "former_slugs": ["the-others"]},
        ],
        attributes=[{"slug": "license", "name": "License", "categories": ["others"]}],
    )
    client = somebody(*IMPORTS)
    shown = send(client, PAGE, json.dumps(changed))
    assert [(change.what, change.fields) for change in shown.context["shown"].changed] == [
        ("attribute “License”", [("categories", "things", "others")])
    ]
    assert [tuple(count)[:3] for count in shown.context["shown"].counts if count.added or count.changed] == [
        ("attributes", 0, 1),
        ("categories", 1, 0),
        ("former slugs", 1, 0),
    ]
    import_now(client, PAGE, shown)
    assert [category.slug for category in Attribute.objects.get().categories.all()] == ["others"]


def test_another_category_is_shown_by_its_name():
    import_catalog(content=file_of(tools=[draft()]).encode())
    make.category(slug="others", name="Others")
    shown = send(somebody(*IMPORTS), PAGE, file_of(tools=[draft(category="others")]))
    assert [change.fields for change in shown.context["shown"].changed] == [[("category", "Things", "Others")]]


def test_a_long_text_is_cut_around_what_changes():
    same = "word " * 2000
    import_catalog(content=file_of(tools=[draft(description=same + "old" + same)]).encode())
    shown = send(somebody(*IMPORTS), PAGE, file_of(tools=[draft(description=same + "new" + same)]))
    [[(_, before, after)]] = [change.fields for change in shown.context["shown"].changed]
    assert (before[:50], after[:50]) == (
        "…" + (same + "old" + same)[-10_043:][:49],
        "…" + (same + "new" + same)[-10_043:][:49],
    )
    assert len(before) == len(after) == 202


# -- What was shown is what happens -------------------------------------------------------------------------


def test_a_change_in_between_shows_the_dry_run_again_and_writes_nothing():
    import_catalog(content=file_of(tools=[draft()]).encode())
    client = somebody(*IMPORTS)
    shown = send(client, PAGE, file_of(tools=[draft(tagline="Theirs")]))
    Tool.objects.update(tagline="Somebody else’s")
    again = import_now(client, PAGE, shown)
    assert "The site has changed since this was shown, and nothing was written." in words_of(again)
    assert [change.fields for change in again.context["shown"].changed] == [[("tagline", "Somebody else’s", "Theirs")]]
    assert Tool.objects.get().tagline == "Somebody else’s"
    assert import_now(client, PAGE, again).status_code == 303
    assert Tool.objects.get().tagline == "Theirs"


def test_a_change_elsewhere_on_the_site_does_not_hold_an_import_up():
    client = somebody(*IMPORTS)
    shown = send(client, PAGE, file_of(tools=[draft()]))
    make.tool()
    assert import_now(client, PAGE, shown).status_code == 303


def test_what_became_wrong_in_between_is_told_and_nothing_is_written():
    client = somebody(*IMPORTS)
    shown = send(client, PAGE, file_of(tools=[draft()]))
    make.category(slug="rival", name="Things")
    again = import_now(client, PAGE, shown)
    assert again.context["problems"].problems == [("categories[0].name", '"Things" belongs to “rival” on the site')]
    assert not Tool.objects.exists()


def test_a_seal_holds_an_import_to_its_report():
    content = file_of(tools=[draft()]).encode()
    seal = import_catalog(content=content, dry_run=True).seal()
    assert import_catalog(content=content, seal=seal).seal() == seal
    with pytest.raises(ChangedMeanwhileError):
        import_catalog(content=content, seal=seal)


# -- The file that waits ------------------------------------------------------------------------------------


def test_a_waiting_file_is_private_and_has_a_random_name(settings):
    send(somebody(*IMPORTS), PAGE, file_of(), "../../secret.json")
    [name] = waiting(settings)
    path = settings.DATA_DIR / "uploads" / name
    assert len(name) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_discarding_removes_the_file(settings):
    client = somebody(*IMPORTS)
    shown = send(client, PAGE, file_of(tools=[draft()]))
    assert import_now(client, PAGE, shown, discard="Discard").status_code == 303
    assert messages_of(client.get(PAGE)) == ["“file.json” was discarded; nothing was written."]
    assert waiting(settings) == []
    assert not Category.objects.exists()


def test_a_ticket_is_good_once_for_its_owner_its_kind_and_an_hour(settings):
    client = somebody(*IMPORTS)
    shown = send(client, PAGE, file_of(tools=[draft()]))
    other = somebody(*IMPORTS, name="eve")
    for who, address in ((other, PAGE), (client, "/admin/tools/tool/import/")):
        refused = import_now(who, address, shown)
        assert (refused.status_code, refused["Location"]) == (303, address)
        assert messages_of(who.get(address))[0].startswith("That file is no longer here")
    assert not Tool.objects.exists()
    assert import_now(client, PAGE, shown).status_code == 303
    assert Tool.objects.count() == 1
    assert import_now(client, PAGE, shown).status_code == 303
    assert messages_of(client.get(PAGE))[-1].startswith("That file is no longer here")


@pytest.mark.parametrize("ticket", ["", "x", "a:b:c", "WyJhIl0:1abc:xyz"])
def test_a_made_up_ticket_leads_back(ticket):
    client = somebody(*IMPORTS)
    response = client.post(PAGE, {"ticket": ticket, "import": "1"})
    assert (response.status_code, response["Location"]) == (303, PAGE)


def test_after_an_hour_a_ticket_is_void_and_the_next_upload_sweeps_the_file_away(settings, monkeypatch):
    client = somebody(*IMPORTS)
    shown = send(client, PAGE, file_of(tools=[draft()]))
    [name] = waiting(settings)
    path = settings.DATA_DIR / "uploads" / name
    os.utime(path, (time.time() - uploads.LIFETIME - 1,) * 2)
    monkeypatch.setattr(uploads, "LIFETIME", -1)
    assert import_now(client, PAGE, shown).status_code == 303
    assert not Tool.objects.exists()
    monkeypatch.undo()
    settings.DATA_DIR = path.parent.parent
    send(client, PAGE, file_of())
    assert name not in waiting(settings)
    assert len(waiting(settings)) == 1


# -- Wrong files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "the file is not UTF-8 (byte 0)"),
        (b"{", "the file is not JSON"),
        (b"[]", "the file must be an object, not a list"),
        (b"slug,name\nalpha,Alpha\n", "the file is not JSON"),
        (b'{"format": "shipside-catalog/1", "tools": [' * 20_000, "the file is not a catalog: it is nested too deeply"),
    ],
)
def test_what_is_no_catalog_is_told_in_words(content, said, settings):
    response = send(somebody(*IMPORTS), PAGE, content)
    assert said in words_of(response)
    assert waiting(settings) == []


def test_every_problem_is_listed_with_its_place_and_nothing_is_written(settings):
    tools = [draft(category="nowhere", website="javascript:alert(1)"), draft("Omega!", plans=[plan(amount=-1)])]
    response = send(somebody(*IMPORTS), PAGE, file_of(tools=tools), "<b>bad.json")
    assert [where for where, _ in response.context["problems"].problems] == [
        "tools[0].category",
        "tools[0].website",
        "tools[1].plans[0].amount",
        "tools[1].slug",
    ]
    assert "4 problems in “<b>bad.json”; nothing was written" in words_of(response)
    assert "<b>bad" not in response.text
    assert not Category.objects.exists()
    assert waiting(settings) == []


def test_many_problems_are_cut_with_their_number(monkeypatch):
    monkeypatch.setattr(report_rows, "MOST_PROBLEMS", 2)
    tools = [draft(f"t-{number}", category="nowhere") for number in range(1003)]
    response = send(somebody(*IMPORTS), PAGE, file_of(tools=tools))
    assert len(response.context["problems"].problems) == 2
    assert "1,003 problems in" in words_of(response)
    assert "… and 1,001 more." in words_of(response)


def test_many_additions_and_changes_are_cut_with_their_number(monkeypatch):
    monkeypatch.setattr(report_rows, "MOST_ADDITIONS", 2)
    monkeypatch.setattr(report_rows, "MOST_CHANGES", 3)
    client = somebody(*IMPORTS)
    tools = [draft(f"t-{number}") for number in range(30)]
    shown = send(client, PAGE, file_of(tools=tools))
    assert "New tools: 30 tool “T-0” tools[0] tool “T-1” tools[1] … and 28 more." in words_of(shown)
    import_now(client, PAGE, shown)
    again = send(client, PAGE, file_of(tools=[{**one, "tagline": "New"} for one in tools]))
    assert len(again.context["shown"].changed) == 3
    assert "… and 27 more." in words_of(again)


@pytest.mark.parametrize("data", [{}, {"file": "text and no file"}])
def test_a_form_without_a_file_says_so(data):
    response = somebody(*IMPORTS).post(PAGE, data)
    assert response.context["form"].errors == {"file": ["Choose a file."]}
    assert "Choose a file." in words_of(response)


def test_an_empty_file_says_so():
    assert "The file is empty." in words_of(send(somebody(*IMPORTS), PAGE, b""))


def test_too_large_a_file_is_refused_while_it_comes_in(settings):
    client = somebody(*IMPORTS)
    response = send(client, "/admin/tools/tool/import/", b" " * (formats.MOST_BYTES + 200_000))
    assert response.status_code == 200
    assert "The file has more than 16 MB." in words_of(response)
    assert waiting(settings) == []


# -- Who may ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PAGE, PAGE + "download/", PAGE + "example/"])
def test_only_who_may_import_sees_the_catalog_file(path):
    assert Client().get(path).status_code == 302
    assert somebody(*SEES).get(path).status_code == 403
    assert somebody(*IMPORTS, name="eve").get(path).status_code == 200


def test_nobody_else_can_send_a_file(settings):
    content = file_of(tools=[draft()])
    assert send(Client(), PAGE, content).status_code == 302
    assert send(somebody(*SEES), PAGE, content).status_code == 403
    assert waiting(settings) == []


def test_a_form_from_elsewhere_is_refused():
    client = somebody(*IMPORTS)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert send(strict, PAGE, file_of()).status_code == 403
    assert strict.post(PAGE, {"ticket": "x"}).status_code == 403


def test_whoever_may_not_publish_may_not_do_it_with_a_file(settings):
    client = somebody(*IMPORTS)
    published = file_of(tools=[tool(reviews=[review()])])
    response = send(client, PAGE, published)
    assert "This file sets or moves the time of publication of 1 tool, 1 review, which your account may not do." in (
        words_of(response)
    )
    assert not Tool.objects.exists()
    assert waiting(settings) == []


def test_a_permission_that_is_gone_in_between_stops_the_import():
    client = somebody(*PUBLISHES)
    shown = send(client, PAGE, file_of(tools=[tool(reviews=[review()])]))
    assert "the file sets or moves them for 1 tool, 1 review. The gate is not asked." in words_of(shown)
    ticket_in(shown)
    from accounts.models import User

    User.objects.get().user_permissions.remove(*User.objects.get().user_permissions.filter(codename="publish_review"))
    assert import_now(client, PAGE, shown).status_code == 403
    assert not Review.objects.exists()


def test_the_catalog_file_is_in_the_menu_of_those_who_may():
    assert 'href="/admin/catalog/"' in somebody(*IMPORTS).get("/admin/").text
    assert 'href="/admin/catalog/"' not in somebody(*SEES, name="eve").get("/admin/").text


# -- The command --------------------------------------------------------------------------------------------


def test_the_command_tells_the_same_and_with_verbosity_row_by_row(tmp_path, capsys):
    import_catalog(content=file_of(tools=[draft(plans=[plan()])]).encode())
    target = tmp_path / "mine.json"
    target.write_text(file_of(tools=[draft(plans=[plan(amount=25)]), draft("gamma")]))
    call_command("import_catalog", str(target), "--dry-run")
    short = capsys.readouterr().out.splitlines()
    assert short == [
        "attributes: 0 added, 0 changed, 1 unchanged",
        "categories: 0 added, 0 changed, 1 unchanged",
        "plans: 0 added, 1 changed, 0 unchanged",
        "reviewers: 0 added, 0 changed, 1 unchanged",
        "tools: 1 added, 0 changed, 1 unchanged",
        "Dry run: nothing was written.",
    ]
    call_command("import_catalog", str(target), "--dry-run", "--verbosity", "2")
    assert capsys.readouterr().out.splitlines() == [
        "tools[1]: tool “Gamma” is new",
        "tools[0].plans[0]: plan “Pro” of “Alpha”",
        "    amount: 20.000000 → 25",
        *short,
    ]
