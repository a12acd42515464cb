import json
import os
import stat
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.actions import ImportChangedError, import_catalog
from catalog.exporting import export_lines
from desk.files import formats, report_rows, uploads, views
from reviews.models import Mention, Review
from tests import factories as make
from tests.catalog.documents import document, fact, plan, review, tool
from tests.desk.uploading import (
    IMPORTS,
    PUBLISHES,
    SEES,
    client_with,
    find_token,
    import_now,
    messages_of,
    upload,
    visible_text,
)
from tools.models import Attribute, Category, Plan, Tool

pytestmark = pytest.mark.django_db
PAGE = "/admin/catalog/"
DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"


@pytest.fixture(autouse=True)
def _uploads_in_temporary_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def stored_uploads(settings) -> list[str]:
    folder = settings.DATA_DIR / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def export_all() -> str:
    return "".join(export_lines())


def catalog_file(**sections) -> str:
    return json.dumps(document(**sections))


def draft(slug: str = "alpha", **fields):
    return tool(slug, **{"published_at": None, **fields})


# -- Download -----------------------------------------------------------------------------------------------


def test_download_is_the_export_byte_for_byte():
    import_catalog(content=DEMO.read_bytes())
    response = client_with(*IMPORTS).get(PAGE + "download/")
    assert response.streaming
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"].startswith('attachment; filename="shipside-catalog-')
    assert response.getvalue().decode() == export_all()


def test_download_streams_in_chunks(monkeypatch):
    monkeypatch.setattr(views, "CHUNK_LENGTH", 1000)
    import_catalog(content=DEMO.read_bytes())
    chunks = list(client_with(*IMPORTS).get(PAGE + "download/").streaming_content)
    assert len(chunks) > 30


def test_example_file_can_be_imported(settings):
    client = client_with(*PUBLISHES)
    example = client.get(PAGE + "example/").getvalue()
    shown = upload(client, PAGE, example)
    assert import_now(client, PAGE, shown).status_code == 303
    assert Tool.objects.values_list("slug", "published_at").get() == ("example-tool", None)


# -- Upload -------------------------------------------------------------------------------------------------


def test_dry_run_writes_nothing_and_import_does_what_it_showed(settings):
    import_catalog(content=catalog_file(tools=[draft(plans=[plan()]), draft("omega")]).encode())
    before = export_all()
    client = client_with(*PUBLISHES)
    shown = upload(
        client,
        PAGE,
        catalog_file(tools=[draft(tagline="New words", plans=[plan(amount=25)]), draft("omega"), draft("gamma")]),
        "mine.json",
    )
    assert export_all() == before
    assert [tuple(count) for count in shown.context["report"].counts] == [
        ("attributes", 0, 0, 1),
        ("categories", 0, 0, 1),
        ("plans", 0, 1, 0),
        ("reviewers", 0, 0, 1),
        ("tools", 1, 1, 1),
    ]
    assert [(change.label, change.where, change.fields) for change in shown.context["report"].changed] == [
        ("tool “Alpha”", "tools[0]", [("tagline", "", "New words")]),
        ("plan “Pro” of “Alpha”", "tools[0].plans[0]", [("amount", "20", "25")]),
    ]
    assert [(group.kind, group.first) for group in shown.context["report"].added] == [
        ("tools", [("tool “Gamma”", "tools[2]")])
    ]
    assert "This is what “mine.json” would do. Nothing is imported yet." in visible_text(shown)
    assert len(stored_uploads(settings)) == 1
    done = import_now(client, PAGE, shown)
    assert (done.status_code, done["Location"]) == (303, PAGE)
    [message] = messages_of(client.get(PAGE))
    assert message.startswith("“mine.json” is imported: plans: 1 changed; tools: 1 added, 1 changed. <a href=")
    assert Tool.objects.get(slug="alpha").tagline == "New words"
    assert list(Plan.objects.values_list("amount", "superseded_at")) == [(25, None)]  # a draft has no history
    assert stored_uploads(settings) == []


def test_file_that_matches_the_site_has_nothing_to_import():
    import_catalog(content=DEMO.read_bytes())
    shown = upload(client_with(*PUBLISHES), PAGE, DEMO.read_bytes())
    assert "The site already matches this file. There is nothing to import." in visible_text(shown)
    assert "Import now" not in shown.text


