"""The four seats that a new site can start with, added in one step. Afterwards they are edited like any other."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from desk.base import DeskAdmin
from desk.confirming import ask_to_confirm, is_confirmed
from desk.first_steps import tell_next_step
from reviews.models import Reviewer
from tools.models import ContentRevision

DISCLOSURE = "An editorial persona, not a person: the editors write what this seat says."
# Slug, name, lens, and bio, in the order of the seats.
SEATS = (
    (
        "builder",
        "The Builder",
        "Does it hold up in my stack?",
        "Judges with a terminal open: how it installs, what breaks first, what the second upgrade costs.",
    ),
    (
        "skeptic",
        "The Skeptic",
        "What are they not telling me?",
        "Reads the license before the landing page, and the footnotes before the benchmark.",
    ),
    (
        "futurist",
        "The Futurist",
        "What does this make normal in three years?",
        "Asks which bet a tool makes about the world, and puts dates on what it expects.",
    ),
    (
        "founder",
        "The Founder",
        "Who pays, and what keeps them paying?",
        "Thinks in budgets: whose card is charged, what is saved, what it costs to change one’s mind a year later.",
    ),
)


def seat_usual_panel() -> list[Reviewer]:
    """Add the four seats and return them; add nothing and return [] when a seat exists. Idempotent."""
    with transaction.atomic():
        ContentRevision.lock()
        if Reviewer.objects.exists():
            return []
        return [
            Reviewer.objects.create(slug=slug, name=name, lens=lens, bio=bio, disclosure=DISCLOSURE, seat=place)
            for place, (slug, name, lens, bio) in enumerate(SEATS, start=1)
        ]


class UsualPanel(DeskAdmin):
    """A ModelAdmin with a page that seats the usual panel of a site without seats, after asking."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.usual_view)
        return [path("usual/", view, name="reviews_reviewer_usual"), *super().get_urls()]

    def usual_view(self, request: HttpRequest) -> HttpResponse:
        """Ask on GET, seat the panel on POST."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        to_list = HttpResponseRedirect(reverse("admin:reviews_reviewer_changelist"))
        if is_confirmed(request) and (seated := seat_usual_panel()):
            for reviewer in seated:
                self.log_addition(request, reviewer, [{"added": {}}])
            messages.success(request, f"{len(seated)} seats were added. Open one to edit its description.")
            tell_next_step(request, Reviewer)
            return to_list
        if Reviewer.objects.exists():
            messages.info(request, "The panel already has seats. Nothing was added.")
            return to_list
        return ask_to_confirm(
            request,
            self,
            title="Seat the panel",
            question="This adds four seats, each an editorial persona and disclosed as one. Names, lenses, and "
            "disclosures can be changed afterwards. For a panel of people, go back and add each reviewer.",
            yes="Yes, add these four seats",
            to_change=[f"{name}: {lens}" for _, name, lens, _ in SEATS],
            back=reverse("admin:reviews_reviewer_add"),
        )
