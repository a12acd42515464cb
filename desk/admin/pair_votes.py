"""Moderating votes between two tools."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse

from desk.admin.held_votes import HeldVotesAdmin
from desk.permissions import tools_to_moderate
from votes.models import PairTally, PairVote
from votes.preference import Preference
from votes.subjects import Subject

PAIRS_PER_PAGE = 50


@admin.register(PairVote)
class PairVoteAdmin(HeldVotesAdmin):
    """Held votes by pair, and those on one pair by hour and network."""

    noun = "pair"
    route = "<int:first_id>/<int:second_id>/"
    template = "desk/pair_votes.html"

    def list_subjects(self, request: HttpRequest) -> HttpResponse:
        """Show the pairs with held votes, the most first."""
        self.require(request)
        visible = tools_to_moderate(request.user)
        tallies = PairTally.objects.with_held_votes().filter(first__in=visible, second__in=visible)
        tallies = tallies.select_related("first", "second")
        page = Paginator(tallies, PAIRS_PER_PAGE).get_page(request.GET.get("page"))
        return self.render(request, "desk/pair_votes_queue.html", title="Held pair votes", page=page)

    def get_subject(self, request: HttpRequest, **ids: int) -> Subject:
        """Return the pair; the URL must have the two ids in order. Raise Http404."""
        first_id, second_id = ids["first_id"], ids["second_id"]
        tools = tools_to_moderate(request.user).in_bulk([first_id, second_id]) if first_id < second_id else {}
        if len(tools) < 2:
            raise Http404
        return Subject.of_pair(tools[first_id], tools[second_id])

    def get_page_context(self, request: HttpRequest, subject: Subject) -> dict[str, object]:
        first, second = subject.tools
        return {
            "title": f"Pair votes on {subject.name}",
            "first": first,
            "second": second,
            "preference": Preference.of(PairTally.objects.read_numbers(shown=(first, second))),
            "choices": [first.name, second.name, "Neither"],
        }
