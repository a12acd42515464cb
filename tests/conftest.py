import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, settings
from psycopg.pq import TransactionStatus
from whitenoise.middleware import WhiteNoiseMiddleware

from votes.actions import verify_tally
from web.caching import clear_process_caches


def _files_read_once(read):
    found = {}

    def update_files_dictionary(self, root, prefix):
        if (root, prefix) not in found:
            read(self, root, prefix)
            found[root, prefix] = dict(self.files)
        self.files.update(found[root, prefix])

    return update_files_dictionary


# A busy machine is slow now and then; that is no finding.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Every client starts the middleware anew, and that reads hundreds of static files, which do not change meanwhile.
WhiteNoiseMiddleware.update_files_dictionary = _files_read_once(WhiteNoiseMiddleware.update_files_dictionary)

# Most tests have none, and what they count is then not worth a look.
_ANY_VOTES = """
SELECT EXISTS (SELECT FROM votes_vote) OR EXISTS (SELECT FROM votes_tally) OR EXISTS (SELECT FROM votes_ledgerhour)
    OR EXISTS (SELECT FROM votes_pairvote) OR EXISTS (SELECT FROM votes_pairtally)
"""
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}

# Workers take one file after another. What is long begins before what is short, so that they end together; the proofs
# have servers of their own. Browser tests empty the tables that migrations filled, and therefore come last.
FIRST = ["tests/bench/", "tests/newsletter/test_proof.py"]
LAST = [f"tests/browser/test_{name}.py" for name in ("accessibility", "accessibility_of_the_others", "desk_journey",
        "desk_pages", "desk_publishing", "search", "sign_in", "comparison", "desk_bulk", "desk_tool", "votes", "reader",
        )]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files by how long they take; within a file everything stays in its order."""

    def place(item: pytest.Item) -> int:
        if item.nodeid.startswith(tuple(FIRST)):
            return 0
        if not item.nodeid.startswith("tests/browser/"):
            return 1
        return 2 + next((n for n, name in enumerate(LAST) if item.nodeid.startswith(name)), len(LAST))

    items.sort(key=place)


@pytest.fixture(autouse=True)
def _clear_caches():
    clear_process_caches()


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    """Passwords of tests protect nothing, and a real hash takes most of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def _cannot_be_asked() -> bool:
    """Whether a test left its connection closed, or its transaction broken, and with it nothing to look at."""
    inner = connection.connection
    if inner is None:
        return False
    return connection.needs_rollback or inner.closed or inner.info.transaction_status == TransactionStatus.INERROR


@pytest.fixture(autouse=True)
def _tally_stays_right(request):
    """Whatever a test did to votes, and by whatever way: tallies, ledger and lists equal a fresh count after it."""
    uses_database = request.node.get_closest_marker("django_db") or "_django_db_helper" in request.fixturenames
    if not uses_database or request.cls is not None:
        yield
        return
    request.getfixturevalue("_django_db_helper")  # so that this looks before the votes are gone again
    yield
    if _cannot_be_asked():
        return
    with connection.cursor() as cursor:
        cursor.execute(_ANY_VOTES)
        [any_votes] = cursor.fetchone()
    assert not any_votes or verify_tally() == []


@pytest.fixture
def form_client() -> Client:
    """A browser that posts forms from our own pages."""
    return Client(headers=SAME_ORIGIN)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The test database, which need not survive a crash.

    Whatever still holds a session of it open, as a browser's callback can, is ended at last.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {connection.ops.quote_name(connection.settings_dict['NAME'])} "
                       "SET synchronous_commit = off")  # fmt: skip
        cursor.execute("SET synchronous_commit = off")  # and this connection, which is open already
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
