"""A page from memory is never stale, regardless of what changed and which process answers."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comparisons.models import Comparison
from comparisons.reading import popularity
from comparisons.reading.revision import EVERYTHING
from reviews.choices import Outcome
from reviews.models import Prediction, Reviewer
from tests import factories as make
from tests.comparisons.test_pair_page import full_pair
from tests.web.test_pages import KINDS
from tests.wsgi import Answer, SiteServer
from tools.models import Attribute, Category, LiveRevision, Tool
from votes import made_up
from votes.models import Freeze, PairVote, Vote
from votes.ranking import rank_pairs
from web import pages
from web.caching import clear_process_caches
from web.pages import PageMemory

PAIR = "/compare/beta-vs-alpha/"
OF_ONE = [
    "/categories/things/", "/reviewers/skeptic/", "/feeds/categories/things.xml", "/sitemaps/tools-1.xml",
    "/sitemaps/comparisons-1.xml",
]  # fmt: skip
PATHS = [*KINDS, *OF_ONE]


class Site:
    """Two processes of one site."""

    def __init__(self) -> None:
        pair = full_pair(1)
        self.alpha, self.beta, self.pair = pair.second, pair.first, pair
        Category.objects.filter(pk=self.alpha.category_id).update(slug="things")
        Reviewer.objects.filter(reviews__tool=self.alpha).update(slug="skeptic")
        self.server = SiteServer()
        self.memories = PageMemory(), PageMemory()

    def ask(self, path: str, *, process: int | None) -> Answer:
        """Let one of the processes answer; None is one that has just started."""
        if process is None:
            clear_process_caches()
        pages.memory = PageMemory() if process is None else self.memories[process]
        answer = self.server.ask(path)
        del answer.headers["X-Request-ID"]
        return answer


def edit(site: Site) -> None:
    Tool.objects.filter(pk=site.alpha.pk).update(tagline=f"Edited at {timezone.now()}")


def rename(site: Site) -> None:
    site.beta.refresh_from_db()
    Tool.objects.filter(pk=site.beta.pk).update(name=f"Beta {len(site.beta.name)}")


def move(site: Site) -> None:
    site.alpha.refresh_from_db()
    Tool.objects.filter(pk=site.alpha.pk).update(slug="omega" if site.alpha.slug == "alpha" else "alpha")


def withdraw_or_put_back(site: Site) -> None:
    site.alpha.refresh_from_db()
    site.alpha.put_back() if site.alpha.withdrawn_at else site.alpha.withdraw()


def schedule(site: Site) -> None:
    soon = timezone.now() + timedelta(minutes=7)
    make.review(of=site.alpha, by=make.reviewer(), verdict="skip", published_at=soon)
    make.comparison(first=site.beta, published_at=soon + timedelta(minutes=7))


def age(site: Site) -> None:
    tomorrow = timezone.now().date() + timedelta(days=1)
    make.prediction(of=site.alpha.reviews.first(), due_on=tomorrow)
    make.fact(of=site.beta, verified_on=tomorrow - timedelta(days=91))


def vote(site: Site) -> None:
    make.votes(on=site.alpha, ship=1, skip=1)


def change_votes(site: Site) -> None:
    """Change votes in such a way that the sums stay the same."""
    ships = list(Vote.objects.filter(tool=site.alpha, choice="ship")[:1])
    skips = list(Vote.objects.filter(tool=site.alpha, choice="skip")[:1])
    Vote.objects.filter(pk__in=[one.pk for one in ships]).update(choice="skip")
    Vote.objects.filter(pk__in=[one.pk for one in skips]).update(choice="ship")


def hold(site: Site) -> None:
    Vote.objects.filter(tool=site.beta).update(state="held", held_for="burst")


def decide(site: Site) -> None:
    make.decision(on=site.beta)


def vote_between(site: Site) -> None:
    make.pair_votes(between=(site.beta, site.alpha), first=1)


def freeze(site: Site) -> None:
    if not Freeze.objects.filter(tool=site.beta).delete()[0]:
        Freeze.objects.create(tool=site.beta)


def make_votes_up(site: Site) -> None:
    if not Vote.objects.filter(visitor__range=(made_up.FIRST, made_up.LAST)).delete()[0]:
        Vote.objects.create(tool=site.beta, visitor=made_up.make_visitor(1), choice="ship")


def take_back(site: Site) -> None:
    PairVote.objects.all().update(choice="none")


def send_issue(site: Site) -> None:
    make.issue(state="sending")


def read_much(site: Site) -> None:
    """Let the comparisons with tools that reviews do not name be read, the least read one the most."""
    popularity.count_read(Comparison.objects.exclude(pk=site.pair.pk).order_by("reading__heat", "-pk")[0].pk)
    popularity.flush()


def rank(site: Site) -> None:
    make.pair_votes(between=(site.beta, site.alpha), second=200)
    make.pair_votes(between=(site.beta, Tool.objects.exclude(pk=site.alpha.pk).latest("pk")), first=200)
    rank_pairs()


def judge_again(site: Site) -> None:
    newest = site.alpha.reviews.latest("published_at", "pk")
    verdict = "skip" if newest.verdict == "ship" else "ship"
    make.later_edition(of=newest, verdict=verdict, published_at=timezone.now())


def rename_vocabulary(site: Site) -> None:
    """Rename what tools have in common."""
    Category.objects.update(name=Concat("name", Value("s")))
    Attribute.objects.update(name=Concat("name", Value("s")))
    Reviewer.objects.update(name=Concat("name", Value("s")))


def judge_prediction(site: Site) -> None:
    today = timezone.now().date()
    Prediction.objects.filter(outcome=Outcome.OPEN).update(outcome=Outcome.RIGHT, due_on=today, judged_on=today)


DEEDS: list[Callable[[Site], None]] = [
    edit, rename, move, withdraw_or_put_back, schedule, age, vote, change_votes, hold, vote_between, freeze,
    make_votes_up, take_back, send_issue, decide, read_much, rank, judge_again, rename_vocabulary, judge_prediction,
]  # fmt: skip
CLOCK = [timedelta(minutes=1), timedelta(minutes=8), timedelta(hours=13), -timedelta(minutes=9)]
SOME_PATHS = st.lists(st.sampled_from(PATHS), min_size=4, max_size=4, unique=True)
# Each is a deed, or by how much the clock moves, and the place of a path to look at after it.
SOME_STEPS = st.lists(st.tuples(st.sampled_from([*DEEDS, *CLOCK]), st.sampled_from(range(4))), min_size=8, max_size=14)


def check_each_step(
    site: Site, time_machine: Any, paths: list[str], steps: list[Any], processes: list[Callable[[str], Answer]]
) -> None:
    """Do one step after another. After each, every process must answer what a new one renders."""
    for step, place in steps:
        if isinstance(step, timedelta):
            time_machine.shift(step)
        else:
            step(site)
        for path in {paths[place], paths[0]}:
            answers = [ask(path) for ask in processes]
            assert answers == [site.ask(path, process=None)] * len(processes), (path, step)


@pytest.fixture(autouse=True)
def _restore_memory(monkeypatch: Any) -> None:
    monkeypatch.setattr(pages, "memory", pages.memory)
    monkeypatch.setattr(made_up, "FRESH_SECONDS", -1)


@pytest.mark.django_db
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(paths=SOME_PATHS, steps=SOME_STEPS)
def test_page_from_memory_is_what_a_new_process_renders(time_machine: Any, paths: list[str], steps: list[Any]) -> None:
    time_machine.move_to("2026-11-28 12:00Z")
    with transaction.atomic():
        site = Site()
        for path in paths * 2:
            site.ask(path, process=0), site.ask(path, process=1)
        check_each_step(site, time_machine, paths, steps, [partial(site.ask, process=process) for process in (0, 1)])
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize(("deed", "path"), [
    (edit, PAIR), (rename, "/tools/"), (move, "/tools/"), (withdraw_or_put_back, "/tools/"), (vote, PAIR),
    (vote, "/tools/alpha/badge.svg"), (change_votes, "/tools/alpha/votes/"), (hold, "/compare/beta-vs-alpha.json"),
    (vote_between, PAIR), (freeze, PAIR), (make_votes_up, "/disclosure/"), (take_back, PAIR),
    (send_issue, "/newsletter/"), (decide, "/moderation/"), (rank, "/categories/things/"),
    (judge_again, "/reviewers/skeptic/"), (rename_vocabulary, "/feeds/categories/things.xml"),
    (judge_prediction, "/predictions/"),
])  # fmt: skip
def test_deed_shows_at_once(deed: Callable[[Site], None], path: str) -> None:
    """What the property above relies on: these deeds change these pages, however they are written."""
    site = Site()
    make.votes(on=site.alpha, skip=1, created_at=timezone.now() - timedelta(days=1))
    make.pair_votes(between=(site.beta, site.alpha), first=1)
    before = [site.ask(path, process=process) for process in (0, 1)]
    assert len(site.memories[1]) == 1
    deed(site)
    after = [site.ask(path, process=process) for process in (0, 1)]
    assert after[0] == after[1] != before[1]


@pytest.mark.django_db(transaction=True)
def test_votes_at_once_wait_for_nobody_and_each_shows_when_it_is_committed() -> None:
    one, two = make.tool(), make.tool()
    before = pages.read(EVERYTHING)
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{name: parameters[name] for name in names if parameters.get(name)}) as other:
        other.execute("SET lock_timeout = '1s'")
        with transaction.atomic():
            make.votes(on=one, ship=1)
            other.execute(VOTE, [two.pk])  # it would wait for the other transaction if there were one number
        assert before.renew() is None
        between = pages.read(EVERYTHING)
        other.commit()
        assert between.renew() is None
    assert LiveRevision.objects.count() > 1


VOTE = """
INSERT INTO votes_vote (tool_id, visitor, choice, state, held_for, rejected_for, created_at, updated_at)
VALUES (%s, gen_random_uuid(), 'ship', 'counted', '', '', now(), now())
"""
