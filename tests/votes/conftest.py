import pytest

from votes.actions import verify_tally


@pytest.fixture(autouse=True)
def _tally_stays_right(request):
    """Whatever a test here did to votes: tally, ledger and lists equal a fresh count after it."""
    if request.node.get_closest_marker("django_db") is None or request.cls is not None:
        yield
        return
    request.getfixturevalue("_django_db_helper")  # so that this looks before the votes are gone again
    yield
    assert verify_tally() == []
