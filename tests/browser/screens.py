"""Looking at one loaded page on several screens: widths and color schemes change in place, without another load."""

from collections.abc import Iterable

from playwright.sync_api import Page

from tests.browser.axe import find_violations

WIDTHS = (1440, 768, 360, 320)  # CSS pixels


def set_screen(page: Page, *, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})


def find_too_wide(page: Page, widths: Iterable[int] = WIDTHS) -> list[str]:
    """Return a complaint for each width at which the page scrolls sideways."""
    complaints = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            complaints.append(f"{page.url} is wider than {width}")
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
