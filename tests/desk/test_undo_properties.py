"""Random imports and edits: undoing gives back exactly what nobody has touched since, and undoing that, all of it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from catalog.models import BulkChange
from desk.bulk_changes.undoing import undo_change
from tests.catalog.documents import document, fact, import_content, plan, tool
from tools.models import Fact, Plan, Tool

SLUGS = ("alpha", "beta", "gamma")  # public, a draft, and a draft that only some imports have
PARTS = ("tagline", "website", "Pro", "Max", "license")
LICENSES = ("MIT", "BSD", "GPL")

type Slots = dict[tuple[str, str], object]
"""What the site says, by tool and part: the amount of a plan, the value of a fact, or a field of the tool."""

values = st.sampled_from((0, 1, 2, None))  # None: the file does not mention it
wanted = st.fixed_dictionaries({(slug, part): values for slug in SLUGS for part in PARTS})
edits = st.sets(st.tuples(st.sampled_from(SLUGS), st.sampled_from(PARTS)), min_size=3, max_size=9)


def write_file(slots: dict[tuple[str, str], int | None], slugs: tuple[str, ...]) -> dict[str, Any]:
    return document(tools=[write_tool(slug, {part: slots[slug, part] for part in PARTS}) for slug in slugs])


def write_tool(slug: str, parts: dict[str, int | None]) -> dict[str, Any]:
    """Return a tool of a catalog file that mentions only the parts with a number."""
    known = {part: number for part, number in parts.items() if number is not None}
    written = tool(slug, published_at="2026-10-01T09:00:00Z" if slug == "alpha" else None)
    del written["tagline"], written["website"]
    written["plans"] = [plan(name=name, amount=10 + known[name]) for name in ("Pro", "Max") if name in known]
    written["facts"] = [fact(value=LICENSES[known["license"]])] if "license" in known else []
    words = {"tagline": "No. {}", "website": "https://example.com/{}/"}
    return written | {name: text.format(known[name]) for name, text in words.items() if name in known}


def read_slots() -> Slots:
    slots: Slots = {}
    for row in Tool.objects.all():
        slots |= {(row.slug, "tagline"): row.tagline, (row.slug, "website"): row.website}
    slots |= {(row.tool.slug, row.name): row.amount for row in Plan.objects.current().select_related("tool")}
    slots |= {(row.tool.slug, "license"): row.value for row in Fact.objects.current().select_related("tool")}
    return slots


def edit(slug: str, part: str) -> bool:
    """Change a part as the desk does, to a value that no import has. Return whether there was one."""
    row: Any = Tool.objects.filter(slug=slug).first()
    if row is None:
        return False
    if part in ("tagline", "website"):
        setattr(row, part, "https://edited.example/" if part == "website" else "Edited")
        row.save()
        return True
    parts: Any = row.facts.current() if part == "license" else row.plans.current().filter(name=part)
    found = parts.first()
    if found is None:
        return False
    changed = {"value": "Edited"} if part == "license" else {"amount": 99}
    if row.was_public:
        found.supersede(**changed)
    else:
        for name, value in changed.items():
            setattr(found, name, value)
        found.save()
    return True


def undo(change: BulkChange, user: User) -> BulkChange:
    seal = undo_change(change=change, by=user, dry_run=True).seal()
    report = undo_change(change=change, by=user, seal=seal)
    return BulkChange.objects.get(pk=report.change_id) if report.change_id else change


class UndoTest(TestCase):
    @settings(max_examples=8)
    @given(before=wanted, imported=wanted, adds_tool=st.booleans(), edited=edits)
    def test_undo_gives_back_what_nobody_touched(self, before, imported, adds_tool, edited):
        user = User.objects.create(username="ada", is_superuser=True)
        import_content(write_file(before, SLUGS if not adds_tool else SLUGS[:2]))
        at_first = read_slots()
        report = import_content(write_file(imported, SLUGS), by=user)
        after_import, seen = read_slots(), set(Plan.objects.filter(tool__slug="alpha").values_list("pk", flat=True))
        touched = {slot for slot in edited if edit(*slot)}
        after_edits = read_slots()
        if report.change_id is None:
            assert at_first == after_import
            return
        first = undo(BulkChange.objects.get(pk=report.change_id), user)
        whole = {slug for slug, _ in touched if (slug, "tagline") not in at_first}
        expected = {
            slot: after_edits[slot] if slot in touched or slot[0] in whole else at_first.get(slot)
            for slot in {*at_first, *after_edits}
        }
        assert read_slots() == {slot: value for slot, value in expected.items() if value is not None}
        assert seen <= set(Plan.objects.values_list("pk", flat=True))
        if first.kind == "undo":
            undo(first, user)
        assert read_slots() == after_edits
