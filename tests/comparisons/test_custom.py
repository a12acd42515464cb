"""Three or four tools in columns."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories as make
from tests.comparisons.test_pair_page import text
from tools.models import Tool

pytestmark = pytest.mark.django_db

NAMES = ["alpha", "beta", "gamma", "delta", "epsilon"]
HIDDEN = [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}]
TOO_MANY = "The first four count"


@pytest.fixture
def _make_tools():
    category = make.category(name="Greek")
    seats = [make.reviewer(slug=slug, name=f"The {slug.title()}") for slug in ("builder", "skeptic")]
    for slug, verdicts in zip(NAMES, ("++", "+-", "--", "-+", "++"), strict=True):
        tool = make.tool(slug=slug, name=f"The {slug.title()}", category=category, aliases=[f"{slug} one"])
        make.panel(of=tool, seats=seats, verdicts=verdicts)


def address(*typed: str, **more: str) -> str:
    return "/compare/custom/?" + urlencode([*(("t", words) for words in typed), *more.items()])


def find_column_names(page: str) -> list[str]:
    """Return the names above the columns, in order."""
    return re.findall(r'<a class="board__name[^>]*><bdi>(.*?)</bdi>', page)


# -- What the address asks for --------------------------------------------------------------------------------


@pytest.mark.usefixtures("_make_tools")
@pytest.mark.parametrize("slugs", [NAMES[:3], NAMES[:4], NAMES[3::-1]])
def test_slugs_show_columns_in_their_order(client, slugs):
    page = text(client, address(*slugs))
    assert find_column_names(page) == [f"The {slug.title()}" for slug in slugs]
    assert '<meta name="robots" content="noindex">' in page
    assert f'<link rel="canonical" href="http://127.0.0.1:8000{address(*slugs).replace("&", "&amp;")}">' in page
    assert page.count('name="t"') == 4
    assert TOO_MANY not in page


@pytest.mark.usefixtures("_make_tools")
@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [
        (["the beta", "ALPHA", " gamma one "], ["beta", "alpha", "gamma"]),
        (["The Gamma", "alpha", "beta"], ["gamma", "alpha", "beta"]),
        (["gama", "alpha", "beta"], ["gamma", "alpha", "beta"]),
        (["alpha", "beta", "gamma", "the alpha"], ["alpha", "beta", "gamma"]),
        (["the alpha", "beta", "gamma", "delta", "zzzz"], ["alpha", "beta", "gamma", "delta", "zzzz"]),
    ],
)
def test_names_redirect_to_the_address_with_slugs(client, typed, leads_to):
    response = client.get(address(*typed))
    assert (response.status_code, response.url) == (302, address(*leads_to))
    assert find_column_names(text(client, response.url)) == [f"The {slug.title()}" for slug in leads_to[:4]]


@pytest.mark.usefixtures("_make_tools")
def test_former_slug_redirects_and_keeps_the_seat_filter(client):
    Tool.objects.filter(slug="beta").update(slug="omega")
    response = client.get(address("alpha", "beta", "gamma", lens="skeptic"))
    assert (response.status_code, response.url) == (302, "/compare/custom/?lens=skeptic&t=alpha&t=omega&t=gamma")


@pytest.mark.usefixtures("_make_tools")
def test_same_tool_twice_counts_once(client):
    assert find_column_names(text(client, address("alpha", "beta", "alpha", "gamma", ""))) == [
        "The Alpha",
        "The Beta",
        "The Gamma",
    ]
    assert client.get(address("beta", "the beta", "alpha")).url == "/compare/alpha-vs-beta/"


@pytest.mark.usefixtures("_make_tools")
def test_two_tools_redirect_to_their_comparison(client):
    assert client.get(address("beta", "alpha")).url == "/compare/alpha-vs-beta/"
    make.comparison(first=Tool.objects.get(slug="beta"), second=Tool.objects.get(slug="alpha"))
    response = client.get(address("alpha", "", "The Beta", ""))
    assert (response.status_code, response.url) == (302, "/compare/beta-vs-alpha/")


@pytest.mark.usefixtures("_make_tools")
@pytest.mark.parametrize("typed", [[], ["", " "], ["alpha"], ["alpha", "The Alpha"]])
def test_one_tool_or_none_shows_the_form(client, typed):
    page = text(client, address(*typed))
    assert "Three or four at once" in page
    assert page.count('name="t"') == 4
    assert ('value="The Alpha"' in page) == ("alpha" in typed)
    assert "aria-invalid" not in page
    assert '<meta name="robots" content="noindex">' in page


@pytest.mark.usefixtures("_make_tools")
def test_more_than_four_tools_show_a_remark(client):
    page = text(client, address(*NAMES))
    assert find_column_names(page) == ["The Alpha", "The Beta", "The Gamma", "The Delta"]
    assert TOO_MANY in page
    assert "Epsilon" not in page
    assert TOO_MANY in text(client, address("zzzz", *NAMES))


@pytest.mark.usefixtures("_make_tools")
def test_ambiguous_name_is_asked_about_at_its_field_and_other_fields_stay(client):
    for number in (1, 2):
        make.tool(slug=f"twin-{number}", name="Twin")
    page = text(client, address("alpha", "zzzz", "twin", "Delta one"))
    assert "No tool here goes by “zzzz”" in page
    assert 'aria-describedby="pick-t1-message" aria-invalid="true"' in page
    assert "“twin” may be one of these" in page
    assert page.count("aria-invalid") == 2
    for number in (1, 2):
        assert f'href="/compare/custom/?t=The+Alpha&amp;t=zzzz&amp;t=twin-{number}&amp;t=Delta+one"' in page
    assert 'id="pick-t3" name="t" type="search" value="Delta one"' in page


@pytest.mark.usefixtures("_make_tools")
def test_fields_above_columns_lead_back_to_the_same_columns(client):
    make.tool(slug="rival", name="The Beta")
    page = text(client, address("alpha", "beta", "gamma"))
    values = [part.split('"')[0] for part in page.split('name="t" type="search" value="')[1:]]
    assert values == ["The Alpha", "beta", "The Gamma", ""]  # two tools have the second name
    assert client.get(address(*values)).url == address("alpha", "beta", "gamma")


@pytest.mark.usefixtures("_make_tools")
def test_picker_links_to_the_custom_page(client):
    assert '<a href="/compare/custom/">Three or four at once</a>' in text(client, "/compare/")
    assert '<a href="/compare/custom/?t=The+Beta">Three or four at once</a>' in text(client, "/compare/?a=beta")


@pytest.mark.usefixtures("_make_tools")
def test_fields_get_suggestions(client):
    assert 'data-value="The Gamma"' in text(client, "/search/suggest/?t=gam")


typed_lines = st.one_of(st.sampled_from([*NAMES, "the alpha", "Beta one"]), st.text(max_size=40))


@pytest.mark.usefixtures("_make_tools")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(typed=st.lists(typed_lines, max_size=7), lens=st.text(max_size=20))
def test_typed_text_never_causes_an_error(typed, lens):
    response = Client().get("/compare/custom/", {"t": typed, "lens": lens})
    for _ in range(2):
        assert response.status_code in (200, 302)
        if response.status_code == 302:
            response = Client().get(response.url)
    assert response.status_code == 200


@pytest.mark.parametrize("words", ["\0", "a\0b", "x" * 10_000, '"><script>alert(1)</script>', "'", "%", "\\", "\ud800"])
def test_hostile_text_is_escaped(client, words):
    query = urlencode({"t": ["a", words, "b"]}, doseq=True, errors="surrogatepass")
    assert "<script>alert" not in text(client, "/compare/custom/?" + query)


# -- What the columns show ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_make_tools")
def test_columns_rank_tools_and_align_rows(client):
    names = {"mit": "MIT", "apache-2.0": "Apache-2.0"}
    choices = [{"slug": slug, "name": name} for slug, name in names.items()]
    licence = make.attribute(name="License", kind="choice", choices=choices)
    for slug, value in {"alpha": "mit", "beta": "mit", "gamma": "apache-2.0"}.items():
        make.fact(of=Tool.objects.get(slug=slug), attribute=licence, value=value)
    make.plan(of=Tool.objects.get(slug="beta"), kind="paid", amount=20, currency="USD", period="month")
    make.votes(on=Tool.objects.get(slug="gamma"), ship=20, skip=11)
    page = text(client, address("alpha", "beta", "gamma"))
    assert "The Alpha leads the panel with 2 of 2." in page
    assert "Then The Beta with 1 of 2 and The Gamma with 0 of 2." in page
    assert '31 votes, early<span class="community__range">: 47–79%</span>' in page
    assert 'License <span class="sign sign--differs">differs</span>' in page
    assert "Both reviewers would ship some of them and skip others." in page
    assert (page.count("Ship <bdi>"), page.count("Skip <bdi>")) == (3, 3)
    assert page.count('<a href="/tools/alpha/#seat-skeptic">Read the review') == 1
    assert page.count("$20/mo") == 2
    assert page.count("No price known yet") == 2
    for slugs in ("alpha-vs-beta", "alpha-vs-gamma", "beta-vs-gamma"):
        assert f'<a href="/compare/{slugs}/">' in page


def test_tools_without_content_say_so(client):
    for slug in NAMES[:3]:
        make.tool(slug=slug, name=slug.title())
    page = text(client, address(*NAMES[:3]))
    for words in (
        "The panel has reviewed none of Alpha, Beta, and Gamma yet.",
        "no seat has looked at any of these tools",
        "No price known yet",
        "No facts verified yet",
        "No votes yet",
    ):
        assert words in page


@pytest.mark.usefixtures("_make_tools")
def test_seat_filter_recounts(client):
    page = text(client, address("alpha", "beta", "delta", lens="skeptic,nobody"))
    assert "Counting only The Skeptic: ship The Alpha, ship The Delta, skip The Beta." in page
    assert page.count('class="seat__left-out"') == 1
    assert '<a href="/compare/custom/?t=alpha&amp;t=beta&amp;t=delta">Back to the whole panel</a>' in page
    assert 'data-hx-get="/compare/custom/?lens=skeptic&amp;t=alpha&amp;t=beta&amp;t=delta"' in page
    for lens in ("", "nobody", "builder,skeptic", "\0"):
        assert "Back to the whole panel" not in text(client, address("alpha", "beta", "delta", lens=lens))


@pytest.mark.usefixtures("_make_tools")
def test_reviews_far_apart_show_a_notice(client):
    seat = make.reviewer()
    make.review(of=Tool.objects.get(slug="beta"), by=seat, published_at=make.PAST + timedelta(days=120))
    assert "and at The Beta on May 5, 2026" in text(client, address("alpha", "beta", "gamma"))
    assert "Mind the dates" not in text(client, address("alpha", "delta", "gamma"))


@pytest.mark.usefixtures("_make_tools")
@pytest.mark.parametrize("fields", HIDDEN)
def test_unpublished_content_changes_nothing(client, fields):
    urls = [
        address(*NAMES[:3]),
        address("alpha", "beta", "secret"),
        address("alpha", "beta", "Hidden thing"),
        address("alpha", "hiden", "gamma", "beta"),
        address("the alpha", "beta", "gamma", "secret"),
        address("secret"),
    ]
    before = [client.get(url).content for url in urls]
    alpha = Tool.objects.get(slug="alpha")
    hidden = make.tool(slug="secret", name="Hidden thing", category=alpha.category, aliases=["The Alpha"], **fields)
    make.review(of=hidden, by=make.reviewer())
    make.review(of=alpha, by=make.reviewer(), quote="Secret.", **{"published_at": make.PAST, **fields})
    make.comparison(first=alpha, second=hidden)
    make.plan(of=alpha, name="Former", superseded_at=make.PAST + timedelta(days=1))
    after = [client.get(url).content for url in urls]
    assert after[1:] == before[1:]
    assert b"Secret." not in after[0]
    assert find_column_names(after[0].decode()) == find_column_names(before[0].decode())
    assert b'value="The Alpha"' in after[0]


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(
    ("query", "queries"),
    [
        ("", 0),
        ("?t=alpha&t=beta&t=gamma", 3),
        ("?t=alpha&t=beta&t=gamma&t=delta", 3),
        ("?t=alpha&t=beta&t=gamma&t=delta&lens=lens-0", 4),
        ("?t=alpha", 2),
        ("?t=beta&t=alpha", 5),
        ("?t=Alpha+tool&t=beta&t=gamma", 8),
        ("?t=zzzz&t=zzzy&t=zzzx&t=zzzw", 21),
    ],
)
def test_queries(client, django_assert_num_queries, things, query, queries):
    tools = [make.tool(slug=slug, name=f"{slug.title()} tool") for slug in NAMES[:4]]
    for number in range(things):
        seat, attribute = make.reviewer(slug=f"lens-{number}"), make.attribute()
        for tool in tools:
            make.prediction(of=make.review(of=tool, by=seat))
            make.fact(of=tool, attribute=attribute)
            make.plan(of=tool)
            make.votes(on=tool, ship=3, skip=1)
    make.review(of=tools[0], by=make.reviewer())  # so that one seat is never the whole panel
    with django_assert_num_queries(queries):
        client.get(f"/compare/custom/{query}")


@pytest.mark.usefixtures("_make_tools")
@pytest.mark.parametrize("url", [address(*NAMES[:3]), address(), address("zzzz")])
def test_page_is_the_same_for_everyone_and_returns_304(client, admin_client, form_client, url):
    form_client.post("/tools/alpha/vote/", {"choice": "ship"})
    first = client.get(url)
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert first.headers["Vary"] == "Accept-Encoding"
    for other in (client, admin_client, form_client):
        again = other.get(url)
        assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
        assert not again.cookies
    assert client.get(url, headers={"if-none-match": first.headers["ETag"]}).status_code == 304


@pytest.mark.usefixtures("_make_tools")
def test_vote_changes_the_etag(client, form_client):
    url = address(*NAMES[:3])
    etag = client.get(url).headers["ETag"]
    form_client.post("/tools/beta/vote/", {"choice": "ship"})
    assert client.get(url).headers["ETag"] != etag


def test_page_rejects_post(client):
    assert client.post("/compare/custom/").status_code == 405
