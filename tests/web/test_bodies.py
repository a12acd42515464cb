"""Bodies without a length, bodies that are too long, and files where no page takes any. Served by gunicorn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import global_settings
from django.test import Client
from django.urls import URLResolver, get_resolver

from newsletter.models import Outbox
from newsletter.tokens import UNSUBSCRIBE
from tests import factories as make
from tests.conftest import SAME_ORIGIN
from tests.server import Server, serve
from votes.models import PairVote, Vote

MEGABYTE = 1024 * 1024
BOUNDARY = "Content-Type: multipart/form-data; boundary=b"


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """Return the folder in which the server stores what is uploaded."""
    return tmp_path


@pytest.fixture
def server(transactional_db: None, uploads: Path) -> Iterator[Server]:
    with serve(TMPDIR=str(uploads)) as server:
        yield server


def make_multipart(**fields: bytes) -> bytes:
    """Return a form with a field of each name; those called `file…` are files."""
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), b'; filename="f"' if name.startswith("file") else b"", value)
        for name, value in fields.items()
    ]
    return b"".join(parts) + b"--b--\r\n"


def test_forms_in_chunks_are_taken_and_limited_as_those_with_a_length(server, settings):
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS  # the server's
    one, two = make.tool(slug="one"), make.tool(slug="two")
    subscriber = make.subscriber()
    user = make.user(username="editor", password="a long password indeed")
    for count, chunked in enumerate((False, True), start=1):
        assert server.post("/tools/one/vote/", body=b"choice=ship", chunked=chunked).status == 303
        assert Vote.objects.filter(tool=one).count() == count
        assert server.post("/compare/one-vs-two/vote/", body=b"choice=first", chunked=chunked).status == 303
        assert PairVote.objects.count() == count
        address = f"email=ada{count}%40example.com".encode()
        assert server.post("/newsletter/", body=address, chunked=chunked).status == 303
        assert Outbox.objects.count() == count
        for url in ("/newsletter/", "/tools/two/vote/"):
            assert server.post(url, body=b"choice=ship&next=" + b"x" * MEGABYTE, chunked=chunked).status == 413
        assert not Vote.objects.filter(tool=two).exists()
    one_click = b"List-Unsubscribe=One-Click"
    response = server.post(UNSUBSCRIBE.build_path(subscriber.pk), body=one_click, chunked=True)
    assert (response.status, response.body) == (200, b"Unsubscribed.\n")

    page = server.ask("/account/login/")
    cookie = page.headers["set-cookie"].partition(";")[0]
    token = page.body.partition(b'name="csrfmiddlewaretoken" value="')[2].partition(b'"')[0].decode()
    form = f"login={user.username}&password=a+long+password+indeed&csrfmiddlewaretoken={token}".encode()
    response = server.post("/account/login/", f"Cookie: {cookie}", body=form, chunked=True)
    assert (response.status, response.headers["location"]) == (302, "/admin/")


@pytest.mark.parametrize("chunked", [False, True])
def test_files_of_anyone_are_never_stored(server, uploads, chunked):
    make.tool(slug="one")
    small = make_multipart(choice=b"ship", file=b"x" * (MEGABYTE // 2))
    assert server.post("/tools/one/vote/", BOUNDARY, body=small, chunked=chunked).status == 303
    assert Vote.objects.count() == 1
    large = make_multipart(choice=b"ship", file=b"x" * 40 * MEGABYTE)
    for url in ("/tools/one/vote/", "/newsletter/", "/account/login/", "/account/password/reset/", "/admin/catalog/",
                "/admin/tools/tool/import/", "/admin/tools/tool/add/", "/newsletter/unsubscribe/x/"):  # fmt: skip
        assert server.post(url, BOUNDARY, body=large, chunked=chunked).status == 413, url
    assert [path for path in uploads.rglob("*") if path.stat().st_size > 4096] == []
    assert Vote.objects.count() == 1


def test_no_page_takes_files_but_those_that_need_them():
    taking, patterns = set(), [get_resolver()]
    while patterns:
        pattern = patterns.pop()
        if isinstance(pattern, URLResolver):
            patterns += pattern.url_patterns
        elif hasattr(pattern.callback, "max_body_bytes"):
            taking.add(pattern.name)
    assert taking == {
        "catalog_file", "tools_tool_add", "tools_tool_change", "tools_tool_import", "tools_tool_pending_edit",
        "tools_plan_import", "tools_fact_import", "tools_attribute_import",
    }  # fmt: skip


@pytest.mark.django_db
def test_length_that_is_none_is_taken_for_an_empty_form():
    url = f"/tools/{make.tool().slug}/vote/"
    assert Client(headers=SAME_ORIGIN).generic("POST", url, CONTENT_LENGTH="x").status_code == 400
