"""Every page of the desk by its name, with rows in the state in which each page has something to show."""

from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from handovers.actions import hand_over
from reviews.models import Review
from tests import factories as make
from tests.desk.pending import keep
from tests.desk.test_permissions import ARGUMENTS, OBJECTS, list_pages
from tools.models import Tool

LONG = "W" * 100
LONG_LINK = "https://example.org/" + "w" * 200

# What takes only forms, leads elsewhere, answers scripts, downloads, shows a mail, closes
# itself, or is refused to everybody. Everything else is a page, and a new page is checked by itself.
NO_PAGES = {
    "autocomplete", "bulk_change_go", "catalog_download", "catalog_example", "catalog_prices",
    "comparisons_comparison_check", "jsi18n", "login", "logout", "newsletter_delivery_add",
    "newsletter_delivery_delete", "newsletter_issue_act", "newsletter_issue_add", "newsletter_issue_compose",
    "newsletter_issue_duplicate", "newsletter_issue_frame", "newsletter_issue_html", "newsletter_issue_progress",
    "newsletter_issue_schedule", "newsletter_issue_test", "newsletter_issue_text", "newsletter_issue_write",
    "newsletter_outbox_add", "newsletter_outbox_delete", "newsletter_subscriber_add", "newsletter_suppression_add",
    "newsletter_worker_add", "newsletter_worker_delete", "password_change", "presence", "reviews_prediction_add",
    "reviews_prediction_restore", "search_hits", "session", "session_renewed", "tools_attribute_import_template",
    "tools_correction_delete", "tools_correction_restore", "tools_fact_add", "tools_fact_import_template",
    "tools_plan_add", "tools_plan_import_template", "tools_tool_as_of", "tools_tool_import_template",
    "tools_tool_markdown", "tools_tool_slug", "view_on_site", "votes_decision_add", "votes_decision_delete",
    "waiting_read",
}  # fmt: skip

PRICE = {"kind": "paid", "amount": 1250, "currency": "USD", "period": "month", "per_seat": True, "minimum_seats": 5}

# The state of the content that a page is for. All other pages get a draft.
_STATES = {
    "change": "published",
    "history": "published",
    "restore": "published",
    "copy_plans": "published",
    "unschedule": "scheduled",
    "withdraw": "published",
    "put_back": "withdrawn",
    "pending": "kept",
    "pending_edit": "kept",
}


class Desk:
    """Rows for every page, and the addresses of the pages."""

    def __init__(self, administrator: Client) -> None:
        self._rows: dict[tuple[str, str], Model] = {}
        self._make_content(administrator)
        draft, review = self._rows["tools_tool", "draft"], self._rows["reviews_review", "draft"]
        assert isinstance(draft, Tool)
        assert isinstance(review, Review)
        hand_over(content=review, by=make.user(), text=f"See {LONG_LINK}")
        others = {
            "accounts_user": make.user(username="u" * 120),
            "tools_category": make.category(name=LONG),
            "tools_attribute": make.attribute(name=LONG),
            "tools_plan": make.plan(of=draft, name=LONG, **PRICE),
            "tools_fact": make.fact(of=draft, value=LONG),
            "reviews_reviewer": make.reviewer(name=LONG),
            "reviews_prediction": make.prediction(of=review, claim=LONG),
            "newsletter_issue": make.issue(make.entry(object=1, title=LONG, words=(LONG,))),
        }
        self._rows |= {(kind, "draft"): row for kind, row in others.items()}

    def _make_content(self, administrator: Client) -> None:
        states = {
            "draft": {"published_at": None},
            "scheduled": {"published_at": make.FUTURE},
            "published": {},
            "withdrawn": {"withdrawn_at": timezone.now()},
            "kept": {},
        }
        for state, times in states.items():
            build = make.tool_with_every_kind_of_row if state == "published" else make.tool
            tool = build(name=f"{state.title()} {LONG}", **times)
            self._rows["tools_tool", state] = tool
            seat = make.reviewer(name=f"{state.title()} seat")
            self._rows["reviews_review", state] = make.review(of=make.tool(), by=seat, **times)
            self._rows["comparisons_comparison", state] = make.comparison(second=tool, **times)
        keep(administrator, self._rows["tools_tool", "kept"], tagline="New")
        keep(administrator, self._rows["comparisons_comparison", "kept"], introduction="New")

    def build_url(self, name: str) -> str:
        """Return the address of a page."""
        names = list_pages()[name]
        if names == ["extension"]:
            return reverse(f"admin:{name}", args=["csv"])
        if not {"object_id", "pk"} & set(names):
            return reverse(f"admin:{name}", kwargs=ARGUMENTS[name]() if name in ARGUMENTS else {})
        if name in ARGUMENTS and not name.startswith(("tools_", "newsletter_")):
            return reverse(f"admin:{name}", kwargs=ARGUMENTS[name]())
        row = self._find_row(name)
        given = {"object_id": row.pk, "pk": row.pk, "kind": row._meta.model_name, "key": "watch-1", "act": "ready"}
        if "version" in names:
            given["version"] = row.history.first().pk
        return reverse(f"admin:{name}", kwargs={one: given[one] for one in names})

    def _find_row(self, name: str) -> Model:
        kind = next(kind for kind in OBJECTS if name.startswith(f"{kind}_"))
        page = name.removeprefix(f"{kind}_")
        for state in (_STATES.get(page, "draft"), "draft"):
            if (kind, state) in self._rows:
                return self._rows[kind, state]
        return self._rows.setdefault((kind, "draft"), OBJECTS[kind]())
