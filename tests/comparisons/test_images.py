from io import BytesIO

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from comparisons.models import Comparison
from comparisons.pictures import lettering, share_image
from comparisons.pictures.share_image import MARGIN, NAME_HEIGHT, RULE_TOP, SIZE, ImageSide
from tests import factories as make
from tools.models import Tool

pytestmark = pytest.mark.django_db
PAIR, TOOL = "/og/compare/beta-vs-alpha.png", "/og/tools/alpha.png"


def full_pair(things: int = 3) -> Comparison:
    first, second = make.tool(slug="beta", name="Beta"), make.tool(slug="alpha", name="Alpha")
    for _ in range(things):
        seat = make.reviewer()
        for tool in (first, second):
            make.review(of=tool, by=seat)
            make.votes(on=tool, ship=5, skip=2)
    return make.comparison(first=first, second=second)


def open_image(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    assert (image.format, image.size) == ("PNG", (1200, 630))
    return image


def make_side(name: str, verdicts: str = "+-++") -> ImageSide:
    seats = tuple("ship" if sign == "+" else "skip" for sign in verdicts)
    return ImageSide(name, "75%", "3 of 4 ship", seats, "58%", "31 votes, early: 41–73%")


# -- What is answered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [PAIR, TOOL, "/og/compare/alpha-vs-gamma.png", "/og/tools/gamma.png"])
def test_image_is_a_small_reproducible_png(client, url):
    full_pair(), make.tool(slug="gamma")
    response = client.get(url)
    open_image(response.content)
    assert len(response.content) < 60_000
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Cache-Control"] == "public, no-cache"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert not response.cookies
    again = client.get(url)
    assert (again.content, again.headers["ETag"]) == (response.content, response.headers["ETag"])


@pytest.mark.parametrize("url", [PAIR, TOOL])
def test_image_changes_with_the_numbers_and_only_then(client, time_machine, url):
    pair = full_pair()
    alpha, review = pair.second, pair.second.reviews.first()

    def etag() -> str:
        return client.get(url).headers["ETag"]

    before = etag()
    make.votes(on=make.tool(), ship=1)
    make.review(of=make.tool(), by=make.reviewer())
    make.review(of=alpha, by=make.reviewer(), published_at=None)
    make.review(of=alpha, by=make.reviewer(), verdict="skip", published_at=make.FUTURE)
    Tool.objects.filter(pk=alpha.pk).update(tagline="Another")
    assert etag() == before
    for change in (
        lambda: make.votes(on=alpha, ship=1),
        lambda: make.later_edition(of=review, verdict="skip", quote="It changed."),
        lambda: Tool.objects.filter(pk=alpha.pk).update(name="Alpha two"),
        lambda: time_machine.move_to(make.FUTURE),
    ):
        change()
        assert etag() != before
        before = etag()


def test_same_numbers_are_drawn_once(client):
    full_pair()
    for _ in range(3):
        client.get(PAIR)
        client.get(TOOL)
    Tool.objects.update(tagline="Another")
    client.get(PAIR)
    assert share_image.draw_pair_image.cache_info().misses == 1
    assert share_image.draw_tool_image.cache_info().misses == 1
    assert share_image.draw_pair_image.cache_info().maxsize == 64


@pytest.mark.parametrize("things", [1, 3])
@pytest.mark.parametrize(("url", "queries"), [(PAIR, 3), (TOOL, 1)])
def test_queries(client, django_assert_num_queries, things, url, queries):
    full_pair(things)
    with django_assert_num_queries(queries):
        client.get(url)


def test_other_addresses_redirect_to_the_canonical_image(client):
    full_pair()
    for address, target in {
        "/og/compare/alpha-vs-beta.png": PAIR,
        "/og/compare/alpha-vs-alpha.png": TOOL,
    }.items():
        response = client.get(address)
        assert (response.status_code, response.url) == (301, target)
    Tool.objects.filter(slug="alpha").update(slug="gamma")
    assert client.get(PAIR).url == "/og/compare/beta-vs-gamma.png"
    assert client.get("/og/compare/alpha-vs-gamma.png").url == "/og/tools/gamma.png"
    assert client.get(TOOL).url == "/og/tools/gamma.png"


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_unpublished_tool_has_no_image(client, fields):
    make.tool(slug="alpha")
    hidden = make.tool(slug="beta", **fields)
    make.comparison(first=hidden, second=Tool.objects.get(slug="alpha"))
    for address, nowhere in {
        PAIR: "/og/compare/nothing-vs-alpha.png",
        "/og/tools/beta.png": "/og/tools/nothing.png",
    }.items():
        answer, unknown = client.get(address), client.get(nowhere)
        assert (answer.status_code, answer.content) == (404, unknown.content)


def test_unpublished_comparison_changes_no_image(client):
    make.tool(slug="alpha"), make.tool(slug="beta")
    make.comparison(
        first=Tool.objects.get(slug="beta"), second=Tool.objects.get(slug="alpha"), published_at=make.FUTURE
    )
    assert client.get(PAIR).url == "/og/compare/alpha-vs-beta.png"


@pytest.mark.parametrize("url", [PAIR, TOOL])
def test_images_reject_post(url):
    full_pair()
    assert Client().post(url).status_code == 405


@pytest.mark.parametrize(
    "url", ["/og/compare/a.png", "/og/compare/a-vs-b-vs-c.png", "/og/tools/A.png", "/og/tools/.png"]
)
def test_invalid_addresses_return_404(client, url):
    assert client.get(url).status_code == 404


def test_icon_is_at_the_path_that_browsers_request(client):
    response = client.get("/favicon.ico")
    assert response.headers["Content-Type"] == "image/x-icon"
    assert Image.open(BytesIO(response.content)).size == (32, 32)


@pytest.mark.parametrize(
    ("name", "size"), [("icon-192", 192), ("icon-512", 512), ("icon-maskable-512", 512), ("apple-touch-icon", 180)]
)
def test_icons_have_the_size_in_their_name(settings, name, size):
    with Image.open(settings.BASE_DIR / "static" / "img" / f"{name}.png") as image:
        assert image.size == (size, size)


# -- What is drawn ------------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def find_ink(content: bytes) -> Image.Image:
    """Return an image that is black exactly where the paper is bare."""
    image = open_image(content).convert("RGB")
    return (
        ImageChops.difference(image, Image.new("RGB", image.size, "#fbf8f2"))
        .convert("L")
        .point(lambda level: level and 255)
    )


@given(names, names)
@example("\x00\x07\u202e\ufffe", "   ")
@example("Z" + "\u0336\u0321" * 140, "\u0301" * 300)
@example("क्षत्रिय" * 30, "مساعد البرمجة الذكي (Pro) 3.5 " * 9)
@example("👩\u200d💻\ufe0f" * 60, "\u200d" * 300)
@example("ﷺ" * 100, "W" * 300)
@example("𒀀" * 300, "ស្ត្រី" * 40)
def test_any_name_is_drawn_within_the_margins(first, second):
    for content in (
        share_image.draw_pair_image("Shipside", make_side(first), make_side(second)),
        share_image.draw_tool_image("Shipside", make_side(first), has_made_up_votes=True),
    ):
        marks = find_ink(content)
        left, top, right, bottom = marks.getbbox()
        assert left >= MARGIN - 4
        assert right <= SIZE[0] - MARGIN + 4
        assert top >= 40
        assert bottom <= SIZE[1] - 40
        # Between the names and the rule, and between the site's name and theirs, the paper is bare.
        assert marks.crop((0, RULE_TOP - 13, 550, RULE_TOP)).getbbox() is None
        assert marks.crop((0, 96, SIZE[0], RULE_TOP - 14 - NAME_HEIGHT)).getbbox() is None


@given(names)
@example("👩" + "\u200d💻" * 149)
@example("𒀀W" * 150)
def test_lines_fit_their_box(name):
    fit = lettering.fit_text(name, width=488, height=232, sizes=share_image.NAME_SIZES)
    assert all(lettering.measure_line(line, fit.size) <= 488 for line in fit.lines)
    assert 1 <= len(fit.lines) <= 5


@given(st.text(max_size=50))
def test_broken_text_keeps_its_letters(text):
    text = lettering.keep_drawable(text)
    pieces = [piece for piece, _ in lettering._order_visually(text, lettering._find_base(text))]
    assert sorted("".join(pieces)) == sorted(text)


def test_names_that_differ_look_different():
    assert (
        len(
            {
                share_image.draw_tool_image("S", make_side(name))
                for name in ("Alpha", "Beta", "通义", "人工", "🚀", "💥", "مساعد")
            }
        )
        == 7
    )


def test_each_script_has_a_font():
    for text in (
        "Łódź Ωμέγα Яндекс",
        "通义千问",
        "ソフト",
        "한국어",
        "مساعد",
        "עברית",
        "हिन्दी",
        "বাংলা",
        "தமிழ்",
        "ไทย",
        "ქართული",
        "🚀",
    ):
        assert lettering.keep_drawable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\tc\n d", "a b c d"),
        ("x\u202egnp.exe", "xgnp.exe"),
        ("𒀀𒀁𒀂𒀃𒀄 ok", "··· ok"),
        ("❤\ufe0f", "❤"),
        ("e\u0301", "é"),
        ("\u0301\u0301", ""),
        ("a" + "\u0336" * 50, "a"),
    ],
)
def test_undrawable_characters_are_removed(text, shown):
    assert lettering.keep_drawable(text) == shown


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("abc 12", [("abc 12", False)]),
        ("אבג", [("אבג", True)]),
        ("abc אבג def", [("abc ", False), ("אבג", True), (" def", False)]),
        ("אבג abc דה", [(" דה", True), ("abc", False), ("אבג ", True)]),
        ("אבג 3.5", [("3.5", False), ("אבג ", True)]),
        ("GPT אבג 4", [("GPT ", False), ("4", False), ("אבג ", True)]),
    ],
)
def test_directions_are_distinguished(text, pieces):
    assert lettering._order_visually(text, lettering._find_base(text)) == pieces


