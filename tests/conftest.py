import fcntl
import gc
import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import django.test.utils
import pytest
from _pytest import runner
from django.db import connection
from django.template import Context, Template
from django.test import Client, override_settings
from django.test.signals import template_rendered
from hypothesis import HealthCheck, settings
from psycopg.pq import TransactionStatus
from whitenoise.middleware import WhiteNoiseMiddleware
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from accounts.mail import wait_until_sent
from bench.proof.site import Site
from comparisons.machines import sitemaps
from config import local_postgres
from tests.database import Snapshot, copy_database, restore_after_each_transactional_test, template_database
from tests.environment import ROOT
from votes import made_up
from votes.verifying import verify_tally
from web.caching import clear_process_caches
from web.deep_calls import with_room_for_deep_calls

made_up.FRESH_SECONDS = 3600  # so that no page of a slow test makes one more query


def pytest_collection_finish() -> None:
    """Turn on garbage collection, except of what is loaded by now, which is most of what there will be."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _read_files_once(read):
    cached = {}

    def update_files_dictionary(self, root, prefix):
        if (root, prefix) not in cached:
            read(self, root, prefix)
            cached[root, prefix] = dict(self.files)
        self.files.update(cached[root, prefix])

    return update_files_dictionary


# A slow example is the fault of a busy machine, not of the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Each test client builds its own middleware, which would scan hundreds of static files. These never change in a run.
WhiteNoiseMiddleware.update_files_dictionary = _read_files_once(WhiteNoiseMiddleware.update_files_dictionary)


def _render_and_report(self: Template, context: Context) -> str:
    """Render a template, and report it for `response.context` if it is that of a page.

    Django's own version also copies the context of each partial and of each widget, hundreds in a form of the desk.
    """
    if context.template is self and not (self.name or "").startswith("django/forms/"):
        template_rendered.send(sender=self, template=self, context=context)
    return self.nodelist.render(context)


django.test.utils.instrumented_test_render = _render_and_report

# Most tests cast no votes; then there is nothing to verify.
_ANY_VOTES = """
SELECT EXISTS (SELECT FROM votes_vote) OR EXISTS (SELECT FROM votes_tally) OR EXISTS (SELECT FROM votes_ledgerhour)
    OR EXISTS (SELECT FROM votes_pairvote) OR EXISTS (SELECT FROM votes_pairtally)
"""
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0"}

# Workers take one file after another, in this order. A long file that starts late leaves the other workers idle at the
# end, so the longest files come first. The first one prepares the site that the proofs copy. The proofs would wait for
# it, and then for processes that restart, so they start while browser tests keep the processors busy.
LONGEST_FIRST = [
    "tests/bench/test_stress.py",
    "tests/browser/test_desk_pages.py",
    "tests/browser/test_accessibility.py",
    "tests/browser/test_accessibility_second_half.py",
    "tests/bench/test_proof.py",
    "tests/newsletter/test_proof.py",
    "tests/browser/test_votes.py",
    "tests/browser/test_desk_journey.py",
    "tests/desk/test_permissions.py",
    "tests/config/test_worker.py",
    "tests/config/test_metrics.py",
    "tests/comparisons/test_search.py",
    "tests/web/test_pages_everywhere.py",
    "tests/comparisons/test_plans.py",
    "tests/web/test_outages.py",
    "tests/browser/test_desk_publishing.py",
    "tests/browser/test_first_screen.py",
    "tests/browser/test_edge.py",
    "tests/desk/test_public_roads.py",
    "tests/browser/test_search.py",
    "tests/browser/test_desk_drafts.py",
    "tests/web/test_bodies.py",
    "tests/browser/test_reader.py",
    "tests/browser/test_desk_files.py",
    "tests/comparisons/test_facets.py",
    "tests/browser/test_desk_kills.py",
    "tests/web/test_pages.py",
    "tests/browser/test_sign_in.py",
    "tests/desk/test_tool_rows.py",
    "tests/desk/test_lists.py",
    "tests/bench/test_reload.py",
    "tests/catalog/test_import.py",
    "tests/comparisons/test_pair_page.py",
    "tests/comparisons/test_custom.py",
    "tests/desk/test_catalog_desk.py",
    "tests/comparisons/test_panel.py",
    "tests/comparisons/test_feeds.py",
    "tests/browser/test_newsletter.py",
    "tests/comparisons/test_sitemaps.py",
    "tests/votes/test_listing.py",
    "tests/desk/test_tool_page.py",
    "tests/catalog/test_fake_content.py",
    "tests/catalog/test_demo_votes.py",
    "tests/browser/test_desk_tool.py",
    "tests/browser/test_comparison.py",
    "tests/desk/test_sheet_files.py",
    "tests/desk/test_sheets.py",
    "tests/accounts/test_sign_in.py",
    "tests/newsletter/test_desk.py",
    "tests/bench/test_fuzz.py",
    "tests/comparisons/test_images.py",
    "tests/web/test_headers.py",
    "tests/browser/test_paper.py",
    "tests/votes/test_limits.py",
    "tests/browser/test_desk_conflict.py",
    "tests/config/test_upgrade.py",
    "tests/web/test_never_stale.py",
    "tests/config/test_config.py",
    "tests/config/test_backup.py",
    "tests/comparisons/test_json_documents.py",
    "tests/comparisons/test_popularity.py",
    "tests/votes/test_random_histories.py",
    "tests/newsletter/test_daily.py",
    "tests/web/test_replica.py",
    "tests/web/test_health.py",
    "tests/web/test_folding.py",
    "tests/desk/test_undo_properties.py",
]


# Sentry patches Django, for as long as the process runs and for all tests that follow.
LAST = "tests/config/test_error_reports.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort files by how long they take. Tests within a file keep their order."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    places[LAST] = len(places) + 1
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST_FIRST)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test as pytest does, with room for the deep calls of Django's client: a tenth less CPU time."""
    return with_room_for_deep_calls(runner.pytest_runtest_protocol)(item, nextitem)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Keep the tests of a file on one worker, whatever `--dist` says, because some share a database or a server."""
    config.option.loadscopereorder = False  # files start in the order above
    return LoadFileScheduling(config, log)


HOUR = 3600
LONGEST_ORDINARY_TEST = 15  # seconds


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Start no test just before a full hour: limits, the ledger, and days would change while it runs."""
    left = HOUR - time.time() % HOUR
    if left < LONGEST_ORDINARY_TEST:
        time.sleep(left)


