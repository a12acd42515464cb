"""Forms of the desk in which every field holds nonsense: the page shows it again and says what is wrong."""

from collections.abc import Callable

import pytest
from django.db.models import Model

from tests import factories as make
from tests.desk.forms import change_url, fill_form

pytestmark = pytest.mark.django_db
KEPT = ("_FORMS", "seen_version", "once", "id", "tool", "review")
"""Ends of the names of hidden fields, in which nobody types."""


def make_category() -> Model:
    return make.tool().category


def make_draft_with_a_prediction() -> Model:
    review = make.review(of=make.tool(), by=make.reviewer(), published_at=None)
    make.prediction(of=review)
    return review


@pytest.mark.parametrize("nonsense", ["no-slug%zz", "²"])
@pytest.mark.parametrize("make_object", [
    make_category, make.tool_with_every_kind_of_row, make.attribute, make.reviewer, make.comparison,
    make_draft_with_a_prediction, make.user,
])  # fmt: skip
def test_form_full_of_nonsense_is_shown_again(admin_client, make_object: Callable[[], Model], nonsense):
    subject = make_object()
    typed = {
        name: value if name.rpartition("-")[2].endswith(KEPT) else nonsense
        for name, value in fill_form(admin_client, subject).items()
    }
    response = admin_client.post(change_url(subject), {**typed, "_save": "Save"})
    assert response.status_code == 200
    assert "errornote" in response.content.decode()
