"""Composing an issue from the site's data: what is new since the last one, and nothing private."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from newsletter import composing
from newsletter.composing import Gain
from newsletter.content import NewsItem, parse_items, select_public
from newsletter.issuing import IssueActionError, compose_issue, edit, make_ready, start
from newsletter.messages import Links, build_issue_message
from newsletter.models import Issue, IssueState
from tests import factories as make
from tests.comparisons.contents import SECRET, add_hidden_content, make_site
from tools.models import Fact
from votes.models import Freeze

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BEFORE = make.PAST - DAY


def list_items(issue: Issue) -> list[tuple[str, str]]:
    return [(item.kind, item.title) for item in parse_items(issue.content)]


def test_issue_contains_news_and_nothing_private():
    pair = make_site()
    add_hidden_content(pair)
    judged = pair.first.reviews.order_by("pk").first().predictions.get()
    judged.outcome, judged.note, judged.judged_on = "wrong", "It *did not* happen.", make.PAST.date()
    judged.save()
    new = make.comparison(first=pair.first, second=make.tool(name="Third", category=make.category(name="Other")))
    issue = compose_issue(since=BEFORE)
    seat = pair.first.reviews.order_by("pk").first().reviewer
    assert list_items(issue) == [
        ("comparison", "Alpha 0 vs Third"),
        ("comparison", "Alpha 0 vs Beta 0"),
        ("flip", f"{seat.name} now skips Alpha 0"),
        ("prediction", f"{seat.name} on Alpha 0: wrong"),
        ("split", "Alpha 0 vs Beta 0"),
        ("watch", "Alpha 0"),
    ]
    third, comparison, flip, prediction, split, watch = parse_items(issue.content)
    assert SECRET not in str(issue.content)
    assert third.category_ids == (pair.first.category_id, new.second.category_id)
    assert comparison.words == ("Beta 0 leads the panel, 1 to 0.", f"{seat.name} ships Beta 0 and skips Alpha 0.")
    assert flip.words == (f"“Gist of {seat.name}.”", "Before, since Jan 5, 2026: ship.")
    assert prediction.words == (f"“{judged.claim}”", "Due Jan 3, 2036.", "It did not happen.")
    assert split.words == (f"{seat.name} ships only Beta 0.",)
    assert watch.words == ("Twelve new votes, more than on any other tool. 58% ship of 12 votes, early: 32–81%.",)
    assert issue.subject == "Alpha 0 or Beta 0? Beta 0 leads the panel, 1 to 0."
    assert [side.panel.words for side in comparison.sides] == ["0 of 1 ship", "1 of 1 ship"]
    assert ([side.name for side in watch.sides], split.sides) == (["Alpha 0"], comparison.sides)
    assert (flip.outcomes, prediction.outcomes) == (("ship", "skip"), ("wrong",))
    assert select_public(parse_items(issue.content)) == parse_items(issue.content)


def test_composing_query_count_is_constant(django_assert_num_queries):
    make_site()
    with django_assert_num_queries(26):
        composing.compose_items(since=BEFORE, at=timezone.now())
    for_three = make.comparison(first=make.tool(), second=make.tool())
    make.comparison(first=for_three.first)
    with django_assert_num_queries(26):
        assert len(composing.compose_items(since=BEFORE, at=timezone.now())) == 6


def test_news_appears_in_one_issue_only():
    pair = make_site()
    judged = pair.first.reviews.order_by("pk").first().predictions.get()
    judged.outcome, judged.judged_on = "right", timezone.now().date()
    judged.save()
    first = compose_issue(since=BEFORE)
    first.state, first.started_at = IssueState.SENT, timezone.now()
    first.save()
    # A judgment of today is new for issues from today on, but the first issue already has it, and the split.
    assert compose_issue() is None
    make.comparison(first=pair.first, second=make.tool(name="New"), published_at=timezone.now())
    second = compose_issue()
    assert (second.number, second.since_at) == (first.number + 1, first.composed_at)
    assert list_items(second) == [("comparison", "Alpha 0 vs New")]


def test_comparison_is_new_when_its_second_tool_is_published():
    make.comparison(second=make.tool(published_at=make.PAST + 3 * DAY), published_at=make.PAST)
    assert len(compose_issue(since=make.PAST + DAY).content) == 1
    assert composing.compose_items(since=make.PAST + 4 * DAY, at=timezone.now()) == []


# -- What comes late ----------------------------------------------------------------------------------------


def send_first_issue(*items: NewsItem) -> Issue:
    """Create an issue that was composed and sent at this moment."""
    return make.issue(*items, state=IssueState.SENT, started_at=timezone.now(), composed_at=timezone.now())


@pytest.fixture
def clock(time_machine):
    """A clock that stands still, a day after everything that a test has created so far."""
    time_machine.move_to("2026-03-01T12:00Z", tick=False)
    return time_machine


def test_what_the_site_began_with_is_not_news(clock):
    make.comparison(published_at=make.PAST)
    assert compose_issue() is None


def test_comparison_imported_with_an_earlier_time_is_news_once(clock):
    first, second = make.tool(name="Alpha"), make.tool(name="Beta")
    make.comparison(first=first, second=make.tool(name="Old"))
    clock.shift(DAY)
    send_first_issue()
    clock.shift(DAY)
    make.comparison(first=first, second=second, published_at=make.PAST)
    issue = compose_issue()
    assert list_items(issue)[:1] == [("comparison", "Alpha vs Beta")]
    issue.state, issue.started_at = IssueState.SENT, timezone.now()
    issue.save()
    clock.shift(DAY)
    assert compose_issue() is None


def test_comparison_put_back_is_news_unless_it_was_told(clock):
    told, untold = make.comparison(), make.comparison(first=make.tool(name="Alpha"), second=make.tool(name="Beta"))
    for comparison in (told, untold):
        comparison.withdraw()
    clock.shift(DAY)
    send_first_issue(NewsItem("comparison", told.pk, "", (), "", "", ()))
    clock.shift(DAY)
    for comparison in (told, untold):
        comparison.put_back()
    assert [item for item in list_items(compose_issue()) if item[0] == "comparison"] == [
        ("comparison", "Alpha vs Beta")
    ]


def test_comparison_whose_tool_is_put_back_is_news(clock):
    comparison = make.comparison(first=make.tool(name="Alpha"), second=make.tool(name="Beta"))
    comparison.second.withdraw()
    clock.shift(DAY)
    send_first_issue()
    clock.shift(DAY)
    comparison.second.put_back()
    assert list_items(compose_issue())[:1] == [("comparison", "Alpha vs Beta")]


def test_comparison_committed_after_the_issue_it_missed_is_news(clock):
    first, second = make.tool(name="Alpha"), make.tool(name="Beta")
    clock.shift(DAY)
    make.comparison(first=first, second=second, published_at=timezone.now())  # in a transaction that takes ten minutes
    clock.shift(timedelta(minutes=10))
    send_first_issue()
    clock.shift(DAY)
    assert list_items(compose_issue())[:1] == [("comparison", "Alpha vs Beta")]


def test_flip_and_judgment_imported_late_are_news(clock):
    review = make.review(of=make.tool(name="Alpha"), by=make.reviewer(name="Seat"))
    clock.shift(DAY)
    send_first_issue()
    clock.shift(DAY)
    later = make.later_edition(of=review, published_at=make.PAST + DAY)
    make.prediction(of=later, outcome="right", judged_on=make.PAST.date() + 2 * DAY)
    assert [item for item in list_items(compose_issue()) if item[0] != "watch"] == [
        ("flip", "Seat now skips Alpha"),
        ("prediction", "Seat on Alpha: right"),
    ]


def test_price_change_is_news_once_and_a_correction_never(time_machine):
    acme = make.tool(name="Acme", slug="acme")
    usual = {"kind": "paid", "currency": "USD", "period": "month"}
    prices = [make.plan(of=acme, name=name, amount=20, **usual) for name in ("Pro", "Team", "Solo")]
    make.plan(of=acme, name="New", added_at=make.PAST + DAY)
    time_machine.move_to(make.PAST + 3 * DAY, tick=False)
    prices[0].supersede(amount=25)
    prices[1].supersede(amount=30, correction=True)
    prices[2].retire()
    make.plan(of=make.tool(published_at=None), name="Hidden", superseded_at=timezone.now())
    time_machine.move_to(make.PAST + 4 * DAY, tick=False)
    issue = compose_issue(since=make.PAST + 2 * DAY)
    assert list_items(issue) == [
        ("price", "Acme, Solo: $20/mo → no longer offered"),
        ("price", "Acme, Pro: $20/mo → $25/mo"),
    ]
    _, pro = parse_items(issue.content)
    assert (pro.words, pro.path, pro.category_ids) == (
        ("Since Jan 8, 2026, +25%.",), "/tools/acme/#pricing", (acme.category_id,),
    )  # fmt: skip
    assert issue.subject == "Acme, Solo: $20/mo → no longer offered, and one more change"
    issue.state, issue.started_at = IssueState.SENT, timezone.now()
    issue.save()
    assert compose_issue() is None
    acme.withdraw()
    assert select_public(parse_items(issue.content)) == []


def test_fact_change_is_news_once_and_neither_text_nor_a_correction_ever(client, time_machine):
    acme = make.tool(name="Acme", slug="acme")
    facts = {
        name: make.fact(of=acme, attribute=make.attribute(name=name, kind=kind, unit=unit), value=value)
        for name, kind, unit, value in (
            ("Context", "number", "tokens", "8000"),
            ("Hosting", "grade", "", "yes"),
            ("Offline", "grade", "", "yes"),
            ("Maker", "text", "", "Ada"),
        )
    }
    time_machine.move_to(make.PAST + 3 * DAY, tick=False)
    facts["Context"].supersede(value="128000")
    facts["Hosting"].retire()
    facts["Offline"].supersede(value="no", correction=True)
    facts["Maker"].supersede(value="Eve")
    make.fact(of=make.tool(published_at=None), attribute=facts["Context"].attribute, value="1").supersede(value="2")
    time_machine.move_to(make.PAST + 4 * DAY, tick=False)
    issue = compose_issue(since=make.PAST + 2 * DAY)
    assert list_items(issue) == [
        ("fact", "Acme, Hosting: Yes → no longer stated"),
        ("fact", "Acme, Context: 8,000 tokens → 128,000 tokens"),
    ]
    _, context = parse_items(issue.content)
    assert (context.words, context.path, context.category_ids) == (
        ("Since Jan 8, 2026.",), "/tools/acme/#facts", (acme.category_id,),
    )  # fmt: skip
    assert issue.subject == "Acme, Hosting: Yes → no longer stated, and one more change"
    issue.state, issue.started_at = IssueState.SENT, timezone.now()
    issue.save()
    assert compose_issue() is None
    message = build_issue_message(issue, Links(unsubscribe="https://a.example/", preferences="https://b.example/"))
    forms = [message.html, message.text, client.get("/newsletter/1/").text, client.get("/feeds/newsletter.xml").text]
    for form in forms:
        assert "Facts that changed" in form
        assert "Acme, Context: 8,000 tokens → 128,000 tokens" in form.replace("\u2068", "").replace("\u2069", "")
    Fact.objects.filter(attribute=facts["Context"].attribute, value="8000").update(correction=True)
    public = select_public(parse_items(issue.content))
    assert [item.title for item in public] == ["Acme, Hosting: Yes → no longer stated"]
    acme.withdraw()
    assert select_public(parse_items(issue.content)) == []


def test_edit_of_something_old_is_not_news(clock):
    comparison = make.comparison()
    clock.shift(DAY)
    send_first_issue()
    clock.shift(DAY)
    comparison.introduction = "New words."
    comparison.save()
    assert compose_issue() is None


def test_row_without_history_is_judged_by_its_times(clock):
    comparison = make.comparison()
    for model in (type(comparison), type(comparison.first)):
        model.history.model.objects.all().delete()
    clock.shift(DAY)
    send_first_issue()
    clock.shift(DAY)
    assert compose_issue() is None


# -- The rest of an issue -----------------------------------------------------------------------------------


def test_votes_alone_do_not_make_an_issue():
    make_site()
    assert compose_issue(since=make.PAST + 30 * DAY) is None
    assert Issue.objects.count() == 0


def test_first_issue_looks_back_a_week():
    make.comparison(published_at=timezone.now() - 6 * DAY)
    make.comparison(published_at=timezone.now() - 8 * DAY)
    assert len([kind for kind, _ in list_items(compose_issue()) if kind == "comparison"]) == 1


def test_composing_again_replaces_the_draft_and_keeps_its_lead():
    make.comparison()
    draft = compose_issue(since=BEFORE)
    draft.lead = "Hello."
    draft.save()
    make.comparison()
    again = compose_issue(since=BEFORE)
    assert (again.pk, again.number, again.lead, len(again.content)) == (draft.pk, 1, "Hello.", 2)


def test_no_issue_is_composed_while_one_is_ready():
    make.comparison()
    issue = compose_issue(since=BEFORE)
    issue.state = IssueState.READY
    issue.save()
    with pytest.raises(IssueActionError, match="Issue 1 is ready to be sent"):
        compose_issue()
    with pytest.raises(CommandError, match="Issue 1 is ready to be sent"):
        call_command("compose_issue")


def test_withdrawn_content_is_not_public():
    pair = make_site()
    items = parse_items(compose_issue(since=BEFORE).content)
    pair.second.withdraw()
    assert [item.kind for item in select_public(items)] == ["flip", "watch"]
    pair.first.withdraw()
    assert select_public(items) == []


def find_gain(**window) -> Gain | None:
    return composing.find_tool_to_watch(**{"since": BEFORE, "at": timezone.now(), **window})


def test_tool_to_watch_gained_most_from_pair_votes():
    alpha, beta, gamma = (make.tool(name=name) for name in ("Alpha", "Beta", "Gamma"))
    make.votes(on=gamma, ship=30)
    make.pair_votes(between=(alpha, beta), first=2, second=6, neither=9)
    make.pair_votes(between=(gamma, beta), first=3, second=4)
    assert find_gain() == Gain(beta.pk, votes=15, chosen=10)
    make.comparison(first=alpha, second=gamma)
    *_, watch = parse_items(compose_issue(since=BEFORE).content)
    assert (watch.kind, watch.title) == ("watch", "Beta")
    assert watch.words == ("Chosen in ten of 15 new pair votes; no tool gained more. No votes yet.",)


def test_tool_to_watch_ignores_uncounted_old_and_unpublished_pair_votes():
    alpha, beta, secret = make.tool(), make.tool(), make.tool(published_at=None)
    for fields in (
        {"state": "held", "held_for": "pair"},
        {"state": "rejected"},
        {"choice": "none"},
        {"created_at": BEFORE},
    ):
        make.pair_votes(between=(alpha, beta), second=9, **fields)
    make.pair_votes(between=(alpha, secret), second=9)
    make.pair_votes(between=(secret, beta), second=9)
    assert find_gain() is None
    make.pair_votes(between=(alpha, beta), first=18)  # as many as are in doubt
    assert find_gain() == Gain(alpha.pk, votes=18, chosen=18)


@pytest.mark.parametrize("between", [{"first": 4}, {"first": 5, "second": 5}, {}])
def test_tool_to_watch_falls_back_to_votes_without_enough_pair_votes(between):
    alpha, beta = make.tool(), make.tool()
    make.pair_votes(between=(alpha, beta), **between)
    make.votes(on=alpha, ship=9, state="held", held_for="tool")
    make.votes(on=alpha, ship=9, state="rejected", rejected_for="flood")
    make.votes(on=alpha, ship=1)
    make.votes(on=beta, skip=2)
    assert find_gain() == Gain(beta.pk, votes=2)
    assert find_gain().words == "Two new votes, more than on any other tool."


DOUBTS = {
    "held": lambda tool: make.votes(on=tool, ship=13, state="held", held_for="burst"),
    "rejected": lambda tool: make.votes(on=tool, ship=13, state="rejected", rejected_for="flood"),
    "on a pair": lambda tool: make.pair_votes(between=(tool, make.tool()), first=13, state="held", held_for="pair"),
    "frozen": lambda tool: Freeze.objects.create(tool=tool),
}


@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS)
def test_tool_to_watch_has_no_votes_in_doubt(doubt):
    flooded, other = make.tool(), make.tool()
    make.votes(on=flooded, ship=12)
    make.votes(on=other, ship=2)
    assert find_gain() == Gain(flooded.pk, votes=12)
    doubt(flooded)
    assert find_gain() == Gain(other.pk, votes=2)


def test_tool_to_watch_keeps_its_place_in_spite_of_few_rejected_and_of_old_floods():
    tool = make.tool()
    make.votes(on=tool, ship=12)
    make.votes(on=tool, ship=12, state="rejected", rejected_for="duplicate")
    make.votes(on=tool, ship=90, state="rejected", rejected_for="flood", created_at=BEFORE)
    assert find_gain() == Gain(tool.pk, votes=12)


def test_tool_to_watch_is_left_out_if_its_votes_are_in_doubt_when_the_issue_is_sent():
    pair = make_site()
    make.votes(on=pair.first, ship=5)
    issue = compose_issue(since=BEFORE)
    assert [item.object for item in parse_items(issue.content) if item.kind == "watch"] == [pair.first.pk]
    make_ready(issue=issue)
    Freeze.objects.create(tool=pair.first)
    start(issue=issue)
    issue.refresh_from_db()
    assert "watch" not in [item.kind for item in parse_items(issue.content)]


def test_composing_again_keeps_a_subject_that_an_editor_wrote():
    make_site()
    issue = compose_issue(since=BEFORE)
    composed = issue.subject
    edit(issue=issue, subject="Mine", lead="My lead.")
    assert (compose_issue(since=BEFORE).subject, composed != "Mine") == ("Mine", True)
    edit(issue=issue, subject=composed, lead="My lead.")
    new = make.comparison(first=make.tool(name="Aa"), second=make.tool(name="Bb"), published_at=timezone.now())
    for tool in (new.first, new.second):
        make.review(of=tool, by=make.reviewer())
    again = compose_issue(since=BEFORE)
    assert (again.subject != composed, again.lead) == (True, "My lead.")


def test_command_reports_what_it_did(capsys):
    call_command("compose_issue")
    assert capsys.readouterr().out == "Nothing is new, so there is no issue.\n"
    make.comparison(first=make.tool(name="Aa"), second=make.tool(name="Bb"))
    call_command("compose_issue", since="2026-01-01")
    assert capsys.readouterr().out == (
        "Issue 1: Aa vs Bb\n  comparison: Aa vs Bb\n"
        "It is a draft. Write its lead, preview it, and send it at the desk.\n"
    )
    for day in ("yesterday", "2026-13-01"):
        with pytest.raises(CommandError, match="takes a day such as"):
            call_command("compose_issue", since=day)