@pytest.fixture(autouse=True)
def _clear_caches():
    """Start each test with empty caches, but with the knowledge that there are no made-up votes, which lasts."""
    clear_process_caches()
    made_up.note(are_there=False)


@pytest.fixture(autouse=True)
def _finish_mail():
    """Let no message that a request sends in the background arrive in the mailbox of the next test."""
    yield
    wait_until_sent()


@pytest.fixture(scope="session", autouse=True)
def _fast_hashes():
    """Use a fast hash: test passwords protect nothing, and a real hash takes most of a second."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_sitemap_file_per_kind():
    """Keep what a test creates in the first file, whatever keys the tests before it have used up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sitemaps, "URLS_PER_FILE", 1_000_000_000)
        yield


def _is_unusable() -> bool:
    """Return whether the test left its connection closed or its transaction broken, so that nothing can be verified."""
    inner = connection.connection
    if inner is None:
        return False
    return connection.needs_rollback or inner.closed or inner.info.transaction_status == TransactionStatus.INERROR


def _count_changes() -> int:
    """Return how many rows of any table this transaction has changed, including in savepoints that were rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
        [changes] = cursor.fetchone()
    return changes


@pytest.fixture(autouse=True)
def _verify_tally_after_each_test(request):
    """Check after each test that tallies, ledger, and listings equal a fresh count, however the test changed votes.

    A test that changed no row of its module's content leaves nothing to check.
    """
    uses_database = request.node.get_closest_marker("django_db") or "_django_db_helper" in request.fixturenames
    if not uses_database or request.cls is not None:
        yield
        return
    request.getfixturevalue("_django_db_helper")  # so that this check runs before the rollback
    has_content_of_module = len(connection.atomic_blocks) > 1
    changes_before = _count_changes() if has_content_of_module else 0
    yield
    if _is_unusable() or (has_content_of_module and _count_changes() == changes_before):
        return
    with connection.cursor() as cursor:
        cursor.execute(_ANY_VOTES)
        [any_votes] = cursor.fetchone()
    assert not any_votes or verify_tally() == []


@pytest.fixture
def form_client() -> Client:
    """Return a client that posts forms as a browser does from our own pages."""
    return Client(headers=SAME_ORIGIN)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request, django_db_modify_db_settings, tmp_path_factory):
    """Yield a stack whose exit, once the test database exists, offers it to other workers as a template."""
    with ExitStack() as stack:
        if hasattr(request.config, "workerinput"):
            stack.enter_context(template_database(tmp_path_factory.getbasetemp().parent))
        yield stack


@pytest.fixture(scope="session")
def django_db_setup(django_db_modify_db_settings, django_db_setup, django_db_blocker):
    """Create the test database, and yield what tests with transactions of their own leave to the next test.

    The database need not survive a crash, and its statements are planned once per session. At the end, close any
    session that is still open, such as one that a browser's callback left behind.
    """
    options = connection.settings_dict["OPTIONS"]
    options |= {"prepare_threshold": 1} if "prepare_threshold" in options else {}
    with django_db_blocker.unblock():
        django_db_modify_db_settings.close()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        for setting in ("synchronous_commit = off", "plan_cache_mode = force_generic_plan"):
            cursor.execute(f"ALTER DATABASE {name} SET {setting}")
            cursor.execute(f"SET {setting}")  # for this connection, which is already open
        rows = restore_after_each_transactional_test(Snapshot.take())
    yield rows
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def prepared_site(testrun_uid, django_db_setup) -> Path:
    """Return the folder of a stopped site with the demonstration content, which the sites of tests copy.

    The first worker of a run that asks for it prepares it, with a copy of the test database instead of migrations.
    """
    folder = ROOT / ".data" / "test-site"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.txt").open("a+") as run:
        fcntl.flock(run, fcntl.LOCK_EX)
        run.seek(0)
        if run.read() != testrun_uid:
            shutil.rmtree(folder / "postgres", ignore_errors=True)
            site = Site(folder, static=Path(os.environ["STATIC_ROOT"]))
            try:
                site.start_database()
                copy_database(connection.settings_dict, local_postgres.url(folder))
                site.prepare()
            finally:
                site.stop()
            run.truncate(0)
            run.write(testrun_uid)
    return folder
