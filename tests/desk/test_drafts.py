"""Which form the desk has stored, as it tells the browser (tests/browser/test_desk_drafts.py has the rest)."""

import pytest
from django.urls import reverse

from desk.drafts import COOKIE
from tests import factories as make
from tools.models import Category

pytestmark = pytest.mark.django_db
NUMBER = "0123456789abcdef" * 2
ADD = "/admin/tools/category/add/"


@pytest.fixture
def editor(client):
    client.force_login(make.user("tools.add_category", "tools.view_category", "tools.change_category"))
    return client


def send(client, **fields):
    fields = {"name": "Agents", "slug": "agents", "draft_number": NUMBER, **fields}
    return client.post(ADD, {"presets-TOTAL_FORMS": 0, "presets-INITIAL_FORMS": 0, **fields})


def test_form_that_was_stored_names_its_page_in_a_cookie_of_the_desk(editor, settings):
    response = send(editor)
    cookie = response.cookies[COOKIE]
    assert (response.status_code, Category.objects.get().name) == (302, "Agents")
    assert (cookie.value, cookie["path"], cookie["samesite"]) == (NUMBER, reverse("admin:index"), "Strict")
    assert not cookie["httponly"]


def test_form_that_was_refused_comes_back_with_its_number(editor):
    response = send(editor, name="")
    assert COOKIE not in response.cookies
    assert f'data-number="{NUMBER}"' in response.content.decode()


def test_session_that_has_ended_stores_nothing(editor):
    editor.logout()
    response = send(editor)
    assert (response.status_code, COOKIE in response.cookies, Category.objects.exists()) == (302, False, False)


def test_form_of_a_deleted_row_is_not_stored(editor):
    category = make.category()
    url = f"/admin/tools/category/{category.pk}/change/"
    version = editor.get(url).context["adminform"].form["seen_version"].value()
    category.delete()
    response = editor.post(url, {"name": "Agents", "seen_version": version, "draft_number": NUMBER}, follow=True)
    assert COOKIE not in response.cookies
    assert [str(message) for message in response.context["messages"]] == [
        "This category was deleted while you were editing it. Nothing was saved, but your browser keeps what you typed "
        'for a week: <a href="/admin/tools/category/deleted/">restore the category</a>, and open its form, '
        "which offers it."
    ]


@pytest.mark.parametrize("number", ["", "x", NUMBER + "0", NUMBER.upper(), '"><script>', "0" * 31 + "\n"])
def test_other_numbers_are_ignored(editor, number):
    assert 'data-number=""' in send(editor, name="", draft_number=number).content.decode()
    assert COOKIE not in send(editor, draft_number=number).cookies


def test_form_that_is_too_large_is_refused_all_the_same(editor, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    response = send(editor)
    assert (response.status_code, 'data-number=""' in response.content.decode()) == (400, True)