def test_import_updates_mentions():
    client = client_with(*PUBLISHES)
    tools = [draft(reviews=[review(quote="Better than Omega.", published_at=None)]), draft("omega")]
    import_now(client, PAGE, upload(client, PAGE, catalog_file(tools=tools)))
    assert Mention.objects.values_list("review__tool__slug", "tool__slug").get() == ("alpha", "omega")


def test_report_includes_categories_of_attributes_and_former_slugs():
    import_catalog(content=catalog_file().encode())
    changed = document(
        categories=[
            {"slug": "things", "name": "Things"},
            {"slug": "others", "name": "Others", "former_slugs": ["the-others"]},
        ],
        attributes=[{"slug": "license", "name": "License", "categories": ["others"]}],
    )
    client = client_with(*PUBLISHES)
    shown = upload(client, PAGE, json.dumps(changed))
    assert [(change.label, change.fields) for change in shown.context["report"].changed] == [
        ("attribute “License”", [("categories", "things", "others")])
    ]
    assert [tuple(count)[:3] for count in shown.context["report"].counts if count.added or count.changed] == [
        ("attributes", 0, 1),
        ("categories", 1, 0),
        ("former slugs", 1, 0),
    ]
    import_now(client, PAGE, shown)
    assert [category.slug for category in Attribute.objects.get().categories.all()] == ["others"]


def test_report_says_what_becomes_of_the_text_of_an_old_file():
    make.attribute(slug="license", name="License", kind="grade")
    old = catalog_file(
        format="shipside-catalog/1",
        tools=[draft(facts=[fact(value="Yes")]), draft("omega", facts=[fact(value="GPL")])],
    )
    text = visible_text(upload(client_with(*PUBLISHES), PAGE, old))
    assert "“Yes” becomes yes tools[0].facts[0].value" in text
    assert "left out: “GPL” is not one of yes, partly, no. tools[1].facts[0]" in text


def test_report_shows_a_category_by_name():
    import_catalog(content=catalog_file(tools=[draft()]).encode())
    make.category(slug="others", name="Others")
    shown = upload(client_with(*PUBLISHES), PAGE, catalog_file(tools=[draft(category="others")]))
    assert [change.fields for change in shown.context["report"].changed] == [[("category", "Things", "Others")]]


def test_report_cuts_a_long_text_around_the_change():
    same = "word " * 2000
    import_catalog(content=catalog_file(tools=[draft(description=same + "old" + same)]).encode())
    shown = upload(client_with(*PUBLISHES), PAGE, catalog_file(tools=[draft(description=same + "new" + same)]))
    [[(_, before, after)]] = [change.fields for change in shown.context["report"].changed]
    assert (before[:50], after[:50]) == (
        "…" + (same + "old" + same)[-10_043:][:49],
        "…" + (same + "new" + same)[-10_043:][:49],
    )
    assert len(before) == len(after) == 202


# -- The import does what the report showed-------------------------------------------------------------------


def test_import_after_a_change_shows_the_new_report_and_writes_nothing():
    import_catalog(content=catalog_file(tools=[draft()]).encode())
    client = client_with(*PUBLISHES)
    shown = upload(client, PAGE, catalog_file(tools=[draft(tagline="Theirs")]))
    Tool.objects.update(tagline="Somebody else’s")
    again = import_now(client, PAGE, shown)
    assert "The site has changed since this report. Nothing was imported." in visible_text(again)
    assert [change.fields for change in again.context["report"].changed] == [[("tagline", "Somebody else’s", "Theirs")]]
    assert Tool.objects.get().tagline == "Somebody else’s"
    assert import_now(client, PAGE, again).status_code == 303
    assert Tool.objects.get().tagline == "Theirs"


def test_import_is_not_blocked_by_unrelated_changes():
    client = client_with(*PUBLISHES)
    shown = upload(client, PAGE, catalog_file(tools=[draft()]))
    make.tool()
    assert import_now(client, PAGE, shown).status_code == 303


def test_import_after_a_conflicting_change_shows_the_problem_and_writes_nothing():
    client = client_with(*PUBLISHES)
    shown = upload(client, PAGE, catalog_file(tools=[draft()]))
    make.category(slug="rival", name="Things")
    again = import_now(client, PAGE, shown)
    assert again.context["problems"].problems == [
        ("categories[0].name (“Things”)", '"Things" belongs to “rival” on the site')
    ]
    assert not Tool.objects.exists()