def test_without_shaping_letters_are_in_the_right_order(monkeypatch):
    monkeypatch.setattr(lettering, "_HAS_RAQM", False)
    assert lettering._reorder("אב(ג", right_to_left=True) == "ג)בא"
    open_image(share_image.draw_pair_image("Unshaped", make_side("مساعد (Pro)"), make_side("हिन्दी 👩\u200d💻")))


@pytest.mark.parametrize("verdicts", ["", "+", "-" * 5, "+" * 12, "+-" * 50])
def test_any_number_of_seats_is_drawn(verdicts):
    left, _, right, _ = find_ink(
        share_image.draw_pair_image("Shipside", make_side("A", verdicts), make_side("B", verdicts))
    ).getbbox()
    assert (left >= MARGIN - 4, right <= SIZE[0] - MARGIN + 4) == (True, True)


def test_long_words_are_smaller():
    numbers = ImageSide(
        "A", "100%", "123,456 of 123,456 ship", (), "100%", "123,456,789,123 votes, and some more words"
    )
    for has_made_up_votes in (False, True):
        image = share_image.draw_pair_image("S" * 300, numbers, numbers, has_made_up_votes=has_made_up_votes)
        ink = find_ink(image)
        assert ink.getbbox()[2] <= SIZE[0] - MARGIN + 4
        # The note stands at the right of the site's name, and bare paper between them.
        assert (ink.crop((832, 40, 864, 96)).getbbox() is None) == has_made_up_votes
