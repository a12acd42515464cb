"""How a seat knows: the rules of the database and of forms are the same, and the words."""

from contextlib import nullcontext

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from reviews.basis import MAX_DAYS, describe_basis, describe_nobody_tried, describe_untried, find_basis_errors
from reviews.choices import Basis
from reviews.models import Review
from tests import factories as make

BASES = st.sampled_from([None, "", *Basis.values])


@pytest.mark.django_db
def test_database_and_forms_refuse_the_same():
    review = make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    for basis in ("", *Basis.values):
        for version in ("", "0.11"):
            for days in (None, 0, 1, MAX_DAYS, MAX_DAYS + 1):
                words = {"basis": basis, "basis_version": version, "basis_days": days}
                is_wrong = bool(find_basis_errors(**words))
                refused = pytest.raises(IntegrityError, match="reviews_review_basis_trial")
                with refused if is_wrong else nullcontext(), transaction.atomic():
                    Review.objects.filter(pk=review.pk).update(**words)


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        (("production", "", None), "Used in production"),
        (("tried", "0.11", 3), "Tried 0.11 for 3 days"),
        (("tried", "Pro", 1), "Tried Pro for 1 day"),
        (("tried", "2", 1200), "Tried 2 for 1,200 days"),
        (("read", "", None), "Read only, not tried"),
        (("", "", None), "Basis not recorded"),
    ],
)
def test_words_of_a_basis(basis, words):
    assert describe_basis(*basis) == words


@pytest.mark.parametrize(
    ("bases", "words"),
    [
        ([], ""),
        ([("read", "tried")] * 4, "None of the four seats has tried Milvus."),
        ([("tried", "read"), ("read", "read")], "Neither of the two seats has tried Qdrant."),
        ([("read", "tried"), (None, "read")], "No seat has tried Milvus."),
        ([("read", "read")] * 4, ""),
        ([("read", None), (None, "read")], ""),
        ([("read", None)], ""),
        ([("read", "tried")] * 3 + [("", "tried")], ""),
        ([("production", "tried")], ""),
    ],
)
def test_what_no_seat_has_tried(bases, words):
    assert describe_untried(bases, ("Milvus", "Qdrant")) == words


@given(bases=st.lists(st.tuples(BASES, BASES), max_size=7))
def test_a_tool_is_untried_only_if_every_review_of_it_has_only_read_and_the_other_was_tried(bases):
    words = describe_untried(bases, ("Milvus", "Qdrant"))
    known = [{seat[place] for seat in bases if seat[place] is not None} for place in range(2)]
    for place, name in enumerate(("Milvus", "Qdrant")):
        assert (name in words) == (known[place] == {"read"} and bool(known[1 - place] & {"tried", "production"}))


@pytest.mark.parametrize(
    ("bases", "words"),
    [
        ([], ""),
        (["read"], "No seat has tried Milvus."),
        (["read"] * 4, "None of the four seats has tried Milvus."),
        (["read", "tried"], ""),
        (["read", ""], ""),  # not recorded
    ],
)
def test_what_nobody_has_tried(bases, words):
    assert describe_nobody_tried(bases, "Milvus") == words