def test_seal_binds_an_import_to_its_report():
    content = catalog_file(tools=[draft()]).encode()
    seal = import_catalog(content=content, dry_run=True).seal()
    assert import_catalog(content=content, seal=seal).seal() == seal
    with pytest.raises(ImportChangedError):
        import_catalog(content=content, seal=seal)


# -- The stored file ---------------------------------------------------------------------------------------


def test_stored_file_is_private_and_has_a_random_name(settings):
    upload(client_with(*PUBLISHES), PAGE, catalog_file(), "../../secret.json")
    [name] = stored_uploads(settings)
    path = settings.DATA_DIR / "uploads" / name
    assert len(name) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_discard_deletes_the_stored_file(settings):
    client = client_with(*PUBLISHES)
    shown = upload(client, PAGE, catalog_file(tools=[draft()]))
    assert import_now(client, PAGE, shown, discard="Discard").status_code == 303
    assert messages_of(client.get(PAGE)) == ["“file.json” was discarded. Nothing was imported."]
    assert stored_uploads(settings) == []
    assert not Category.objects.exists()


def test_token_works_once_for_its_user_and_its_page(settings):
    client = client_with(*PUBLISHES)
    shown = upload(client, PAGE, catalog_file(tools=[draft()]))
    other = client_with(*PUBLISHES, name="eve")
    for who, address in ((other, PAGE), (client, "/admin/tools/tool/import/")):
        refused = import_now(who, address, shown)
        assert (refused.status_code, refused["Location"]) == (303, address)
        assert messages_of(who.get(address))[0].startswith("That file is gone")
    assert not Tool.objects.exists()
    assert import_now(client, PAGE, shown).status_code == 303
    assert Tool.objects.count() == 1
    assert import_now(client, PAGE, shown).status_code == 303
    assert messages_of(client.get(PAGE))[-1].startswith("That file is gone")


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "WyJhIl0:1abc:xyz"])
def test_forged_token_redirects_to_the_page(token):
    client = client_with(*PUBLISHES)
    response = client.post(PAGE, {"upload_token": token, "import": "1"})
    assert (response.status_code, response["Location"]) == (303, PAGE)


def test_expired_token_is_refused_and_the_next_upload_deletes_the_file(settings, monkeypatch):
    client = client_with(*PUBLISHES)
    shown = upload(client, PAGE, catalog_file(tools=[draft()]))
    [name] = stored_uploads(settings)
    path = settings.DATA_DIR / "uploads" / name
    os.utime(path, (time.time() - uploads.LIFETIME - 1,) * 2)
    monkeypatch.setattr(uploads, "LIFETIME", -1)
    assert import_now(client, PAGE, shown).status_code == 303
    assert not Tool.objects.exists()
    monkeypatch.undo()
    settings.DATA_DIR = path.parent.parent
    upload(client, PAGE, catalog_file())
    assert name not in stored_uploads(settings)
    assert len(stored_uploads(settings)) == 1


# -- Invalid files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "the file is not UTF-8 (byte 0)"),
        (b"{", "the file is not JSON"),
        (b"[]", "the file must be an object, not a list"),
        (b"slug,name\nalpha,Alpha\n", "the file is not JSON"),
        (b'{"format": "shipside-catalog/2", "tools": [' * 20_000, "the file is not a catalog: it is nested too deeply"),
    ],
)
def test_file_that_is_not_a_catalog_is_refused_with_the_reason(content, message, settings):
    response = upload(client_with(*PUBLISHES), PAGE, content)
    assert message in visible_text(response)
    assert stored_uploads(settings) == []


def test_every_problem_is_listed_with_its_place_and_nothing_is_written(settings):
    tools = [draft(category="nowhere", website="javascript:alert(1)"), draft("Omega!", plans=[plan(amount=-1)])]
    response = upload(client_with(*PUBLISHES), PAGE, catalog_file(tools=tools), "<b>bad.json")
    assert [where for where, _ in response.context["problems"].problems] == [
        "tools[0].category (“Alpha”)",
        "tools[0].website (“Alpha”)",
        "tools[1].plans[0].amount (“Omega!”)",
        "tools[1].slug (“Omega!”)",
    ]
    assert "4 problems in “<b>bad.json”. Nothing was imported." in visible_text(response)
    assert "<b>bad" not in response.text
    assert not Category.objects.exists()
    assert stored_uploads(settings) == []


