"""Looking at one loaded page on several screens: widths and color schemes change in place, without another load."""

from collections.abc import Iterable

from playwright.sync_api import Locator, Page

from tests.browser.axe import find_violations

WIDTHS = (1440, 768, 360, 320)  # CSS pixels


def set_screen(page: Page, *, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})


def follow(target: Locator) -> None:
    """Click what leads to another page, and wait until that page has loaded.

    A click alone returns before the server has answered. What waits for an element, as `expect` does, needs no more;
    what looks at the page as it is, such as its address or axe, would see the page before, or one without content.
    """
    target.wait_for()  # on the page where it is, should one lead there just now
    with target.page.expect_navigation():
        target.click()


def find_too_wide(page: Page, widths: Iterable[int] = WIDTHS) -> list[str]:
    """Return a complaint for each width at which the page scrolls sideways."""
    complaints = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            complaints.append(f"{page.url} is wider than {width}")
    return complaints


# Words of up to 14 letters and digits in a table that stand in two lines.
BROKEN_IN_TABLES = r"""() => {
    const broken = new Set(), range = new Range();
    for (const cell of document.querySelectorAll("th, td")) {
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            for (const {0: word, index} of texts.currentNode.data.matchAll(/[\p{L}\p{N}]+/gu)) {
                if (word.length > 14) continue;
                range.setStart(texts.currentNode, index);
                range.setEnd(texts.currentNode, index + word.length);
                const [first, ...others] = range.getClientRects();
                if (others.some(({top}) => top > first.top + first.height / 2)) broken.add(word);
            }
        }
    }
    return [...broken];
}"""


def find_words_broken_in_tables(page: Page) -> list[str]:
    """Return a complaint about words in tables that are broken in two."""
    words = page.evaluate(BROKEN_IN_TABLES)
    width = (page.viewport_size or {})["width"]
    return [f"{page.url} at {width}: broken words: {', '.join(words)}"] if words else []


# Texts in the very color of their ground, which axe leaves undecided because it may be on purpose.
INVISIBLE = r"""() => {
    const invisible = new Set(), texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const findGround = (element) => {
        for (; element; element = element.parentElement) {
            const {backgroundColor, backgroundImage} = getComputedStyle(element);
            if (backgroundImage !== "none") return "";
            if (!/^rgba|\/ /.test(backgroundColor)) return backgroundColor;
        }
        return "";
    };
    while (texts.nextNode()) {
        const {currentNode: text} = texts, {parentElement: parent} = text;
        if (!text.data.trim() || !parent.checkVisibility()) continue;
        if (parent.closest("option, script, style, .visually-hidden")) continue;
        if (getComputedStyle(parent).color === findGround(parent)) invisible.add(text.data.trim());
    }
    return [...invisible];
}"""


def find_invisible_texts(page: Page) -> list[str]:
    """Return a complaint about texts that have the color of what they are on."""
    texts = page.evaluate(INVISIBLE)
    return [f"{page.url}: invisible texts: {', '.join(texts)}"] if texts else []


# What every page keeps to on a phone: a low header, no small text, and at most one dash for a missing number on the
# first screen.
FAULTS = """() => {
    const faults = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = new Range();
    const header = document.querySelector(".top__row")?.getBoundingClientRect().height ?? 0;
    if (header > 56) faults.push(`a header of ${header} px`);
    let dashes = 0;
    while (texts.nextNode()) {
        const {currentNode: text} = texts, {parentElement: parent} = text;
        if (!text.data.trim() || !parent.checkVisibility() || parent.closest("math, .visually-hidden")) continue;
        const size = parseFloat(getComputedStyle(parent).fontSize);
        if (size < 14) faults.push(`text of ${size} px: ${text.data.trim()}`);
        range.selectNodeContents(text);
        if (range.getBoundingClientRect().top < innerHeight) dashes += text.data.split("—").length - 1;
    }
    if (dashes > 1) faults.push(`${dashes} dashes`);
    return faults;
}"""


def find_faults_on_a_phone(page: Page) -> list[str]:
    """Return a complaint for each fault of a page that was loaded at 360 px."""
    return [f"{page.url} has {fault}" for fault in page.evaluate(FAULTS)]


# Short words that stand on two lines. Names and addresses may break anywhere, so that none is too long for its place.
BROKEN_WORDS = r"""() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = new Range(), broken = [];
    while (texts.nextNode()) {
        const {currentNode: text} = texts, {parentElement: parent} = text;
        if (!parent.checkVisibility() || parent.closest("bdi, a, .visually-hidden, .checked")) continue;
        if (getComputedStyle(parent).hyphens === "auto" || parent.closest("thead")?.offsetWidth === 1) continue;
        for (const {0: word, index} of text.data.matchAll(/(?<!\S)[\p{L}\p{N}%$.,:;“”]{2,7}(?!\S)/gu)) {
            range.setStart(text, index);
            range.setEnd(text, index + word.length);
            const tops = [...range.getClientRects()].map((rect) => Math.round(rect.top));
            if (new Set(tops).size > 1) broken.push(word);
        }
    }
    return broken;
}"""


def find_faults_of_large_text(page: Page) -> list[str]:
    """Return a complaint for each fault that the page has on a phone with text at 200%."""
    page.set_viewport_size({"width": 360, "height": 900})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    complaints = [f"{page.url} breaks {word}" for word in page.evaluate(BROKEN_WORDS)]
    if (width := page.evaluate("document.documentElement.scrollWidth")) > 360:
        complaints.append(f"{page.url} with large text takes {width} px")
    page.evaluate("document.documentElement.style.fontSize = ''")
    return complaints


def find_violations_on(
    page: Page, screens: Iterable[tuple[int, str]], *, context: str | None = None, what: str = ""
) -> list[str]:
    """Return axe's report for each screen, a pair of width and color scheme, on which the page breaks a rule."""
    complaints = []
    for width, scheme in screens:
        set_screen(page, width=width, scheme=scheme)
        if report := find_violations(page, context=context):
            complaints.append(f"{what or page.url} ({width}, {scheme}): {report}")
    return complaints
