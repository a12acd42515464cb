"""Text has one normal form on every road in: the desk, sheets, and catalog files."""

import json
from importlib import import_module

import pytest
from django import forms
from django.contrib import admin
from django.test import RequestFactory

from accounts.models import User
from catalog.actions import import_catalog
from desk.fields import NormalizedTextAdmin
from tests import factories as make
from tests.desk.test_sheets import FACTS, PLANS, TOOLS, dry_run, import_sheet, make_csv
from tests.desk.tool_forms import fill_tool_form, tool_url
from tests.desk.uploading import IMPORTS, client_with
from tools.models import Category, Fact, Plan, Tool
from web import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _uploads_in_temporary_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


BLANKS = ["{} ", "\u00a0{}", "{}\u200b", "\ufeff{}\u3000"]


@pytest.mark.parametrize("typed", [*BLANKS, "{}"])
def test_blank_in_a_sheet_makes_no_other_plan_or_value(typed):
    tool = make.tool(slug="aider")
    make.plan(of=tool, name="Comfy credits", kind="free")
    make.fact(of=tool, attribute=make.attribute(slug="maker"), value="Chroma, Inc.")
    plans = make_csv(["tool", "name", "kind"], [typed.format("aider"), typed.format("Comfy  credits"), "free"])
    facts = make_csv(
        ["tool", "attribute\u200b", "value"], ["aider", typed.format("maker"), typed.format("Chroma,\u00a0Inc.")]
    )
    client = client_with(*IMPORTS)
    for address, sheet in ((PLANS, plans), (FACTS, facts)):
        assert dry_run(address, sheet, client=client).context["report"].does_nothing
    assert list(Plan.objects.values_list("name", "superseded_at")) == [("Comfy credits", None)]
    assert list(Fact.objects.values_list("value", "superseded_at")) == [("Chroma, Inc.", None)]


def test_sheet_stores_names_in_the_normal_form():
    make.category(slug="things")
    import_sheet(
        TOOLS,
        make_csv(["slug", "name", "category", "aliases"], ["cafe\u200b", "Cafe\u0301  AI ", "things", "A\u00a0 B \nC"]),
    )
    assert Tool.objects.values_list("slug", "name", "aliases").get() == ("cafe", "Café AI", ["A B", "C"])


@pytest.mark.parametrize("typed", BLANKS)
def test_blank_in_a_catalog_file_makes_no_other_plan_or_value(typed):
    make.tool(slug="aider", name="Aider", category=make.category(slug="things", name="Things"))
    plan = {"name": "Pro", "kind": "free", "source": "https://example.com/"}
    make.attribute(slug="maker")
    fact = {"attribute": "maker", "value": "Chroma, Inc."}
    tool = {"slug": "aider", "name": "Aider", "category": "things", "plans": [plan], "facts": [fact]}
    import_catalog(content=json.dumps({"format": "shipside-catalog/2", "tools": [tool]}).encode())
    tool |= {
        "slug": typed.format("aider"),
        "name": typed.format("Aider"),
        "category": typed.format("things"),
        "plans": [plan | {"name": typed.format("Pro"), "kind": typed.format("free")}],
        "facts": [{"attribute": typed.format("maker"), "value": typed.format("Chroma,  Inc.")}],
    }
    report = import_catalog(content=json.dumps({"format": "shipside-catalog/2", "tools": [tool]}).encode())
    assert report.does_nothing
    assert (Plan.objects.count(), Fact.objects.count(), Category.objects.count()) == (1, 1, 1)


def test_save_of_the_tagline_alone_supersedes_nothing_that_was_stored_with_a_blank(admin_client):
    tool = make.tool(slug="aider", name="Aider")
    make.fact(of=tool, attribute=make.attribute(slug="maker"), value="Chroma, Inc. ", verified_on=clock.today())
    make.plan(of=tool, name="Pro\u200b", verified_on=clock.today())
    typed = fill_tool_form(admin_client.get(tool_url(tool)), tagline="New")
    typed |= {"facts-0-value": "Chroma, Inc.", "plans-0-name": "Pro"}
    assert admin_client.post(tool_url(tool), typed).status_code == 302
    for rows in (Plan.objects, Fact.objects):
        assert list(rows.values_list("superseded_at", "verified_on")) == [(None, clock.today())]


def test_desk_stores_names_in_the_normal_form_and_finds_them(admin_client):
    tool = make.tool(slug="aider", name="Aider")
    typed = fill_tool_form(
        admin_client.get(tool_url(tool)), name="Cafe\u0301\u00a0 AI\u200b", description="One\u200b\r\ntwo "
    )
    assert admin_client.post(tool_url(tool), typed).status_code == 302
    assert Tool.objects.values_list("name", "description").get() == ("Café AI", "One\ntwo")
    page = admin_client.get("/admin/tools/tool/", {"q": "\ufeffCafe\u0301\u00a0AI "})
    assert list(page.context["cl"].result_list) == [tool]


APPS = ("accounts", "comparisons", "desk", "newsletter", "reviews", "tools", "votes")
# Not text that people write: a page to return to, the version that was seen, and a trap for bots. User names,
# passwords, and codes have normal forms of their own.
EXEMPT = {"next", "seen", "token", "leave_empty", "username", "password1", "password2", "password", "code"}


def list_forms(request):
    """Yield every form that the desk builds for a model, and every form that the project declares."""
    import_module("accounts.forms")  # which allauth imports only when it needs them
    for model_admin in admin.site._registry.values():
        if isinstance(model_admin, NormalizedTextAdmin) and model_admin.has_add_permission(request):
            yield model_admin.get_form(request)
            inlines = [inline(model_admin.model, admin.site) for inline in model_admin.inlines]
            formsets = [inline.get_formset(request) for inline in inlines]
            yield from (formset.form for formset in formsets if hasattr(formset, "form"))
    yield from (form for form in list_subclasses(forms.Form) if form.__module__.split(".")[0] in APPS)


def list_subclasses(parent):
    for child in parent.__subclasses__():
        yield child
        yield from list_subclasses(child)


def test_every_field_for_text_normalizes():
    request = RequestFactory().get("/")
    request.user = User.objects.create_superuser("root", "root@example.com")
    raw = {
        (form.__qualname__, name)
        for form in list_forms(request)
        for name, field in form.base_fields.items()
        if type(field) in (forms.CharField, forms.URLField, forms.EmailField, forms.SlugField) and name not in EXEMPT
    }
    assert raw == set()
