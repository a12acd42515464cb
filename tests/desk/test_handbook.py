"""The handbook at the desk: all of it, and a section that helps with each page."""

import re

import pytest
from django.urls import reverse

from desk.handbook import rendering
from desk.handbook.places import find_place
from tests import factories as make
from tests.desk.test_permissions import list_pages

pytestmark = pytest.mark.django_db


def test_handbook_is_a_page_of_the_desk_whose_links_lead_somewhere(client):
    client.force_login(make.user())
    page = client.get(reverse("admin:handbook")).content.decode()
    body = page[page.index('class="handbook"') :]
    ids = set(re.findall(r' id="([^"]+)"', body))
    links = set(re.findall(r'href="#([^"]+)"', body))
    assert links - ids == set()
    assert len(links) > 15
    assert '<table class="handbook__table" tabindex="0">' in body
    assert [words for words in ("<img", "](", " style=") if words in body] == []


def test_each_page_of_the_desk_has_a_section_that_helps(client):
    handbook = rendering.render_handbook()
    assert handbook is not None
    without = {"jsi18n", "login", "logout", "session", "session_renewed", "presence", "password_change",
               "password_change_done", "view_on_site", "autocomplete", "handbook"}  # fmt: skip
    places = {name: find_place(name) for name in list_pages()}
    assert {name for name, place in places.items() if place not in handbook.ids} == without
    client.force_login(make.user(is_superuser=True))
    body = client.get("/admin/comparisons/comparison/add/").content.decode()
    assert 'href="/admin/handbook/#comparisons"' in body


def test_site_without_its_docs_says_that_there_is_no_handbook(client, monkeypatch, tmp_path):
    monkeypatch.setattr(rendering, "FILE", tmp_path / "editors.md")
    rendering.render_handbook.cache_clear()
    try:
        client.force_login(make.user())
        assert client.get(reverse("admin:handbook")).status_code == 404
    finally:
        rendering.render_handbook.cache_clear()