def test_problems_are_limited_with_a_count_of_the_rest(monkeypatch):
    monkeypatch.setattr(report_rows, "MAX_PROBLEMS", 2)
    tools = [draft(f"t-{number}", category="nowhere") for number in range(1003)]
    response = upload(client_with(*PUBLISHES), PAGE, catalog_file(tools=tools))
    assert len(response.context["problems"].problems) == 2
    assert "1,003 problems in" in visible_text(response)
    assert "… and 1,001 more." in visible_text(response)


def test_additions_and_changes_are_limited_with_a_count_of_the_rest(monkeypatch):
    monkeypatch.setattr(report_rows, "MAX_ADDITIONS", 2)
    monkeypatch.setattr(report_rows, "MAX_CHANGES", 3)
    client = client_with(*PUBLISHES)
    tools = [draft(f"t-{number}") for number in range(30)]
    shown = upload(client, PAGE, catalog_file(tools=tools))
    assert "New tools: 30 tool “T-0” tools[0] tool “T-1” tools[1] … and 28 more." in visible_text(shown)
    import_now(client, PAGE, shown)
    again = upload(client, PAGE, catalog_file(tools=[{**one, "tagline": "New"} for one in tools]))
    assert len(again.context["report"].changed) == 3
    assert "… and 27 more." in visible_text(again)


@pytest.mark.parametrize("data", [{}, {"file": "text and no file"}])
def test_form_without_a_file_shows_an_error(data):
    response = client_with(*IMPORTS).post(PAGE, data)
    assert response.context["form"].errors == {"file": ["Choose a file."]}
    assert "Choose a file." in visible_text(response)


def test_empty_file_shows_an_error():
    assert "The file is empty." in visible_text(upload(client_with(*IMPORTS), PAGE, b""))


def test_oversized_file_is_refused_during_the_upload(settings):
    client = client_with(*PUBLISHES)
    response = upload(client, "/admin/tools/tool/import/", b" " * (formats.MAX_FILE_BYTES + 200_000))
    assert response.status_code == 200
    assert "The file has more than 16 MB." in visible_text(response)
    assert stored_uploads(settings) == []


# -- Permissions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PAGE, PAGE + "download/", PAGE + "example/"])
def test_catalog_pages_need_the_import_permission(path):
    assert Client().get(path).status_code == 302
    assert client_with(*SEES).get(path).status_code == 403
    assert client_with(*IMPORTS, name="eve").get(path).status_code == 200


def test_upload_needs_the_import_permission(settings):
    content = catalog_file(tools=[draft()])
    assert upload(Client(), PAGE, content).status_code == 302
    assert upload(client_with(*SEES), PAGE, content).status_code == 403
    assert stored_uploads(settings) == []


def test_upload_without_a_csrf_token_is_refused():
    client = client_with(*PUBLISHES)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert upload(strict, PAGE, catalog_file()).status_code == 403
    assert strict.post(PAGE, {"upload_token": "x"}).status_code == 403


def test_file_that_publishes_needs_the_publish_permissions(settings):
    client = client_with(*IMPORTS)
    published = catalog_file(tools=[tool(reviews=[review()])])
    response = upload(client, PAGE, published)
    assert "This file sets or changes the publication time of 1 tool and 1 review. Your account may not publish." in (
        visible_text(response)
    )
    assert not Tool.objects.exists()
    assert stored_uploads(settings) == []


def test_import_is_refused_when_a_permission_was_removed_after_the_dry_run():
    client = client_with(*PUBLISHES)
    shown = upload(client, PAGE, catalog_file(tools=[tool(reviews=[review()])]))
    assert "the file sets or changes them for 1 tool, 1 review. The gate does not check these." in visible_text(shown)
    find_token(shown)
    from accounts.models import User

    User.objects.get().user_permissions.remove(*User.objects.get().user_permissions.filter(codename="publish_review"))
    assert import_now(client, PAGE, shown).status_code == 403
    assert not Review.objects.exists()


def test_menu_shows_the_catalog_file_to_users_who_may_import():
    assert 'href="/admin/catalog/"' in client_with(*IMPORTS).get("/admin/").text
    assert 'href="/admin/catalog/"' not in client_with(*SEES, name="eve").get("/admin/").text


# -- The command --------------------------------------------------------------------------------------------


def test_command_prints_the_report_and_rows_when_verbose(tmp_path, capsys):
    import_catalog(content=catalog_file(tools=[draft(plans=[plan()])]).encode())
    target = tmp_path / "mine.json"
    target.write_text(catalog_file(tools=[draft(plans=[plan(amount=25)]), draft("gamma")]))
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
