"""Random histories of casting, changing, withdrawing, holding, releasing, and rejecting votes match a simple model."""

import uuid

from django.db import transaction
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests import factories as make
from tests.votes.helpers import get_counts
from votes.deciding import decide, freeze, reopen
from votes.limits import check_limits
from votes.models import Action, Choice, Decision, Vote
from votes.subjects import Subject
from votes.verifying import verify_tally

PLACES = st.integers(0, 1)
PEOPLE = st.integers(0, 4)
CHOICES = st.sampled_from(Choice)
HOLDS = st.sampled_from(["", "", "tool", "burst"])


class VotesMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.tools = [make.tool(), make.tool()]
        self.people = [uuid.uuid4() for _ in range(5)]
        self.by = make.user()
        self.rows: dict[tuple[int, int], list[str]] = {}  # (tool, person): [choice, state]
        self.frozen: set[int] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def _record(self, place: int, person: int, choice: Choice, state: str) -> None:
        if (place, person) in self.rows:
            self.rows[place, person][0] = choice
        elif choice != Choice.NONE:
            self.rows[place, person] = [choice, state]

    @rule(place=PLACES, person=PEOPLE, choice=CHOICES, held_for=HOLDS)
    def cast(self, place, person, choice, held_for):
        result = Vote.objects.cast(
            tool=self.tools[place], visitor=self.people[person], choice=choice, held_for=held_for
        )
        self._record(place, person, choice, "held" if held_for else "counted")
        row = self.rows.get((place, person))
        assert result.state == (row[1] if row else None)

    @rule(place=PLACES, person=PEOPLE, choice=CHOICES)
    def cast_within_limits(self, place, person, choice):
        check = check_limits(
            subject=Subject.of_tool(self.tools[place]), visitor=self.people[person], sets=choice != Choice.NONE,
            address="192.0.2.1", at=timezone.now(),
        )  # fmt: skip
        is_new = (place, person) not in self.rows
        assert check.held_for == ("freeze" if is_new and place in self.frozen else "")
        self.cast(place, person, choice, check.held_for)

    @rule(place=PLACES, action=st.sampled_from([Action.RELEASE, Action.REJECT]))
    def decide(self, place, action):
        moved = decide(
            subject=Subject.of_tool(self.tools[place]), action=action, groups=None, until=timezone.now(),
            reason="other", words="Because.", by=self.by,
        )  # fmt: skip
        held = [row for (where, _), row in self.rows.items() if where == place and row[1] == "held"]
        for row in held:
            row[1] = "counted" if action == Action.RELEASE else "rejected"
        assert moved == len(held)

    @rule()
    def reopen_latest(self):
        decision = Decision.objects.filter(action__in=["release", "reject"]).first()
        if decision is None:
            return
        place = [tool.pk for tool in self.tools].index(decision.tool_id)
        votes = Vote.objects.filter(decision=decision.pk).exclude(state="held").values_list("visitor", flat=True)
        people = [self.people.index(visitor) for visitor in votes]
        subject = Subject.of_tool(self.tools[place])
        assert reopen(subject=subject, decision=decision, words="Again.", by=self.by) == len(people)
        for person in people:
            self.rows[place, person][1] = "held"

    @rule(place=PLACES, frozen=st.booleans())
    def freeze(self, place, frozen):
        changed = freeze(tool=self.tools[place], frozen=frozen, reason="other", words="Because.", by=self.by)
        assert changed == (frozen != (place in self.frozen))
        (self.frozen.add if frozen else self.frozen.discard)(place)

    @invariant()
    def numbers_match_the_model(self):
        for place, tool in enumerate(self.tools):
            rows = [row for (where, _), row in self.rows.items() if where == place and row[0] != "none"]
            assert get_counts(tool) == (
                rows.count(["ship", "counted"]),
                rows.count(["skip", "counted"]),
                sum(state == "held" for _, state in rows),
            )
        assert verify_tally() == []


def test_any_history_matches_the_model(db):
    run_state_machine_as_test(
        VotesMachine, settings=hypothesis_settings(max_examples=20, stateful_step_count=15, deadline=None)
    )
