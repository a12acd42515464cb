"""Accessibility checks by axe. They are the most expensive thing that browser tests do."""

from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from django.conf import settings
from playwright.sync_api import Page

_FILE = "axe.js"  # among the static files of the tests

# axe then describes only the nodes that break a rule. It need not fetch style sheets again:
# no rule that is on by default reads them.
_OPTIONS = {
    "resultTypes": ["violations"],
    "preload": {"assets": ["media"]},
    "rules": {"td-has-header": {"enabled": True}},  # experimental in axe: cells of large tables have headers
}

# A third of axe's time went into parsing the few colors of a page for each of its elements.
_PARSE_COLORS_ONCE = """(() => {
    const color = axe.commons.color.Color.prototype, parse = color.parseString, parsed = new Map();
    color.parseString = function (text) {
        if (!parsed.has(text)) {
            const {r, g, b, alpha} = parse.call(this, text);
            parsed.set(text, {r, g, b, alpha});
        }
        return Object.assign(this, parsed.get(text));
    };
})()"""


RULES_OF_COLOR = ["color-contrast", "link-in-text-block"]  # all others answer the same in both color schemes


def write_axe(folder: Path) -> None:
    """Write axe for the pages of tests, which load it as a file of the site, so that the browser caches it."""
    (folder / _FILE).write_text(AXE_SCRIPT + _PARSE_COLORS_ONCE)


def find_violations(page: Page, *, context: str | None = None, rules: list[str] | None = None) -> str:
    """Return axe's report on the page as it is now, or "" if it breaks no rule.

    `context` is the selector of the part to check; `rules` are all that are on by default unless they are named. A
    document gets the script once, however often it is checked.
    """
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(url=settings.STATIC_URL + _FILE)
    violations = page.evaluate(
        "([context, options]) => axe.run(context ?? document, options).then(results => results.violations)",
        [context, _OPTIONS | ({"runOnly": rules} if rules else {})],
    )
    return AxeResults({"violations": violations}).generate_report() if violations else ""
