"""Query strings that make no sense, and pages that a user may not open: an answer in the desk's look, never a 500."""

import pytest
from django.contrib import admin
from django.test import Client

from tests import factories as make
from tests.accounts.people import person
from tests.desk.forms import change_url
from tests.desk.people import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NINES = "9" * 30
BAD = [
    "/admin/votes/vote/?q=%00",
    "/admin/votes/vote/?page=%D9%A2",
    "/admin/tools/tool/?q=%00",
    "/admin/tools/tool/?state=%00",
    "/admin/tools/tool/export/?month=x",
    "/admin/tools/plan/export/?month=x",
    "/admin/tools/fact/export/?id__exact='",
    f"/admin/tools/tool/export/?id__exact={NINES}",
    "/admin/tools/correction/add/?tool=true",
    "/admin/tools/correction/add/?tool=2026-13-99",
    "/admin/tools/correction/add/?tool=%00",
    f"/admin/comparisons/comparison/add/?first=x&second={NINES}",
    "/admin/comparisons/comparison/check/?first=%00&second=1",
    f"/admin/comparisons/comparison/check/?first=1&second=2&exclude={NINES}",
    f"/admin/tools/tool/?published_at__year={NINES}",
    "/admin/tools/tool/?published_at__year=99999999999",
    "/admin/tools/tool/?published_at__gte=%00",
    "/admin/tools/tool/?category__id__exact=x",
    "/admin/tools/tool/?_to_field=nothing",
    "/admin/tools/tool/add/?_to_field=nothing",
    "/admin/tools/tool/add/?category=x",
    "/admin/autocomplete/?app_label=tools&model_name=correction&field_name=tool&term=%00",
    "/admin/autocomplete/?app_label=tools&model_name=correction&field_name=tool&page=x",
    "/admin/reviews/review/?verdict__exact=%00",
    f"/admin/reviews/review/add/?supersedes={NINES}&tool=%F0",
    "/admin/reviews/review/add/?supersedes=%C2%B2",
    f"/admin/newsletter/issue/{NINES}/mail.html",
    "/admin/newsletter/issue/%C2%B2/mail.txt",
    "/admin/newsletter/issue/%D9%A3/mail.txt",
    "/admin/newsletter/subscriber/?created_at__year=99999999999",
    f"/admin/r/1/{NINES}/",
    f"/admin/r/{NINES}/1/",
]


@pytest.mark.parametrize("address", BAD)
def test_senseless_query_string_is_no_error_of_ours(address):
    make.tool()
    response = sign_in(make.user(is_staff=True, is_superuser=True)).get(address)
    assert response.status_code in (200, 302, 400, 404)
    if response.status_code == 400 and "/check/" not in address:
        assert "<h1>This request is not valid</h1>" in response.text


def test_known_object_with_an_unknown_field_is_a_400_of_the_desk():
    tool = make.tool(published_at=None)
    client = sign_in(make.user(is_staff=True, is_superuser=True))
    for page in ("change", "delete"):
        response = client.get(f"/admin/tools/tool/{tool.pk}/{page}/?_to_field=nothing")
        assert (response.status_code, "<h1>This request is not valid</h1>" in response.text) == (400, True)
        assert 'id="logout-form"' in response.text


def test_any_name_of_a_field_or_relation_may_be_asked_for(rf):
    """Popups name the field that they fill in. Django’s own check fails on relations from other models."""
    for model, model_admin in admin.site._registry.items():
        for field in model._meta.get_fields(include_hidden=True):
            allowed = model_admin.to_field_allowed(rf.get("/"), field.name)
            assert allowed is False or getattr(field, "unique", False), (model, field)
    client = sign_in(make.user(is_staff=True, is_superuser=True))
    for address in ("/admin/tools/tool/add/", "/admin/tools/tool/", change_url(make.tool())):
        assert client.get(f"{address}?_to_field=reviews").status_code == 400
        assert client.get(f"{address}?_to_field=id").status_code == 200


@pytest.mark.parametrize("key", ["on", "²", NINES, "-1", "1.5", "%00"])
@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/admin/reviews/review/add/", "tool"),
        ("/admin/tools/correction/add/", "tool"),
        ("/admin/comparisons/comparison/add/", "first"),
    ],
)
def test_form_with_a_key_that_is_no_number_is_shown_again(address, name, key):
    client = sign_in(make.user(is_staff=True, is_superuser=True))
    formset = {f"predictions-{count}_FORMS": "0" for count in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}
    response = client.post(address, {name: key, **formset})
    assert response.status_code == 200
    assert name in response.context["adminform"].form.errors


def test_nul_in_a_reason_of_deletion_is_a_400():
    tool = make.tool(published_at=None)
    client = sign_in(make.user(is_staff=True, is_superuser=True))
    response = client.post(f"/admin/tools/tool/{tool.pk}/delete/", {"post": "yes", "change_reason": "a\0b"})
    assert (response.status_code, type(tool).objects.count()) == (400, 1)


def test_missing_permission_is_said_in_the_desk(client: Client):
    make.user("tools.publish_tool", username="ada")
    client.force_login(person("Reviewer"))
    refused = client.get(change_url(make.tool(published_at=None)).replace("/change/", "/publish/"))
    assert refused.status_code == 403
    assert "Your account may not publish a tool. Ask an editor: ada." in refused.text
    for address in (
        "/admin/accounts/user/",
        "/admin/newsletter/issue/",
        "/admin/votes/vote/",
        "/admin/tools/tool/add/",
    ):
        response = client.get(address)
        assert response.status_code == 403
        assert "<h1>You may not do this</h1>" in response.text
        assert "Your group (Reviewer) does not include this. Ask an administrator if you need it." in response.text
        assert 'id="logout-form"' in response.text
        assert "must be sent from a page of this site" not in response.text
