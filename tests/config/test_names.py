"""Each name means one thing."""

import ast
from collections import Counter

from tests.environment import ROOT

PACKAGES = (
    "accounts", "bench", "catalog", "comparisons", "config", "desk", "handovers", "newsletter", "reviews", "tools",
    "votes", "web",
)  # fmt: skip
DJANGOS = {"Command", "Migration"}  # Django looks for these names
DJANGO_PACKAGES = {"commands", "management", "migrations", "templatetags"}  # named and laid out by Django


def test_no_two_classes_have_the_same_name():
    counts: Counter[str] = Counter()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            counts.update(node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef))
    assert counts.total() > 500
    assert {name for name, count in counts.items() if count > 1} <= DJANGOS


def test_each_package_says_what_lives_there():
    silent = {
        str(file.parent.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("__init__.py")
        if not DJANGO_PACKAGES & set(file.parts) and ast.get_docstring(ast.parse(file.read_text())) is None
    }
    assert silent == set()
